# SPDX-License-Identifier: Apache-2.0
"""Applications of every kind get the user's name from the module only, and never get the cookie's secret."""
import base64
import contextlib
import json
import socket
import urllib.parse

import pytest

import backends
import harness
from backends import HttpApplication, WebSocket, WebSocketApplication, seen, told
from harness import COOKIE, PASSWORDS, SITE, Backend, Server, connect, free_port, get, logged, post, random_token, request, sign_in

pytestmark = pytest.mark.sqlite
HEADER = "HTTP_X_REMOTE_USER"
WITH_ENVIRONMENT = ["cgi", "php", "uwsgi", "scgi", "ajp", "lua", "ssi"]  # these get REMOTE_USER too
SKIPPED = {"php": (not backends.PHP_FPM, backends.NO_PHP_FPM), "uwsgi": (not backends.UWSGI, backends.NO_UWSGI)}
HERE = [kind for kind in ["http", *WITH_ENVIRONMENT] if not SKIPPED.get(kind, (False,))[0]]


def kinds(*names):
    """One test for each kind of application, skipped if its program is not installed."""
    marks = {kind: pytest.mark.skipif(absent, reason=why) for kind, (absent, why) in SKIPPED.items()}
    return pytest.mark.parametrize("kind", [pytest.param(n, marks=marks.get(n, ())) for n in names])


PLACES = SITE + """
<Location "/app">
    ManagedSessionUserHeader X-Remote-User
    CGIPassAuth On
</Location>
<Location "/optional">
    ManagedSession On
    ManagedSessionUserHeader X-Remote-User
    CGIPassAuth On
</Location>
<Location "/off">
    ManagedSession Off
    ManagedSessionUserHeader X-Remote-User
</Location>
<Location "/app/untold">
    ManagedSessionUserHeader none
</Location>
<Location "/optional/untold">
    ManagedSessionUserHeader none
</Location>
<Location "/pub/shown">
    ManagedSessionHideCookie Off
</Location>
<Location "/app/bobs">
    Require user bob
    ErrorDocument 403 /pub/cgi
</Location>

ScriptAliasMatch "^/[a-z]+/cgi$" "@ROOT@/scripts/echo.cgi"
AliasMatch "^/[a-z]+/lua$" "@ROOT@/scripts/echo.lua"
AliasMatch "^/[a-z]+/ssi$" "@ROOT@/scripts/echo.shtml"
AliasMatch "^/[a-z]+/includes-(optional|app|off|pub)-(cgi|http)$" "@ROOT@/scripts/$1-$2.shtml"
ProxyPassMatch "^(/[a-z]+(?:/untold|/shown)?/http.*)$" "http://127.0.0.1:@HTTP@$1"
ProxyPass "/optional/kept" "http://127.0.0.1:@HTTP@/optional/kept"
ProxyPassMatch "^(/[a-z]+/ajp)$" "ajp://127.0.0.1:@AJP@$1"
ProxyPassMatch "^(/[a-z]+/scgi)$" "scgi://127.0.0.1:@SCGI@"
ProxyPassMatch "^(/[a-z]+/uwsgi)$" "uwsgi://127.0.0.1:@UWSGI@"
ProxyPass "/app/dead-http" "http://127.0.0.1:@DEAD@" retry=0
ProxyPass "/app/dead-fcgi" "fcgi://127.0.0.1:@DEAD@" retry=0
<Location "/errors">
    ProxyPass "http://127.0.0.1:@HTTP@/errors"
    ProxyErrorOverride On
</Location>
AliasMatch "^/[a-z]+/php$" "@PHP_SCRIPT@"
<Files "echo.php">
    SetHandler "@PHP@"
</Files>
<Directory "@ROOT@/scripts">
    Options +ExecCGI +Includes
    AddHandler cgi-script .cgi
    AddHandler lua-script .lua
    AddType text/html .shtml
    AddOutputFilter INCLUDES .shtml
</Directory>

Alias "/files" "@ROOT@/files"
<Directory "@ROOT@/files">
    AllowOverride AuthConfig FileInfo Options
    Options +ExecCGI
    AddHandler cgi-script .cgi
    RewriteEngine On
    RewriteRule "^moved$" "/app/http" [PT]
    DirectoryIndex echo.cgi "/optional/cgi"
</Directory>
"""

SCRIPTS = {"echo.cgi": backends.CGI_ECHO, "echo.lua": backends.LUA_ECHO, "echo.shtml": backends.SSI_ECHO} | {
    f"{place}-{kind}.shtml": f'<!--#include virtual="/{place}/{kind}" -->'
    for place in ("optional", "app", "off", "pub") for kind in ("cgi", "http")}


