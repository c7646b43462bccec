# SPDX-License-Identifier: Apache-2.0
"""What `httpd -t` prints for a configuration: a mistake is refused with a sentence that helps, the rest passes."""
import pathlib
import re
import sys

import pytest

import harness
from harness import BASE, SITE, Server

REPOSITORY = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))
import reference  # noqa: E402

pytestmark = pytest.mark.sqlite
TABLE = {directive["name"]: directive["where"] for directive in reference.directives()}
DIRECTIVES = list(TABLE)
ON_OFF = "must be On or Off"
URL = 'takes a path on this host that begins with one "/", or a whole http'
TIME = "takes a time from 1s to 400d"
TEXT = "takes 1 to 255 characters of UTF-8 without control characters"

# What a directive takes, in the words of its sentence, and values that it must refuse.
MISTAKES = {
    "ManagedSession": (ON_OFF, "Perhaps"),
    "ManagedSessionCookieName": ("takes 1 to 100 letters, digits", '"a b"', "a;b", "a=b", "a,b", '"a\\"b"',
                                 "sessi\u00f6n", "n" * 101),
    "ManagedSessionCookieDomain": ("takes the name of a domain", '"a b"', "a.test;Secure", "a.test,b.test", "https://a.test", "*.a.test", "a.test:8443",
                                   "a.test/", "a..test", "..a.test", "a.test.", ".", "b\u00fccher.test"),
    "ManagedSessionCookiePath": ('takes a path that begins with "/"', "app", '"/a b"', "/a;Domain=b", "/a,b"),
    "ManagedSessionCookieSameSite": ("takes Lax, Strict or None", "Loose", "Laxx"),
    "ManagedSessionCookieSecure": (ON_OFF, "Maybe"),
    "ManagedSessionLifetime": (TIME, "0", "401d", "-1d", "30x", "d", "1.5h", "99999999999999999999"),
    "ManagedSessionIdleTimeout": ("takes 0 for off, or a time up to 400d", "401d", "-1", "soon"),
    "ManagedSessionTouchInterval": (TIME, "0", "often", "401d"),
    "ManagedSessionConfirmAfter": ("takes 0 for off, or a time up to 400d", "401d", "-1", "soon"),
    "ManagedSessionRemember": ("takes On, Off or Ask", "Never"),
    "ManagedSessionTransientLifetime": (TIME, "0", "58w", "1year"),
    "ManagedSessionLimit": ("takes a number of sessions from 0", "-1", "+5", '" 5"', "many", "10001", "5x", "0x10"),
    "ManagedSessionAppPasswords": (ON_OFF, "Yes"),
    "ManagedSessionAppBearer": (ON_OFF, "Yes"),
    "ManagedSessionAppLifetime": (TIME, "0", "401d", "-1d", "long"),
    "ManagedSessionAppLimit": ("takes a number of app passwords from 0", "-1", "many", "10001"),
    "ManagedSessionCleanupInterval": ("takes 0 for off, or a time up to 400d", "401d", "-1", "nightly"),
    "ManagedSessionCleanupBatch": ("takes a number of rows from 1 to 100000", "0", "-1", "100001", "all"),
    "ManagedSessionHistory": ("takes a time up to 400d (a number with s, m, h, d or w), such as 30d; 0 keeps rows for an hour", "2000d", "-1", "forever"),
    "ManagedSessionCacheTTL": ("takes 0 for off, or a time up to 1h", "61m", "-1", "short"),
    "ManagedSessionCacheLife": ("takes 0 for off, or a time up to 1d", "25h", "-1", "long"),
    "ManagedSessionCacheEntries": ("takes a number of sessions from 64 to 4194304", "63", "4194305", "many"),
    "ManagedSessionSQLiteMmap": ("takes 0 for off, or a size from 64K to 1024G", "-1", "64", "63K", "1025G", "1T", "much", "2GB", "50%"),
    "ManagedSessionOrigin": ("takes origins, each a scheme", "www.example.org", "https://www.example.org/", "https://www.example.org/x",
                             "https://a.example:65536", "https://a.example:", "ftp://a.example", "null", "*", "https://*.example.org",
                             "https://a.example www.example.org", "https://me@a.example"),
    "ManagedSessionEventLog": ('takes a file, "|program" or none', '"|"'),
    "ManagedSessionLoginLimit": ("takes a", "-1 5m", "ten 5m", "10", "10 0", "10 8d", "10 soon", "10001 5m", "0 garbage",
                                 "0 8d", "+10 5m"),
    "ManagedSessionLabel": ("takes a string expression", '"%{nonsense:x}"', '"%{env:X"', '"%{tolower"'),
    "ManagedSessionUserName": ("takes a string expression", '"%{nonsense:x}"', '"%{env:X"', '"%{tolower"'),
    "ManagedSessionRealm": (TEXT, "r" * 256, '"a\x01b"', '"a\x7fb"'),
    "ManagedSessionTable": ("takes the name of a table", "1st", "a-b", '"a b"', "a.b", "t;drop", "t" * 49,
                            "t\u00e4fel"),
    "ManagedSessionCreateTable": (ON_OFF, "Once"),
    "ManagedSessionAuthProvider": ('there is no authentication provider "', "nonsense", "file nonsense"),
    "ManagedSessionFormFields": ("takes three", "a a b", "a b A", "a<b b c", "remember b c", "a form c", '"a b" b c', "a b"),
    "ManagedSessionLoginPage": (URL, "login", "//evil.test/", "javascript:alert(1)", '"/a b"'),
    "ManagedSessionLoginURL": (URL, "login", "//evil.test/", "/\\evil.test/", "javascript:alert(1)", '"/a b"',
                               '"/a\\"b"'),
    "ManagedSessionLogoutURL": (URL, "logout", "//evil.test/", "/<b>"),
    "ManagedSessionListURL": (URL, "sessions", "ftp://a.test/", "/\u00e4"),
    "ManagedSessionHelpURL": (URL, "help", "javascript:1"),
    "ManagedSessionPasswordURL": (URL, "password", "javascript:1"),
    "ManagedSessionLandingURL": (URL, "home", "/\x01", "data:text/html,x"),
    "ManagedSessionUserHeader": ("takes the name of a header", '"X User"', "X-User:", "X-\u00dcser", '"X\\"User"',
                                 "(none)", "On", "off"),
    "ManagedSessionHideCookie": (ON_OFF, "Sometimes"),
    "ManagedSessionSignIn": (ON_OFF, "Maybe"),
    "ManagedSessionBackendLogin": (ON_OFF, "Yes"),
    "ManagedSessionCutConnections": (ON_OFF, "Yes"),
    "ManagedSessionCheckAnswer": ("takes status or redirect", "401", "On"),
    "ManagedSessionCheckPeers": ("takes addresses and networks", "localhost", "10.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0",
                                 "127.0.0.1:80", "[::1]", "all", "0.0.0.0/0", "::/0"),
    "ManagedSessionTitle": ("takes some text in UTF-8 without control characters", '"a\x01b"'),
    "ManagedSessionTimeZone": ("takes the name of a time zone that this system has", "Mars/Phobos", "../../../etc/localtime", "CET-1", "Europe"),
    "ManagedSessionScript": (ON_OFF, "Perhaps"),
    "ManagedSessionStylesheet": (URL, "site.css", "//evil.test/a.css", "javascript:1"),
}


