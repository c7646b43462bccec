# SPDX-License-Identifier: Apache-2.0
"""What `httpd -t` warns of: a configuration that httpd takes, and that does not do what was meant. No warning is wrong."""
import re

import pytest

import examples
from harness import BASE, SITE, Server, get, load_lines, sign_in
from test_configtest import configtest, in_host, in_location, refused, site  # noqa: F401  (a fixture)
from test_examples import NAMES, PLACES

pytestmark = pytest.mark.sqlite
LOGIN = in_location("SetHandler managed-session-login\nManagedSessionAuthProvider file\nAuthUserFile @ROOT@/passwords").replace("/x", "/login")
APP = in_location('AuthType ManagedSession\nAuthName "app"\nRequire valid-user').replace("/x", "/app")
OWN_PAGE = LOGIN.replace("\n</Location>", "\nManagedSessionLoginPage {}\n</Location>")
URL = "ManagedSessionLoginURL /login\n"
NUMBERS = r"MS01[5-6]\d|MS02[67]\d"
DOMAIN = "ManagedSessionCookieDomain "
HOMES = load_lines(["userdir"]) + "UserDir public_html\n"


def warnings(server, text: str) -> set[str]:
    passes, said = configtest(server, text)
    assert passes, said
    return set(re.findall(NUMBERS, said))


# -- the database ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lines, sentence", [
    ("", "sqlite3 without DBDParams"), ('DBDParams ""', "DBDParams takes an argument|sqlite3 without DBDParams|DBDParams takes one"),
    ('DBDParams ":memory:"', "the absolute path of a file .*:memory:"), ('DBDParams "sessions.db"', "absolute path of a file"),
    ('DBDParams "./db/sessions.db"', "absolute path of a file"), ('DBDParams "file:/tmp/x?mode=memory"', "absolute path of a file"),
    ('DBDParams "@ROOT@/db"', "is a directory"), ('DBDParams "@ROOT@/none/"', "is a directory"),
    ('DBDParams "@DB@"\nDBDParams "db"', "absolute path of a file"),
])
@pytest.mark.parametrize("place", ["main", "host"])
def test_a_file_that_keeps_no_sessions_is_refused(lines, sentence, place):
    base = BASE.replace('DBDParams "@DB@"\n', lines + "\n" if place == "main" else "")
    said = refused(Server(SITE if place == "main" else in_host(lines + "\n" + SITE), base=base))
    assert re.search(sentence, said), said


@pytest.mark.parametrize("lines", [
    'DBDParams "@DB@"', 'Define where "@ROOT@/db"\nDBDParams "${where}/s.db"', '<IfModule dbd_module>\nDBDParams "@DB@"\n</IfModule>',
    'DBDParams "db"\nDBDParams "@DB@"', 'Include "@ROOT@/db.conf"', '<IfDefine !NONE>\n<IfVersion >= 2.4>\nDBDParams @DB@\n</IfVersion>\n</IfDefine>',
])
@pytest.mark.parametrize("place", ["main", "host"])
def test_a_file_that_keeps_them_passes_however_it_is_written(lines, place):
    base = BASE.replace('DBDParams "@DB@"\n', lines + "\n" if place == "main" else "")
    server = Server(SITE if place == "main" else in_host(lines + "\n" + SITE), base=base, modules="version macro")
    server.write("db.conf", server.fill('DBDParams "@DB@"\n'))
    result = server.configtest()
    server.remove()
    assert result.returncode == 0, result.stderr


# -- each warning, and what silences it ------------------------------------------------------------

