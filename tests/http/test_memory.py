# SPDX-License-Identifier: Apache-2.0
"""Nothing is kept of a request once it is over: the child's memory stays as it is however many there are."""
import http.client
import json
import re
import urllib.parse

import pytest

from harness import COOKIE, DEADLINE, PASSWORDS, TOOL, Server, random_token

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Client:
    """One connection, kept."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)

    def ask(self, method: str, target: str, token: str | None = None, fields: dict | None = None, **headers) -> tuple[int, str, str | None]:
        headers = {**headers, **({"Cookie": f"{COOKIE}={token}"} if token else {}), **(FORM if fields else {})}
        self.connection.request(method, target, urllib.parse.urlencode(fields) if fields else None, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        made = re.search(rf"{COOKIE}=([\w-]+\.[\w-]+);", answer.headers.get("Set-Cookie", ""))
        return answer.status, text, made[1] if made else None

    def round(self) -> None:
        """A bit of everything."""
        login = {"username": "alice", "password": PASSWORDS["alice"]}
        (_, _, one), (_, _, two) = self.ask("POST", "/login", fields=login), self.ask("POST", "/login", fields=login)
        assert self.ask("GET", "/app/", one)[0] == 200 and self.ask("GET", "/app/", random_token())[0] == 401
        assert self.ask("GET", "/app/", Accept="text/html")[0] == 303 and self.ask("GET", "/nothing", one)[0] == 404
        page = self.ask("GET", "/sessions", one)[1]
        assert len(json.loads(self.ask("GET", "/sessions", one, Accept="application/json")[1])["sessions"]) == 2
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
        assert self.ask("POST", "/sessions", one, {"csrf": csrf, "action": "revoke", "id": two[:22]})[0] == 303
        assert self.ask("POST", "/login", fields={**login, "password": "wrong"})[0] == 401
        assert self.ask("POST", "/logout", one, {"csrf": csrf})[0] == 303 and self.ask("GET", "/app/", one)[0] == 401


def memory(server) -> int:
    """KB of the one child that serves, its own: pages of the shared cache are touched one by one as it fills."""
    status = [open(f"/proc/{pid}/status").read() for pid in server.children()]
    return max(int(re.search(r"RssAnon:\s+(\d+)", text)[1]) for text in status)


@pytest.mark.skipif(bool(TOOL), reason="the tool itself needs memory for each request")
def test_the_memory_of_a_child_does_not_grow():
    extra = "StartServers 1\nServerLimit 1\nThreadsPerChild 8\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8\n"
    with Server(extra=extra + "MaxKeepAliveRequests 0\nKeepAliveTimeout 20\nLogLevel warn\n") as server:
        client = Client(server)
        for _ in range(100):
            client.round()
        before = memory(server)
        for _ in range(300):
            client.round()
        grown = memory(server) - before
        client.connection.close()
        assert grown < 512, f"{grown} KB for 4,200 requests"
