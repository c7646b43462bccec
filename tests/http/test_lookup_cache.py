# SPDX-License-Identifier: Apache-2.0
"""The look-up cache: one query for many requests, an end that still takes effect at once, and nothing that a client can see of it."""
import base64
import http.client
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import clock
from harness import COOKIE, DEADLINE, PASSWORDS, SITE, Browser, Server, connect, eventually, get, post, random_token, request, sign_in

pytestmark = pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")
ROUNDS = int(os.environ.get("MS_ROUNDS", "200"))
TWO_CHILDREN = "StartServers 2\nThreadsPerChild 16\nMinSpareThreads 32\nMaxSpareThreads 32\nMaxRequestWorkers 32\n"
MORE = SITE + """
ManagedSessionTouchInterval 1m
<Location "/open">
    ManagedSession On
</Location>
<Location "/status">
    SetHandler server-status
</Location>
"""

# Who signs in ten thousand times does not want to wait for bcrypt as often.
QUICK_SITE = MORE.replace("SetHandler managed-session-login", """SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName quick
    AuthBasicProvider anon
    Anonymous *
    Anonymous_NoUserID On
    Anonymous_MustGiveEmail Off
    Require valid-user""")


def site(ttl: str = "ManagedSessionCacheTTL 1s", *lines: str, config: str = MORE, **options) -> Server:
    server = Server("\n".join([config, ttl, *lines, ""]), modules="status authn_anon", **options)
    server.clock = server.clock or clock.Clock()
    return server


@pytest.fixture(scope="module")
def cached():
    """A server with two children, either of which may answer."""
    with site(extra=TWO_CHILDREN) as server:
        yield server


def status(server, token: str, **headers) -> int:
    return get(server, "/app/", token, list(headers.items())).status


def quick_sign_in(server, name: str = "alice") -> str:
    basic = base64.b64encode(f"{name}:x".encode()).decode()
    answer = get(server, "/login", headers=[("Authorization", f"Basic {basic}")])
    assert answer.status == 303, (answer.status, answer.text)
    return answer.token()


def finds(server) -> int:
    return server.statements().count("FIND")


def warm(server, token: str) -> None:
    for _ in range(8):
        assert status(server, token) == 200


# -- what it saves -----------------------------------------------------------------------------------


def test_a_session_is_looked_up_once_in_its_time_to_live(cached):
    token = sign_in(cached)
    cached.forget_statements()
    for _ in range(20):
        assert get(cached, "/app/", token).text == "protected page\n"
    assert finds(cached) == 1
    cached.age_cache()
    assert status(cached, token) == 200 and finds(cached) == 2


def test_that_is_so_unless_the_configuration_says_otherwise():
    server = Server(MORE.replace("ManagedSessionCacheTTL", "#"), modules="status")
    path = server.root / "httpd.conf"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "CacheTTL" not in line) + "\n")
    with server:
        token = sign_in(server)
        server.forget_statements()
        assert [status(server, token) for _ in range(5)] == [200] * 5
        assert finds(server) < 5


def test_with_0_every_request_asks():
    with site("ManagedSessionCacheTTL 0") as server:
        token = sign_in(server)
        server.forget_statements()
        assert [status(server, token) for _ in range(3)] == [200] * 3
        assert finds(server) == 3


def test_unknown_and_dead_tokens_are_looked_up_each_time(cached):
    """So that a client cannot fill the cache with sessions that do not exist."""
    cached.forget_statements()
    token = random_token()
    assert [status(cached, token) for _ in range(3)] == [401] * 3
    assert finds(cached) == 3


def test_where_it_is_optional_the_same(cached):
    token = sign_in(cached)
    cached.forget_statements()
    assert [get(cached, "/open/", token).status for _ in range(3)] and status(cached, token) == 200
    assert finds(cached) == 1


def test_hits_are_counted(cached):
    def counted() -> int:
        lines = get(cached, "/status?auto").text.splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("ManagedSessionCacheHits:"))

    token = sign_in(cached)
    assert status(cached, token) == 200
    before = counted()
    assert status(cached, token) == status(cached, token) == 200
    assert counted() == before + 2


def test_what_a_backend_and_the_list_see_is_the_same(cached):
    browser = Browser(cached)
    browser.sign_in()
    first = browser.fetch("/sessions").json()
    again = browser.fetch("/sessions").json()
    assert first == again and again["sessions"][0]["current"] and again["user"] == "alice"


# -- what it must not reveal -------------------------------------------------------------------------


def test_the_id_without_the_secret_is_nothing(cached):
    token = sign_in(cached)
    warm(cached, token)
    assert status(cached, token[:23] + random_token()[23:]) == 401
    assert status(cached, token) == 200