@pytest.fixture(scope="module")
def site():
    """A configuration of which a test writes the part that matters, site.conf."""
    server = Server('Include "@ROOT@/site.conf"\n')
    yield server
    server.remove()


def configtest(server: Server, text: str | bytes) -> tuple[bool, str]:
    """Whether this passes, and what is printed."""
    server.write("site.conf", server.fill(text) if isinstance(text, str) else text)
    result = server.configtest()
    said = result.stderr + result.stdout + server.error_log()
    (server.root / "logs/error.log").unlink(missing_ok=True)
    return result.returncode == 0, said


def is_for_sections(name: str) -> bool:
    return "server" not in TABLE[name] and TABLE[name] != "global"


def in_location(lines: str) -> str:
    return f'<Location "/x">\n{lines}\n</Location>\n'


def in_host(lines: str) -> str:
    return f"<VirtualHost *:@PORT@>\nServerName b.test\n{lines}\n</VirtualHost>\n"


# -- mistakes within one directive -----------------------------------------------------------------


def test_every_directive_has_a_mistake_below():
    assert DIRECTIVES and sorted(DIRECTIVES) == sorted(MISTAKES)


@pytest.mark.parametrize("name", DIRECTIVES)
def test_a_bad_value_is_refused_by_name_with_what_would_be_good(site, name):
    what_it_takes, *values = MISTAKES[name]
    for value in values:
        line = f"{name} {value}\n"
        passes, said = configtest(site, in_location(line) if is_for_sections(name) else line)
        assert not passes, line
        assert name in said and what_it_takes in said, (line, said)


