# SPDX-License-Identifier: Apache-2.0
"""WebSockets over HTTP/2 (RFC 8441), as browsers open them, and raw tunnels: who may, and that they end with their session."""
import contextlib
import re

import pytest

from harness import SITE, Server, eventually, sign_in
from backends import WebSocket, WebSocketApplication
from open_ends import DATA, HEADERS, Http2
from test_lifeline_places import revoke

pytestmark = pytest.mark.sqlite

STATUS_200 = 0x88  # in the first byte of a response (RFC 7541, appendix A)
CONFIG = SITE + """
Protocols h2c http/1.1
H2WebSockets On
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
ProxyPass "/app/upgrade" "http://127.0.0.1:@PORT2@/" upgrade=websocket
ProxyPass "/app/fallback" "ws://127.0.0.1:@PORT2@/"
ProxyPass "/app/raw" "ws://127.0.0.1:@PORT2@/"
<Location "/app/raw">
    ProxyWebsocketFallbackToProxyHttp Off
</Location>
"""
WAYS = ["upgrade", "fallback", "raw"]
CLOSE = b"\x88\x02\x03\xf0"  # a frame with 1008


@pytest.fixture(scope="module")
def site():
    with WebSocketApplication() as application:
        server = Server(CONFIG.replace("@PORT2@", str(application.port)), modules="http2 proxy_wstunnel remoteip", own_paths=())
        server.expected_later.append(r"\[proxy(_\w+)?:error\]")
        with server:
            yield server


def frame(text: str) -> bytes:
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text.encode()


def came(browser: Http2, stream: int) -> bytes:
    return b"".join(browser.parts(stream, DATA))


def say(browser: Http2, stream: int, text: str) -> None:
    before = came(browser, stream)
    browser.send(stream, frame(text))
    browser.read_until(lambda: came(browser, stream) == before + bytes([0x81, len(text)]) + text.encode())


def open_one(browser: Http2, way: str, token: str, **headers) -> int:
    stream = browser.web_socket(f"/app/{way}", token, **headers)
    browser.read_until(lambda: browser.parts(stream, HEADERS))
    assert browser.parts(stream, HEADERS)[0][0] == STATUS_200
    say(browser, stream, "hello")
    return stream


@pytest.mark.parametrize("way", WAYS[:2])
def test_it_ends_with_its_session_and_the_connection_goes_on(site, way):
    mine, other = sign_in(site), sign_in(site)
    with Http2(site) as browser:
        stream = open_one(browser, way, mine)
        revoke(site, other, mine[:22])
        browser.read_until(lambda: browser.is_over(stream))
        assert came(browser, stream).endswith(CLOSE)
        say(browser, open_one(browser, way, other), "again")


@pytest.mark.parametrize("way, frames", [("fallback", CLOSE), ("raw", b"")])
def test_the_same_tunnels_end_over_http_1_1(site, way, frames):
    mine, other = sign_in(site), sign_in(site)
    with WebSocket(site, f"/app/{way}?first", mine) as cut, WebSocket(site, f"/app/{way}", other) as kept:
        assert cut.say("hello") == kept.say("hello") == "hello"
        revoke(site, other, mine[:22])
        came = b""
        with contextlib.suppress(ConnectionError):
            while part := cut.socket.recv(100):
                came += part
        assert came == frames
        assert log_line(site, f"/app/{way}?first"), "httpd's worker is free"
        assert kept.say("still there") == "still there"


def test_a_raw_tunnel_is_reset(site):
    mine, other = sign_in(site), sign_in(site)
    with Http2(site) as browser:
        open_one(browser, "raw", mine)
        revoke(site, other, mine[:22])
        with pytest.raises(ConnectionError):
            browser.read_until(lambda: False)


@pytest.mark.parametrize("way", WAYS[:2])
def test_behind_a_proxy_those_of_others_on_the_same_connection_go_on(site, way):
    alice, other, bob = sign_in(site), sign_in(site), sign_in(site, "bob")
    with Http2(site) as proxy:
        alices = open_one(proxy, way, alice, headers=[("x-forwarded-for", "192.0.2.1")])
        bobs = open_one(proxy, way, bob, headers=[("x-forwarded-for", "192.0.2.2")])
        revoke(site, other, alice[:22])
        proxy.read_until(lambda: proxy.is_over(alices))
        say(proxy, bobs, "still there")
        revoke(site, bob)
        proxy.read_until(lambda: proxy.is_over(bobs))


def test_behind_a_proxy_a_raw_tunnel_ends_when_something_is_sent_in_it(site):
    alice, other, bob = sign_in(site), sign_in(site), sign_in(site, "bob")
    with Http2(site) as proxy:
        alices = open_one(proxy, "raw", alice, headers=[("x-forwarded-for", "192.0.2.1")])
        bobs = open_one(proxy, "raw", bob, headers=[("x-forwarded-for", "192.0.2.2")])
        revoke(site, other, alice[:22])
        eventually(lambda: f"connections_cut: user \"alice\", session {alice[:22]}" in site.error_log(), "the cut")
        before = came(proxy, alices)
        proxy.send(alices, frame("after the end"))
        proxy.read_until(lambda: proxy.is_over(alices))
        assert came(proxy, alices) == before
        say(proxy, bobs, "still there")


def log_line(server, mark: str) -> str:
    return eventually(lambda: next((line for line in (server.root / "logs/access.log").read_text().splitlines() if mark in line), None), "the line")


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_another_site_may_not_open_it(site, way):
    with Http2(site) as browser:
        stream = browser.web_socket(f"/app/{way}?elsewhere", sign_in(site), headers=[("origin", "https://evil.example")])
        browser.read_until(lambda: browser.parts(stream, HEADERS))
    assert log_line(site, f"/app/{way}?elsewhere").endswith(" 403")
    with Http2(site) as browser:
        open_one(browser, way, sign_in(site), headers=[("origin", f"http://127.0.0.1:{site.port}")])


def test_without_a_session_it_is_refused(site):
    with Http2(site) as browser:
        stream = browser.web_socket("/app/upgrade?stranger", "x")
        browser.read_until(lambda: browser.parts(stream, HEADERS))
    assert re.search(r" 401$", log_line(site, "?stranger"))