def test_a_realm_does_not_know_another_ones(cached):
    hosts = '<VirtualHost *:@PORT@>\nServerName one.test\n%s</VirtualHost>\n<VirtualHost *:@PORT@>\nServerName two.test\n%s</VirtualHost>\n'
    with site(config=hosts.replace("%s", MORE)) as server:
        token = post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]}, headers=[("Host", "one.test")]).token()
        for _ in range(3):
            assert status(server, token, Host="one.test") == 200
            assert status(server, token, Host="two.test") == 401


def test_what_has_expired_is_over_though_it_is_cached():
    watch = clock.Clock()
    with watch.give_to(site("ManagedSessionCacheTTL 1h", "ManagedSessionTransientLifetime 10m",
                            "ManagedSessionTouchInterval 1d")) as server:
        token = sign_in(server)
        warm(server, token)
        watch.forward(9 * 60)
        assert status(server, token) == 200
        watch.forward(2 * 60)
        assert status(server, token) == 401


def test_a_clock_that_is_set_back_makes_nothing_last_longer():
    watch = clock.Clock()
    with watch.give_to(site()) as server:
        token = sign_in(server)
        warm(server, token)
        server._sql("DELETE FROM managed_session", ())
        watch.set(-3600)
        watch.wait(2)
        assert status(server, token) == 401


# -- what ends, ends at once -----------------------------------------------------------------------------


def end_here(server, mine, other):
    assert post(server, "/logout", cookie=other).status == 303


def end_by_revoking(server, mine, other):
    assert request(server, "DELETE", f"/sessions/{other[:22]}", {"Cookie": f"{COOKIE}={mine}"}).status == 204


def end_the_others(server, mine, other):
    assert request(server, "DELETE", "/sessions?scope=others", {"Cookie": f"{COOKIE}={mine}"}).json()["revoked"] > 0


def end_all(server, mine, other):
    assert request(server, "DELETE", "/sessions?scope=all", {"Cookie": f"{COOKIE}={mine}"}).json()["revoked"] > 0


def end_by_signing_in_again(server, mine, other):
    assert post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]}, cookie=other).status == 303


@pytest.mark.parametrize("end", [end_here, end_by_revoking, end_the_others, end_all, end_by_signing_in_again])
def test_an_end_is_known_to_every_child_with_the_next_request(cached, end):
    mine, other = sign_in(cached), sign_in(cached)
    warm(cached, mine), warm(cached, other)
    end(cached, mine, other)
    assert [status(cached, other) for _ in range(8)] == [401] * 8
    assert status(cached, mine) == (401 if end is end_all else 200)


def test_an_evicted_one_is_out_at_once():
    with site("ManagedSessionCacheTTL 1h", "ManagedSessionLimit 1 evict", extra=TWO_CHILDREN) as server:
        first = sign_in(server)
        warm(server, first)
        second = sign_in(server)
        assert [status(server, first) for _ in range(8)] == [401] * 8 and status(server, second) == 200


def test_one_that_ended_elsewhere_is_out_after_the_time_to_live(cached):
    token = sign_in(cached)
    warm(cached, token)
    cached._sql("DELETE FROM managed_session WHERE session_id = ?", (token[:22],))
    cached.clock.wait(1)
    assert status(cached, token) == 401


def restart(server):
    before = server.children()
    server.graceful()
    end = time.monotonic() + DEADLINE
    while set(before) & set(server.children()) and time.monotonic() < end:
        time.sleep(0.05)


def test_a_graceful_restart_forgets_nothing_that_has_ended():
    """The memory stays, so that old children see the ends; and its entries are not used for longer than the TTL."""
    with site("ManagedSessionCacheTTL 1h", extra=TWO_CHILDREN) as server:
        kept, ended = sign_in(server), sign_in(server, "bob")
        warm(server, kept), warm(server, ended)
        server.forget_statements()
        restart(server)
        assert status(server, kept) == 200 and post(server, "/logout", cookie=ended).status == 303
        assert [status(server, ended) for _ in range(8)] == [401] * 8


def test_what_ends_while_the_cache_is_off_is_over_when_it_is_on_again():
    with site("ManagedSessionCacheTTL 1h", extra=TWO_CHILDREN) as server:
        path, token = server.root / "httpd.conf", sign_in(server)
        config = path.read_text()
        warm(server, token)
        path.write_text(config.replace("ManagedSessionCacheTTL 1h", "ManagedSessionCacheTTL 0"))
        restart(server)
        assert post(server, "/logout", cookie=token).status == 303
        path.write_text(config)
        restart(server)
        assert [status(server, token) for _ in range(8)] == [401] * 8


