# SPDX-License-Identifier: Apache-2.0
"""Many sessions that end at once, looked up in the table together."""
import contextlib

import harness
from harness import COOKIE, JSON, SITE, Server, request, sign_in
from open_ends import Client, SlowApplication

MANY = 60  # sessions: more than one statement has room for


def test_the_streams_of_many_sessions_end_and_those_of_others_go_on():
    """All children see the end at once with the look-up cache; without it each stream has times of its own, from when it was opened."""
    config = SITE + 'ProxyPass "/app/slow/" "http://127.0.0.1:@SLOW@/"\nManagedSessionCacheTTL 1s\n'
    with SlowApplication() as slow, contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(config.replace("@SLOW@", str(slow.port)), own_paths=(),
                                            extra="ServerLimit 8\nMaxRequestWorkers 128\nThreadsPerChild 16\n"))
        server.expected_later.append(r"\[proxy(_\w+)?:error\]")
        mine, bob = sign_in(server), sign_in(server, "bob")

        def open_for(token):
            client = stack.enter_context(Client(server, "/app/slow/silent", token))
            assert slow.begun.acquire(timeout=harness.DEADLINE)
            return client
        kept = [open_for(mine), open_for(bob)]
        cut = [open_for(sign_in(server)) for _ in range(MANY)]
        answer = request(server, "DELETE", "/sessions?scope=others", [("Cookie", f"{COOKIE}={mine}"), *JSON.items()])
        assert answer.json() == {"revoked": MANY}
        for each in cut:
            each.read_to_end()
            slow.wait_for_end()
        assert all(each.is_open() for each in kept)
        assert "FIND_MANY" in server.statements()
        slow.release.set()
