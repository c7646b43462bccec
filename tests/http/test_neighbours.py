# SPDX-License-Identifier: Apache-2.0
"""The module beside others that write handlers, headers, environment or cookies, each loaded before it and after it.

Beside each neighbour the same story holds, the neighbour does its own work, and a request that has nothing to do with
sessions is answered as by an httpd without the module.
"""
from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.client
import os
import re
import shutil
from collections.abc import Callable

import pytest

import backends
import harness
from backends import told
from harness import COOKIE, PAGE, SITE, Server, eventually, get, post, random_token, request, sign_in

pytestmark = pytest.mark.sqlite
USER = "HTTP_X_REMOTE_USER"
BASIC = "Basic " + base64.b64encode(b"application:secret").decode()

# What is there beside every neighbour, with the module or without it.
AROUND = """
ProxyPass "/app/echo" "http://127.0.0.1:@HTTP@/app/echo"
ProxyPass "/open/echo" "http://127.0.0.1:@HTTP@/open/echo"
<Directory "@ROOT@/htdocs">
    Options +FollowSymLinks
    AllowOverride None
</Directory>
<Location "/open/closed.html">
    Require all denied
    ErrorDocument 403 /open/refused.html
</Location>
<Location "/open/gone">
    ErrorDocument 404 "It is not here.\n"
</Location>
"""
OURS = SITE + """
ManagedSessionRealm app
ManagedSessionOrigin https://app.example
ManagedSessionScript On
<Location "/app">
    ManagedSessionUserHeader X-Remote-User
</Location>
<Location "/machines/health">
    SetHandler managed-session-health
    Require local
</Location>
<Location "/machines/metrics">
    SetHandler managed-session-metrics
    Require local
</Location>
<Location "/machines/for-bob">
    AuthType ManagedSession
    Require user bob
</Location>
<Location "/machines/check">
    SetHandler managed-session-check
    ManagedSessionCheckPeers 127.0.0.1
    AuthType ManagedSession
    Require valid-user
</Location>
"""
UPLOAD = b"x" * 200_000
LISTED = ("Origin", "https://app.example")
PREFLIGHT = [LISTED, ("Access-Control-Request-Method", "POST")]
UNTOUCHED = {
    "a page": ("GET", "/", (), None), "its head": ("HEAD", "/", (), None), "a part": ("GET", "/", [("Range", "bytes=0-3")], None),
    "what has not changed": ("GET", "/", [("If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT")], None),
    "what is refused": ("GET", "/open/closed.html", (), None), "its head, refused": ("HEAD", "/open/closed.html", (), None),
    "what is gone": ("GET", "/open/gone", (), None), "a preflight": ("OPTIONS", "/open/echo", PREFLIGHT, None),
    "what is missing": ("GET", "/none.html", (), None), "a folder": ("GET", "/open", (), None),
    "options": ("OPTIONS", "/", (), None), "a form": ("POST", "/open/echo", [("Content-Type", "text/plain")], b"a=1"),
    "cookies": ("GET", "/open/echo?Set-Cookie=theme%3Ddark&X-Told=1", [("Cookie", "theme=dark; lang=en"), ("X-More", "1")], None),
    "credentials": ("GET", "/open/echo", [("Authorization", BASIC)], None),
    "what may be kept": ("GET", "/open/echo?Cache-Control=public%2C+max-age%3D60&ETag=%221%22", (), None),
    "an upload": ("PUT", "/open/echo", [("Expect", "100-continue")], UPLOAD),
    "an early hint": ("GET", "/open/echo?Interim-Link=%3C/a.css%3E%3B+rel%3Dpreload", (), None),
    "an error": ("GET", "/open/echo?Status=503", (), None), "a deletion": ("DELETE", "/open/none.html", (), None),
}