class Site:
    """The usual site with an application of every kind at /app, /optional, /off and /pub."""

    def __init__(self, stack: contextlib.ExitStack, more: str = ""):
        self.http = stack.enter_context(HttpApplication())
        ajp = stack.enter_context(backends.AjpApplication())
        scgi = stack.enter_context(backends.ScgiApplication())
        php = stack.enter_context(backends.PhpFpm()) if "php" in HERE else None
        uwsgi = stack.enter_context(backends.Uwsgi()) if "uwsgi" in HERE else None
        self.dead = free_port()
        config = PLACES + more
        for mark, value in {"HTTP": self.http.port, "AJP": ajp.port, "SCGI": scgi.port,
                            "UWSGI": uwsgi.port if uwsgi else self.dead, "PHP": php.handler if php else "none",
                            "PHP_SCRIPT": php.script if php else "/nowhere", "DEAD": self.dead}.items():
            config = config.replace(f"@{mark}@", str(value))
        self.server = Server(config, modules="include lua proxy_fcgi proxy_ajp proxy_scgi proxy_uwsgi",
                             extra="DBDMin 1\nDBDKeep 1\nDBDMax 1\n")
        for name, text in SCRIPTS.items():
            self.server.write(f"scripts/{name}", text, 0o755)
        self.server.write("files/closed/.htaccess", "AuthType ManagedSession\nAuthName files\nRequire valid-user\n"
                                                    "ManagedSessionUserHeader X-File-User\n")
        self.server.write("files/closed/echo.cgi", backends.CGI_ECHO, 0o755)
        stack.enter_context(self.server)
        self.token = sign_in(self.server)

    def get(self, target, *headers, signed_in=True, **more):
        cookie = [("Cookie", f"{COOKIE}={self.token}")] if signed_in else []
        return request(self.server, more.get("method", "GET"), target, [*cookie, *headers], more.get("body"))

    def told_http(self, target, *headers, **more):
        """What reached the HTTP application, read without its echo."""
        self.get(target, *headers, method="HEAD", **more)
        return self.http.requests[-1]


@pytest.fixture(scope="module")
def site():
    with contextlib.ExitStack() as stack:
        yield Site(stack)


# -- who the user is -------------------------------------------------------------------------------


@kinds(*WITH_ENVIRONMENT)
@pytest.mark.parametrize("place", ["app", "optional"])
def test_an_application_with_an_environment_is_told_the_user(site, kind, place):
    answer = site.get(f"/{place}/{kind}")
    assert told(answer, "REMOTE_USER") == ["alice"] == told(answer, HEADER)
    if kind != "lua":  # reads r.user itself
        assert told(answer, "AUTH_TYPE") == ["ManagedSession"]


@kinds("cgi", "php", "uwsgi", "scgi", "lua", "ssi")
def test_an_application_is_told_the_session(site, kind):
    row = site.server.sql("SELECT created_at, expires_at FROM managed_session WHERE session_id = ?", site.token[:22])[0]
    answer = site.get(f"/app/{kind}")
    assert told(answer, "MANAGED_SESSION_ID") == [site.token[:22]]
    assert told(answer, "MANAGED_SESSION_AUTH_TIME") == [str(row[0])]
    assert told(answer, "MANAGED_SESSION_EXPIRES") == [str(row[1])]
    assert told(answer, "MANAGED_SESSION_AUTH_METHOD") == ["form"]


@kinds("http", *WITH_ENVIRONMENT)
def test_an_application_gets_nothing_if_no_user_is_signed_in(site, kind):
    answer = site.get(f"/optional/{kind}", signed_in=False)
    names = [name for name, value in seen(answer) if value not in ("", "(none)")]
    assert not {HEADER, "REMOTE_USER", "AUTH_TYPE"} & set(names)
    assert not any(name.startswith("MANAGED_SESSION") for name in names)


@kinds("http", *WITH_ENVIRONMENT)
@pytest.mark.parametrize("place", ["off", "pub"])
def test_an_application_is_told_nothing_where_sessions_are_off(site, kind, place):
    answer = site.get(f"/{place}/{kind}")
    assert HEADER not in dict(seen(answer)) and dict(seen(answer)).get("REMOTE_USER", "") in ("", "(none)")


def test_the_header_is_exactly_the_users_name(site):
    assert [v for n, v in site.told_http("/app/http") if n == "X-Remote-User"] == ["alice"]


def test_a_name_in_other_letters_passes_byte_for_byte(site):
    site.server.add_user("zoë, 100% of Åbo", "wonderland")
    token = sign_in(site.server, "zoë, 100% of Åbo", "wonderland")
    name = "zoë, 100% of Åbo".encode().decode("latin-1")
    assert told(get(site.server, "/app/http", token), HEADER) == [name]
    answer = get(site.server, "/app/cgi", token)
    assert told(answer, HEADER) == [name] == told(answer, "REMOTE_USER")


def test_mod_cgi_tells_the_same():
    """The other tests' CGI is mod_cgid's."""
    server = Server(SITE + """
        ScriptAliasMatch "^/[a-z]+/cgi$" "@ROOT@/scripts/echo.cgi"
        <Location "/app">
            ManagedSessionUserHeader X-Remote-User
        </Location>""", without="cgid", modules="cgi")
    server.write("scripts/echo.cgi", backends.CGI_ECHO, 0o755)
    with server:
        answer = get(server, "/app/cgi", f"a=1; {COOKIE}={sign_in(server)}",
                     [("x-remote-user", "admin"), ("X.Remote.User", "b")])
        assert told(answer, "REMOTE_USER") == ["alice"] == told(answer, HEADER)
        assert told(answer, "HTTP_COOKIE") == ["a=1"] and len(told(answer, "MANAGED_SESSION_ID")) == 1


# -- who the client claims to be -------------------------------------------------------------------

