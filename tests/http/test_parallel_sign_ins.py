# SPDX-License-Identifier: Apache-2.0
"""A limit of sessions that holds when a user signs in several times at once: that many are left, and the newest of them."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import CROWD, SITE, Server, get, post, sign_in

FIELDS = {"username": "alice", "password": "wonderland"}


@pytest.mark.parametrize("limit", [1, 2])
def test_the_limit_is_left_and_not_none(limit):
    with Server(SITE + f"ManagedSessionLimit {limit} evict\n", extra="StartServers 2\n" + CROWD) as server, ThreadPoolExecutor(6) as visitors:
        server.expects_5xx = True  # the harness would miss rows that are evicted by now
        for _ in range(12):
            answers = list(visitors.map(lambda _: post(server, "/login", FIELDS), range(6)))
            assert [a.status for a in answers] == 6 * [303]
            alive = [t for t in (a.token() for a in answers) if get(server, "/app/", t).status == 200]
            assert server.rows() == len(alive) == limit


def test_none_fails_that_meets_others_on_the_same_rows():
    """Each ends the oldest of a hundred: MariaDB finds deadlocks, and rolls back one statement of each."""
    many = "StartServers 16\nMinSpareServers 16\nServerLimit 64\nMaxRequestWorkers 64\n"
    with Server(SITE, mpm="prefork", extra=many) as server, ThreadPoolExecutor(16) as visitors:
        server.expects_5xx = True  # as above
        answers = list(visitors.map(lambda _: post(server, "/login", FIELDS), range(600)))
        assert {a.status for a in answers} == {303}
        assert server.rows() == 100


def test_one_after_another_within_a_second_the_last_one_stays():
    with Server(SITE + "ManagedSessionLimit 1 evict\n") as server:
        for _ in range(8):
            server.expects_5xx = False
            token = sign_in(server)
            assert get(server, "/app/", token).status == 200 and server.rows() == 1


def test_a_session_in_use_does_not_take_the_place_of_a_new_one():
    """It was seen after the other was created, but is the older one."""
    with Server(SITE + "ManagedSessionLimit 1 evict\n") as server:
        old = sign_in(server)
        server.sql("UPDATE managed_session SET last_seen_at = last_seen_at + 5, created_at = created_at - 5")
        new = sign_in(server)
        assert get(server, "/app/", new).status == 200 and get(server, "/app/", old).status == 401


def test_a_row_dated_far_ahead_keeps_no_user_out():
    """A clock that was set wrong for a while."""
    with Server(SITE + "ManagedSessionLimit 1 evict\n") as server:
        sign_in(server)
        server.sql("UPDATE managed_session SET created_at = created_at + 100000, last_seen_at = last_seen_at + 100000")
        assert get(server, "/app/", sign_in(server)).status == 200 and server.rows() == 1


def test_a_hundred_sessions_are_the_default_limit():
    with Server(SITE) as server:
        first = sign_in(server)
        server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - 10")
        columns = "secret_hash, realm, user_name, created_at, max_expires_at, expires_at, last_seen_at, created_ip, last_ip, user_agent, auth_method, persistent"
        values = " UNION ALL ".join(f"SELECT '{i:022d}' AS x" for i in range(99))
        server.sql(f"INSERT INTO managed_session (session_id, {columns}) SELECT v.x, {columns} FROM managed_session, ({values}) v")
        server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - 10 WHERE session_id = ?", first[:22])
        assert server.rows() == 100
        last = sign_in(server)
        assert server.rows() == 100 and get(server, "/app/", last).status == 200 and get(server, "/app/", first).status == 401
