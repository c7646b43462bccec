# SPDX-License-Identifier: Apache-2.0
"""The module's pages come before whatever else has claimed their URLs; everything else reaches the application."""
import pytest

import examples
import harness
from harness import SITE, Backend, Browser, Server, get, post, sign_in

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


def test_a_form_sent_by_nobody_reaches_no_application(claimed):
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
