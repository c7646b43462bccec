# SPDX-License-Identifier: Apache-2.0
"""ManagedSessionLoginLimit: wrong passwords are counted for a user name and for a client, on all children together."""
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import DEADLINE, EVENT, SITE, Server, get, post, sign_in

NOBODY = "Too many attempts"
REMOTE_IP = "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n"  # a client's address, for the asking


def limited(limit: str, **options) -> Server:
    return Server(SITE + REMOTE_IP + f"ManagedSessionLoginLimit {limit}\n", modules="remoteip", **options)


def attempt(server, user="alice", password="wrong", client="10.0.0.1", cookie=None):
    return post(server, "/login", {"username": user, "password": password}, cookie, [("X-Client", client)])


def test_after_so_many_failures_even_the_right_password_waits():
    """T-37"""
    with limited("3 1h") as server:
        assert [attempt(server, client=f"10.0.1.{i}").status for i in range(4)] == [401, 401, 401, 429]
        answer = attempt(server, password="wonderland", client="10.0.2.1")
        assert answer.status == 429 and NOBODY in answer.text and not answer.cookies()
        assert 0 < int(answer.headers["Retry-After"]) <= 1200  # a third of the hour, when the first is forgotten
        assert attempt(server, "bob", "builder").status == 303, "another name is not concerned"
        assert server.rows() == 1


def test_it_is_forgotten_with_time():
    with limited("2 2s") as server:
        assert [attempt(server).status for _ in range(3)] == [401, 401, 429]
        end = time.monotonic() + DEADLINE
        while attempt(server, password="wonderland").status != 303:
            assert time.monotonic() < end
            time.sleep(0.2)


def test_a_client_is_limited_whatever_names_it_tries():
    with limited("3 1h") as server:
        assert [attempt(server, f"user{i}").status for i in range(4)] == [401, 401, 401, 429]
        assert attempt(server, "alice", "wonderland").status == 429
        assert attempt(server, "alice", "wonderland", "10.0.0.2").status == 303


@pytest.mark.parametrize("same, other", [("2001:db8:1:2::1 2001:db8:1:2:ffff::9", "2001:db8:1:3::1")])
def test_a_client_of_ipv6_is_its_network(same, other):
    with limited("3 1h") as server:
        clients = same.split()
        assert [attempt(server, f"user{i}", client=clients[i % 2]).status for i in range(4)] == [401, 401, 401, 429]
        assert attempt(server, "user9", client=other).status == 401


@pytest.mark.parametrize("name", ["ALICE", " alice ", "Alice", "al ice", "alic\u00e9", "ALI\u0308CE", "\uff41lice", "al\u200bice", "alice\u3000"])
def test_spellings_of_a_name_share_its_budget(name):
    with limited("2 1h") as server:
        assert attempt(server, name, client="10.0.0.1").status == 401
        assert [attempt(server, client=f"10.0.0.{i}").status for i in (2, 3)] == [401, 429]


def test_names_that_nobody_has_are_limited_alike():
    """T-36: the limit tells nothing of who is a user."""
    with limited("2 1h") as server:
        known = [attempt(server, "alice", client=f"10.0.1.{i}") for i in range(3)]
        unknown = [attempt(server, "nobody", client=f"10.0.2.{i}") for i in range(3)]
        assert [a.status for a in known] == [a.status for a in unknown] == [401, 401, 429]
        assert known[2].text == unknown[2].text


def test_success_forgets_the_name_and_gives_the_client_its_attempt_back():
    with limited("3 1h") as server:
        for _ in range(2):
            assert [attempt(server, client=f"10.0.3.{i}").status for i in range(2)] == [401, 401]
            assert attempt(server, password="wonderland").status == 303
        assert [attempt(server, password="wonderland").status for _ in range(6)] == [303] * 6


def test_whoever_is_signed_in_is_not_locked_out_by_what_others_try():
    with limited("2 1h") as server:
        token = sign_in(server)
        assert [attempt(server, client=f"10.0.4.{i}").status for i in range(3)] == [401, 401, 429]
        assert attempt(server, password="wonderland", client="10.0.5.1").status == 429
        assert attempt(server, password="wonderland", client="10.0.5.1", cookie=token).status == 303


def test_attempts_at_the_same_moment_are_no_way_around_it():
    with limited("5 1h", extra=EVENT) as server, ThreadPoolExecutor(16) as attackers:
        found = list(attackers.map(lambda i: attempt(server, client=f"10.0.6.{i}").status, range(32)))
        assert sorted(found) == [401] * 5 + [429] * 27


def test_a_refusal_is_an_event_and_ends_nobodys_session():
    with limited("1 1h") as server:
        token = sign_in(server, "bob")
        assert [attempt(server).status for _ in range(2)] == [401, 429]
        assert 'sign_in_refused: user "alice"' in server.new_log() and "too many failed sign-ins" in server.new_log()
        assert get(server, "/app/", token).status == 200


def test_ten_in_five_minutes_unless_it_is_turned_off():
    with Server(SITE.replace("ManagedSessionLoginLimit 0\n", "")) as server:
        assert [post(server, "/login", {"username": "alice", "password": "no"}).status
                for _ in range(11)] == [401] * 10 + [429]
    with limited("0") as server:
        assert {attempt(server).status for _ in range(25)} == {401}


def test_hosts_with_different_realms_count_for_themselves():
    other = SITE + 'ManagedSessionLoginLimit 1 1h\n<VirtualHost *:@PORT@>\nServerName a.test\n</VirtualHost>\n' \
                   '<VirtualHost *:@PORT@>\nServerName b.test\n</VirtualHost>\n'
    with Server(other) as server:
        def at(host: str) -> int:
            return post(server, "/login", {"username": "alice", "password": "no"}, headers=[("Host", host)]).status

        assert [at("a.test"), at("a.test"), at("b.test"), at("b.test")] == [401, 429, 401, 429]
