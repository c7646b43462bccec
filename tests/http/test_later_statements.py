# SPDX-License-Identifier: Apache-2.0
"""Pages that need several statements, and a database that fails after the first ones: 503, or a list that is seen to be incomplete."""
import contextlib
import http.client

import pytest

import faults
from harness import COOKIE, JSON, SITE, TOOL, Server, connect, sign_in

pytestmark = [pytest.mark.skipif(bool(TOOL), reason="the driver of the tests is not built for it")]
PLACES = SITE.replace("managed-session-list\n", "managed-session-list\n    ManagedSessionAppPasswords On\n") + """
ManagedSessionCleanupInterval 0
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "administration"
    Require valid-user
</Location>
"""
HTML = {"Accept": "text/html"}
PAGES = {"the list": ("/sessions", HTML), "what ended": ("/sessions?state=ended", HTML), "the app passwords": ("/sessions?app=all", HTML),
         "one session": ("/sessions/{id}", HTML), "one session as JSON": ("/sessions/{id}", JSON), "all sessions": ("/admin", HTML),
         "all sessions as JSON": ("/admin", JSON), "all sessions of a user": ("/admin?user=alice", HTML),
         "all sessions as CSV": ("/admin?format=csv", HTML)}


@pytest.fixture(scope="module")
def site():
    plan = faults.Faults()
    with plan.give_to(Server(PLACES, extra="DBDMin 1\nDBDKeep 1\nDBDMax 1\nMaxRequestWorkers 16\nMaxSpareThreads 16\n")) as server:
        tokens = [sign_in(server) for _ in range(70)]  # more than a part of any list
        yield server, plan, tokens[0], tokens[-1]


def ask(server, path: str, token: str, headers: dict) -> tuple[int, str | None]:
    """Status and body; None if it was cut."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.sock = connect(server)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Cookie": f"{COOKIE}={token}", **headers})
        response = connection.getresponse()
        try:
            return response.status, response.read().decode()
        except http.client.IncompleteRead:
            return response.status, None


@pytest.mark.parametrize("page", PAGES)
def test_the_database_fails_after_some_statements(site, page):
    server, plan, token, other = site
    path, headers = PAGES[page]
    path = path.replace("{id}", other[:22])
    server.expect(r"MS00\d\d|dbd", status_5xx=True)
    whole = ask(server, path, token, headers)
    assert whole[0] == (303 if page == "one session" else 200)  # that one leads to its place in the list
    for first in range(1, 30):
        server.clock.wait(2) if server.clock else None
        plan.plan(faults.FAIL, first, faults.EVER_AFTER, [faults.FETCH, faults.SELECT])
        status, body = ask(server, path, token, headers)
        met = plan.end()
        if not met:
            assert status == whole[0] and first > 1
            return
        assert status == 503 or body is None, (first, status)
    raise AssertionError("that goes on without end")