@pytest.mark.parametrize("name", DIRECTIVES)
def test_nothing_is_no_value(site, name):
    """httpd counts an empty argument as missing, and prints what the directive is for."""
    for line in (name, f'{name} ""'):
        passes, said = configtest(site, in_location(line) if is_for_sections(name) else line + "\n")
        assert not passes and re.search(rf"{name} (takes (one|1-2|three) argument|requires at least|{ON_OFF})", said), said


@pytest.mark.parametrize("line, sentence", [
    ("ManagedSessionLimit 5 drop", 'ManagedSessionLimit takes "evict" or "refuse" after the number, not "drop"'),
    ("ManagedSessionLimit 5 evict now", "ManagedSessionLimit takes 1-2 arguments"),
    ("ManagedSessionLifetime 30 d", "ManagedSessionLifetime takes one argument"),
    ("ManagedSessionLifetime", "ManagedSessionLifetime takes one argument"),
    ("ManagedSessionCookieName", "ManagedSessionCookieName takes one argument"),
    ("ManagedSessionLiftime 30d", "Invalid command 'ManagedSessionLiftime'"),
])
def test_other_slips_of_the_pen(site, line, sentence):
    passes, said = configtest(site, line + "\n")
    assert not passes and sentence in said, said


def test_bytes_that_are_no_text_are_refused(site):
    for name in ("ManagedSessionRealm", "ManagedSessionTitle", "ManagedSessionCookieName"):
        passes, said = configtest(site, f"{name} ".encode() + b'"a\xffb"\n')
        assert not passes and name in said, said


@pytest.mark.parametrize("line, hint", [
    ("ManagedSessionAuthProvider nonsense", 'there is no authentication provider "nonsense"; load its module'),
    ("ManagedSessionAuthProvider file nonsense", 'there is no authentication provider "nonsense"'),
    ("ManagedSessionAuthProvider dbd", 'there is no authentication provider "dbd"'),
])
def test_a_provider_that_is_not_loaded_is_refused_by_its_name(site, line, hint):
    passes, said = configtest(site, in_location(line))
    assert not passes and "ManagedSessionAuthProvider" in said and hint in said, said


# -- mistakes of place -----------------------------------------------------------------------------


@pytest.mark.parametrize("name, value", [
    ("ManagedSession", "On"), ("ManagedSessionUserHeader", "X-User"), ("ManagedSessionAuthProvider", "file"),
    ("ManagedSessionLoginURL", "/login"), ("ManagedSessionTitle", "Devices"), ("ManagedSessionHideCookie", "Off"),
    ("ManagedSessionBackendLogin", "On"), ("ManagedSessionStylesheet", "/site.css"),
])
def test_a_directive_that_would_hold_for_some_methods_only_is_refused(site, name, value):
    """Within <Limit> and <LimitExcept> the other methods would be let through."""
    for section in ("Limit", "LimitExcept"):
        passes, said = configtest(site, in_location(f"<{section} GET>\n{name} {value}\n</{section}>"))
        assert not passes and name in said and f"<{section}>" in said, said


