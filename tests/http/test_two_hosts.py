# SPDX-License-Identifier: Apache-2.0
"""Two web servers on one database: what happens on one is so on the other with the next request."""
import time

import pytest

import databases
from harness import DEADLINE, JSON, SITE, Server, get, post, request, sign_in
from open_ends import Client, SlowApplication

pytestmark = pytest.mark.skipif(databases.NAME == "sqlite", reason="SQLite is one host's")


class Shared:
    """The database of another server."""

    def __init__(self, server):
        self.driver, self.params, self.connect = server.database.driver, server.params, server.database.connect

    def create(self, _path) -> str:
        return self.params


@pytest.fixture(scope="module")
def hosts():
    config = SITE + "ManagedSessionCacheTTL 0\n"
    with Server(config) as here, Server(config, database=Shared(here)) as there:
        yield here, there


def test_a_sign_in_here_is_known_there_at_once(hosts):
    here, there = hosts
    for _ in range(20):
        assert get(there, "/app/", sign_in(here)).status == 200
        assert get(here, "/app/", sign_in(there, "bob")).status == 200


def test_a_revocation_here_is_so_there_at_once(hosts):
    here, there = hosts
    for _ in range(20):
        mine, other = sign_in(here), sign_in(there)
        assert get(there, "/app/", other).status == get(here, "/app/", other).status == 200
        answer = request(here, "DELETE", f"/sessions/{other[:22]}", {"Cookie": f"__Host-session={mine}"})
        assert answer.status == 204 and get(there, "/app/", other).status == 401
        assert post(there, "/logout", cookie=mine).status == 303 and get(here, "/app/", mine).status == 401


def test_with_look_ups_cached_a_revocation_here_is_so_there_within_their_time_to_live(hosts):
    here, _ = hosts
    with Server(SITE + "ManagedSessionCacheTTL 1s\n", database=Shared(here)) as there:
        mine, other = sign_in(here), sign_in(here)
        assert get(there, "/app/", other).status == 200
        assert request(here, "DELETE", f"/sessions/{other[:22]}", {"Cookie": f"__Host-session={mine}"}).status == 204
        time.sleep(1.1)
        assert get(there, "/app/", other).status == 401 and get(there, "/app/", mine).status == 200


@pytest.mark.parametrize("cache", ["ManagedSessionCacheTTL 0\n", "ManagedSessionCacheTTL 1s\nManagedSessionCacheLife 5m\n"],
                         ids=["asked", "fed"])
def test_what_is_open_there_ends_with_a_revocation_here(hosts, cache):
    here, _ = hosts
    with SlowApplication() as slow, Server(SITE + cache + f'ProxyPass "/app/slow/" "http://127.0.0.1:{slow.port}/"\n',
                                           database=Shared(here)) as there:
        there.expected_later.append(r"proxy(_http)?:error")
        mine, other = sign_in(here), sign_in(here)
        with Client(there, "/app/slow/silent", mine) as cut, Client(there, "/app/slow/silent", other) as kept:
            assert slow.begun.acquire(timeout=DEADLINE) and slow.begun.acquire(timeout=DEADLINE)
            assert request(here, "DELETE", f"/sessions/{mine[:22]}", {"Cookie": f"__Host-session={other}"}).status == 204
            cut.read_to_end()
            slow.wait_for_end()
            assert kept.is_open()
            slow.release.set()


def test_a_list_shows_the_sessions_of_both(hosts):
    here, there = hosts
    here.sql("DELETE FROM managed_session")
    tokens = [sign_in(here), sign_in(there)]
    assert {s["id"] for s in get(there, "/sessions", tokens[0], JSON).json()["sessions"]} == {t[:22] for t in tokens}


def test_one_that_goes_away_takes_no_session_with_it(hosts):
    here, _ = hosts
    with Server(SITE, database=Shared(here)) as third:
        token = sign_in(third)
    assert get(here, "/app/", token).status == 200
