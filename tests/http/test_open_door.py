# SPDX-License-Identifier: Apache-2.0
"""Sign-in and sign-out are open to visitors within a closed site, and for these pages only: no other module, method,
handler, subrequest or error page serves anything there to visitors."""
import itertools

import pytest

import harness
from harness import SITE, Server, get, post, request, sign_in

pytestmark = pytest.mark.sqlite

CLOSED = """
<Location "/">
    AuthType ManagedSession
    AuthName "site"
    Require valid-user
</Location>
"""
# RFC 9110, 9.3, without CONNECT, which is no request for a path; RFC 4918, 9; RFC 5789; RFC 3253.
METHODS = """GET HEAD POST PUT DELETE OPTIONS TRACE PATCH
    PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK
    REPORT VERSION-CONTROL CHECKOUT CHECKIN UNCHECKOUT MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY
    SEARCH BIND REBIND ACL MADE-UP""".split()
OPEN = ("GET", "HEAD", "POST")
PLACES = ("/login", "/login/", "/login/new", "/login/new/", "/login/file.txt", "/login/x.cgi", "/logout", "/logout/new")

PROGRAM = "#!/bin/sh\necho Content-Type: text/plain\necho\necho program ran\n"
EXECUTABLE = """
<Directory "@ROOT@/htdocs">
    Options +ExecCGI +Includes +Indexes +MultiViews
    AllowOverride All
</Directory>
"""
OTHERS = {
    "dav": ("dav dav_fs", '<Location "/">\nDav On\n</Location>\nDavLockDB "@ROOT@/run/lock"\n'),
    "forced-handler": ("rewrite cgid", 'RewriteEngine On\nRewriteRule "\\.cgi$" - [H=cgi-script]\n'),
    "forced-handler-in-a-section": ("rewrite cgid", '<Directory "@ROOT@/htdocs">\nRewriteEngine On\nRewriteRule "\\.cgi$" - [H=cgi-script]\n</Directory>\n'),
    "forced-for-everything": ("rewrite cgid", '<Location "/">\nRewriteEngine On\nRewriteRule "^" - [H=default-handler]\n</Location>\n'),
    "add-handler": ("mime cgid", '<Directory "@ROOT@/htdocs">\nAddHandler cgi-script .cgi\n</Directory>\n'),
    "actions": ("actions alias cgid", 'ScriptAlias "/bin/" "@ROOT@/bin/"\nScript GET "/bin/x.cgi"\nScript POST "/bin/x.cgi"\n'
                'Script PUT "/bin/x.cgi"\nScript DELETE "/bin/x.cgi"\nAction managed-session-login "/bin/x.cgi" virtual\n'),
    "script-alias": ("alias cgid", 'ScriptAlias "/login" "@ROOT@/htdocs/login"\nScriptAlias "/logout" "@ROOT@/bin/x.cgi"\n'),
    "directory-index": ("dir cgid", '<Directory "@ROOT@/htdocs">\nDirectoryIndex x.cgi file.txt\nAddHandler cgi-script .cgi\n</Directory>\n'),
    "fallback": ("dir", '<Directory "@ROOT@/htdocs">\nFallbackResource /login/file.txt\n</Directory>\n'),
    "listing": ("autoindex dir", '<Directory "@ROOT@/htdocs">\nDirectoryIndex disabled\n</Directory>\n'),
    "type-map": ("negotiation", '<Directory "@ROOT@/htdocs">\nAddHandler type-map .txt\n</Directory>\n'),
    "includes": ("include", '<Directory "@ROOT@/htdocs">\nAddOutputFilter INCLUDES .txt\n</Directory>\n'),
    "lua": ("lua", '<Location "/">\nRewriteEngine On\nRewriteRule "\\.lua$" - [H=lua-script]\n</Location>\n'),
}


