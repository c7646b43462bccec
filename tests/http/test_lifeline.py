# SPDX-License-Identifier: Apache-2.0
"""Signed out means cut off: what is open when a session ends, ends with it."""
import contextlib
import json
import os
import struct

import pytest

import harness
from backends import WebSocket, WebSocketApplication, read_frame
from harness import COOKIE, JSON, SITE, Server, eventually, get, request, sign_in
from open_ends import Client, SlowApplication, descriptors

pytestmark = pytest.mark.sqlite

CONFIG = SITE + """
LoadModule status_module "@MODULES@/mod_status.so"
ManagedSessionEventLog "@ROOT@/logs/events"
ProxyPass "/app/slow/" "http://127.0.0.1:@SLOW@/"
ProxyPass "/app/socket" "http://127.0.0.1:@SOCKET@/" upgrade=websocket
ProxyPass "/app/left/slow/" "http://127.0.0.1:@SLOW@/"
<Location "/app/left">
    ManagedSessionCutConnections Off
</Location>
<Location "/admin">
    AuthType ManagedSession
    Require user bob
    SetHandler managed-session-admin
</Location>
<Location "/status">
    SetHandler server-status
</Location>
"""
MPMS = ("event", "worker", "prefork")
BIG = 1 << 30


@contextlib.contextmanager
def running(config: str = CONFIG, **options):
    with SlowApplication() as slow, WebSocketApplication() as web_socket:
        config = config.replace("@SLOW@", str(slow.port)).replace("@SOCKET@", str(web_socket.port))
        server = Server(config.replace("@MODULES@", harness.MODULES_DIR), own_paths=(), **options)
        with open(server.write("htdocs/app/big", b""), "wb") as file:
            os.truncate(file.fileno(), BIG)
        # What mod_proxy logs when an application's connection ends in the middle of a response.
        server.slow, server.socket = slow, web_socket
        with server:
            yield server


@pytest.fixture(scope="module", params=MPMS)
def site(request):
    with running(mpm=request.param) as server:
        yield server


def expect_proxy_errors(server) -> None:
    """What mod_proxy logs when the application's connection ends before the response does."""
    server.expect(r"proxy_http|proxy:error|AH01102|AH10023|AH01114|AH01097")


def revoke(server, token: str, id: str = "") -> None:
    assert request(server, "DELETE", f"/sessions/{id or token[:22]}", [("Cookie", f"{COOKIE}={token}"), *JSON.items()]).status == 204


def two_sessions(server) -> tuple[str, str]:
    return sign_in(server), sign_in(server)


def end_all(server, token: str) -> None:
    revoke(server, token)
    server.slow.wait_for_end()


def events(server) -> list[dict]:
    return [json.loads(line) for line in (server.root / "logs/events").read_text().splitlines()]


def cuts(server, token: str) -> int:
    return sum(e["count"] for e in events(server) if e["event"] == "connections_cut" and e["session"] == token[:22])


# -- what lasts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["stream?pause=0.3", "stream", "silent", "mute", "download"])
def test_a_response_of_an_application_ends_with_its_session(site, target):
    mine, other = two_sessions(site)
    expect_proxy_errors(site)
    with Client(site, f"/app/slow/{target}", mine) as open_one, Client(site, f"/app/slow/{target}", other) as kept:
        assert site.slow.begun.acquire(timeout=harness.DEADLINE) and site.slow.begun.acquire(timeout=harness.DEADLINE)
        assert open_one.is_open()
        revoke(site, other, mine[:22])
        open_one.read_to_end()
        site.slow.wait_for_end()
        assert kept.is_open()
        assert eventually(lambda: cuts(site, mine), "the event") == 1
        assert cuts(site, other) == 0
        end_all(site, other)


def test_a_web_socket_ends_with_its_session(site):
    mine, other = two_sessions(site)
    with WebSocket(site, "/app/socket", mine) as cut, WebSocket(site, "/app/socket", other) as kept:
        assert cut.say("hello") == kept.say("hello") == "hello"
        revoke(site, other, mine[:22])
        assert read_frame(cut.stream) == (8, struct.pack(">H", 1008))
        cut.socket.sendall(bytes([0x88, 0x82]) + bytes(4) + struct.pack(">H", 1008))
        assert cut.stream.read() == b""
        assert kept.say("still there") == "still there"
    assert eventually(lambda: cuts(site, mine), "the event") == 1


def test_a_slow_reader_of_a_large_file_is_cut_and_gets_no_more(site):
    mine, other = two_sessions(site)
    with Client(site, "/app/big", mine, buffer=4096) as reader:
        reader.read_until(b"\r\n\r\n")
        revoke(site, other, mine[:22])
        assert eventually(lambda: cuts(site, mine), "the event") == 1
        assert reader.read_to_end() < BIG / 8


