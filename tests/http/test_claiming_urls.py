# SPDX-License-Identifier: Apache-2.0
"""The module's pages answer before all other claims on their URLs; everything else reaches the application."""
import pytest

import examples
import harness
from harness import SITE, Backend, Browser, Server, get, post, request, sign_in

pytestmark = pytest.mark.sqlite
CLOSED = """
<Location "/">
    AuthType ManagedSession
    AuthName "site"
    Require valid-user
</Location>
"""
WAYS = {
    "ProxyPass": 'ProxyPass "/" "http://127.0.0.1:@BACKEND@/"\n',
    "ProxyPass in a section": '<Location "/">\nProxyPass "http://127.0.0.1:@BACKEND@/"\n</Location>\n',
    "ProxyPassMatch": 'ProxyPassMatch "^/(.*)$" "http://127.0.0.1:@BACKEND@/$1"\n',
    "RewriteRule": 'RewriteEngine On\nRewriteRule "^/(.*)$" "http://127.0.0.1:@BACKEND@/$1" [P]\n',
    "RewriteRule in a section": '<Location "/">\nRewriteEngine On\nRewriteRule "(.*)" "http://127.0.0.1:@BACKEND@/%{REQUEST_URI}" [P]\n</Location>\n',
    "SetHandler": 'SetHandler "proxy:http://127.0.0.1:@BACKEND@"\n',
    "balancer": '<Proxy "balancer://app">\nBalancerMember "http://127.0.0.1:@BACKEND@"\n</Proxy>\nProxyPass "/" "balancer://app/"\n',
}
MODULES = "proxy_balancer lbmethod_byrequests slotmem_shm"


@pytest.fixture(params=WAYS, scope="module")
def claimed(request):
    """The application before the module's sections and, since the order in a file must not matter, behind them."""
    with Backend() as backend:
        way = WAYS[request.param].replace("@BACKEND@", str(backend.port))
        with Server(way + SITE + CLOSED, modules=MODULES) as before, Server(SITE + CLOSED + way, modules=MODULES) as behind:
            if request.param == "SetHandler":  # a section later in the file has the last word, as everywhere in httpd
                yield [before]
            else:
                yield [before, behind]


def test_the_pages_are_the_modules(claimed):
    for server in claimed:
        browser = Browser(server)
        assert browser.go("/some/page").status == 200 and browser.url == "/login?return=/some/page"
        assert "<h1>Sign in</h1>" in browser.page.text
        assert '"user-agent"' in browser.submit({"username": "alice", "password": "wonderland"}).text
        assert "this device" in browser.go("/sessions").text and browser.fetch("/sessions").json()["user"] == "alice"
        assert browser.fetch(f"/sessions/{harness.random_token()[:22]}", "DELETE").status == 404
        assert "Sign out?" in browser.go("/logout").text
        browser.submit()
        assert browser.token is None and browser.go("/some/page", follow=False).status == 303


def test_everything_else_reaches_the_application_with_a_session_and_nothing_without(claimed):
    for server in claimed:
        token = sign_in(server)
        for target in ("/", "/index.html", "/loginx", "/login/../x", "/sessionsx", "/app/"):
            assert '"host"' in get(server, target, token).text, target
            answer = get(server, target)
            assert answer.status == 401 and '"host"' not in answer.text, target


def test_a_form_sent_without_a_session_reaches_no_application(claimed):
    for server in claimed:
        answer = post(server, "/some/form", {"a": "b"})
        assert answer.status == 401 and answer.headers["WWW-Authenticate"] == 'ManagedSession realm="site"'


def test_as_the_example_says():
    with Backend() as backend:
        with examples.server("whole-site.conf", {"127.0.0.1:3000": f"127.0.0.1:{backend.port}"}) as server:
            browser = Browser(server)
            browser.go("/x")
            assert '["x-remote-user", "alice"]' in browser.submit({"username": "alice", "password": "wonderland"}).text
            assert get(server, "/x").status == 401 and "this device" in browser.go("/sessions").text


# -- other modules that answer, redirect, or set the handler -------------------------------------------------

