# SPDX-License-Identifier: Apache-2.0
"""The feed of ended sessions: a cached session lives long, and what ends elsewhere is over here within a second all the same."""
import contextlib
import os
import pathlib
import re
import signal
import sqlite3
import time

import pytest

import clock
import ctl
import databases
import faults
from harness import COOKIE, SITE, Server, eventually, get, post, request, sign_in

pytestmark = pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")
STATUS = '<Location "/status">\nSetHandler server-status\n</Location>\n'
# The TTL is long enough for a busy machine to keep up with, and short enough to wait for in a test.
FEED = SITE + STATUS + "ManagedSessionCacheTTL 2s\nManagedSessionCacheLife 5m\n"
CHILDREN = "StartServers 2\nThreadsPerChild 8\nMinSpareThreads 1\nMaxSpareThreads 16\nMaxRequestWorkers 32\n"
NOW = {"sqlite": "CAST(strftime('%s', 'now') AS INTEGER)", "pgsql": "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT)",
       "mysql": "UNIX_TIMESTAMP()"}[databases.NAME]
END = f"UPDATE managed_session SET ended_at = {NOW}, expires_at = 0, max_expires_at = 0 WHERE session_id = ?"


def until(condition) -> None:
    eventually(condition, "the feed has not done it")


class Shared:
    """The database of another server."""

    def __init__(self, server):
        self.driver, self.params, self.connect = server.database.driver, server.params, server.database.connect

    def create(self, _path) -> str:
        return self.params


def host(config: str = FEED, **options) -> Server:
    server = Server(config, modules="status", **options)
    server.clock = server.clock or clock.Clock()
    return server


@pytest.fixture
def hosts():
    with host() as here, host(database=Shared(here)) as there:
        yield here, there


def status(server, token: str, **headers) -> int:
    return get(server, "/app/", token, list(headers.items())).status


def counter(server, name: str) -> int:
    return int(re.search(rf"^ManagedSession{name}: (\d+)$", get(server, "/status?auto").text, re.M)[1])


def polled(server, times: int = 2) -> None:
    """So many complete polls later."""
    before = counter(server, "FeedPolls")
    until(lambda: counter(server, "FeedPolls") >= before + times)


def aged(server) -> None:
    """Cached sessions are older than the TTL, and the feed has been read since."""
    if databases.NAME == "sqlite":  # whose clock is ours
        server.clock.forward(30)
        server.clock.wait(30)
    else:
        time.sleep(2.5)
    polled(server)


def warm(server, *tokens: str) -> None:
    polled(server, 1)
    for token in tokens:
        assert [status(server, token) for _ in range(3)] == [200] * 3


def end_at(server, token: str, keeper: str) -> None:
    assert request(server, "DELETE", f"/sessions/{token[:22]}", {"Cookie": f"{COOKIE}={keeper}"}).status == 204


def out(server, token: str) -> None:
    until(lambda: status(server, token) == 401)


# -- what it saves ------------------------------------------------------------------------------------


def test_a_session_is_not_looked_up_while_the_feed_is_read():
    with host() as server:
        token = sign_in(server)
        warm(server, token)
        aged(server)
        server.statements_from = server.log_size()
        assert status(server, token) == 200 and server.statements() == []
        server.clock.wait(300)
        server.statements_from = server.log_size()
        assert status(server, token) == 200 and server.statements() == ["FIND"]


@pytest.mark.sqlite
@pytest.mark.parametrize("life", ["0", "2s"])
def test_without_a_longer_life_there_is_no_feed(life):
    with host(FEED.replace("Life 5m", f"Life {life}")) as server:
        token = sign_in(server)
        assert status(server, token) == 200
        server.clock.wait(3)
        server.statements_from = server.log_size()
        assert status(server, token) == 200 and server.statements() == ["FIND"]
        assert counter(server, "FeedPolls") == 0


@pytest.mark.sqlite
def test_it_is_read_by_one_process_of_a_host():
    """Polls are as many as one poller makes, though there are four children."""
    with host(extra=CHILDREN.replace("StartServers 2", "StartServers 4")) as server:
        polled(server, 2)
        before, begun = counter(server, "FeedPolls"), time.monotonic()
        time.sleep(3)
        assert counter(server, "FeedPolls") - before <= time.monotonic() - begun + 1


@pytest.mark.sqlite
def test_it_needs_no_mod_watchdog():
    with host(without="watchdog") as server:
        polled(server)


# -- what ends ----------------------------------------------------------------------------------------