class Place:
    """An httpd with one neighbour, with the module or without it, and an application that keeps what reached it."""

    def __init__(self, stack: contextlib.ExitStack, neighbour: "Neighbour", order: str | None):
        self.http = stack.enter_context(backends.HttpApplication())
        self.more = {mark: stack.enter_context(start()) for mark, start in neighbour.applications.items()}
        config = (OURS if order else "") + AROUND + neighbour.config + (neighbour.ours if order else "")
        for mark, application in {"HTTP": self.http, **self.more}.items():
            config = config.replace(f"@{mark}@", application.handler if hasattr(application, "handler") else str(application.port))
        self.server = Server(config, neighbours=neighbour.modules, order=order or "before", load_module=bool(order),
                             base=harness.BASE if order else harness.BASE.replace("managed_session:trace8", ""), extra="DBDMin 1\nDBDKeep 1\nDBDMax 1\n")
        self.server.expected_later.append("AH01630")
        files = {"open/index.html": "open page\n", "open/closed.html": "closed page\n", "open/refused.html": "refused page\n", **neighbour.files}
        for name, text in files.items():
            path = self.server.write(f"htdocs/{name}", text, 0o755 if name.endswith(".cgi") else 0o644)
            os.utime(path, (1_700_000_000, 1_700_000_000))
        for page in (self.server.root / "htdocs").rglob("index.html"):
            os.utime(page, (1_700_000_000, 1_700_000_000))
        if self.server.user:
            shutil.chown(self.server.root / "htdocs", self.server.user)
            shutil.chown(self.server.root / "htdocs/private", self.server.user) if "dav" in neighbour.modules else None
        stack.enter_context(self.server)

    def reached(self, target: str, *headers, cookie: str | None = None) -> list[tuple[str, str]]:
        """The headers of this request that reach the application."""
        answer = get(self.server, target, cookie, headers)
        assert answer.status == 200, (answer.status, answer.text)
        return [(name.lower(), value) for name, value in self.http.requests[-1]]


@dataclasses.dataclass
class Neighbour:
    modules: str
    config: str
    works: Callable[[Place, str], None] = lambda place, token: None  # its own work, with a session of alice's
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    ours: str = ""                                                   # lines that need the module
    applications: dict[str, Callable] = dataclasses.field(default_factory=dict)


# -- what each neighbour does ----------------------------------------------------------------------


def front_controller(place, token):
    """Every path but those of files shows the front page; what is protected stays protected."""
    assert get(place.server, "/no/such/page").text == "front page\n"
    assert get(place.server, "/app/no/such/page").status == 401
    assert get(place.server, "/app/no/such/page", token).text == "front page\n"
    assert told(get(place.server, "/app/script", token), "REDIRECT_TOLD") == ["alice"]


def fallback(place, token):
    assert get(place.server, "/no-such-page").text == "front page\n"
    assert get(place.server, "/app/no-such-page").status == 401 and get(place.server, "/app/no-such-page", token).text == "front page\n"


def rewritten(place, token):
    """[PT], [P] and [R] lead to open places as they do without the module, and to protected places only signed in."""
    server = place.server
    assert get(server, "/passed/index.html").text == "open page\n" and get(server, "/moved/index.html").status == 302
    assert get(server, "/passed-app/").status == 401 and get(server, "/passed-app/", token).text == PAGE
    assert get(server, "/fetched/x").status == 200 and get(server, "/app/fetched/x").status == 401
    assert get(server, "/app/fetched/x", token).status == 200 and dict(place.http.requests[-1])["X-Remote-User"] == "alice"
    assert 'id="username"' in get(server, "/sign-in", None, harness.NAVIGATION.items()).text


def overridden(place, token):
    """An application's error becomes the site's page, also of a protected place; the module's own refusals stay."""
    assert get(place.server, "/open/echo?Status=404").text == "refused page\n"
    answer = get(place.server, "/app/echo?Status=404", token)
    assert answer.status == 404 and answer.text == "refused page\n"
    assert get(place.server, "/app/echo?Status=404").status == 401


def early_headers(place, token):
    """A header that is set or removed early is as if the client had sent it or not."""
    assert get(place.server, "/open/index.html").headers.get_all("X-Always") == ["1"]
    found = place.reached("/app/echo", ("X-Remote-User", "admin"), cookie=token)
    assert [v for n, v in found if n == "x-remote-user"] == ["alice"] and ("x-early", "1") in found
    assert get(place.server, "/app/").headers.get_all("X-Always") == ["1"]