@pytest.mark.parametrize("line", [
    "ManagedSessionLifetime 1d", "ManagedSessionCookieSecure Off", "ManagedSessionRealm shared",
    "ManagedSessionTable t", "ManagedSessionLimit 5", "ManagedSessionRemember On", "ManagedSessionCookieSameSite Lax",
])
def test_what_holds_for_a_server_is_refused_in_a_section(site, line):
    passes, said = configtest(site, in_location(line))
    assert not passes and line.split()[0] in said and "not allowed" in said, said


@pytest.mark.parametrize("line", ["ManagedSessionAuthProvider file", "ManagedSessionAppPasswords On", "ManagedSessionSignIn On"])
def test_what_holds_for_a_place_is_refused_outside_of_a_section(site, line):
    """In httpd's own words, which the troubleshooting guide explains."""
    passes, said = configtest(site, line + "\n")
    assert not passes and f"{line.split()[0]} not allowed here" in said, said
    guide = (REPOSITORY / "docs/guides/troubleshooting.md").read_text()
    assert f"`{line.split()[0]}`" in next(row for row in guide.splitlines() if "not allowed here" in row)


# -- directives that contradict each other ---------------------------------------------------------


@pytest.mark.parametrize("lines, names", [
    ("ManagedSessionCookieName __Host-s\nManagedSessionCookieSecure Off", ["__Host-s", "CookieSecure On"]),
    ("ManagedSessionCookieName __Host-s\nManagedSessionCookiePath /app", ["__Host-s", "CookiePath /"]),
    ("ManagedSessionCookieName __Host-s\nManagedSessionCookieDomain a.test", ["__Host-s", "CookieDomain"]),
    ("ManagedSessionCookieName __HOST-s\nManagedSessionCookieSecure Off", ["__HOST-s", "CookieSecure On"]),
    ("ManagedSessionCookieName __Secure-s\nManagedSessionCookieSecure Off", ["__Secure-s", "CookieSecure On"]),
    ("ManagedSessionCookieName __secure-s\nManagedSessionCookieSecure Off", ["__secure-s", "CookieSecure On"]),
    ("ManagedSessionCookieSameSite None\nManagedSessionCookieSecure Off", ["CookieSameSite None", "CookieSecure On"]),
])
def test_a_cookie_that_no_browser_would_take_is_refused(site, lines, names):
    for text in (lines + "\n", in_host(lines)):
        passes, said = configtest(site, text)
        assert not passes and all(name in said for name in names), said


def test_a_virtual_host_may_contradict_the_main_server(site):
    """Each setting is right by itself; together they make a cookie that no browser takes."""
    passes, said = configtest(site, "ManagedSessionCookieName __Host-s\n" + in_host("ManagedSessionCookiePath /b"))
    assert not passes and "__Host-s" in said and re.search(r"\(in the virtual host at \S*site.conf:2\)", said), said


PAGES = "".join(f'<Location "@AT@/{name}">\nSetHandler managed-session-{handler}\n</Location>\n'
                for name, handler in (("login", "login"), ("logout", "logout"), ("sessions", "list")))


@pytest.mark.parametrize("handler", ["login", "logout", "list"])
@pytest.mark.parametrize("path, place", [("/app", "/x"), ("/app", "/"), ("/app", "/application/x"), ("/app/", "/app"), ("/app", "/App/x"),
                                         ("/app/x", "/app")])
def test_a_page_of_ours_that_the_cookie_is_not_sent_to_is_refused(site, handler, path, place):
    """POST to a sign-out page there would be answered 303, and the session would live on."""
    page = f'<Location "{place}">\nSetHandler managed-session-{handler}\n</Location>\n'
    cookie = f"ManagedSessionCookiePath {path}\n"
    for text in (cookie + page, in_host(cookie + page), cookie + in_host(page), page + in_host(cookie)):
        passes, said = configtest(site, text)
        assert not passes and f"ManagedSessionCookiePath {path}" in said and f"to {place} (SetHandler managed-session-{handler})" in said, said
        assert "ManagedSessionCookiePath /" in said