def test_what_another_host_ends_is_over_here(hosts):
    here, there = hosts
    mine, other = sign_in(here), sign_in(here)
    warm(there, mine, other)
    end_at(here, other, mine)
    out(there, other)
    assert counter(there, "FeedEndings") >= 1
    aged(there)
    there.statements_from = there.log_size()
    assert status(there, mine) == 200 and "FIND" not in there.statements()


@pytest.mark.sqlite
def test_one_session_that_ends_takes_no_other_from_the_cache(hosts):
    here, there = hosts
    mine, other = sign_in(here), sign_in(here)
    warm(there, mine, other)
    end_at(here, other, mine)
    out(there, other)
    there.statements_from = there.log_size()
    assert status(there, mine) == 200 and there.statements() == []


def test_what_is_ended_by_hand_is_over_and_what_is_deleted_by_hand_is_in_its_life():
    with host() as server:
        ended, deleted = sign_in(server), sign_in(server)
        warm(server, ended, deleted)
        server._sql(END, (ended[:22],))
        server._sql("DELETE FROM managed_session WHERE session_id = ?", (deleted[:22],))
        out(server, ended)
        assert status(server, deleted) == 200
        server.clock.wait(301)
        assert status(server, deleted) == 401


@pytest.mark.sqlite
def test_what_is_deleted_by_hand_and_in_use_is_over_with_the_next_touch():
    with host(FEED + "ManagedSessionTouchInterval 1m\n") as server:
        token = sign_in(server)
        warm(server, token)
        server._sql("DELETE FROM managed_session WHERE session_id = ?", (token[:22],))
        assert status(server, token) == 200
        server.clock.forward(61)
        status(server, token)  # the touch follows the response
        out(server, token)


@pytest.mark.sqlite
def test_several_at_once_are_all_over(hosts):
    here, there = hosts
    mine, others = sign_in(here), [sign_in(here) for _ in range(5)]
    warm(there, mine, *others)
    assert request(here, "DELETE", "/sessions?scope=others", {"Cookie": f"{COOKIE}={mine}"}).json()["revoked"] == 5
    for other in others:
        out(there, other)
    assert status(there, mine) == 200


@pytest.mark.sqlite
def test_two_hosts_with_tables_of_their_own_are_both_read():
    site = "<VirtualHost *:@PORT@>\nServerName %s.test\n" + FEED + "ManagedSessionTable %s\n</VirtualHost>\n"
    with host(site % ("one", "table_one") + site % ("two", "table_two")) as server:
        tokens = {}
        for name in ("one", "two"):
            answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("Host", f"{name}.test")])
            tokens[name] = answer.token()
            until(lambda: get(server, "/app/", tokens[name], [("Host", f"{name}.test")]).status == 200)
        polled(server, 4)
        for name in ("one", "two"):
            assert get(server, "/app/", tokens[name], [("Host", f"{name}.test")]).status == 200
            server._sql(END.replace("managed_session", f"table_{name}"), (tokens[name][:22],))
        for name in ("one", "two"):
            until(lambda: get(server, "/app/", tokens[name], [("Host", f"{name}.test")]).status == 401)


@pytest.mark.sqlite
def test_two_virtual_hosts_of_one_table_are_read_once_and_for_both():
    site = "<VirtualHost *:@PORT@>\nServerName %s.test\n" + FEED + "</VirtualHost>\n"
    with host(site % "one" + site % "two") as server:
        answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("Host", "two.test")])
        token = answer.token()
        polled(server, 2)
        before, begun = counter(server, "FeedPolls"), time.monotonic()
        assert status(server, token, Host="two.test") == 200
        server._sql(END, (token[:22],))
        until(lambda: status(server, token, Host="two.test") == 401)
        polled(server, 2)
        assert counter(server, "FeedPolls") - before <= time.monotonic() - begun + 1


@pytest.mark.sqlite
@pytest.mark.parametrize("longer", ["one", "two"])
def test_the_shortest_ttl_of_a_tables_servers_counts(longer):
    sites = {name: f"<VirtualHost *:@PORT@>\nServerName {name}.test\n{FEED}</VirtualHost>\n" for name in ("one", "two")}
    sites[longer] = sites[longer].replace("TTL 2s", "TTL 60s")
    name = {"one": "two", "two": "one"}[longer] + ".test"
    with host("".join(sites.values())) as server:
        token = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("Host", name)]).token()
        polled(server, 2)
        assert status(server, token, Host=name) == 200
        aged(server)
        server.statements_from = server.log_size()
        assert status(server, token, Host=name) == 200 and server.statements() == []