def script_for_everything(place, token):
    """A rule that makes a script of all that ends in .cgi opens nothing below the sign-in page."""
    assert get(place.server, "/open/run.cgi").status == 200
    for method in ("GET", "POST", "PUT"):
        answer = request(place.server, method, "/login/run.cgi", body=b"" if method != "GET" else None)
        assert not answer.text.startswith("["), method


def folders(place, token):
    assert get(place.server, "/open").status == 301 and get(place.server, "/open/").text == "open page\n"
    assert get(place.server, "/app", token).status == 301 and get(place.server, "/app").status == 401


def basic_beside(place, token):
    """A place of AuthType Basic keeps its own users and passes no header of a client."""
    bob = ("Authorization", "Basic " + base64.b64encode(b"bob:builder").decode())
    assert get(place.server, "/basic/", token).status == 401
    assert get(place.server, "/basic/", None, [bob]).text == "basic page\n"


def own_headers(place, token):
    found = place.reached("/app/echo", cookie=token)
    assert ("authorization", BASIC) in found and ("x-told", "alice") in found
    assert get(place.server, "/app/", token).headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]


def fake_credentials(place, token):
    """The administrator's credentials reach the application; those of a client do not take their place."""
    assert ("authorization", BASIC) in place.reached("/app/echo", cookie=token)
    other = ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())
    assert [v for n, v in place.reached("/app/echo", other, cookie=token) if n == "authorization"] == [BASIC]


def expiry(place, token):
    """Responses of others get their max-age; the module's own have no-store only."""
    assert get(place.server, "/app/").headers.get_all("Cache-Control") == ["no-store"]
    assert place.server.browser().go("/login").headers.get_all("Cache-Control") == ["no-store"]
    assert get(place.server, "/open/").headers["Cache-Control"] == "max-age=3600"
    answer = get(place.server, "/app/", token)
    assert "private" in answer.headers["Cache-Control"] or "no-store" in answer.headers["Cache-Control"]
    assert "public" not in answer.headers["Cache-Control"]


def web_dav(place, token):
    server, folder = place.server, place.server.root / "htdocs"
    for method, target in [("PUT", "/login"), ("PUT", "/login/x"), ("PUT", "/logout"), ("PUT", "/sessions"), ("PUT", "/private/x"),
                           ("MKCOL", "/login"), ("MKCOL", "/logout"), ("MKCOL", "/sessions"), ("PROPFIND", "/login"),
                           ("LOCK", "/login"), ("PROPPATCH", "/login"), ("DELETE", "/login"), ("DELETE", "/private/index.html")]:
        answer = request(server, method, target, body=b"" if method != "DELETE" else None)
        assert answer.status in (303, 401, 403, 405), (method, target, answer.status)
    assert not [name for name in ("login", "logout", "sessions", "private/x") if (folder / name).exists()]
    cookie = [("Cookie", f"{COOKIE}={token}")]
    assert request(server, "PUT", "/private/new.txt", cookie, b"new").status == 201
    assert request(server, "PROPFIND", "/private/new.txt", [*cookie, ("Depth", "0")], b"").status == 207
    assert get(server, "/private/new.txt", token).text == "new" and get(server, "/private/new.txt").status == 401
    assert request(server, "DELETE", "/private/new.txt", cookie).status == 204


def whole_site(place, token):
    """All that is no page of the module's is the application's."""
    assert ("x-remote-user", "alice") in place.reached("/anything/at/all", cookie=token)
    assert get(place.server, "/anything").status == 401
    assert not any(name == "x-remote-user" for name, _ in place.reached("/open/echo", ("X-Remote-User", "admin")))


def schemes(place, token):
    """By each protocol the application gets the user from the module only, and never gets the cookie."""
    for kind in [name.lower() for name in place.more if name != "WS"]:
        cookie = f"a=1; {COOKIE}={token}"
        answer = get(place.server, f"/app/by/{kind}", cookie, [("X-Remote-User", "admin"), ("X_Remote_User", "admin")])
        assert told(answer, USER) == ["alice"] and told(answer, "HTTP_COOKIE") == ["a=1"], kind
        assert kind == "http" or told(answer, "REMOTE_USER") == ["alice"], kind
        assert get(place.server, f"/app/by/{kind}").status == 401, kind