BASIC = in_location("AuthType Basic\nAuthName a\nAuthUserFile @ROOT@/passwords\n{}\nRequire valid-user")
NAMED = "ManagedSessionCookieSecure Off\n"  # so that there is no warning of a virtual host without TLS
MISTAKES = {
    "MS0151": [APP, in_host(NAMED + APP), LOGIN + APP],
    "MS0152": [LOGIN + "ManagedSessionLoginURL /signin\n", LOGIN + APP + "ManagedSessionLoginURL /logi?x=1\n", "ManagedSessionLoginURL /login2\n" + LOGIN,
               LOGIN + in_location("ManagedSessionLoginURL /x/y"), LOGIN + "Alias /icons/ @ROOT@/icons/\nManagedSessionLoginURL /icon\n",
               LOGIN + HOMES + "ManagedSessionLoginURL /signin\n",
               LOGIN + '<FilesMatch "\\.php$">\nSetHandler x\n</FilesMatch>\nManagedSessionLoginURL /signin\n',
               LOGIN + 'ProxyPass "/api" "http://127.0.0.1:1/"\nManagedSessionLoginURL /signin\n',
               in_host(NAMED + "ManagedSessionLoginURL /signin\n" + LOGIN),
               "ManagedSessionListURL /nosuch\n", "ManagedSessionLogoutURL /nosuch?x=1\n" + LOGIN, in_host(NAMED + "ManagedSessionListURL /nosuch\n"),
               in_location("ManagedSessionLogoutURL /nosuch"),
               in_host(NAMED + URL) + in_host(NAMED + LOGIN).replace("b.test", "c.test")],
    "MS0153": [in_location("SetHandler managed-session-login"), in_location("SetHandler managed-session-login\nAuthType ManagedSession\nRequire valid-user\nManagedSessionLoginURL /x"),
               in_location("SetHandler managed-session-login") + LOGIN, in_location("SetHandler managed-session-login\nAuthType Basic\nAuthName a\nRequire valid-user"), in_location("SetHandler managed-session-login") + in_location("AuthType Basic").replace("/x", "/y")],
    "MS0154": [in_host(LOGIN + APP + URL), LOGIN + APP + URL + in_host("")],
    "MS0155": ["ManagedSessionLifetime 1h\nManagedSessionIdleTimeout 2h\n", "ManagedSessionLifetime 1h\nManagedSessionTransientLifetime 2h\n",
               "ManagedSessionIdleTimeout 31d\n", in_host(NAMED + "ManagedSessionLifetime 1h\nManagedSessionIdleTimeout 2h"),
               "ManagedSessionIdleTimeout 2h\n" + in_host(NAMED + "ManagedSessionLifetime 1h\n")],
    "MS0156": [LOGIN + URL + in_location("AuthType ManagedSession"), LOGIN + URL + APP + in_location("AuthType ManagedSession"),
               LOGIN + URL + '<Directory "@ROOT@">\nRequire all granted\n</Directory>\n' + in_location("AuthType ManagedSession"),
               in_host(NAMED + LOGIN + URL + in_location("AuthType ManagedSession")) + in_host(in_location("Require valid-user")).replace("b.test", "c.test")],
    "MS0158": [in_location("SetHandler managed-session-lsit"), in_host(NAMED + in_location('SetHandler "Managed-Session-Sessions"')),
               "AddHandler managed-session-listing .html\n", in_location("SetHandler managed_session_login"),
               in_location("SetHandler managed-sessions-list"), in_location("SetHandler ManagedSession"), "AddHandler managed-sessions .x\n"],
    "MS0269": [*(OWN_PAGE.format(page) for page in ("/login/welcome.html", "/login/", "/login/x/?a=b")),
               in_host(NAMED + OWN_PAGE.format("/login/x")), '<Location "/">\nSetHandler None\n</Location>\n' + OWN_PAGE.format("/login/x"),
               OWN_PAGE.format("/login/x") + '<Location "/login/y">\nSetHandler None\n</Location>\n',
               LOGIN + '<Location "/">\nManagedSessionLoginPage /login/x\n</Location>\n'],
    "MS0270": [BASIC.format("AuthBasicProvider file managed-session"), BASIC.format("AuthBasicProvider file\nAuthBasicProvider managed-session")],
    # The main server is app.test, a virtual host b.test.
    "MS0268": [DOMAIN + "example.org\n", DOMAIN + "www.app.test\n", DOMAIN + "pp.test\n", DOMAIN + ".example.org\n" + in_host(NAMED),
               DOMAIN + "test\n", in_host(NAMED + DOMAIN + "app.test"), DOMAIN + "app.test\n" + in_host(NAMED + DOMAIN + "c.test"),
               in_host(NAMED + DOMAIN + "c.test\nServerAlias *.d.test xc.test c.test.d c*.e.test"),
               in_host(NAMED + DOMAIN + "c.test\nManagedSessionOrigin https://d.test")],
}