FRONT = "RewriteEngine On\n@BASE@RewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\n"
CONTROLLERS = {
    "wordpress": "RewriteEngine On\n@BASE@RewriteRule ^index\\.php$ - [L]\nRewriteCond %{REQUEST_FILENAME} !-f\n"
                 "RewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule . /index.php [L]\n",
    "laravel": FRONT + "RewriteRule ^ /index.php [L]\n",
    "symfony": "RewriteEngine On\n@BASE@RewriteRule .? - [E=BASE:%1]\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ %{ENV:BASE}/index.php [L]\n",
    "drupal": FRONT + "RewriteCond %{REQUEST_URI} !=/favicon.ico\nRewriteRule ^ /index.php [L]\n",
    "end": "RewriteEngine On\n@BASE@RewriteCond %{REQUEST_URI} !^/index\nRewriteRule ^ /index.php [END,QSA]\n",
    "query": FRONT + "RewriteRule ^(.*)$ /index.php?q=$1 [L,QSA]\n",
    "proxied": FRONT + 'RewriteRule ^(.*)$ "http://127.0.0.1:@BACKEND@/$1" [P,L]\n',
    "forced handler": "RewriteEngine On\nRewriteRule ^ - [H=cgi-script]\n",
    "fallback": "FallbackResource /index.php\n",
}
PLACES = {
    ".htaccess": None,
    "Directory": '<Directory "@ROOT@/htdocs">\n@RULES@</Directory>\n',
    "Location": '<Location "/">\n@RULES@</Location>\n',
    "server": "@RULES@",
}
FILES = '<Directory "@ROOT@/htdocs">\nOptions +ExecCGI +FollowSymLinks\nAllowOverride All\n</Directory>\n'


def walk_through(server: Server) -> None:
    """All that people do with the pages, over HTTP as browsers and scripts do it."""
    browser = Browser(server)
    assert "<h1>Sign in</h1>" in browser.go("/login?return=/sessions").text
    assert "this device" in browser.submit({"username": "alice", "password": "wonderland"}).text and browser.url == "/sessions"
    assert browser.fetch("/sessions").json()["user"] == "alice"
    other = sign_in(server)[:22]
    assert browser.fetch(f"/sessions/{other}", "DELETE").status == 204
    assert browser.fetch(f"/sessions/{other}", "DELETE").status == 404
    sign_in(server)
    assert browser.fetch("/sessions?scope=others", "DELETE").json()["revoked"] > 0
    assert request(server, "HEAD", "/login").status == 200
    assert browser.fetch("/login", "HEAD").status == 405, "a script has no use for the form"
    assert browser.fetch("/login", "PUT").status == 405
    assert "Sign out?" in browser.go("/logout").text
    assert browser.submit(follow=False).status == 303 and browser.token is None
    assert request(server, "POST", "/logout", [("Content-Type", "application/x-www-form-urlencoded")], b"").status == 303


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("controller", CONTROLLERS)
def test_a_front_controller_leaves_the_pages_alone(controller, place, neighbour_order):
    with Backend() as backend:
        rules = CONTROLLERS[controller].replace("@BACKEND@", str(backend.port))
        rules = rules.replace("@BASE@", "" if place == "server" else "RewriteBase /\n")
        if place == "server":
            rules = rules.replace("[L", "[PT,L")
        section = (PLACES[place] or "").replace("@RULES@", rules)
        with Server(FILES + section + SITE + CLOSED, neighbours="rewrite dir proxy", order=neighbour_order) as server:
            server.write("htdocs/index.php", "front controller\n")
            if place == ".htaccess":
                server.write("htdocs/.htaccess", rules)
            walk_through(server)


def folders(server: Server) -> None:
    for name in ("login", "logout", "sessions"):
        server.write(f"htdocs/{name}/index.html", "a folder's page\n")


def look_alikes(server: Server) -> None:
    for name in ("login.html", "login.en.html", "logout.html", "sessions.html", "Login", "logouts", "session"):
        server.write(f"htdocs/{name}", "a file's page\n")


def programs(server: Server) -> None:
    for name in ("login", "logout", "sessions", "any"):
        server.write(f"bin/{name}", "#!/bin/sh\necho Content-Type: text/plain\necho\necho a program\n", 0o755)