def tunnels(place, token):
    origin = [("Origin", f"http://127.0.0.1:{place.server.port}")]
    with backends.WebSocket(place.server, "/app/ws", token, origin) as socket:
        assert socket.status == 101 and socket.say("hello") == "hello"
    told_it = [(name.lower(), value) for name, value in place.more["WS"].handshakes[-1]]
    assert ("x-remote-user", "alice") in told_it and not any(name == "cookie" for name, _ in told_it)
    with backends.WebSocket(place.server, "/app/ws", None, origin) as socket:
        assert socket.status == 401
    with backends.WebSocket(place.server, "/open/ws") as socket:
        assert socket.status == 101 and socket.say("hello") == "hello"


def languages(place, token):
    german = [("Accept-Language", "de")]
    assert get(place.server, "/open/text", headers=german).text == "deutsch\n"
    assert get(place.server, "/app/text", token, german).text == "deutsch\n" and get(place.server, "/app/text", headers=german).status == 401


def includes(place, token):
    place.server.expect("unable to include")
    assert get(place.server, "/app/who.shtml", token).text == "alice\n"
    assert get(place.server, "/open/includes.shtml", token).text == "open [protected page\n]\n"
    assert PAGE not in get(place.server, "/open/includes.shtml").text


def caching(place, token):
    """A public page comes from the cache; a protected one never does, no matter which user requested it before."""
    for _ in range(2):
        assert get(place.server, "/open/kept.html").text == "kept page\n"
    assert get(place.server, "/open/kept.html").headers["X-Cache"].startswith("HIT")
    for target in ("/app/kept.html", "/app/"):
        for _ in range(2):
            assert get(place.server, target, token).status == 200
            assert get(place.server, target).status == 401 and get(place.server, target, random_token()).status == 401


def addresses(place, token):
    forwarded = [("X-Forwarded-For", "203.0.113.9")]
    assert get(place.server, "/app/", token, forwarded).status == 200
    other = post(place.server, "/login", {"username": "bob", "password": "builder"}, headers=forwarded).token()
    assert place.server.sql("SELECT created_ip FROM managed_session WHERE session_id = ?", other[:22]) == [("203.0.113.9",)]
    assert "203.0.113.9" in get(place.server, "/sessions", other, forwarded).text
    eventually(lambda: "203.0.113.9" in (place.server.root / "logs/access.log").read_text(), "the line, which follows the response")


def other_session(place, token):
    """mod_session's own cookie is kept, changed by the application, and read again."""
    answer = get(place.server, "/app/echo?X-Replace-Session=cart%3D3", token)
    [kept] = answer.cookies("cart_session")
    pair = kept.split(";")[0]
    assert "cart=3" in pair and len(answer.cookies()) <= 1
    found = dict(place.reached("/app/echo", cookie=f"{pair}; {COOKIE}={token}"))
    assert found["cookie"] == pair and found["x-remote-user"] == "alice"
    assert told(get(place.server, "/open/run.cgi", pair), "HTTP_SESSION") == ["cart=3"]


def actions(place, token):
    assert told(get(place.server, "/open/page.thing"), "PATH_INFO") == ["/open/page.thing"]
    assert told(get(place.server, "/app/page.thing", token), "REDIRECT_REMOTE_USER") == ["alice"]
    assert get(place.server, "/app/page.thing").status == 401
    assert told(post(place.server, "/open/"), "REQUEST_METHOD") == ["POST"], "the script for POST"


def spelling(place, token):
    assert get(place.server, "/opne/index.html").status == 301
    assert get(place.server, "/app/idnex.html").status == 401 and get(place.server, "/app/idnex.html", token).status == 301