SPELLINGS = ["X-Remote-User", "x-remote-user", "X-REMOTE-USER", "X_Remote_User", "x_remote-user", "X-Remote_User",
             "X.Remote.User", "X~Remote~User", "X!Remote!User", "X#Remote$User", "X'Remote*User", "X+Remote^User",
             "X`Remote|User", "X%Remote&User", "X-Remote-User_", "_X-Remote-User", "X-Remote-User--", "-_X__Remote-_User"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_the_header_comes_from_a_client(site, spelling):
    """One value, that of the session, or no value."""
    for kind in HERE:
        assert told(site.get(f"/app/{kind}", (spelling, "admin")), HEADER) == ["alice"], kind
        assert told(site.get(f"/optional/{kind}", (spelling, "admin"), signed_in=False), HEADER) == [], kind
    for sent in site.told_http("/app/http", (spelling, "admin")), site.told_http("/pub/http", (spelling, "admin")):
        assert "admin" not in [value for _, value in sent]


@kinds("http", *WITH_ENVIRONMENT)
@pytest.mark.parametrize("place,signed_in,user", [
    ("app", True, ["alice"]), ("optional", True, ["alice"]), ("optional", False, []), ("off", True, []),
    ("off", False, []), ("pub", True, []), ("pub", False, [])])
def test_all_spellings_at_once_and_repeated_name_no_user(site, kind, place, signed_in, user):
    """Protected, optional, switched off and public areas, which may lead to the same application."""
    forged = [(spelling, f"admin{i}") for i in range(3) for spelling in SPELLINGS]
    answer = site.get(f"/{place}/{kind}", *forged, signed_in=signed_in)
    assert told(answer, HEADER) == user and "admin" not in answer.text


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "HEAD"])
def test_other_methods_are_no_way_around(site, method):
    body = b"" if method[0] == "P" else None
    site.get("/optional/http", ("X-Remote-User", "admin"), signed_in=False, method=method, body=body)
    assert "admin" not in [value for _, value in site.http.requests[-1]]


def test_a_folded_or_blanked_name_does_not_get_through(site):
    for line in b"X-Remote-User : admin", b"X-Other: 1\r\n X-Remote-User: admin", b"X Remote User: admin":
        head = b"GET /optional/cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        answer = harness.raw(site.server, head + line + b"\r\n\r\n")
        assert answer.status == 400 or told(answer, HEADER) == []


@kinds("http", "cgi", "php", "lua")  # the others take no body of unknown length
def test_a_trailer_is_no_header(site, kind):
    """If httpd would count them as headers ("MergeTrailers On"), it does not start."""
    data = (f"POST /optional/{kind} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
            f"Cookie: {COOKIE}={site.token}\r\n\r\n3\r\na=b\r\n0\r\n"
            "X-Remote-User: admin\r\nX_Remote_User: admin\r\n\r\n")
    answer = harness.raw(site.server, data.encode(), "POST")
    assert told(answer, HEADER) == ["alice"] and "admin" not in answer.text


CONNECTIONS = [["X-Remote-User"], ["close, x-remote-user"], ["keep-alive, X-Remote-User,X-Remote-User"],
               ["x_remote_user"], ["close", "X-REMOTE-USER"], ["close; X-Remote-User"],
               ["Connection, X-Remote-User, Cookie"], ["close,,X-Remote-User,"]]


@pytest.mark.parametrize("lines", CONNECTIONS, ids=lambda lines: " + ".join(lines))
def test_a_client_cannot_have_the_users_header_dropped_on_the_way(site, lines):
    """Mod_proxy takes out what the client lists in Connection."""
    headers = [("Connection", line) for line in lines]
    for kind in HERE:
        assert told(site.get(f"/app/{kind}", *headers), HEADER) == ["alice"], kind
        assert told(site.get(f"/app/{kind}", *headers, ("x-remote-user", "admin")), HEADER) == ["alice"], kind
        assert told(site.get(f"/optional/{kind}", *headers, ("X_Remote_User", "admin"), signed_in=False), HEADER) == []


@kinds("cgi", "php", "uwsgi", "scgi")
def test_a_header_called_remote_user_is_another_variable(site, kind):
    """REMOTE_USER cannot come from a header: those arrive as HTTP_..., and no application relies on HTTP_REMOTE_USER."""
    forged = [("Remote-User", "admin"), ("Auth-Type", "Basic"), ("Managed-Session-Id", "x"),
              ("Managed-Session-Auth-Time", "1")]
    answer = site.get(f"/app/{kind}", *forged)
    assert told(answer, "REMOTE_USER") == ["alice"] and told(answer, "HTTP_REMOTE_USER") == ["admin"]
    assert told(answer, "MANAGED_SESSION_ID") == [site.token[:22]] and told(answer, "AUTH_TYPE") == ["ManagedSession"]
    nobody = site.get(f"/optional/{kind}", *forged, signed_in=False)
    assert not {"REMOTE_USER", "AUTH_TYPE", "MANAGED_SESSION_ID", "MANAGED_SESSION_AUTH_TIME"} & {
        name for name, value in seen(nobody) if value}


@pytest.mark.parametrize("alias", ["REMOTE_USER", "Remote_User", "Redirect-Remote-User", "Proxy-Remote-User"])
def test_headers_that_look_like_the_variable_do_not_become_it(site, alias):
    for kind in set(HERE) & {"cgi", "php", "uwsgi", "scgi"}:
        assert told(site.get(f"/app/{kind}", (alias, "admin")), "REMOTE_USER") == ["alice"]
        nobody = site.get(f"/off/{kind}", (alias, "admin"), signed_in=False)
        assert told(nobody, "REMOTE_USER") in ([], [""])


