# SPDX-License-Identifier: Apache-2.0
"""nginx, Caddy and HAProxy as conf/examples has them, in front of an application: httpd tells them who is signed in."""
import contextlib
import os
import re
import shutil
import socket

import pytest

import backends
import examples
import harness
from backends import told
from harness import COOKIE, NAVIGATION, free_port, get, random_token, request, sign_in
from test_app_passwords import basic, bearer, insert_app

pytestmark = [pytest.mark.sqlite, pytest.mark.slow]
SESSIONS, APPLICATION = "127.0.0.1:8080", "127.0.0.1:3000"
ADDRESS = "127.0.0.5"  # of the client; the proxy connects from 127.0.0.1
FOR_APPS = "# With app passwords: "  # before a line
PATH = "/usr/sbin:" + os.environ["PATH"]


class Proxy(backends.Program):
    """One of the files, with its ports and paths changed. It is used as a server of the harness is."""

    def __init__(self, server, application):
        super().__init__()
        self.server, self.root_of_server, self.port, self.own_paths = server, server.root, free_port(), ()
        self.places = {SESSIONS: f"127.0.0.1:{server.port}", APPLICATION: f"127.0.0.1:{application.port}"}

    def __getattr__(self, name):
        return getattr(self.server, name)

    def file(self, name, **places):
        text = (examples.FOLDER / name).read_text()
        for there, here in {**{k: v for k, v in self.places.items() if k in text}, **places}.items():
            assert there in text, f"{name} no longer says {there}"
            text = text.replace(there, here)
        if "ManagedSessionAppBearer" in (self.root_of_server / "httpd.conf").read_text():
            text = text.replace(FOR_APPS, "")
        return self.write(name, text)