@pytest.mark.parametrize("directive", ["ManagedSessionLoginURL", "ManagedSessionLogoutURL", "ManagedSessionListURL"])
def test_a_url_of_ours_that_the_cookie_is_not_sent_to_is_refused(site, directive):
    cookie = "ManagedSessionCookiePath /app\n"
    for url in ("/x", "/", "/apples?a=/app/", "/app-x"):
        for text in (f"{directive} {url}\n{cookie}", in_host(f"{cookie}{directive} {url}\n"), f"{directive} {url}\n" + in_host(cookie),
                     cookie + in_location(f"{directive} {url}")):
            passes, said = configtest(site, text)
            assert not passes and f"to {url} ({directive})" in said, said


@pytest.mark.parametrize("text", [
    "ManagedSessionCookiePath /app\n" + PAGES.replace("@AT@", "/app"),
    "ManagedSessionCookiePath /app/\n" + PAGES.replace("@AT@", "/app"),
    "ManagedSessionCookiePath /app\n<Location /app>\nSetHandler managed-session-list\n</Location>\n",
    "ManagedSessionCookiePath /app\nManagedSessionLoginURL /app/login?x=1\nManagedSessionLogoutURL https://login.test/logout\n"
    "ManagedSessionLandingURL /\n",
    PAGES.replace("@AT@", "") + in_host("ManagedSessionCookiePath /app\n" + PAGES.replace("@AT@", "/app")),
    "ManagedSessionCookiePath /app\n<LocationMatch \"^/(x|y)$\">\nSetHandler managed-session-logout\n</LocationMatch>\n",
    "ManagedSessionCookiePath /app\n<Location /admin>\nSetHandler managed-session-admin\nAuthType Basic\nAuthName x\n"
    "AuthBasicProvider file\nRequire user bob\n</Location>\n",
    "ManagedSessionCookiePath /app\n<Location /admin>\nSetHandler managed-session-admin\nRequire ip ::1\n</Location>\n",
])
def test_pages_that_the_cookie_is_sent_to_are_right(site, text):
    passes, said = configtest(site, text)
    assert passes, said


def test_an_administrators_page_by_session_needs_the_cookie_too(site):
    passes, said = configtest(site, "ManagedSessionCookiePath /app\n<Location /admin>\nSetHandler managed-session-admin\n"
                              "AuthType ManagedSession\nRequire user bob\n</Location>\n")
    assert not passes and "to /admin (SetHandler managed-session-admin)" in said, said


@pytest.mark.parametrize("header, trailers, passes", [
    ("X-User", "On", False), ("X-User", "Off", True), (None, "On", True),
])
def test_trailers_must_not_count_as_headers_beside_a_users_header(site, header, trailers, passes):
    section = in_location(f"ManagedSessionUserHeader {header}") if header else ""
    found, said = configtest(site, f"MergeTrailers {trailers}\n{SITE}{section}")
    assert found is passes and ("set MergeTrailers Off" in said) is (not passes), said


def test_a_provider_of_basic_needs_its_module():
    server = Server(SITE + in_location("AuthBasicProvider file"), without="auth_basic")
    try:
        result = server.configtest()
        assert result.returncode != 0 and "AuthBasicProvider needs mod_auth_basic: load it" in result.stderr
    finally:
        server.remove()


@pytest.mark.parametrize("lines, wanted", [
    (in_location("ManagedSessionAuthProvider managed-session"), "write it after AuthBasicProvider where apps sign in"),
    ("<Location /x>\nRequire session-kind\n</Location>\n", "Require session-kind takes app"),
    ("<Location /x>\nRequire session-kind phone\n</Location>\n", "Require session-kind takes app"),
    ("<Location /x>\nRequire session-kind app browser\n</Location>\n", "Require session-kind takes app"),
])
def test_app_passwords_stand_where_they_can_count(site, lines, wanted):
    passes, said = configtest(site, SITE + lines)
    assert not passes and wanted in said, said