def test_a_place_within_may_be_told_nothing_and_is_not_lied_to_either(site):
    assert told(site.get("/app/untold/http", ("X-Remote-User", "admin")), HEADER) == []
    assert told(site.get("/optional/untold/http", ("X_Remote_User", "admin"), signed_in=False), HEADER) == []


@pytest.mark.parametrize("spelling", ["X-File-User", "x_file_user", "X.File.User"])
def test_the_header_of_an_htaccess_file(site, spelling):
    assert told(site.get("/files/closed/echo.cgi", (spelling, "admin")), "HTTP_X_FILE_USER") == ["alice"]
    assert site.get("/files/closed/echo.cgi", signed_in=False).status == 401


# -- requests within requests ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cgi", "http"])
def test_what_a_page_includes_is_told_the_same_and_no_more(site, kind):
    forged = ("X_Remote_User", "admin"), ("X-Remote-User", "admin")
    for outer in "app", "optional", "off", "pub":
        for inner in "app", "optional", "off":
            answer = site.get(f"/{outer}/includes-{inner}-{kind}", *forged)
            if inner != "off" or outer in ("off", "pub"):  # otherwise CGI inherits the page's environment
                assert told(answer, HEADER) == ["alice"] * (inner != "off"), (outer, inner)
            assert "admin" not in answer.text and told(answer, "HTTP_COOKIE") == []
    nobody = site.get(f"/pub/includes-optional-{kind}", *forged, signed_in=False)
    assert told(nobody, HEADER) == [] and "admin" not in nobody.text


def test_a_public_page_cannot_include_a_protected_one_for_a_visitor(site):
    site.server.expect("unable to include")
    answer = site.get("/pub/includes-app-cgi", ("X-Remote-User", "admin"), signed_in=False)
    assert "HTTP_HOST" not in answer.text and "admin" not in answer.text


def test_a_rewritten_address_has_the_user_of_where_it_leads(site):
    assert told(site.get("/files/moved", ("X-Remote-User", "admin")), HEADER) == ["alice"]
    assert site.get("/files/moved", ("X-Remote-User", "admin"), signed_in=False).status == 401


def test_an_index_is_told_the_user_and_no_clients_word(site):
    forged = [("X.File.User", "admin"), ("X-File-User", "admin")]
    assert told(site.get("/files/closed/", *forged), "HTTP_X_FILE_USER") == ["alice"]
    assert site.get("/files/closed/", *forged, signed_in=False).status == 401


@pytest.mark.parametrize("signed_in", [True, False])
def test_an_index_elsewhere_gets_neither_cookie_nor_a_clients_word(site, signed_in):
    """httpd itself loses the user if the index of a public directory is a page of a protected one."""
    answer = site.get("/files/", ("X.Remote.User", "admin"), ("X-Remote-User", "admin"), signed_in=signed_in)
    assert told(answer, HEADER) in ([], ["alice"] * signed_in)
    assert "admin" not in answer.text and told(answer, "HTTP_COOKIE") == []


def test_an_error_page_of_an_application_gets_neither_cookie_nor_a_clients_word(site):
    site.server.expect("AH01630")
    answer = site.get("/app/bobs", ("X_Remote_User", "admin"), ("X-Remote-User", "admin"))
    assert answer.status == 403 and answer.text.startswith("[")
    said = dict(json.loads(answer.body))
    assert "HTTP_COOKIE" not in said and said.get(HEADER, "alice") == "alice" and "admin" not in answer.text


# -- virtual hosts ---------------------------------------------------------------------------------


def test_each_virtual_host_keeps_the_headers_of_all_clean_everywhere():
    """What any host names counts on each URL of each host."""
    with HttpApplication() as application:
        hosts = SITE + f"""
            ProxyPass "/" "http://127.0.0.1:{application.port}/"
            <Location "/main">
                ManagedSessionUserHeader X-Main-User
            </Location>
            <VirtualHost *:@PORT@>
                ServerName first.test
                ProxyPass "/" "http://127.0.0.1:{application.port}/"
                <Location "/">
                    ManagedSession On
                    ManagedSessionUserHeader X-First-User
                </Location>
            </VirtualHost>
            <VirtualHost *:@PORT@>
                ServerName second.test
                ProxyPass "/login" !
                ProxyPass "/" "http://127.0.0.1:{application.port}/"
                <Location "/">
                    AuthType ManagedSession
                    AuthName second
                    Require valid-user
                    ManagedSessionUserHeader X-Second-User
                </Location>
                <Location "/login">
                    SetHandler managed-session-login
                    ManagedSessionAuthProvider file
                    AuthUserFile "@ROOT@/passwords"
                </Location>
            </VirtualHost>"""
        forged = [("X_Main-User", "admin"), ("X-First_User", "admin"), ("x.second.user", "admin")]
        with Server(hosts) as server:
            first = get(server, "/anything", headers=[("Host", "first.test"), *forged])
            assert [n for n, v in seen(first) if v == "admin"] == []
            signed_in = post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]},
                             headers=[("Host", "second.test")]).token()
            second = get(server, "/anything", signed_in, [("Host", "second.test"), *forged])
            assert [n for n, v in seen(second) if v == "admin"] == []
            assert told(second, "HTTP_X_SECOND_USER") == ["alice"] and told(second, "HTTP_X_MAIN_USER") == []
            # A session of one host is no session on the other.
            assert told(get(server, "/anything", signed_in, [("Host", "first.test")]), "HTTP_X_FIRST_USER") == []