ECHO = {"open/run.cgi": backends.CGI_ECHO}
CGI = '<Directory "@ROOT@/htdocs/open">\n    Options +ExecCGI\n    AddHandler cgi-script .cgi\n</Directory>\n'
FRONT = {"front.html": "front page\n", "script.cgi": backends.CGI_ECHO}
FRONT_RULES = """
    RewriteEngine On
    RewriteRule "^/?app/script$" "/script.cgi" [E=TOLD:%{REMOTE_USER},L]
    RewriteCond "%{REQUEST_FILENAME}" "!-f"
    RewriteCond "%{REQUEST_FILENAME}" "!-d"
    RewriteCond "%{REQUEST_URI}" "!/echo"
    RewriteRule "." "/front.html" [L]
"""
SCHEMES = {"http": "http://127.0.0.1:@HTTP@$1", "ajp": "ajp://127.0.0.1:@AJP@$1", "scgi": "scgi://127.0.0.1:@SCGI@",
           "uwsgi": "uwsgi://127.0.0.1:@UWSGI@"}
BY_SCHEME = "".join(f'ProxyPassMatch "^(/app/by/{kind})$" "{url}"\n' for kind, url in SCHEMES.items())
APPLICATIONS = {"AJP": backends.AjpApplication, "SCGI": backends.ScgiApplication}
# As for a site that is protected as a whole: the module itself opens its pages.
CLOSED_PAGES = """
<LocationMatch "^/(login|logout|sessions|private)">
    AuthType ManagedSession
    AuthName "site"
    Require valid-user
</LocationMatch>
"""
NEIGHBOURS = {
    "rewrite, a folder's": Neighbour("rewrite", f'<Directory "@ROOT@/htdocs">\n    Options +ExecCGI\n    AddHandler cgi-script .cgi\n'
                                     f'{FRONT_RULES}</Directory>\n',
                                     front_controller, FRONT),
    "rewrite, a server's": Neighbour("rewrite", """
RewriteEngine On
RewriteRule "^/passed/(.*)$" "/open/$1" [PT,L]
RewriteRule "^/passed-app/(.*)$" "/app/$1" [PT,L]
RewriteRule "^/sign-in$" "/login" [PT,L]
RewriteRule "^/fetched/(.*)$" "http://127.0.0.1:@HTTP@/$1" [P,L]
RewriteRule "^/app/fetched/(.*)$" "http://127.0.0.1:@HTTP@/$1" [P,L]
RewriteRule "^/moved/(.*)$" "/open/$1" [R=302,L]
""", rewritten),
    "rewrite, a location's": Neighbour("rewrite", f'<Location "/">\n{FRONT_RULES}</Location>\n', fallback, FRONT),
    "rewrite, a handler's": Neighbour("rewrite", CGI + '<Location "/">\n    RewriteEngine On\n    RewriteRule "\\.cgi$" - [H=cgi-script]\n'
                                      '</Location>\n<Directory "@ROOT@/htdocs/login">\n    Options +ExecCGI\n</Directory>\n',
                                      script_for_everything, {**ECHO, "login/run.cgi": backends.CGI_ECHO}, ours=CLOSED_PAGES),
    "dir": Neighbour("dir", "DirectorySlash On\nDirectoryIndex index.html\n", folders,
                     {f"{name}/index.html": "a folder's page\n" for name in ("login", "logout", "sessions")}),
    "dir, a fallback": Neighbour("dir", 'FallbackResource "/front.html"\n', fallback, FRONT),
    "headers": Neighbour("headers", f"""
Header always set X-Frame-Options SAMEORIGIN "expr=%{{REQUEST_URI}} =~ m#^/(app|open)/#"
<Location "/app/echo">
    RequestHeader set Authorization "{BASIC}"
    RequestHeader set X-Told "expr=%{{REMOTE_USER}}"
</Location>
""", own_headers),
    "headers, early": Neighbour("headers", """
RequestHeader set X-Early 1 early
RequestHeader set X-Remote-User admin early
RequestHeader unset X-More early
Header always set X-Always 1
Header set X-Late 1
Header edit Set-Cookie "^(theme=.*)$" "$1; Secure"
""", early_headers),
    "auth_basic, AuthBasicFake": Neighbour("auth_basic", '<Location "/app/echo">\n    AuthBasicFake application secret\n</Location>\n',
                                           fake_credentials),
    "auth_basic": Neighbour("auth_basic", """
Alias "/basic" "@ROOT@/htdocs/basic"
<Location "/basic">
    AuthType Basic
    AuthName "basic"
    AuthUserFile "@ROOT@/passwords"
    Require user bob
</Location>
""", basic_beside, {"basic/index.html": "basic page\n"}),
    "dav": Neighbour("dav dav_fs", '<Location "/">\n    Dav On\n</Location>\nDavLockDB "@ROOT@/run/lock"\n', web_dav,
                     {"private/index.html": "private page\n"}, ours=CLOSED_PAGES),
    "proxy, of the whole site": Neighbour("proxy", 'ProxyPass "/app/index.html" !\nProxyPassMatch "^/app/$" !\n'
                                          'ProxyPassMatch "^/(index\\.html)?$" !\nProxyPassMatch "^/open(/|$)" !\n'
                                          'ProxyPassMatch "^/none.html$" !\nProxyPass "/" "http://127.0.0.1:@HTTP@/"\n', whole_site, ours="""
<LocationMatch "^/anything">
    AuthType ManagedSession
    AuthName "site"
    Require valid-user
    ManagedSessionUserHeader X-Remote-User
</LocationMatch>
"""),
    "proxy, its errors": Neighbour("proxy", "ProxyErrorOverride On\nErrorDocument 404 /open/refused.html\nErrorDocument 503 /open/refused.html\n", overridden),
    "proxy, its schemes": Neighbour("proxy proxy_ajp proxy_scgi", BY_SCHEME.replace("@UWSGI@", "1"), schemes, applications=APPLICATIONS),
    "proxy_fcgi": Neighbour("proxy proxy_fcgi", '<LocationMatch "^/app/by/php$">\n    SetHandler "@PHP@"\n</LocationMatch>\n'
                            'Alias "/app/by/php" "@ROOT@/htdocs/echo.php"\n', schemes, {"echo.php": backends.PHP_ECHO},
                            applications={"PHP": backends.PhpFpm}),
    "proxy_uwsgi": Neighbour("proxy proxy_uwsgi", f'ProxyPassMatch "^(/app/by/uwsgi)$" "{SCHEMES["uwsgi"]}"\n', schemes,
                             applications={"UWSGI": backends.Uwsgi}),
    "proxy_wstunnel": Neighbour("proxy proxy_wstunnel", 'ProxyPass "/app/ws" "ws://127.0.0.1:@WS@/app/ws"\n'
                                'ProxyPass "/open/ws" "ws://127.0.0.1:@WS@/open/ws"\n', tunnels,
                                applications={"WS": backends.WebSocketApplication}),
    "negotiation": Neighbour("negotiation", '<Directory "@ROOT@/htdocs">\n    Options +MultiViews\n</Directory>\nAddLanguage de .de\n'
                             'AddLanguage en .en\n', languages,
                             {"login.html": "a file\n", "logout.html": "a file\n", "sessions.html": "a file\n",
                              **{f"{place}/text.html.{code}": f"{name}\n" for place in ("open", "app")
                                 for code, name in (("de", "deutsch"), ("en", "english"))}}),
    "expires": Neighbour("expires", "ExpiresActive On\nExpiresDefault \"access plus 1 hour\"\n", expiry),
    "include": Neighbour("include", '<Directory "@ROOT@/htdocs">\n    Options +Includes\n    AddOutputFilter INCLUDES .shtml\n</Directory>\n',
                         includes, {"app/who.shtml": '<!--#echo var="REMOTE_USER" -->\n',
                                    "open/includes.shtml": 'open [<!--#include virtual="/app/index.html" -->]\n'}),
    "cache": Neighbour("cache cache_disk", 'CacheEnable disk "/"\nCacheRoot "@ROOT@/run"\nCacheHeader On\nCacheQuickHandler Off\n'
                       'CacheIgnoreNoLastMod On\nCacheDefaultExpire 600\n', caching,
                       {"open/kept.html": "kept page\n", "app/kept.html": "a page of one's own\n"}),
    "cache, its quick handler": Neighbour("cache cache_disk", 'CacheEnable disk "/"\nCacheRoot "@ROOT@/run"\nCacheHeader On\n'
                                          'CacheIgnoreNoLastMod On\nCacheDefaultExpire 600\n', caching,
                                          {"open/kept.html": "kept page\n", "app/kept.html": "a page of one's own\n"}),
    "remoteip": Neighbour("remoteip", "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n"
                          'CustomLog "@ROOT@/logs/access.log" "%a %r"\n', addresses),
    "session": Neighbour("session session_cookie", CGI + 'Session On\nSessionCookieName cart_session path=/\nSessionHeader X-Replace-Session\n'
                         "SessionEnv On\n", other_session, ECHO),
    "actions": Neighbour("actions", CGI + 'AddHandler thing .thing\nAction thing "/open/run.cgi"\nScript POST "/open/run.cgi"\n', actions,
                         {**ECHO, "open/page.thing": "x", "app/page.thing": "x"}),
    "speling": Neighbour("speling", "CheckSpelling On\n", spelling, {"logins": "x", "logouts": "x", "session": "x"}),
}