def site(config: str, modules: str, order: str = "before") -> Server:
    server = Server(config + EXECUTABLE + SITE + CLOSED, modules=modules, neighbours=modules, order=order)
    server.write("htdocs/login/file.txt", "secret file\n")
    for path in ("htdocs/login/x.cgi", "htdocs/logout/x.cgi", "bin/x.cgi"):
        server.write(path, PROGRAM, 0o755)
    server.write("htdocs/.htaccess", "")
    if server.user:
        for path in ("htdocs", "htdocs/login", "htdocs/logout"):
            harness.shutil.chown(server.root / path, server.user)  # so that WebDAV could write, if it were let
    return server


def files(server: Server) -> list[str]:
    return sorted(str(p.relative_to(server.root)) for p in (server.root / "htdocs").rglob("*"))


@pytest.fixture(params=OTHERS, scope="module")
def other(request):
    modules, config = OTHERS[request.param]
    with site(config, modules, "before") as before, site(config, modules, "after") as after:
        yield before, after


def headers_for(server: Server, method: str, target: str) -> list[tuple[str, str]]:
    to = f"http://127.0.0.1:{server.port}{target}"
    return {"COPY": [("Destination", to + ".new")], "MOVE": [("Destination", to + ".new")], "PROPFIND": [("Depth", "1")],
            "LOCK": [("Timeout", "Infinite")]}.get(method, [])


def test_visitors_get_a_page_of_ours_or_nothing(other):
    for server in other:
        server.expect("AH0")
        before = files(server)
        for method, target in itertools.product(METHODS, PLACES):
            if method == "TRACE":
                continue  # httpd's own, which echoes and is answered before any location
            answer = request(server, method, target, headers_for(server, method, target), b"" if method in ("PUT", "POST") else None)
            where = (method, target, answer.status, answer.text)
            assert "program ran" not in answer.text and "secret" not in answer.text and "Index of" not in answer.text, where
            if method in OPEN:
                assert answer.status in (200, 303, 400, 401, 403), where
            else:
                assert answer.status in (401, 403, 405, 501), where
        assert files(server) == before
        browser = server.browser()
        browser.sign_in()
        assert browser.token


def test_what_visitors_may_not_have_is_refused_and_said_so():
    with site(*OTHERS["forced-handler"][::-1]) as server:
        assert get(server, "/login/x.cgi").status == 403
        assert 'MS0100: refused GET /login/x.cgi' in server.new_log() and '"cgi-script"' in server.new_log()
        assert get(server, "/login/x.cgi", sign_in(server)).text == "program ran\n"
        assert "Sign in" in get(server, "/login").text


@pytest.mark.parametrize("config", [
    '<If "true">\nSetHandler cgi-script\n</If>\n',
    '<Location "/login/x.cgi">\nSetHandler cgi-script\n</Location>\n',
    '<Location "/login/x.cgi">\nSetHandler none\n</Location>\n<Directory "@ROOT@/htdocs">\nAddHandler cgi-script .cgi\n</Directory>\n'])
def test_where_a_section_gives_a_place_to_another_handler_visitors_are_sent_to_sign_in(config):
    with Server(EXECUTABLE + SITE + CLOSED + config, modules="cgid") as server:
        server.write("htdocs/login/x.cgi", PROGRAM, 0o755)
        assert get(server, "/login/x.cgi").status == 401


def test_a_handler_that_an_expression_changes_later_is_not_reached():
    """As visitors come in it is the sign-in page, and then it is not."""
    config = EXECUTABLE + SITE + CLOSED + """
<Location "/login/x.cgi">
    SetHandler "%{resp:X-Handler}"
    Header always set X-Handler managed-session-login early
</Location>
"""
    change = '<Location "/login/x.cgi">\nRewriteEngine On\nRewriteRule ^ - [H=cgi-script]\n</Location>\n'
    with Server(config + change, modules="cgid headers rewrite") as server:
        server.write("htdocs/login/x.cgi", PROGRAM, 0o755)
        assert "program ran" not in get(server, "/login/x.cgi").text