@pytest.mark.sqlite
@pytest.mark.slow
def test_more_tables_than_it_has_room_for_are_named():
    """Sessions of the one that is left over are looked up as without a feed."""
    hosts = "".join(f"<VirtualHost *:@PORT@>\nServerName n{i}.test\nManagedSessionTable table_{i}\n</VirtualHost>\n" for i in range(64))
    with host(FEED + "ManagedSessionTable main\n" + hosts) as server:
        [number] = re.findall(r':warn\].*MS0198: .* more than 64 session tables; sessions of table "table_(\d+)"', server.error_log())
        name = f"n{number}.test"
        answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("Host", name)])
        assert status(server, answer.token(), Host=name) == 200
        server.clock.wait(3)
        server.statements_from = server.log_size()
        assert status(server, answer.token(), Host=name) == 200 and "FIND" in server.statements()


# -- transactions -------------------------------------------------------------------------------------


def test_one_that_commits_late_is_seen(hosts):
    """Others have ended after it, and were read before it was committed: the cursor of an increasing number would be past it."""
    here, there = hosts
    mine, late, later = sign_in(here), sign_in(here), sign_in(here)
    warm(there, mine, late, later)
    with contextlib.closing(here.database.connect(here.params)) as connection:
        if databases.NAME == "pgsql":
            connection.autocommit = False
        elif databases.NAME == "mysql":
            connection.begin()
        cursor = connection.cursor()
        cursor.execute(END.replace("?", "?" if databases.NAME == "sqlite" else "%s"), (late[:22],))
        if databases.NAME != "sqlite":  # which has one writer
            end_at(here, later, mine)
            out(there, later)
        polled(there, 4)
        assert status(there, late) == 200
        connection.commit()
    out(there, late)


def test_a_burst_is_forgotten_once():
    """Ten thousand sessions end with one statement."""
    with host() as server:
        kept, gone = sign_in(server), sign_in(server)
        names = databases.COLUMNS.split(", ")
        rows = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100) "
                if databases.NAME != "mysql" else "")
        values = ", ".join("i" if name == "session_id" else name for name in names)
        if databases.NAME == "mysql":
            server._sql(f"INSERT INTO managed_session ({databases.COLUMNS}) SELECT {values.replace('i,', 'seq,', 1)} FROM managed_session, "
                        "seq_1_to_10100 WHERE session_id = ?", (gone[:22],))
        else:
            text = values.replace("i,", "CAST(i AS CHAR(22)),", 1)
            server._sql(f"INSERT INTO managed_session ({databases.COLUMNS}) {rows}SELECT {text} FROM n, managed_session "
                        "WHERE session_id = ?", (gone[:22],))
        warm(server, kept, gone)
        before = counter(server, "FeedResets")
        server._sql(END.replace("session_id = ?", "session_id <> ?"), (kept[:22],))
        out(server, gone)
        until(lambda: counter(server, "FeedResets") > before)  # a late feed: a session that is older than the TTL is looked up
        assert status(server, kept) == 200 and counter(server, "FeedResets") == before + 1
        polled(server, 2)
        assert counter(server, "FeedResets") == before + 1


# -- the process that polls -----------------------------------------------------------------------------


@pytest.mark.sqlite
def test_when_its_child_is_killed_another_goes_on():
    with host() as here, host(database=Shared(here), without="cgid", extra=CHILDREN) as there:
        mine, other = sign_in(here), sign_in(here)
        warm(there, mine, other)
        for _ in range(3):
            for child in there.children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.1)  # into the start of the next ones
        end_at(here, other, mine)
        out(there, other)
        polled(there)
        assert status(there, mine) == 200
        there.expect("exit signal Killed")


@pytest.mark.sqlite
def test_a_graceful_restart_forgets_nothing(hosts):
    """The new children read on from where the old ones were, so what ended meanwhile is seen, and the cache stays."""
    here, there = hosts
    mine, other = sign_in(here), sign_in(here)
    warm(there, mine, other)
    before = set(there.children())
    there.graceful()
    end_at(here, other, mine)
    until(lambda: not before & set(there.children()))
    out(there, other)
    polled(there)
    there.statements_from = there.log_size()
    assert status(there, mine) == 200 and there.statements() == []


@pytest.mark.skipif(databases.NAME == "sqlite", reason="SQLite has no server")
def test_while_it_cannot_be_read_the_ttl_counts(hosts):
    """Its role may not read the column: look-ups succeed, polls fail. One line says so, and one when it is over."""
    here, there = hosts
    mine, other = sign_in(here), sign_in(here)
    warm(there, mine, other)
    here._sql("ALTER TABLE managed_session RENAME COLUMN ended_at TO elsewhere", ())
    try:
        until(lambda: "MS0196" in there.new_log())
    finally:
        here._sql("ALTER TABLE managed_session RENAME COLUMN elsewhere TO ended_at", ())
    until(lambda: "MS0197" in there.new_log())
    assert there.new_log().count("MS0196") == 1
    for server in hosts:
        server.expect(r"MS000\d", status_5xx=True)
    end_at(here, other, mine)
    out(there, other)