# -- credentials of another kind -------------------------------------------------------------------

BASIC = base64.b64encode(b"admin:password").decode()


@pytest.mark.parametrize("value,passes", [
    (f"Basic {BASIC}", False), (f"basic {BASIC}", False), (f"BASIC  {BASIC}", False), (f"Basic\t{BASIC}", False),
    ('Digest username="admin"', False), ('digest username="admin"', False),
    ("Bearer of-a-programming-interface", True), ("Basics", True)])
def test_another_users_name_and_password_do_not_reach_an_application_beside_ours(site, value, passes):
    """A name there might be believed rather than ours."""
    for kind in set(HERE) - {"ssi"}:
        for place in "app", "optional":
            answer = site.get(f"/{place}/{kind}", ("Authorization", value))
            assert told(answer, "HTTP_AUTHORIZATION") == [value] * passes, (place, kind)


def test_without_a_session_credentials_are_the_applications_own_affair(site):
    own = f"Basic {BASIC}"
    for target in "/optional/http", "/pub/http":
        assert told(site.get(target, ("Authorization", own), signed_in=False), "HTTP_AUTHORIZATION") == [own]


# -- names that are no header ----------------------------------------------------------------------

BASIC_LOGIN = SITE + """
<Location "/other-login">
    SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName other
    AuthBasicProvider file
    AuthUserFile "@ROOT@/odd"
    Require valid-user
</Location>
ProxyPass "/app" "http://127.0.0.1:@HTTP@/app"
<Location "/app">
    ManagedSessionUserHeader X-Remote-User
</Location>
"""
BAD_NAMES = [b"a\x01b", b"a\tb", b"a\rX-Admin", b"\x1b[0m", b"a\x7f", b"a\x80", b"a\xff\xfe",
             b"a\xc2\x85b", b"\xed\xa0\x80", b"\xc0\xaf"]


@pytest.fixture(scope="module")
def odd(site):
    """Users whose names another module lets in."""
    server = Server(BASIC_LOGIN.replace("@HTTP@", str(site.http.port)),
                    own_paths=("/login", "/logout", "/sessions", "/other-login"))
    server.add_user("plain", "secret", "odd")
    hashed = (server.root / "odd").read_bytes().split(b":", 1)[1].strip()
    server.write("odd", b"".join(name + b":" + hashed + b"\n" for name in [*BAD_NAMES, b"plain", b"admin "]))
    with server:
        yield server


def basic_login(server: Server, name: bytes):
    credentials = base64.b64encode(name + b":secret").decode()
    return get(server, "/other-login", headers=[("Authorization", f"Basic {credentials}")])


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_a_name_that_cannot_stand_in_a_header_is_not_signed_in(odd, name):
    """With each module that may have accepted it."""
    odd.expect("MS0011")
    before = odd.rows()

    def try_it():
        answer = basic_login(odd, name)
        assert answer.status == 403 and not answer.cookies() and odd.rows() == before
    logged(odd, "MS0011", try_it)


def test_a_plain_name_is_signed_in_the_same_way(odd):
    """What the refusals above are measured against."""
    assert told(get(odd, "/app/http", basic_login(odd, b"plain").token()), HEADER) == ["plain"]


def test_no_name_becomes_another_on_its_way_through_a_header(odd):
    """Who reads a header drops the blanks around its value, so that "admin " would be "admin"."""
    odd.expect("MS0011")
    answer = basic_login(odd, b"admin ")
    assert answer.status == 403 and not answer.cookies()


@pytest.mark.parametrize("name", [n.decode("latin-1") for n in BAD_NAMES[:5]] + ["a\r\nX-Admin: 1"], ids=repr)
def test_a_name_like_that_put_into_the_table_is_no_user(odd, site, name):
    """Nothing of it reaches the application, or the wire."""
    token = basic_login(odd, b"plain").token()
    odd.sql("UPDATE managed_session SET user_name = ? WHERE session_id = ?", name, token[:22])
    before = len(site.http.requests)
    answer = get(odd, "/app/http", token)
    assert answer.status == 401 and "X-Admin" not in answer.headers and len(site.http.requests) == before


# -- the cookie on its way in ----------------------------------------------------------------------

OURS = "@"  # stands for our cookie
COOKIES = [
    (OURS, None),
    (f"{OURS}; {OURS}", None),
    (f"{OURS};", None),
    (f"a=1; {OURS}; b=2", "a=1; b=2"),
    (f"{OURS}; a=1", "a=1"),
    (f"a=1; {OURS}", "a=1"),
    (f"a=1;{OURS};b=2", "a=1;b=2"),
    (f'a="x, y; z=\\"q\\""; {OURS};  b = %20 ;c', 'a="x, y; z=\\"q\\"";  b = %20 ;c'),
    (f"a=1; {COOKIE}=; {COOKIE} = nonsense ;\t{OURS}; b=2", "a=1; b=2"),
    (f"=;{OURS};;a", "=;;a"),
    (f"__host-session=1; {COOKIE}x=2; x{COOKIE}=3; {OURS}; {COOKIE}",
     f"__host-session=1; {COOKIE}x=2; x{COOKIE}=3; {COOKIE}"),
]


