# SPDX-License-Identifier: Apache-2.0
"""The examples of conf/examples do what their comments say, unchanged, for a visitor and for a user."""
import contextlib
import re

import pytest

import backends
import examples
from backends import told
from harness import COOKIE, Backend, FormReader, Server, get, post, request, sign_in

pytestmark = pytest.mark.sqlite
APPLICATION = "127.0.0.1:3000"
PASSWORD = {"username": "alice", "password": "wonderland"}


@contextlib.contextmanager
def at_work(name: str, places: dict[str, str], scripts=None, more=""):
    if examples.missing(name):
        pytest.skip("not installed: " + ", ".join(examples.missing(name)))
    server = examples.server(name, places, more)
    for path, text in (scripts or {}).items():
        server.write(path, text, 0o755)
    with server:
        yield server


def turned_away(server, target: str) -> bool:
    """A window is led to the sign-in page, a script gets 401, and neither sees anything of it."""
    browser = server.browser()
    window, script = browser.go(target, follow=False), browser.fetch(target)
    return window.status == 303 and window.location.startswith("/login?return=") and script.status == 401


def test_the_application_of_the_readme_gets_the_paths_below_its_place():
    with Backend() as application:
        text = examples.README_SITE.replace(APPLICATION, f"127.0.0.1:{application.port}").replace("/etc/apache2/htpasswd", "@ROOT@/passwords")
        with Server(text) as server:
            token = sign_in(server)
            for target in ("/app/foo?x=//y", "/app/", "/app/a/b"):
                assert get(server, target, token).status == 200
            assert get(server, "/app/foo").status == 401
            assert application.lines == [f"GET {path} HTTP/1.1" for path in ("/foo?x=//y", "/", "/a/b")]


def test_an_application_on_a_port():
    with Backend() as application, at_work("form.conf", {APPLICATION: f"127.0.0.1:{application.port}"}) as server:
        assert turned_away(server, "/app/x")
        assert ["x-remote-user", "alice"] in get(server, "/app/x", sign_in(server), [("X-Remote-User", "root")]).json()


@pytest.mark.skipif(not backends.PHP_FPM, reason=backends.NO_PHP_FPM)
def test_php():
    with backends.PhpFpm() as php:
        places = {"/var/www/html": str(php.root), "/run/php/php-fpm.sock": str(php.socket)}
        with at_work("php-fpm.conf", places, more=f'Alias "/php" "{php.root}"\n') as server:
            assert turned_away(server, "/php/echo.php")
            token = sign_in(server)
            answer = get(server, "/php/echo.php", token)
            assert told(answer, "REMOTE_USER") == ["alice"] and told(answer, "MANAGED_SESSION_ID") == [token[:22]]
            assert told(answer, "HTTP_COOKIE") == []


def test_cgi():
    with at_work("cgi.conf", {"/usr/lib/cgi-bin/": "@ROOT@/cgi/"}, {"cgi/echo": backends.CGI_ECHO}) as server:
        assert turned_away(server, "/cgi-bin/echo")
        token = sign_in(server)
        answer = get(server, "/cgi-bin/echo", token)
        assert told(answer, "REMOTE_USER") == ["alice"] and told(answer, "MANAGED_SESSION_ID") == [token[:22]]


@pytest.mark.skipif(not backends.UWSGI, reason=backends.NO_UWSGI)
def test_uwsgi():
    with backends.Uwsgi() as application, at_work("uwsgi.conf", {"127.0.0.1:3031": f"127.0.0.1:{application.port}"}) as server:
        assert turned_away(server, "/app/x")
        answer = get(server, "/app/x", sign_in(server), [("X-Remote-User", "root"), ("X_Remote_User", "root")])
        assert told(answer, "REMOTE_USER") == ["alice"] == told(answer, "HTTP_X_REMOTE_USER")


def test_websocket():
    with backends.WebSocketApplication() as application:
        with at_work("websocket.conf", {APPLICATION: f"127.0.0.1:{application.port}"}) as server:
            server.expect("MS0022")
            token = sign_in(server)
            with backends.WebSocket(server, "/app/chat") as visitor:
                assert visitor.status == 401
            with backends.WebSocket(server, "/app/chat", token, [("Origin", "https://evil.example")]) as foreign:
                assert foreign.status == 403 and application.handshakes == []
            with backends.WebSocket(server, "/app/chat", token, [("Origin", f"http://127.0.0.1:{server.port}")]) as ours:
                assert ours.say("hello") == "hello" and ("X-Remote-User", "alice") in application.handshakes[0]
                # As its comment says: open places stay open.
                assert post(server, "/logout", {}, token).status == 303
                assert ours.say("still") == "still"
            with backends.WebSocket(server, "/app/chat", token) as late:
                assert late.status == 401


@pytest.mark.parametrize("quick", ["Off", "On"])
@pytest.mark.parametrize("said", ["public,max-age=600", "max-age=600", "s-maxage=600"])
def test_cache(quick, said):
    """The cookie, by which mod_cache could tell users apart, is hidden when it stores a page."""
    with backends.HttpApplication() as application:
        places = {APPLICATION: f"127.0.0.1:{application.port}", "/var/cache/apache2/mod_cache_disk": "@ROOT@/run",
                  "CacheQuickHandler Off": f"CacheQuickHandler {quick}"}
        with at_work("cache.conf", places) as server:
            alice, bob = sign_in(server), sign_in(server, "bob")

            def asked(page, token=None):
                """How many requests reached the application, and whose page came."""
                before = len(application.requests)
                answer = get(server, f"/{page}?Cache-Control={said}", token)
                return len(application.requests) - before, "".join(told(answer, "HTTP_X_REMOTE_USER"))
            assert [asked("a", alice), asked("a", bob), asked("a"), asked("a"), asked("a", alice)] == [
                (1, "alice"), (1, "bob"), (1, ""), (0, ""), (1, "alice")]
            assert [asked("b"), asked("b", alice), asked("b")] == [(1, ""), (1, "alice"), (0, "")]
            assert [asked("app/x", alice), asked("app/x", alice), asked("app/x", bob)] == [(1, "alice"), (1, "alice"), (1, "bob")]
            assert get(server, f"/app/x?Cache-Control={said}").status == 401