def test_a_child_of_before_hears_of_what_ends_though_the_size_has_changed():
    """It reads a request to its end that began before the restart, and the children of after have memory of their own."""
    room = "StartServers 1\nThreadsPerChild 8\nMinSpareThreads 4\nMaxSpareThreads 32\nMaxRequestWorkers 64\n"
    with site("ManagedSessionCacheTTL 1h", "ManagedSessionCacheEntries 100", extra=room) as server:
        path, token, before = server.root / "httpd.conf", sign_in(server), server.children()
        warm(server, token)
        with connect(server) as slow:
            slow.sendall(f"GET /app/ HTTP/1.0\r\nHost: localhost\r\nCookie: {COOKIE}={token}\r\n".encode())
            path.write_text(path.read_text().replace("ManagedSessionCacheEntries 100", "ManagedSessionCacheEntries 200"))
            eventually(lambda: re.search(r"^Scoreboard: .*R", get(server, "/status?auto").text, re.M), "the child has begun with it")
            server.graceful()
            end = time.monotonic() + DEADLINE
            while not set(server.children()) - set(before) and time.monotonic() < end:
                time.sleep(0.05)
            assert post(server, "/logout", cookie=token).status == 303
            slow.sendall(b"\r\n")
            assert b" 401 " in slow.recv(4096)


# -- touches -------------------------------------------------------------------------------------------


def test_many_at_once_touch_once():
    watch = clock.Clock()
    with watch.give_to(site("ManagedSessionCacheTTL 1h", extra=TWO_CHILDREN)) as server, ThreadPoolExecutor(8) as visitors:
        token = sign_in(server)
        warm(server, token)
        watch.forward(61)
        due = watch.now()
        server.statements_from = server.log_size()
        assert {each.status for each in visitors.map(lambda _: get(server, "/app/", token, to_the_end=True), range(64))} == {200}
        assert 1 <= server.statements().count("TOUCH") <= 8, "those that came while it was being written"
        [(seen,)] = server.sql("SELECT last_seen_at FROM managed_session WHERE session_id = ?", token[:22])
        assert seen >= due


def test_a_session_in_use_is_not_taken_for_idle():
    watch = clock.Clock()
    with watch.give_to(site("ManagedSessionCacheTTL 1h", "ManagedSessionIdleTimeout 30m")) as server:
        token = sign_in(server)
        for _ in range(5):
            watch.forward(20 * 60)
            assert status(server, token) == 200
        watch.forward(31 * 60)
        assert status(server, token) == 401


def test_names_too_long_for_it_work_all_the_same():
    name = "n" * 200
    with site(config=QUICK_SITE) as server:
        token = quick_sign_in(server, name)
        server.forget_statements()
        assert [status(server, token) for _ in range(3)] == [200] * 3
        assert finds(server) == 3 and get(server, "/sessions", token, {"Accept": "application/json"}).json()["user"] == name


# -- while everything happens at once ----------------------------------------------------------------------


class Client(threading.Thread):
    """Requests the protected page without end, on one connection, with the current token."""

    def __init__(self, server, now, seen):
        super().__init__(daemon=True)
        self.server, self.now, self.seen, self.over = server, now, seen, False
        self.start()

    def run(self):
        connection = None
        while not self.over:
            token, begun = self.now["token"], time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=DEADLINE)
                connection.request("GET", "/app/", headers={"Cookie": f"{COOKIE}={token}"})
                answer = connection.getresponse()
                answer.read()
                self.seen.append((token, begun, answer.status))
            except (OSError, http.client.HTTPException):
                connection = None


def test_no_request_that_began_after_the_answer_to_a_revocation_gets_in():
    """32 clients use one session; it is revoked; then the next one. MS_ROUNDS is the number of rounds (make stress: 10,000)."""
    with site("ManagedSessionCacheTTL 1h", "LogLevel managed_session:info", config=QUICK_SITE, extra="StartServers 2\n"
              "ThreadsPerChild 32\nMinSpareThreads 1\nMaxSpareThreads 64\nMaxRequestWorkers 64\n"
              "KeepAliveTimeout 20\nMaxKeepAliveRequests 0\n") as server:
        now, seen, answered = {"token": ""}, [], {}
        keeper = quick_sign_in(server)
        clients = [Client(server, now, seen) for _ in range(32)]
        for _ in range(ROUNDS):
            token = now["token"] = quick_sign_in(server)
            assert request(server, "DELETE", f"/sessions/{token[:22]}", {"Cookie": f"{COOKIE}={keeper}"}).status == 204
            answered[token] = time.monotonic()
            assert status(server, token) == 401
        for client in clients:
            client.over = True
        for client in clients:
            client.join(DEADLINE)
        late = [(token, begun) for token, begun, got in list(seen) if got == 200 and begun > answered.get(token, begun)]
        assert not late and {got for _, _, got in seen} <= {200, 401}
        assert sum(got == 200 for _, _, got in seen) > 0