@pytest.mark.parametrize("sent,arrives", COOKIES)
def test_other_cookies_reach_the_application_as_they_were_sent(site, sent, arrives):
    sent = sent.replace(OURS, f"{COOKIE}={site.token}")
    for target in *(f"/app/{kind}" for kind in HERE), "/optional/http", "/off/http", "/pub/http":
        arrived = told(get(site.server, target, sent), "HTTP_COOKIE")
        assert arrived == ([] if arrives is None else [arrives]), target


@pytest.mark.parametrize("sent", [
    ";", "=", ";=;", ";;;;", "= =", "a", ";a=", COOKIE, f";{COOKIE}x", "\t;", "a=1;;b=2; "])
def test_odd_cookies_pass_as_they_are(site, sent):
    arrived = told(site.get("/pub/http", ("Cookie", sent), signed_in=False), "HTTP_COOKIE")
    assert [each.strip() for each in arrived] == [sent.strip()]


def test_of_many_cookies_of_our_name_none_passes(site):
    """Also those beyond the number that are tried."""
    sent = "; ".join(f"{COOKIE}={random_token()}" for _ in range(20))
    assert told(get(site.server, "/optional/http", f"{sent}; a=1"), "HTTP_COOKIE") == ["a=1"]


def test_a_cookie_in_a_line_of_its_own_does_not_pass_behind_anothers_value(site):
    """httpd joins two Cookie lines with a comma: no user is signed in, but the secret must not reach the application."""
    lines = [("Cookie", "a=1"), ("Cookie", f"{COOKIE}={site.token}")]
    for sent in lines, lines[::-1]:
        arrived = site.told_http("/optional/http", *sent, signed_in=False)
        assert not [value for _, value in arrived if site.token[23:] in value]


def test_an_application_may_be_shown_the_cookie(site):
    """ManagedSessionHideCookie Off."""
    sent = f"a=1; {COOKIE}={site.token}; b=2"
    assert ("Cookie", sent) in site.told_http("/pub/shown/http", ("Cookie", sent), signed_in=False)


# -- the cookie on its way out ---------------------------------------------------------------------

OTHERS = ['a="1, 2"; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT', "b=2;HttpOnly;  Secure", f"x{COOKIE}=3",
          "a=4; Path=/other"]
PLANTED = [f"{COOKIE}=planted; Path=/", f"{COOKIE}=; Max-Age=0", f" {COOKIE} = planted", f"={COOKIE}=planted"]


def asking(status: int, cookies: list[str]) -> str:
    return "?" + urllib.parse.urlencode([("Status", status), *(("Set-Cookie", cookie) for cookie in cookies)])


@kinds("http", "cgi", "php", "uwsgi", "scgi", "ajp")
@pytest.mark.parametrize("status", [200, 304, 302, 404, 500])
def test_an_application_sets_every_cookie_but_ours(site, kind, status):
    """With every status; the others arrive in their order, byte for byte."""
    site.server.expect("never at this level", status_5xx=status == 500)
    more = "&Location=/" if status == 302 else ""
    mixed = [OTHERS[0], PLANTED[0], OTHERS[1], PLANTED[1], OTHERS[2], PLANTED[2], OTHERS[3], PLANTED[3]]

    def plant():
        for signed_in, place in (True, "app"), (False, "optional"), (False, "pub"):
            answer = site.get(f"/{place}/{kind}" + asking(status, mixed) + more, signed_in=signed_in)
            assert answer.status == status
            assert answer.headers.get_all("Set-Cookie") == OTHERS
    warning = logged(site.server, "MS0030", plant)
    assert COOKIE in warning and "planted" not in warning


def test_only_ours_set_leaves_no_header_at_all(site):
    assert "Set-Cookie" not in site.get("/app/http" + asking(200, PLANTED)).headers


def test_an_error_that_httpd_answers_itself_carries_no_planted_cookie_either(site):
    answer = site.get("/errors/http" + asking(404, [PLANTED[0], OTHERS[1]]))
    assert answer.status == 404 and answer.headers.get_all("Set-Cookie", []) in ([OTHERS[1]], [])


def test_an_interim_answer_carries_no_planted_cookie_either(site):
    """103 and the like go past all output filters."""
    head = f"GET /pub/http?Interim-Set-Cookie={COOKIE}%3Dplanted HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with connect(site.server) as s:
        s.sendall(head.encode())
        received = b"".join(iter(lambda: s.recv(65536), b""))
    assert b"HTTP/1.1 200" in received and b"planted" not in received


# -- many users on one connection ------------------------------------------------------------------


def test_users_that_share_connections_are_not_mixed_up(site):
    """A front proxy sends all users' requests over one connection, and the connection to the application is kept too."""
    bob = sign_in(site.server, "bob")
    turns = [(f"Cookie: {COOKIE}={site.token}\r\n", ["alice"]), (f"Cookie: {COOKIE}={bob}\r\n", ["bob"]), ("", []),
             ("X-Remote-User: admin\r\n", [])] * 10
    before = site.http.connections
    with connect(site.server) as s:
        for cookie, user in turns:
            s.sendall(f"GET /optional/kept HTTP/1.1\r\nHost: a\r\n{cookie}\r\n".encode())
            response = harness.http.client.HTTPResponse(s)
            response.begin()
            assert told(harness.Answer(response), HEADER) == user
    assert site.http.connections - before < len(turns) / 2