@pytest.mark.parametrize("number, text", [(number, text) for number, texts in MISTAKES.items() for text in texts])
def test_a_mistake_is_warned_of_with_file_and_line(site, number, text):  # noqa: F811
    passes, said = configtest(site, text)
    assert passes and set(re.findall(NUMBERS, said)) == {number}, said
    line = next(line for line in said.splitlines() if number in line)
    assert re.search(r"site.conf:\d+", line) or "the main server" in line, line
    assert said.count(number) == 1, "once"


BESIDE = in_location("SetHandler managed-session-login\n{}")
SILENT = [
    SITE, LOGIN + APP + URL, "", "ManagedSessionLoginLimit 0 0\n", "ManagedSessionLoginLimit 0 5m\n", "ManagedSessionLifetime 1h\n", "ManagedSessionLifetime 1h\nManagedSessionIdleTimeout 1h\n",
    # other ways to sign in
    APP + "ErrorDocument 401 /x\n", APP + "ManagedSessionLoginURL https://sign-in.test/\n",
    in_location('AuthType ManagedSession\nAuthName a\nRequire valid-user\nManagedSessionLoginURL https://a.test/'),
    in_location("ManagedSessionBackendLogin On") + APP.replace("/app", "/x/y"),
    f'<Directory "@ROOT@">\nAllowOverride AuthConfig\n</Directory>\n{APP}',
    # other pages
    "ManagedSessionListURL https://b.test/nosuch\n", "ManagedSessionLogoutURL http://c.test/\n", LOGIN + URL + in_location("ManagedSessionListURL none"),
    'ProxyPass "/account" "http://127.0.0.1:1/account"\nManagedSessionLogoutURL /account/sign-out\nManagedSessionListURL /index.html\n',
    LOGIN + "ManagedSessionLoginURL /login/\n", LOGIN + "ManagedSessionLoginURL /login?a=b\n", LOGIN + "ManagedSessionLoginURL /login/x\n",
    LOGIN + "ManagedSessionLoginURL /index.html\n", LOGIN + "ManagedSessionLoginURL /index\n", LOGIN + "ManagedSessionLoginURL /app/\n",
    LOGIN + 'Alias "/pages" "@ROOT@/x"\nManagedSessionLoginURL /pages/in\n', LOGIN + 'AliasMatch "^/in" "@ROOT@/x"\nManagedSessionLoginURL /in\n',
    LOGIN + "RewriteEngine On\nRewriteRule ^/in$ /login [PT]\nManagedSessionLoginURL /in\n",
    LOGIN + 'ProxyPass "/" "http://127.0.0.1:1/"\nManagedSessionLoginURL /in\n', LOGIN + in_location('ProxyPass "http://127.0.0.1:1/"') + "ManagedSessionLoginURL /x/in\n",
    LOGIN + HOMES + "ManagedSessionLoginURL /~alice/in\n",
    "<Files index.html>\nSetHandler managed-session-login\nManagedSessionAuthProvider file\n</Files>\nManagedSessionLoginURL /in/\n",
    LOGIN + "Redirect permanent /in /login\nManagedSessionLoginURL /in\n", LOGIN + "FallbackResource /index.html\nManagedSessionLoginURL /in\n",
    LOGIN.replace("<Location \"/login\">", '<LocationMatch "^/(sign)?in$">').replace("</Location>", "</LocationMatch>") + "ManagedSessionLoginURL /signin\n",
    LOGIN.replace('"/login"', '~ "^/sign"') + "ManagedSessionLoginURL /signin\n", LOGIN.replace('"/login"', '"/s*n"') + "ManagedSessionLoginURL /signin\n",
    '<Directory "@ROOT@/x">\nSetHandler managed-session-login\nManagedSessionAuthProvider file\n</Directory>\nManagedSessionLoginURL /signin\n',
    "<If \"%{REQUEST_URI} == '/signin'\">\nSetHandler managed-session-login\nManagedSessionAuthProvider file\n</If>\nManagedSessionLoginURL /signin\n",
    URL + in_host(NAMED + LOGIN), in_host(NAMED + URL) + LOGIN,
    # other ways to check a password
    BESIDE.format("ManagedSessionSignIn On\nAuthType Basic\nAuthName a\nAuthBasicProvider file\nAuthUserFile @ROOT@/passwords\nRequire valid-user"),
    BESIDE.format("") + in_location("ManagedSessionAuthProvider file").replace("/x", "/"),
    BESIDE.format("") + '<LocationMatch "^/x">\nManagedSessionAuthProvider file\n</LocationMatch>\n',
    in_location("ManagedSessionAuthProvider file") + in_host(NAMED + BESIDE.format("")), BESIDE.format("<If true>\nManagedSessionAuthProvider file\n</If>"),
    # other names of pages
    in_location('SetHandler "managed-session-%{env:PAGE}"'), in_location("SetHandler MANAGED-SESSION-LIST"), "AddHandler manage-sessions .x\n",
    # other places of Require
    LOGIN + URL + in_location('AuthType ManagedSession\n<RequireAny>\nRequire user a\nRequire ip ::1\n</RequireAny>'),
    LOGIN + URL + in_location("AuthType ManagedSession") + in_location("Require valid-user").replace("/x", "/x/private"),
    LOGIN + URL + in_location("AuthType ManagedSession") + in_location("Require valid-user").replace("/x", "/"),
    LOGIN + URL + in_location("AuthType ManagedSession\nRequire all granted"), LOGIN + URL + in_location("AuthType ManagedSession\n<LimitExcept GET>\nRequire user a\n</LimitExcept>"),
    LOGIN + URL + in_location("AuthType ManagedSession") + "<If true>\nRequire valid-user\n</If>\n",
    LOGIN + URL + '<Directory "@ROOT@/app">\nAuthType ManagedSession\nRequire valid-user\n</Directory>\n',
    LOGIN + URL + '<Directory "@ROOT@/app">\nAuthType ManagedSession\n</Directory>\n<LocationMatch "^/a">\nRequire valid-user\n</LocationMatch>\n',
    '<Macro Closed path>\n<Location "${path}">\nAuthType ManagedSession\nRequire valid-user\n</Location>\n</Macro>\nUse Closed /m\n' + LOGIN + URL,
    # a domain of some host that the line is for
    DOMAIN + "app.test\n", DOMAIN + ".App.Test\n", DOMAIN + "b.test\n" + in_host(NAMED), in_host(NAMED + DOMAIN + "b.test"),
    in_host(NAMED + DOMAIN + "b.test").replace("ServerName b.test", "ServerName https://www.b.test:8443"),
    in_host(NAMED + DOMAIN + "c.test\nServerAlias x.test www.c.test"), in_host(NAMED + DOMAIN + "c.test\nServerAlias *.c.test"),
    in_host(NAMED + DOMAIN + "c.d.test\nServerAlias *.d.test"), in_host(NAMED + DOMAIN + "d.test\nServerAlias *.c.d.test"),
    in_host(NAMED + DOMAIN + "c.test\nServerAlias *"), in_host(NAMED + DOMAIN + "c.test\nServerAlias c.t?st"),
    in_host(NAMED + DOMAIN + "c.test\nManagedSessionOrigin https://www.c.test"),
    # a page of the site's own that is not the handler
    *(OWN_PAGE.format(page) for page in ("/welcome/", "/login.html", "/login-page/", "https://b.test/login/x")),
    OWN_PAGE.format("/login/x") + '<Location "/login/x">\nSetHandler None\n</Location>\n',
    OWN_PAGE.format("/login/x") + "<Files x>\nSetHandler default-handler\n</Files>\n",
    LOGIN + '<Location "/">\nManagedSessionLoginPage /welcome/\n</Location>\n',
    # providers in the right order, or without ours
    *(BASIC.format(f"AuthBasicProvider {names}") for names in ("managed-session file", "managed-session", "file", "managed-session\nAuthBasicProvider file")),
    # TLS elsewhere
    in_host("SetEnvIf X-Forwarded-Proto https HTTPS=on\n" + LOGIN + APP + URL), in_host(LOGIN + APP + URL).replace("ServerName b.test", "ServerName https://b.test"),
    in_host(LOGIN + APP + URL).replace("*:@PORT@", "127.0.0.1:@PORT@"), in_host(LOGIN + APP + URL).replace("*:@PORT@", "*:443"),
    LOGIN + APP + URL + in_host("Redirect permanent / https://b.test/"), "RemoteIPHeader X-Forwarded-For\n" + in_host(LOGIN + APP + URL),
    in_host(NAMED + LOGIN + APP + URL), NAMED + LOGIN + APP + URL + in_host(""), in_host("ManagedSessionLifetime 1d"), in_host(""),
]