def test_an_error_page_below_an_open_page_is_closed_as_the_rest():
    """httpd does not look at access again if the configuration is the same."""
    config = 'ErrorDocument 403 /login/x.cgi\nErrorDocument 405 /login/x.cgi\nErrorDocument 401 /login/x.cgi\n' + OTHERS["forced-handler"][1]
    with site(config, "rewrite cgid") as server:
        for method, target in (("GET", "/login/x.cgi"), ("POST", "/login/x.cgi"), ("GET", "/logout/x.cgi"), ("GET", "/app/")):
            answer = request(server, method, target, [], b"" if method == "POST" else None)
            assert answer.status in (401, 403) and "program ran" not in answer.text, target


def test_satisfy_any_opens_no_more():
    config = OTHERS["forced-handler"][1] + SITE + CLOSED + EXECUTABLE + """
<Location "/">
    Satisfy Any
    Order deny,allow
</Location>
"""
    with Server(config, modules="rewrite cgid access_compat") as server:
        server.expect("MS0021")
        server.write("htdocs/login/x.cgi", PROGRAM, 0o755)
        assert get(server, "/login/x.cgi").status == 403
        assert "Sign in" in get(server, "/login").text
        assert request(server, "PUT", "/login", [], b"x").status == 403


def test_a_public_page_includes_the_form_and_nothing_below_it():
    config = OTHERS["forced-handler"][1] + SITE + CLOSED + EXECUTABLE + """
<Location "/public">
    Require all granted
</Location>
<Directory "@ROOT@/htdocs/public">
    Options +Includes
    SetOutputFilter INCLUDES
</Directory>
"""
    with Server(config, modules="rewrite cgid include") as server:
        server.write("htdocs/login/x.cgi", PROGRAM, 0o755)
        server.write("htdocs/public/form.html", '<!--#include virtual="/login" -->')
        server.write("htdocs/public/program.html", '<!--#include virtual="/login/x.cgi" --><!--#exec cgi="/login/x.cgi" -->')
        server.expect("unable to include|AH01372|invalid CGI ref")
        assert "<h1>Sign in</h1>" in get(server, "/public/form.html").text
        assert "program ran" not in get(server, "/public/program.html").text


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_public_webdav_writes_nothing_below_an_open_page(method, neighbour_order):
    """It looks up the place that it writes to as a GET."""
    config = SITE + CLOSED + """
DavLockDB "@ROOT@/run/lock"
Alias "/login" "@ROOT@/htdocs/login"
<Location "/">
    Dav On
</Location>
<Location "/public">
    Require all granted
</Location>
"""
    with Server(config, neighbours="dav dav_fs", order=neighbour_order) as server:
        server.write("htdocs/public/file", "theirs\n")
        server.write("htdocs/login/file.txt", "ours\n")
        for path in ("htdocs/public", "htdocs/login"):
            harness.shutil.chown(server.root / path, server.user) if server.user else None
        to = f"http://127.0.0.1:{server.port}/login/"
        for name in ("new", "file.txt"):
            assert request(server, method, "/public/file", [("Destination", to + name)]).status >= 400
        assert [p.name for p in (server.root / "htdocs/login").iterdir()] == ["file.txt"]
        assert (server.root / "htdocs/login/file.txt").read_text() == "ours\n"


def test_a_cache_serves_nothing_there():
    config = """
CacheRoot "@ROOT@/run"
CacheEnable disk /
CacheQuickHandler Off
CacheIgnoreNoLastMod On
""" + OTHERS["forced-handler"][1]
    with site(config, "cache cache_disk rewrite cgid") as server:
        token = sign_in(server)
        assert get(server, "/login/x.cgi", token).text == "program ran\n"
        assert "program ran" not in get(server, "/login/x.cgi").text


def test_in_an_open_place_of_the_administrator_everything_else_still_answers():
    """Visitors were not let in for the sake of our pages."""
    config = OTHERS["forced-handler"][1] + EXECUTABLE + SITE + '<Location "/login">\nRequire all granted\n</Location>\n'
    with Server(config, modules="rewrite cgid") as server:
        server.write("htdocs/login/x.cgi", PROGRAM, 0o755)
        assert get(server, "/login/x.cgi").text == "program ran\n"
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 303