def test_requests_sent_ahead_are_answered_each_for_its_own_user(site):
    """Pipelined."""
    bob = sign_in(site.server, "bob")
    cookies = [site.token, bob, None, bob, site.token]
    with connect(site.server) as s, s.makefile("rb") as stream:
        heads = [f"Cookie: {COOKIE}={cookie}\r\n" if cookie else "" for cookie in cookies]
        s.sendall("".join(f"GET /optional/kept HTTP/1.1\r\nHost: a\r\n{head}\r\n" for head in heads).encode())
        users = []
        for _ in cookies:
            _, headers = backends.read_head(stream)
            body = stream.read(int(dict((n.lower(), v) for n, v in headers)["content-length"]))
            users.append(dict(json.loads(body)).get(HEADER))
    assert users == ["alice", "bob", None, "bob", "alice"]


def test_a_body_that_is_not_read_is_not_taken_for_a_request(site):
    """A refused sign-in leaves no bytes behind that would be another's request."""
    inner = f"GET /optional/http HTTP/1.1\r\nHost: a\r\nCookie: {COOKIE}={site.token}\r\n\r\n"
    for target, header in ("/app/http", "Accept: */*"), ("/login", "Sec-Fetch-Site: cross-site"):
        head = f"POST {target} HTTP/1.1\r\nHost: a\r\n{header}\r\nContent-Length: {len(inner)}\r\n\r\n"
        before = len(site.http.requests)
        with connect(site.server) as s:
            s.sendall((head + inner).encode())
            s.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: s.recv(65536), b""))
        assert received.count(b"HTTP/1.1 ") == 1 and received.split()[1] in (b"401", b"403")
        assert b"Connection: close\r\n" in received and len(site.http.requests) == before


# -- the client's address --------------------------------------------------------------------------

FORGED_ADDRESS = [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"), ("X-Real-IP", "192.0.2.1"),
                  ("X-Client-IP", "192.0.2.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test")]


def test_a_client_cannot_choose_the_address_that_is_written_down(site):
    answer = post(site.server, "/login", {"username": "alice", "password": PASSWORDS["alice"]}, headers=FORGED_ADDRESS)
    get(site.server, "/app/http", answer.token(), FORGED_ADDRESS)
    assert site.server.sql("SELECT created_ip, last_ip FROM managed_session WHERE session_id = ?",
                           answer.token()[:22]) == [("127.0.0.1", "127.0.0.1")]
    assert answer.location == "/"


@pytest.mark.parametrize("trusted,address", [("127.0.0.1", "192.0.2.1"), ("198.51.100.7", "127.0.0.1")])
def test_mod_remoteip_says_whose_word_on_that_counts(trusted, address):
    """The address is the client's behind a trusted proxy."""
    behind = f"RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy {trusted}\n" + SITE
    with Server(behind, modules="remoteip") as server:
        fields = {"username": "alice", "password": PASSWORDS["alice"]}
        assert post(server, "/login", fields, headers=FORGED_ADDRESS).status == 303
        assert server.sql("SELECT created_ip FROM managed_session") == [(address,)]


# -- WebSocket -------------------------------------------------------------------------------------

TUNNELS = """
ProxyPass "/@AREA@/upgrade" "http://127.0.0.1:@WS@/" upgrade=websocket
ProxyPass "/@AREA@/fallback" "ws://127.0.0.1:@WS@/"
<Location "/@AREA@/wstunnel">
    ProxyWebsocketFallbackToProxyHttp Off
</Location>
ProxyPass "/@AREA@/wstunnel" "ws://127.0.0.1:@WS@/"
"""
WAYS = ["upgrade", "fallback", "wstunnel"]
EVIL = [("Origin", "https://evil.test")]


class Talk:
    def __init__(self, stack: contextlib.ExitStack, more: str = ""):
        self.application = stack.enter_context(WebSocketApplication())
        tunnels = "".join(TUNNELS.replace("@AREA@", area) for area in ("app", "optional", "off"))
        self.server = stack.enter_context(Server(SITE + """
            <LocationMatch "^/(app|optional|off)">
                ManagedSessionUserHeader X-Remote-User
            </LocationMatch>
            <Location "/optional">
                ManagedSession On
            </Location>
            """ + tunnels.replace("@WS@", str(self.application.port)) + more, modules="proxy_wstunnel"))
        self.token = sign_in(self.server)

    def open(self, target, cookie=None, headers=()):
        return WebSocket(self.server, target, cookie, headers)

    def told(self, name="x-remote-user"):
        return [v for n, v in self.application.handshakes[-1] if backends.env_name(n) == backends.env_name(name)]


@pytest.fixture(scope="module")
def talk():
    with contextlib.ExitStack() as stack:
        yield Talk(stack)