class Nginx(Proxy):
    def __init__(self, server, application):
        super().__init__(server, application)
        site = self.file("nginx.conf", **{"listen 80;": f"listen 127.0.0.1:{self.port};"})
        paths = "".join(f"{n}_temp_path {self.root}/{n};\n" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = self.write("main.conf", f"daemon off;\npid {self.root}/pid;\nerror_log stderr;\nevents {{}}\n"
                                       f"http {{\naccess_log off;\n{paths}include {site};\n}}\n")
        self.run([shutil.which("nginx", path=PATH), "-p", str(self.root), "-e", "stderr", "-c", str(main)], self.port)


class Caddy(Proxy):
    def __init__(self, server, application):
        super().__init__(server, application)
        file = self.file("Caddyfile", **{"http://www.example.org": f"http://127.0.0.1:{self.port}"})
        self.run(["env", f"HOME={self.root}", f"XDG_DATA_HOME={self.root}", f"XDG_CONFIG_HOME={self.root}",
                  f"CADDY_ADMIN=127.0.0.1:{free_port()}", shutil.which("caddy", path=PATH), "run", "--adapter", "caddyfile",
                  "--config", str(file)], self.port)


class Haproxy(Proxy):
    def __init__(self, server, application):
        super().__init__(server, application)
        script = self.file("session_check.lua")
        file = self.file("haproxy.cfg", **{"bind :80": f"bind 127.0.0.1:{self.port}",
                                           "/etc/haproxy/session_check.lua": str(script)})
        self.run([shutil.which("haproxy", path=PATH), "-db", "-f", str(file)], self.port)


PROXIES = {"nginx": Nginx, "caddy": Caddy, "haproxy": Haproxy}


@contextlib.contextmanager
def at_work(name, application, more=""):
    if not shutil.which(name, path=PATH):
        pytest.skip(f"{name} is not installed")
    kept = 'CustomLog "@ROOT@/logs/kept" "%U %k"\n'
    with examples.server("forward-auth.conf", more=kept + more, own_paths=()) as server, PROXIES[name](server, application) as proxy:
        yield proxy


@pytest.fixture(scope="module", params=PROXIES)
def site(request):
    with backends.HttpApplication() as application, at_work(request.param, application) as proxy:
        proxy.name = request.param
        proxy.application = application
        yield proxy


def test_signed_in_the_application_gets_the_user(site):
    token = sign_in(site)
    forged = [("Remote-User", "root"), ("Remote_User", "root"), ("X-Original-URL", "https://evil.example/")]
    for method, body in (("GET", None), ("POST", b"a=1"), ("PUT", 50000 * b"x")):
        answer = request(site, method, "/app/x?a=1", [("Cookie", f"theme=dark; {COOKIE}={token}; a=b"), *forged], body)
        assert answer.status == 200 and told(answer, "HTTP_REMOTE_USER") == ["alice"], method
        [cookies] = told(answer, "HTTP_COOKIE")
        assert "theme=dark" in cookies and "a=b" in cookies and COOKIE not in cookies


def test_signed_out_no_request_reaches_it(site):
    before = len(site.application.requests)
    for token in (None, random_token()):
        cookie = {"Cookie": f"{COOKIE}={token}"} if token else {}
        for method in ("GET", "POST", "HEAD"):
            answer = request(site, method, "/app/x", {"Remote-User": "root", **cookie}, b"a=1" if method == "POST" else None)
            assert answer.status == 401, method
        window = request(site, "GET", "/app/x?a=1&b=%20", {**NAVIGATION, **cookie})
        assert window.status == 303 and window.location.endswith("/login?return=/app/x%3Fa%3D1%26b%3D%2520")
        assert request(site, "POST", "/app/x", {**NAVIGATION, **cookie}, b"a=1").status == 401
    assert len(site.application.requests) == before


def test_in_an_open_place_no_client_names_a_user(site):
    for token in (None, sign_in(site)):
        answer = get(site, "/", token, [("Remote-User", "root"), ("Remote_User", "root")])
        assert answer.status == 200 and "root" not in answer.text and COOKIE not in answer.text


def test_a_dead_cookie_is_cleared(site):
    browser = site.server.browser()
    browser.server = site
    browser.sign_in()
    site.sql("DELETE FROM managed_session WHERE session_id = ?", browser.token[:22])
    answer = browser.go("/app/x", follow=False)
    assert answer.status == 303 and answer.clears() and browser.token is None


def test_a_browser_signs_in_lists_and_revokes(site, monkeypatch):
    monkeypatch.setattr(harness, "connect", lambda server: socket.create_connection(
        ("127.0.0.1", server.port), harness.DEADLINE, (ADDRESS, 0)))
    other = sign_in(site)
    browser = harness.Browser(site)
    assert browser.go("/app/x?a=1&b=2", follow=False).status == 303
    browser.go(browser.page.location)
    answer = browser.submit({"username": "alice", "password": "wonderland"})
    assert browser.url.endswith("/app/x?a=1&b=2") and told(answer, "HTTP_REMOTE_USER") == ["alice"]
    assert told(answer, "HTTP_X_FORWARDED_FOR") == [ADDRESS]
    sessions = browser.fetch("/sessions").json()["sessions"]
    assert {each["last_ip"] for each in sessions if each["id"] in (other[:22], browser.token[:22])} == {ADDRESS}
    assert get(site, "/app/x", other).status == 200
    assert browser.fetch(f"/sessions/{other[:22]}", "DELETE").status == 204
    assert get(site, "/app/x", other).status == 401
    site.server.age_cache()


def test_without_a_database_it_is_503(site):
    token = sign_in(site)
    site.server.expect("MS000", status_5xx=True)
    with site.server.broken_table():
        for headers in ({}, NAVIGATION):
            answer = get(site, "/app/x", token, headers)
            assert answer.status == 503 and answer.headers["Retry-After"] and not answer.cookies()
        assert get(site, "/").status == 200
    assert get(site, "/app/x", token).status == 200


@pytest.mark.parametrize("name", PROXIES)
def test_a_websocket(name):
    with backends.WebSocketApplication() as application, at_work(name, application) as proxy:
        proxy.server.expect("MS0022")
        token = sign_in(proxy)
        with backends.WebSocket(proxy, "/app/chat") as visitor:
            assert visitor.status == 401
        with backends.WebSocket(proxy, "/app/chat", token, [("Origin", "https://evil.example")]) as foreign:
            assert foreign.status == 403 and application.handshakes == []
        with backends.WebSocket(proxy, "/app/chat", token, [("Origin", f"http://127.0.0.1:{proxy.port}")]) as ours:
            assert ours.status == 101 and ours.say("hello") == "hello"
        assert ("remote-user", "alice") in [(n.lower(), v) for n, v in application.handshakes[0]]


@pytest.mark.parametrize("name", PROXIES)
def test_without_httpd_no_request_reaches_it(name):
    with backends.HttpApplication() as application, at_work(name, application) as proxy:
        token = sign_in(proxy)
        proxy.server.stop()
        proxy.server.expects_5xx = True
        assert get(proxy, "/app/x", token).status in (502, 503) and application.requests == []


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_the_connection_to_httpd_is_kept(name):
    with backends.HttpApplication() as application, at_work(name, application) as proxy:
        token = sign_in(proxy)
        for _ in range(20):
            assert get(proxy, "/app/x", token).status == 200
        harness.eventually(lambda: (proxy.root_of_server / "logs/kept").read_text().count("/auth") >= 20, "a line for each query")
        counts = re.findall(r"/auth\S* (\d+)", (proxy.root_of_server / "logs/kept").read_text())
        assert max(map(int, counts)) >= 19, "requests on one connection"


APPS = """
ManagedSessionCookieSecure Off
<LocationMatch "^/auth(-redirect)?$">
    AuthType Basic
    AuthName "Calendars"
    AuthBasicProvider managed-session
    ManagedSessionAppBearer On
</LocationMatch>
"""


@pytest.mark.parametrize("name", PROXIES)
def test_an_app_with_its_password_reaches_the_application(name):
    with backends.HttpApplication() as application, at_work(name, application, APPS) as proxy:
        proxy.server.expect("AH01617")
        password = insert_app(proxy.server)
        for headers in (basic("alice", password), bearer(password)):
            answer = request(proxy, "PROPFIND", "/app/x", {**headers, "Remote-User": "root"})
            assert answer.status == 200 and told(answer, "HTTP_REMOTE_USER") == ["alice"] and told(answer, "HTTP_AUTHORIZATION") in ([], [""])
        before = len(application.requests)
        for headers in ({}, basic("alice", password[:-3] + "AAA"), basic("bob", password)):
            answer = request(proxy, "PROPFIND", "/app/x", headers)
            assert answer.status == 401 and 'Basic realm="Calendars"' in answer.headers.get_all("WWW-Authenticate")
        proxy.server.sql("UPDATE managed_session SET ended_at = 1, expires_at = 1")
        assert request(proxy, "PROPFIND", "/app/x", basic("alice", password)).status == 401
        assert len(application.requests) == before