@pytest.fixture(scope="module")
def rich():
    server = Server('Include "@ROOT@/site.conf"\n', modules="remoteip macro")
    yield server
    server.remove()


@pytest.mark.parametrize("text", SILENT)
def test_what_may_be_right_is_not_warned_of(rich, text):
    assert warnings(rich, text) == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_not_warned_of(name):
    if examples.missing(name) or name == "client-certificate.conf":
        pytest.skip("needs more")
    server = examples.server(name, PLACES.get(name))
    said = server.configtest().stderr
    server.remove()
    assert not re.search(NUMBERS, said), said


# -- the name of a server --------------------------------------------------------------------------

NAMELESS = BASE.replace("ServerName app.test\n", "")


@pytest.mark.parametrize("text, who", [
    (SITE, "the main server"), (in_host(NAMED + SITE).replace("ServerName b.test\n", ""), r"the virtual host at .*/httpd.conf:\d+"),
    (in_host(NAMED + SITE), None), ("ManagedSessionRealm r\n" + SITE, None), ("", None), ("ServerName late.test\n" + SITE, None),
])
def test_a_name_that_httpd_guessed_is_noted_with_its_host_and_file(text, who):
    server = Server(text, base=NAMELESS)
    said = server.configtest().stderr
    server.remove()
    assert bool(re.search(rf"MS0157: {who} has no ServerName", said)) is (who is not None), said
    assert said.count("MS0157") == (who is not None)