@pytest.mark.parametrize("lines", [
    "MergeTrailers On\n" + SITE + in_host("MergeTrailers Off\n" + in_location("ManagedSessionUserHeader X-User")),
    SITE + in_location("ManagedSessionUserHeader X-User") + in_host("MergeTrailers On"),
])
def test_trailers_must_not_count_as_headers_on_any_host(site, lines):
    passes, said = configtest(site, lines)
    assert not passes and "set MergeTrailers Off" in said, said


@pytest.mark.parametrize("name", [
    "Host", "host", "HOST", "_Host-", "Cookie", "Content-Length", "content_length", "Content-Type", "Transfer-Encoding",
    "Transfer_Encoding_", "Connection", "Upgrade", "Keep-Alive", "TE", "Trailer", "Expect", "Via", "Forwarded",
    "X-Forwarded-For", "X_Forwarded_Host", "X-Forwarded-Proto", "X-Real-IP", "Proxy", "Proxy-Authorization", "Proxy-Connection",
    "Range", "If-Match", "If-Modified-Since", "If", "Authorization", "Origin", "Referer", "Sec-Fetch-Site", "User-Agent",
    "Accept", "Accept-Encoding", "Access-Control-Request-Method", "X-HTTP-Method-Override", "X-Original-URL", "-", "__"])
def test_a_header_with_a_meaning_of_its_own_cannot_tell_the_user(site, name):
    passes, said = configtest(site, SITE + in_location(f"ManagedSessionUserHeader {name}"))
    assert not passes and "ManagedSessionUserHeader" in said and "X-Remote-User" in said and f'"{name}"' in said, said


@pytest.mark.parametrize("name", ["X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Forwarded-Email", "X-WEBAUTH-USER",
                                  "X-Token-Subject", "Remote_User", "From", "X-Hosted-By", "Contents"])
def test_other_headers_can(site, name):
    passes, said = configtest(site, SITE + in_location(f"ManagedSessionUserHeader {name}"))
    assert passes, said


# -- the database ----------------------------------------------------------------------------------

WITHOUT_DATABASE = BASE.replace("DBDriver sqlite3\n", "").replace('DBDParams "@DB@"\n', "")


def refused(server: Server) -> str:
    """What is printed for a configuration that must not pass."""
    try:
        result = server.configtest()
        assert result.returncode != 0
        return result.stderr + server.error_log()
    finally:
        server.remove()


def test_no_database_is_refused_with_an_example():
    said = refused(Server(base=WITHOUT_DATABASE))
    assert "set DBDriver and DBDParams" in said and "DBDriver sqlite3" in said, said


def test_a_database_that_sessions_cannot_be_kept_in_is_refused():
    said = refused(Server(base=BASE.replace("DBDriver sqlite3", "DBDriver odbc")))
    assert "odbc" in said, said
    if "Can't load driver" not in said:  # if apr has no such driver, mod_dbd fails first
        assert "use one of: sqlite3, pgsql, mysql" in said, said


@pytest.mark.parametrize("lines, passes", [
    ("DBDMax 1", False), ("DBDMax 1\nDBDKeep 1", True), ("DBDMin 3", False), ("DBDMin 3\nDBDKeep 3", True), ("DBDMax 2", True),
    ("DBDKeep 11", False),
])
def test_a_pool_that_mod_dbd_cannot_make_is_refused(lines, passes):
    server = Server(extra=lines + "\n")
    try:
        result = server.configtest()
        assert (result.returncode == 0) is passes
        assert ("mod_dbd has no connections at all" in result.stderr + server.error_log()) is (not passes)
    finally:
        server.remove()


