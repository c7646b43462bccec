# SPDX-License-Identifier: Apache-2.0
"""Several hosts on one database under load, sessions that end at random, and all that can happen to those who read which have.

MS_ENDINGS and MS_HOSTS make it long (make stress-feed: 1,000 endings on two and on four hosts).
"""
import base64
import collections
import contextlib
import http.client
import os
import random
import signal
import threading
import time

import pytest

import clock
import databases
from harness import COOKIE, DEADLINE, SITE, TOOL, Server, get, request
from test_feed import END, Shared

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(TOOL) or not clock.is_possible(), reason="too slow under this tool")]
ENDINGS, HOSTS = int(os.environ.get("MS_ENDINGS", "40")), int(os.environ.get("MS_HOSTS", "2"))
TTL = 1.0
LATE = TTL + 0.5
CONFIG = SITE.replace("SetHandler managed-session-login", """SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName quick
    AuthBasicProvider anon
    Anonymous *
    Anonymous_NoUserID On
    Anonymous_MustGiveEmail Off
    Require valid-user""") + """
ManagedSessionCacheTTL 1s
ManagedSessionCacheLife 5m
ManagedSessionLimit 0
KeepAliveTimeout 20
MaxKeepAliveRequests 0
"""
CHILDREN = "StartServers 3\nThreadsPerChild 16\nMinSpareThreads 16\nMaxSpareThreads 48\nMaxRequestWorkers 64\n"


def host(database=None) -> Server:
    server = Server(CONFIG, modules="authn_anon", without="cgid", extra=CHILDREN, database=database)
    server.expect(r"MS0\d\d\d|AH\d+|exit signal Killed|dbd", status_5xx=True)
    return server


class Sessions:
    """Of several users, so that one end does not concern the others."""

    def __init__(self, servers, count: int):
        self.live, self.answered, self.lock = [], {}, threading.Lock()
        for i in range(count):
            self.live.append(self.sign_in(random.choice(servers), f"user{i % 50}"))

    @staticmethod
    def sign_in(server, name: str) -> str:
        basic = base64.b64encode(f"{name}:x".encode()).decode()
        answer = get(server, "/login", headers=[("Authorization", f"Basic {basic}")])
        assert answer.status == 303, (answer.status, answer.text)
        return answer.token()

    def any(self) -> str:
        """One that is live, or has ended not long ago."""
        with self.lock:
            gone = list(self.answered)[-20:]
            return random.choice(gone if gone and random.random() < 0.5 else self.live)


class Visitor(threading.Thread):
    """Requests pages of all hosts without end, and notes what came late."""

    def __init__(self, servers, sessions):
        super().__init__(daemon=True)
        self.servers, self.sessions, self.over = servers, sessions, False
        self.seen, self.late = collections.Counter(), []
        self.start()

    def run(self):
        connections = {}
        while not self.over:
            server, token = random.choice(self.servers), self.sessions.any()
            ended, begun = self.sessions.answered.get(token), time.monotonic()
            try:
                if server not in connections:
                    connections[server] = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
                connections[server].request("GET", "/app/", headers={"Cookie": f"{COOKIE}={token}"})
                answer = connections[server].getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connections.pop(server, None)
                continue
            self.seen[answer.status] += 1
            if answer.status == 200 and ended and begun > ended + LATE:
                self.late.append(begun - ended)


class Trouble(threading.Thread):
    """Kills and stops children, restarts httpd gracefully and the database roughly."""

    def __init__(self, servers):
        super().__init__(daemon=True)
        self.servers, self.over, self.done = servers, False, collections.Counter()
        self.start()

    def kill(self):
        os.kill(random.choice(random.choice(self.servers).children()), signal.SIGKILL)

    def stop(self):
        child = random.choice(random.choice(self.servers).children())
        os.kill(child, signal.SIGSTOP)
        time.sleep(random.uniform(0.5, 3))
        os.kill(child, signal.SIGCONT)

    def graceful(self):
        random.choice(self.servers).graceful()

    def restart_database(self):
        if databases.NAME != "sqlite":
            self.servers[0].database.stop(random.choice([signal.SIGTERM, signal.SIGKILL]))
            time.sleep(random.uniform(0, 1))
            self.servers[0].database.start()

    def run(self):
        while not self.over:
            what = random.choice([self.kill, self.kill, self.stop, self.graceful, self.restart_database])
            with contextlib.suppress(ProcessLookupError, IndexError):
                what()
                self.done[what.__name__] += 1
            time.sleep(random.uniform(0.5, 2))


def end_one(servers, sessions, token: str) -> bool:
    """By a host or by hand; whether that is known to have succeeded."""
    server = random.choice(servers)
    try:
        if random.random() < 0.2:
            with contextlib.closing(server.database.connect(server.params)) as connection:
                databases.execute(connection, END, (token[:22],))
            return True
        answer = request(server, "DELETE", f"/sessions/{token[:22]}", {"Cookie": f"{COOKIE}={token}"})
        return answer.status == 204
    except Exception:  # the database, or the child, is away
        return False


def test_no_request_that_began_after_the_bound_gets_in_anywhere():
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(host())
        servers = [first, *(stack.enter_context(host(Shared(first))) for _ in range(HOSTS - 1))]
        sessions = Sessions(servers, ENDINGS + 50)
        visitors, trouble = [Visitor(servers, sessions) for _ in range(6)], Trouble(servers)
        for ended, token in enumerate(random.sample(sessions.live, ENDINGS + 30)):
            if ended >= ENDINGS and len(sessions.answered) > ENDINGS / 4:
                break  # a few more on a busy machine, where many fail with the database
            time.sleep(random.uniform(0, 0.2))
            with sessions.lock:
                sessions.live.remove(token)
            if end_one(servers, sessions, token):
                with sessions.lock:
                    sessions.answered[token] = time.monotonic()
        time.sleep(2 * LATE)
        for thread in (trouble, *visitors):
            thread.over = True
        for thread in (trouble, *visitors):
            thread.join(DEADLINE)
        seen = sum((visitor.seen for visitor in visitors), collections.Counter())
        late = [by for visitor in visitors for by in visitor.late]
        print(f"\n{HOSTS} hosts, {databases.NAME}: {len(sessions.answered)} endings, responses {dict(seen)}, {dict(trouble.done)}")
        assert not late, f"{len(late)} of {seen[200]} got in, up to {max(late):.1f} s after the answer"
        assert len(sessions.answered) > ENDINGS / 4 and seen[200] > 100 and seen[401] > 20