OTHERS = {
    "folder": ("dir", "", folders),
    "folder, slash off": ("dir autoindex", '<Directory "@ROOT@/htdocs">\nDirectorySlash Off\nOptions +Indexes\n</Directory>\n', folders),
    "folder, slash not found": ("dir", '<Directory "@ROOT@/htdocs">\nDirectoryIndexRedirect On\n</Directory>\n', folders),
    "MultiViews": ("negotiation mime", '<Directory "@ROOT@/htdocs">\nOptions +MultiViews\nAddLanguage en .en\n</Directory>\n', look_alikes),
    "speling": ("speling", 'CheckSpelling On\nCheckCaseOnly Off\n', look_alikes),
    "dav": ("dav dav_fs", 'DavLockDB "@ROOT@/run/lock"\n<Location "/">\nDav On\n</Location>\n', folders),
    "dav on a folder": ("dav dav_fs", 'DavLockDB "@ROOT@/run/lock"\n<Directory "@ROOT@/htdocs">\nDav On\n</Directory>\n', folders),
    "actions": ("actions cgid", 'ScriptAlias "/bin/" "@ROOT@/bin/"\nScript GET "/bin/any"\nScript POST "/bin/any"\nScript DELETE "/bin/any"\n'
                'Action managed-session-login "/bin/any" virtual\nAction managed-session-list "/bin/any" virtual\n', programs),
    "Alias": ("alias dir", 'Alias "/login" "@ROOT@/bin"\nAlias "/logout" "@ROOT@/bin/logout"\nAliasMatch "^/sessions" "@ROOT@/bin/sessions"\n', programs),
    "ScriptAlias": ("alias cgid", 'ScriptAlias "/login" "@ROOT@/bin/login"\nScriptAlias "/logout" "@ROOT@/bin/logout"\nScriptAlias "/sessions" "@ROOT@/bin/sessions"\n', programs),
    "AddHandler": ("mime cgid", 'AddHandler cgi-script .html\n<Directory "@ROOT@/htdocs">\nOptions +ExecCGI +MultiViews\n</Directory>\n', look_alikes),
    "ForceType": ("mime mime_magic", 'MimeMagicFile "@ROOT@/magic"\n<Location "/">\nForceType text/plain\n</Location>\n', folders),
    "usertrack": ("usertrack", "CookieTracking On\n", folders),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_module_leaves_the_pages_alone(other, neighbour_order):
    modules, config, lay_out = OTHERS[other]
    server = Server(FILES + config + SITE + CLOSED, neighbours=modules, order=neighbour_order)
    server.write("magic", "0 string % text/plain\n")
    lay_out(server)
    with server:
        walk_through(server)


def test_a_page_by_an_exact_place_is_not_lost_to_a_folder_of_that_name(neighbour_order):
    config = SITE.replace('<Location "/login">', '<LocationMatch "^/login/?$">').replace("</Location>", "</LocationMatch>", 1)
    with Server(config + CLOSED, neighbours="dir", order=neighbour_order) as server:
        folders(server)
        for target in ("/login", "/login/"):
            assert "<h1>Sign in</h1>" in get(server, target).text
        walk_through(server)


def test_a_page_that_an_expression_names_is_kept_too(neighbour_order):
    config = SITE.replace("SetHandler managed-session-login", 'SetHandler "managed-session-%{unescape:login}"') + CLOSED
    dav = 'DavLockDB "@ROOT@/run/lock"\n<Location "/">\nDav On\n</Location>\n'
    with Server(FILES + dav + config, neighbours="dav dav_fs negotiation", order=neighbour_order) as server:
        look_alikes(server)
        server.write("htdocs/.htaccess", "Options +MultiViews\n" + CONTROLLERS["wordpress"].replace("@BASE@", ""))
        walk_through(server)


def test_redirects_that_the_administrator_wrote_still_redirect():
    config = """
<Directory "@ROOT@/htdocs">
    AllowOverride All
</Directory>
<Location "/logout">
    Redirect "https://sso.example/logout"
</Location>
"""
    with Server(FILES + config + SITE, own_paths=()) as server:
        server.write("htdocs/.htaccess", 'RewriteEngine On\nRewriteCond %{HTTP:X-Proto} !https\nRewriteRule ^ "https://127.0.0.1:@PORT@%{REQUEST_URI}" [R=301,L]\n'.replace("@PORT@", str(server.port)))
        answer = get(server, "/login")
        assert answer.status == 301 and answer.location == f"https://127.0.0.1:{server.port}/login"
        assert "<h1>Sign in</h1>" in get(server, "/login", headers=[("X-Proto", "https")]).text


def test_a_request_for_none_of_the_pages_gets_no_note_of_ours():
    """What other modules see of it is as without the module."""
    notes = ("page", "open", "uri", "args")
    config = SITE + 'CustomLog "@ROOT@/logs/notes" "%U ' + " ".join(f"%{{managed-session-{n}}}n" for n in notes) + '"\n'
    with Server(config) as server:
        for target in ("/index.html", "/app/", "/loginx", "/login"):
            get(server, target)
        lines = harness.eventually(lambda: lines_of(server, 4), "a line for each request")
        assert {line.split()[0] for line in lines if line.split()[1:] != ["-"] * len(notes)} == {"/login"}


def lines_of(server, at_least: int) -> list[str] | None:
    """httpd logs a request after its answer."""
    lines = [line for line in (server.root / "logs/notes").read_text().splitlines() if line.startswith("/")]
    return lines if len(lines) >= at_least else None