@pytest.mark.parametrize("head", [("Content-Length", "1000000"), ("Transfer-Encoding", "chunked")])
def test_an_upload_ends_with_its_session(site, head):
    mine, other = two_sessions(site)
    expect_proxy_errors(site)
    with Client(site, "/app/slow/upload", mine, "POST", [head], b"20000\r\n" + bytes(0x20000) + b"\r\n") as upload:
        assert site.slow.begun.acquire(timeout=harness.DEADLINE)
        assert upload.is_open()
        revoke(site, other, mine[:22])
        upload.read_to_end()
        site.slow.wait_for_end()


# -- who ends it -----------------------------------------------------------------------------------


def open_stream(server, token: str) -> Client:
    client = Client(server, "/app/slow/silent", token)
    assert server.slow.begun.acquire(timeout=harness.DEADLINE)
    return client


def by_form(server, mine, other):
    browser = server.browser()
    browser.jar[COOKIE] = other
    browser.go("/sessions")
    assert browser.submit({"action": "revoke", "id": mine[:22]}, action="revoke").status == 200


def by_others(server, _mine, other):
    assert request(server, "DELETE", "/sessions?scope=others", [("Cookie", f"{COOKIE}={other}"), *JSON.items()]).json()["revoked"]


def by_administrator(server, mine, _other):
    bob = sign_in(server, "bob")
    assert request(server, "DELETE", f"/admin/{mine[:22]}", [("Cookie", f"{COOKIE}={bob}"), *JSON.items()]).status == 204


def by_sign_out(server, mine, _other):
    browser = server.browser()
    browser.jar[COOKIE] = mine
    browser.go("/logout")
    assert browser.submit(follow=False).status == 303


def by_itself(server, mine, _other):
    revoke(server, mine)


@pytest.mark.parametrize("end", [by_form, by_others, by_administrator, by_sign_out, by_itself])
def test_it_ends_whoever_ends_the_session(site, end):
    mine, other = two_sessions(site)
    expect_proxy_errors(site)
    with open_stream(site, mine) as stream:
        end(site, mine, other)
        stream.read_to_end()
        site.slow.wait_for_end()


@pytest.mark.parametrize("setting", ["ManagedSessionLifetime 2s", "ManagedSessionIdleTimeout 2s"])
def test_it_ends_when_the_session_expires(setting):
    with running(CONFIG + f"ManagedSessionTransientLifetime 2s\n{setting}\n") as server:
        expect_proxy_errors(server)
        token = sign_in(server)
        with open_stream(server, token) as stream:
            stream.read_to_end()
            server.slow.wait_for_end()


def test_it_stays_open_while_the_session_lives(site):
    mine, other = two_sessions(site)
    with open_stream(site, mine) as stream:
        for _ in range(5):
            revoke(site, sign_in(site))  # of the same user, whose counter it shares
        assert stream.is_open()
        assert get(site, "/app/", mine).status == 200
        expect_proxy_errors(site)
        end_all(site, mine)


def test_a_directory_may_leave_it_open(site):
    mine, other = two_sessions(site)
    expect_proxy_errors(site)
    with Client(site, "/app/left/slow/silent", mine) as left, open_stream(site, mine) as stream:
        assert site.slow.begun.acquire(timeout=harness.DEADLINE)
        revoke(site, other, mine[:22])
        stream.read_to_end()
        assert left.is_open()
        site.slow.release.set()
        left.read_to_end()
        site.slow.wait_for_end()
        site.slow.wait_for_end()
        site.slow.release.clear()


def test_mod_status_counts(site):
    before = get(site, "/status?auto").text
    mine, other = two_sessions(site)
    expect_proxy_errors(site)
    with open_stream(site, mine) as stream:
        revoke(site, other, mine[:22])
        stream.read_to_end()

    def count(text):
        return int(text.split("ManagedSessionConnectionsCut: ")[1].split("\n")[0])
    assert eventually(lambda: count(get(site, "/status?auto").text) - count(before), "the count") == 1


def test_descriptors_are_given_back(site):
    token = sign_in(site)
    get(site, "/app/slow/small", token)
    before = {pid: descriptors(pid) for pid in site.children()}
    for _ in range(int(os.environ.get("MS_ROUNDS", 300))):
        assert get(site, "/app/slow/small", token).text == "hello"
    after = {pid: descriptors(pid) for pid in site.children() if pid in before}
    assert all(after[pid] <= before[pid] + 4 for pid in after), (before, after)