def test_mapped_files_are_sqlites(site):
    """The directive may be inherited from a server that has SQLite."""
    mapped = "ManagedSessionSQLiteMmap 1G\n" + SITE
    said = refused(Server(mapped, base=BASE.replace("DBDriver sqlite3", "DBDriver pgsql")))
    assert "ManagedSessionSQLiteMmap is for DBDriver sqlite3, and this server has DBDriver pgsql; remove it, or set it to 0" in said, said
    assert configtest(site, "ManagedSessionSQLiteMmap 1G\n")[0]


OWN_DATABASE = in_host('DBDriver sqlite3\nDBDParams "@DB@"\n' + SITE)
NO_DATABASE = re.sub(r"DBD\w+ .*\n", "", BASE)


@pytest.mark.parametrize("lines", ["", "ManagedSessionLifetime 1d\nManagedSessionTitle Library\n",
                                   "ManagedSessionLifetime 1d\n" + in_host("").replace("b.test", "c.test")])
def test_a_server_without_sessions_needs_no_database_beside_a_host_with_its_own(lines):
    server = Server(lines + OWN_DATABASE, base=NO_DATABASE)
    result = server.configtest()
    server.remove()
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("lines", [SITE, "ManagedSession On\n", "ManagedSessionLifetime 1d\n" + in_host(SITE).replace("b.test", "c.test")])
def test_a_server_with_sessions_needs_a_database_beside_a_host_with_its_own(lines):
    server = Server(lines + OWN_DATABASE, base=NO_DATABASE)
    result = server.configtest()
    server.remove()
    assert result.returncode != 0 and "no database is configured for sessions" in result.stderr, result.stderr


def test_without_mod_dbd_it_is_named(monkeypatch):
    monkeypatch.setattr(harness, "BASE_MODULES", [name for name in harness.BASE_MODULES if name != "dbd"])
    said = refused(Server(base=WITHOUT_DATABASE))
    assert "mod_dbd is not loaded" in said and "LoadModule dbd_module" in said, said


def test_a_server_that_only_loads_the_module_needs_no_database():
    server = Server("", base=WITHOUT_DATABASE)
    assert server.configtest().returncode == 0
    server.remove()


# -- what is right ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    SITE,
    "",
    "ManagedSessionCookieName __Host-s\n",
    "ManagedSessionCookieName __Secure-s\nManagedSessionCookiePath /app\nManagedSessionCookieDomain a.test\n",
    "ManagedSessionCookieSecure Off\nManagedSessionCookieName s\n",
    "ManagedSessionCookieSecure Off\n",
    "ManagedSessionCookiePath /app\n",
    "ManagedSessionCookieSameSite none\n",
    "ManagedSessionCookieSameSite STRICT\n",
    "ManagedSessionLifetime 400d\nManagedSessionTransientLifetime 34560000\nManagedSessionIdleTimeout 0\n",
    "ManagedSessionLifetime 1s\nManagedSessionIdleTimeout 30m\nManagedSessionTouchInterval 1\n",
    "ManagedSessionRemember on\n",
    "ManagedSessionRemember Off\n",
    "ManagedSessionLimit 0\n",
    "ManagedSessionLimit 10000 REFUSE\n",
    "ManagedSessionLimit 5 evict\n",
    'ManagedSessionRealm "B\u00fccherei am Markt"\n',
    "ManagedSessionTable _t48_" + "a" * 43 + "\n",
    "ManagedSessionCreateTable Off\n",
    'ManagedSessionTitle "Meine Ger\u00e4te"\nManagedSessionStylesheet https://a.test/site.css?v=1\n',
    "ManagedSessionLoginURL https://sign-in.test/login\nManagedSessionLandingURL /home?from=login\n",
    in_location("ManagedSession On\nManagedSessionUserHeader X_Remote-User\nManagedSessionHideCookie Off"),
    in_location("ManagedSessionUserHeader none\nManagedSessionBackendLogin On"),
    in_location("SetHandler managed-session-login\nManagedSessionAuthProvider file\nAuthUserFile @ROOT@/passwords"),
    in_host("ManagedSessionRealm b\nManagedSessionCookieSecure Off"),
])
def test_what_is_right_passes(site, text):
    passes, said = configtest(site, text)
    assert passes, said