def neighbours():
    absent = {"proxy_fcgi": (not backends.PHP_FPM, backends.NO_PHP_FPM), "proxy_uwsgi": (not backends.UWSGI, backends.NO_UWSGI)}
    for name, neighbour in NEIGHBOURS.items():
        missing, why = absent.get(name, (False, ""))
        yield pytest.param(neighbour, id=name, marks=[pytest.mark.skipif(missing, reason=why)])


@pytest.fixture(scope="module", params=neighbours())
def neighbour(request):
    return request.param


@pytest.fixture(scope="module")
def place(neighbour, neighbour_order):
    with contextlib.ExitStack() as stack:
        yield Place(stack, neighbour, neighbour_order)


@pytest.fixture(scope="module")
def stock(neighbour, neighbour_order):
    """The same httpd without the module, which has met the same requests."""
    with contextlib.ExitStack() as stack:
        yield Place(stack, neighbour, None)


# -- what holds beside each ------------------------------------------------------------------------


def test_the_story_of_a_session(place):
    """Sign in, read a protected page, see and revoke other sessions, sign out; the application gets no more than it must."""
    server = place.server
    laptop = server.browser()
    assert laptop.sign_in().status == 200 and laptop.token
    assert laptop.go("/app/").text == PAGE
    spoof = [("X-Remote-User", "admin"), ("x_remote_user", "admin"), ("X-Other", "1")]
    found = place.reached("/app/echo", *spoof, cookie=f"theme=dark; {COOKIE}={laptop.token}")
    assert [v for n, v in found if n.replace("_", "-") == "x-remote-user"] == ["alice"]
    assert dict(found)["cookie"] == "theme=dark" and dict(found)["x-other"] == "1"
    phone, lost = sign_in(server), sign_in(server)
    listed = laptop.fetch("/sessions").json()["sessions"]
    assert {phone[:22], lost[:22], laptop.token[:22]} <= {each["id"] for each in listed}
    laptop.go("/sessions")
    assert laptop.submit(action="revoke", id=phone[:22]).status == 200
    assert laptop.fetch(f"/sessions/{lost[:22]}", "DELETE").status == 204
    assert [get(server, "/app/", token).status for token in (phone, lost)] == [401, 401]
    token = laptop.token
    laptop.go("/logout")
    assert laptop.submit(follow=False).status == 303 and laptop.token is None
    assert get(server, "/app/", token).status == 401