def test_a_row_that_cannot_be_read_fails_the_poll():
    """It may be the one that another session's end is in."""
    plan = faults.Faults()
    with plan.give_to(host()) as server:
        mine, other = sign_in(server), sign_in(server)
        end_at(server, other, mine)
        polled(server)
        plan.plan(faults.FAIL, 7, kinds=[faults.VALUE])  # the clock has six
        until(lambda: "MS0196" in server.new_log())
        plan.end()
        until(lambda: "MS0197" in server.new_log())
        assert status(server, mine) == 200


# -- clocks ---------------------------------------------------------------------------------------------


def test_a_hosts_clock_may_be_wrong(hosts):
    """Of two hosts with clocks ten minutes apart either may end a session."""
    here, there = hosts
    here.clock.forward(600)
    mine, other, third = sign_in(here), sign_in(here), sign_in(here)
    warm(there, mine, other, third)
    end_at(here, other, mine)
    out(there, other)
    warm(here, third)
    end_at(there, third, mine)
    out(here, third)


@pytest.mark.skipif(databases.NAME != "sqlite", reason="the database's clock is not httpd's")
def test_a_clock_that_is_set_back_is_noticed_and_hides_nothing():
    with host() as server:
        kept, ended = sign_in(server), sign_in(server)
        warm(server, kept, ended)
        before = counter(server, "FeedResets")
        server.clock.set(-3600)
        until(lambda: "MS0195" in server.new_log())
        assert counter(server, "FeedResets") == before + 1
        assert status(server, ended) == 200
        server._sql(END.replace(NOW, f"{NOW} - 3600"), (ended[:22],))
        out(server, ended)
        assert status(server, kept) == 200


@pytest.mark.skipif(databases.NAME != "sqlite", reason="a file")
def test_an_older_copy_of_the_table_is_noticed():
    """A row that had ended is live again: it was restored."""
    with host() as server:
        token = sign_in(server)
        warm(server, token)
        server._sql(END, (token[:22],))
        out(server, token)
        polled(server)
        server._sql("UPDATE managed_session SET ended_at = NULL, expires_at = created_at + 3600 WHERE session_id = ?", (token[:22],))
        until(lambda: "MS0195" in server.new_log())
        until(lambda: status(server, token) == 200)


@pytest.mark.skipif(databases.NAME != "sqlite", reason="the database's clock is not httpd's")
def test_an_older_copy_is_noticed_long_after_the_last_end():
    """SQLite's own backup, written into the file of a running server: no other end is in it, nor in the window any more."""
    with host() as server, contextlib.closing(sqlite3.connect(":memory:")) as copy:
        kept, ended = sign_in(server), sign_in(server)
        with contextlib.closing(sqlite3.connect(server.params)) as database:
            database.backup(copy)
        warm(server, kept, ended)
        server._sql(END, (ended[:22],))
        out(server, ended)
        for _ in range(4):
            server.clock.forward(300)
            server.clock.wait(300)
            polled(server)
        assert "MS0195" not in server.new_log()
        with contextlib.closing(sqlite3.connect(server.params, timeout=10)) as database:
            copy.backup(database)
        until(lambda: "MS0195" in server.new_log())
        assert status(server, ended) == 200, "it is live again, as the message says"
        assert ctl.Ctl(server)("revoke", "--all", "--yes").status == 0
        out(server, ended)
        out(server, kept)


# -- capacity ---------------------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_what_makes_room_for_others_is_counted():
    with host(FEED + "ManagedSessionCacheEntries 64\n") as server:
        tokens = [sign_in(server) for _ in range(90)]
        polled(server)
        for token in tokens:
            assert status(server, token) == 200
        assert counter(server, "CacheDisplaced") >= 90 - 64


@pytest.mark.sqlite
def test_the_default_has_room_for_many_and_takes_no_memory_for_it():
    """More than 16 MB of address space, of which a start touches next to nothing."""
    with host(without="cgid") as server:
        polled(server, 1)
        lines = pathlib.Path(f"/proc/{server.children()[0]}/smaps").read_text().splitlines()
        sizes = [int(line.split()[1]) for line in lines if line.startswith("Size:")]
        touched = [int(line.split()[1]) for line in lines if line.startswith("Rss:")]
        [ours] = [i for i, size in enumerate(sizes) if 65536 * 256 <= size * 1024 < 65536 * 256 + (1 << 20)]
        assert touched[ours] < 1024