def test_administrators():
    with Backend() as application:
        places = {APPLICATION: f"127.0.0.1:{application.port}", "/etc/apache2/groups": "@ROOT@/groups",
                  "/var/log/apache2/sessions.log": "@ROOT@/logs/sessions.log"}
        with at_work("admin.conf", places) as server:
            server.expect("AH01630")
            assert turned_away(server, "/admin/sessions")
            alice, bob = sign_in(server), sign_in(server, "bob")
            assert get(server, "/admin/sessions", alice).status == 403
            assert "Sign out alice on all devices" in get(server, "/admin/sessions?user=alice", bob).text
            ended = request(server, "DELETE", "/admin/sessions?scope=user&user=alice", {"Cookie": f"{COOKIE}={bob}"})
            assert ended.json() == {"revoked": 1} and get(server, "/app/x", alice).status == 401
            assert '"by_user":"bob"' in (server.root / "logs/sessions.log").read_text()
            server.sql("UPDATE managed_session SET created_at = created_at - 4000")
            assert get(server, "/admin/sessions", bob, {"Accept": "text/html"}).location.startswith("/login?reauth=1&")


def test_an_application_that_signs_in_itself():
    with backends.HttpApplication() as application:
        with at_work("backend-login.conf", {APPLICATION: f"127.0.0.1:{application.port}"}) as server:
            window = server.browser().go("/private/x", follow=False)
            assert window.status == 303 and window.location == "/account/sign-in?return=/private/x"
            elsewhere = get(server, "/elsewhere?Managed-Session-User=alice")
            assert elsewhere.status == 200 and not elsewhere.cookies() and "Managed-Session-User" not in elsewhere.headers
            answer = post(server, "/account/sign-in?Managed-Session-User=alice", {})
            assert answer.token() and "Managed-Session-User" not in answer.headers
            assert told(get(server, "/private/x", answer.token()), "HTTP_X_REMOTE_USER") == ["alice"]
            assert post(server, "/account/x?Managed-Session-End=current", {}, answer.token()).clears()
            assert get(server, "/private/x", answer.token()).status == 401


def files_of(folder: str, to: str) -> dict[str, str]:
    return {f"{to}/{path.name}": path.read_text() for path in (examples.FOLDER / folder).iterdir()}


def test_a_sign_in_page_of_ones_own():
    """From the requested address through a mistake to the end, without a script."""
    places = {"/var/www/welcome": "@ROOT@/welcome"}
    with at_work("own-login-page.conf", places, files_of("own-login-page", "welcome")) as server:
        browser = server.browser()
        page = browser.go("/app/?a=1&b='2'")
        assert browser.url.startswith("/welcome/?return=/app/") and "Welcome to the library" in page.text
        for fields, error in (({"username": "alice", "password": "x"}, True), (PASSWORD, False)):
            assert ('id="error"' in browser.page.text) is not error
            action = next(attrs["action"] for tag, attrs in FormReader(browser.page.text).tags if tag == "form")
            assert action.startswith("/login?") and "<!--#" not in browser.page.text
            browser.url = action
            browser.submit(fields)
            assert error is ("do not go together" in browser.page.text)
        assert browser.page.text == "protected page\n" and browser.url == "/app/?a=1&b='2'"


@pytest.mark.parametrize("query", ['"><script>alert(1)</script>', "error=x&x=%22%3E%3Cscript%3E", "return='><script>"])
def test_that_page_repeats_nothing_but_text(query):
    places = {"/var/www/welcome": "@ROOT@/welcome"}
    with at_work("own-login-page.conf", places, files_of("own-login-page", "welcome")) as server:
        page = get(server, "/welcome/?" + query.replace(" ", "%20"))
        assert page.status in (200, 400) and "script" not in {tag for tag, _ in FormReader(page.text).tags}


def test_a_look_of_ones_own():
    with at_work("own-look.conf", {"/var/www/look": "@ROOT@/look"}, files_of("own-look", "look")) as server:
        page, sheet = get(server, "/login"), get(server, "/look/site.css")
        assert "City library</title>" in page.text and '<link rel="stylesheet" href="/look/site.css">' in page.text
        known = set(re.findall(r"--[a-z-]+(?=:)", (examples.FOLDER.parents[1] / "src/pages/html/style.css").read_text()))
        assert sheet.status == 200 and set(re.findall(r"--[a-z-]+(?=:)", sheet.text)) <= known
        documented = (examples.FOLDER.parents[1] / "docs/pages.md").read_text()
        assert set(re.findall(r"--[a-z-]+(?=:)", documented)) == known


def test_a_list_of_ones_own():
    with at_work("devices.conf", {"/var/www/devices": "@ROOT@/devices"}, files_of("devices", "devices")) as server:
        assert turned_away(server, "/devices/")
        browser, other = server.browser(), sign_in(server)
        browser.sign_in()
        assert 'src="devices.js"' in browser.go("/devices/").text and browser.fetch("/devices/devices.js").status == 200
        sessions = browser.fetch("/sessions").json()["sessions"]
        used = set(re.findall(r"session\.(\w+)", get(server, "/devices/devices.js", browser.token).text))
        assert used <= set(sessions[0]) and browser.fetch(f"/sessions/{other[:22]}", "DELETE").status == 204