def test_the_pages_for_machines_and_scripts_are_the_same(place):
    """The check for other servers (never from a cache), health, metrics; CORS and the pages' script."""
    server, token = place.server, sign_in(place.server)
    for cookie, status in ((None, 401), (token, 200), (None, 401), (random_token(), 401), (token, 200)):
        answer = get(server, "/machines/check", cookie, [("X-Forwarded-Uri", "/index.html")])
        assert (answer.status, answer.headers["Remote-User"]) == (status, "alice" if status == 200 else None)
    assert get(server, "/machines/health").json()["status"] == "ok"
    assert "managed_session_sign_ins_total" in get(server, "/machines/metrics").text
    preflight = request(server, "OPTIONS", "/sessions/current", PREFLIGHT)
    assert preflight.status == 204 and preflight.headers["Access-Control-Allow-Origin"] == LISTED[1]
    listed = get(server, "/sessions", token, [LISTED, ("Accept", "application/json")])
    assert listed.status == 200 and listed.headers.get_all("Access-Control-Allow-Origin") == [LISTED[1]]
    for path, cookie in (("/sessions", token), ("/login", None)):
        page = get(server, path, cookie, [("Accept", "text/html")])
        [source] = re.findall(r'<script[^>]* src="([^"]*)"', page.text)
        script = get(server, source, cookie)
        assert source.startswith(path + "?") and script.status == 200 and script.headers.get_content_type() == "text/javascript", path