def test_a_global_name_is_the_name_of_virtual_hosts_that_have_none():
    server = Server(in_host(NAMED + SITE).replace("ServerName b.test\n", ""))
    said = server.configtest().stderr
    server.remove()
    assert "MS0157" not in said


@pytest.mark.parametrize("name", ["", "ServerName localhost\n", "ServerName 192.0.2.7\n", "ServerName app.test\n"])
@pytest.mark.parametrize("text", [DOMAIN + "c.test\n", in_host(NAMED + DOMAIN + "c.test").replace("ServerName b.test\n", "")])
def test_a_host_without_a_name_of_its_own_may_have_any_domain(text, name):
    if "app.test" in name and "<VirtualHost" not in text:
        pytest.skip("that name is the main server's own")
    server = Server(text, base=BASE.replace("ServerName app.test\n", name))
    said = server.configtest().stderr
    server.remove()
    assert "MS0268" not in said and "Syntax OK" in said


def test_a_cookie_without_a_domain_has_no_line_for_it(site):  # noqa: F811
    passes, said = configtest(site, "\n" + in_host(DOMAIN + "None"))
    assert not passes and "remove the line" in said and re.search(r"on line 4 of \S*site.conf", said), said


def test_a_warning_is_logged_once_at_start():
    with Server(LOGIN + APP) as server:
        assert (server.error_log() + (server.root / "logs/stderr").read_text()).count("MS0151") == 1


def test_a_page_that_there_is_not_is_closed_or_not_found():
    """Neither a page of the module's, nor one that its name would open to visitors."""
    with Server(SITE + "".join(f'<Location "{at}">\nSetHandler managed-session-lsit\n</Location>\n' for at in ("/devices", "/app/devices"))
                + 'AddHandler managed-session-lsit .page\n') as server:
        server.expect("AH00132|AH00035")
        server.write("htdocs/a.page", "a file")
        token = sign_in(server)
        for target in ("/devices", "/app/devices"):
            answer = get(server, target, token)
            assert answer.status in (403, 404) and token[:22] not in answer.text
        assert get(server, "/app/devices").status == 401 and get(server, "/a.page", token).text == "a file"


@pytest.mark.parametrize("place", [in_host, in_location])
def test_the_size_of_the_cache_is_one_for_all_virtual_hosts(site, place):  # noqa: F811
    passes, said = configtest(site, place("ManagedSessionCacheEntries 64"))
    assert not passes and re.search("ManagedSessionCacheEntries (is for all virtual hosts together; write it outside|not allowed)", said), said
    assert configtest(site, "ManagedSessionCacheEntries 64\n")[0]
    table = (examples.FOLDER.parents[1] / "docs/directives.md").read_text()
    assert re.search(r"\| ManagedSessionCacheEntries \|.*\| global \|", table)