@pytest.mark.parametrize("way", WAYS)
def test_a_websocket_is_told_the_user_and_not_the_cookie(talk, way):
    forged = [("x_remote_user", "admin"), ("X-Remote-User", "admin"), ("X.Remote.User", "admin")]
    own = [("Origin", f"http://127.0.0.1:{talk.server.port}")]
    with talk.open(f"/app/{way}", talk.token, [*own, *forged]) as socket_:
        assert socket_.status == 101 and socket_.say("hello") == "hello" and socket_.say("again") == "again"
    assert talk.told() == ["alice"] and talk.told("Cookie") == []
    with talk.open(f"/app/{way}", talk.token, [("Connection", "Upgrade, X-Remote-User"), *forged]) as socket_:
        assert socket_.status == 101 and talk.told() == ["alice"]
    for area in "optional", "off":
        with talk.open(f"/{area}/{way}", None, forged) as socket_:
            assert socket_.status == 101 and socket_.say("hi") == "hi" and talk.told() == []


@pytest.mark.parametrize("way", WAYS)
def test_a_websocket_of_a_visitor_is_refused_without_a_redirect(talk, way):
    before = len(talk.application.handshakes)
    for headers in (), EVIL, [("Sec-Fetch-Mode", "websocket"), ("Sec-Fetch-Site", "same-origin")]:
        with talk.open(f"/app/{way}", None, headers) as socket_:
            assert socket_.status == 401
    assert len(talk.application.handshakes) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("headers", [
    EVIL, [("Origin", "null")], [("Origin", "http://127.0.0.1:1")],
    [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "websocket")],
    [("Sec-Fetch-Site", "same-site")], [*EVIL, ("Upgrade", "WebSocket")], [*EVIL, ("Upgrade", "WEBSOCKET")]], ids=str)
def test_a_websocket_of_another_sites_page_is_refused(talk, way, headers):
    """The browser sends the cookie from a page of any site."""
    before = len(talk.application.handshakes)

    def knock():
        with talk.open(f"/app/{way}", talk.token, headers) as socket_:
            assert socket_.status == 403
    line = logged(talk.server, "MS0022", knock)
    assert f'"http://127.0.0.1:{talk.server.port}"' in line and dict(headers).get("Origin", "another site") in line
    assert len(talk.application.handshakes) == before


@pytest.mark.parametrize("way", WAYS)
def test_where_a_session_is_optional_a_websocket_of_another_sites_page_has_no_user(talk, way):
    with talk.open(f"/optional/{way}", talk.token, EVIL) as socket_:
        assert socket_.status == 101 and socket_.say("hi") == "hi"
    assert talk.told() == [] and talk.told("Cookie") == []
    with talk.open(f"/optional/{way}", talk.token) as socket_:  # a program, which sends no origin
        assert socket_.status == 101 and talk.told() == ["alice"]


def test_cookies_opened_to_other_sites_open_websockets_too():
    """ManagedSessionCookieSameSite None allows exactly that."""
    with contextlib.ExitStack() as stack:
        talk = Talk(stack, "ManagedSessionCookieSameSite None\n")
        for way in WAYS:
            with talk.open(f"/app/{way}", talk.token, EVIL) as socket_:
                assert socket_.status == 101 and socket_.say("hi") == "hi" and talk.told() == ["alice"]


@pytest.mark.parametrize("way", WAYS)
def test_after_signing_out_no_new_websocket_opens(talk, way):
    """And the one that is open is closed."""
    token = sign_in(talk.server, "bob")
    with talk.open(f"/app/{way}", token) as open_before:
        assert open_before.status == 101 and talk.told() == ["bob"]
        assert post(talk.server, "/logout", cookie=token).status == 303
        with talk.open(f"/app/{way}", token) as after:
            assert after.status == 401
        assert open_before.is_closed()


# -- applications that are gone --------------------------------------------------------------------


@pytest.mark.parametrize("way", ["dead-http", "dead-fcgi"])
def test_an_application_that_is_gone_harms_no_other(site, way):
    """One connection for all requests: a failed one must not keep it."""
    site.server.expect(r"AH00957|AH01079|AH01114|AH00959|AH10286", status_5xx=True)
    for _ in range(3):
        answer = site.get(f"/app/{way}/")
        assert answer.status in (502, 503) and not answer.cookies()
        assert site.get("/sessions").status == 200
        assert told(site.get("/app/http"), HEADER) == ["alice"]


def test_an_application_that_comes_back_is_told_the_user_again(site):
    site.server.expect(r"AH00957|AH01114|AH00959", status_5xx=True)
    assert site.get("/app/dead-http/").status == 503
    with HttpApplication(site.dead):
        assert told(site.get("/app/dead-http/"), HEADER) == ["alice"]


def test_where_nothing_is_configured_nothing_is_done():
    """The module is loaded, and no directive of its own stands anywhere: a cookie of that name is the application's own."""
    with Backend() as backend, Server(f'ProxyPass "/b/" "http://127.0.0.1:{backend.port}/"\n', own_paths=()) as server:
        token = random_token()
        assert ["cookie", f"{COOKIE}={token}; a=b"] in get(server, "/b/", f"{COOKIE}={token}; a=b").json()


def test_where_nothing_is_configured_mod_status_shows_nothing_of_ours():
    with Server("<Location /status>\nSetHandler server-status\n</Location>\n", modules="status", own_paths=()) as server:
        assert "ManagedSession" not in get(server, "/status?auto").text