def test_a_refusal_looks_as_the_site_wants_it(place):
    """A visitor's 401, a user's 403: the page of the module, or JSON, and no other page in its place."""
    token = sign_in(place.server)
    answer = get(place.server, "/machines/for-bob", token, [("Accept", "application/json")])
    assert answer.status == 403 and answer.json()["code"] == "forbidden"
    answer = get(place.server, "/app/", None, [("Accept", "application/json")])
    assert answer.status == 401 and answer.json()["code"] == "not_signed_in"
    answer = get(place.server, "/machines/for-bob", token, [("Accept", "text/html"), *harness.NAVIGATION.items()])
    assert answer.status == 403 and "alice" in answer.text


def test_no_other_user_is_let_in(place):
    asked = len(place.http.requests)
    for cookie in (None, random_token(), "", "x"):
        for target in ("/app/", "/app/echo"):
            answer = get(place.server, target, cookie)
            assert answer.status == 401 and PAGE not in answer.text and not answer.token()
    assert len(place.http.requests) == asked
    wrong = post(place.server, "/login", {"username": "alice", "password": "x"})
    assert wrong.status == 401 and not wrong.cookies()


def test_the_neighbour_does_its_own_work(place, neighbour):
    if neighbour.works:
        neighbour.works(place, sign_in(place.server))


def test_a_request_that_is_not_ours_goes_through_untouched(place, stock):
    """Each header of the answer, and each that reached the application, is as it is without the module."""
    for what in UNTOUCHED:
        exchange(place, what), exchange(stock, what)  # it is in the cache on both sides now
        assert exchange(place, what) == exchange(stock, what), what


def wait_for_continue(server: Server, method: str, target: str, headers, body: bytes) -> harness.Answer:
    """Sends the body after 100 (Continue)."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", f"Content-Length: {len(body)}", "Connection: close",
             *(f"{name}: {value}" for name, value in headers)]
    with harness.connect(server) as s:
        s.sendall("\r\n".join([*lines, "", ""]).encode())
        interim = s.recv(4096)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n", interim
        s.sendall(body)
        response = http.client.HTTPResponse(s, method=method)
        response.begin()
        return harness.Answer(response)


def exchange(place: Place, what: str):
    method, target, headers, body = UNTOUCHED[what]
    place.server.expects_5xx = what == "an error"
    before = len(place.http.requests)
    answer = (wait_for_continue if "Expect" in dict(headers) else request)(place.server, method, target, headers, body)

    def steady(text: str) -> str:
        text = ", ".join(sorted(re.split(", ?", text))) if text.startswith(("GET,", "HEAD,", "OPTIONS,", "POST,", "TRACE,")) else text  # httpd's order is a hash's
        return re.sub(rf"127\.0\.0\.1:({place.server.port}|{place.http.port})", "HOST", text)

    sent = [(name, steady(value)) for name, value in answer.headers.items() if name not in ("Date", "Expires", "Age")]
    reached = [(name, steady(value)) for each in place.http.requests[before:] for name, value in each]
    return answer.status, sent, steady(answer.text), reached
