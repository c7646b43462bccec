# SPDX-License-Identifier: Apache-2.0
"""When sessions were used: requests leave it to the process that polls the feed, which writes a hundred of them at once."""
import contextlib
import json
import os
import re
import signal
import sqlite3

import pytest

import clock
import databases
from harness import SITE, Server, eventually, get, post, sign_in

pytestmark = pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")
MINUTE = 60
STATUS = '<Location "/status">\nSetHandler server-status\n</Location>\n'
FEED = SITE + STATUS + "ManagedSessionCacheTTL 2s\nManagedSessionCacheLife 5m\n"
CHILDREN = "StartServers 2\nThreadsPerChild 8\nMinSpareThreads 1\nMaxSpareThreads 16\nMaxRequestWorkers 32\n"
TOUCHES = ("TOUCH", "TOUCH_BY_ID", "TOUCH_MANY")
END = "UPDATE managed_session SET ended_at = {0}, expires_at = {0}, max_expires_at = {0} WHERE session_id = ?"


def host(*lines: str, **options) -> Server:
    server = Server(options.pop("config", FEED) + "\n".join(lines) + "\n", modules="status", **options)
    server.clock = server.clock or clock.Clock()
    return server


def use(server, *tokens: str, **headers) -> None:
    """A request touches after its response."""
    for token in tokens:
        assert get(server, "/app/", token, list(headers.items()), to_the_end=True).status == 200


def served(server) -> None:
    """A process polls, and so it writes touches."""
    eventually(lambda: "ManagedSessionFeedPolls: 0\n" not in get(server, "/status?auto").text, "a poll")


def polls(server) -> int:
    return int(re.search(r"ManagedSessionFeedPolls: (\d+)", get(server, "/status?auto").text)[1])


def seen(server, token: str) -> int:
    return server._sql("SELECT last_seen_at FROM managed_session WHERE session_id = ?", (token[:22],))[0][0]


def column(server, token: str, name: str):
    return databases.text_of(server._sql(f"SELECT {name} FROM managed_session WHERE session_id = ?", (token[:22],))[0][0])


def written(server, *tokens: str) -> None:
    now = int(server.clock.now())
    for token in tokens:
        eventually(lambda: seen(server, token) >= now - MINUTE, "a touch")


def touches(server) -> list[str]:
    """The statements that wrote them. A statement is logged when the table has it already."""
    return eventually(lambda: [name for name in server.statements() if name in TOUCHES], "the log line of a touch")


def later(server, seconds: int = 90) -> None:
    """The sessions' touches are due. The feed is read still: its clock is another one."""
    server.clock.forward(seconds)
    server.statements_from = server.log_size()


# -- what it saves ------------------------------------------------------------------------------------


def test_many_sessions_are_touched_by_few_statements():
    with host() as server:
        tokens = [sign_in(server) for _ in range(30)]
        use(server, *tokens)
        served(server)
        later(server)
        use(server, *tokens)
        written(server, *tokens)
        assert set(touches(server)) == {"TOUCH_MANY"} and len(touches(server)) <= 15


def test_a_touch_notes_time_and_address_and_extends_the_idle_end():
    with host("ManagedSessionIdleTimeout 1h", "RemoteIPHeader X-Forwarded-For", neighbours="remoteip") as server:
        token = sign_in(server)
        use(server, token)
        served(server)
        later(server, 7 * MINUTE)
        now = int(server.clock.now())
        use(server, token, **{"X-Forwarded-For": "2001:db8::17"})
        written(server, token)
        assert column(server, token, "last_ip") == "2001:db8::17"
        assert now + 3600 <= column(server, token, "expires_at") <= now + 3600 + MINUTE
        assert touches(server) == ["TOUCH_MANY"]


@pytest.mark.sqlite
def test_requests_meanwhile_do_not_touch_again():
    with host() as server:
        token = sign_in(server)
        use(server, token)
        served(server)
        later(server)
        use(server, *[token] * 20)
        written(server, token)
        assert touches(server) == ["TOUCH_MANY"]


@pytest.mark.sqlite
def test_two_realms_of_one_table_go_into_one_statement():
    site = "<VirtualHost *:@PORT@>\nServerName %s.test\n" + FEED + "</VirtualHost>\n"
    with host(config=site % "one" + site % "two") as server:
        tokens = {}
        for name in ("one", "two"):
            answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("Host", f"{name}.test")])
            tokens[name] = answer.token()
            use(server, tokens[name], Host=f"{name}.test")
        served(server)
        later(server)
        for name, token in tokens.items():
            use(server, token, Host=f"{name}.test")
        written(server, *tokens.values())
        assert set(touches(server)) == {"TOUCH_MANY"}


@pytest.mark.sqlite
@pytest.mark.parametrize("lines", [["ManagedSessionCacheLife 0"], ["ManagedSessionCacheTTL 0"], ["ManagedSessionTouchInterval 2s"]])
def test_without_a_feed_or_with_a_short_interval_a_request_touches_itself(lines):
    with host(*lines) as server:
        token = sign_in(server)
        use(server, token)
        later(server)
        use(server, token)
        written(server, token)
        assert set(touches(server)) == {"TOUCH"}


def fill(server, token: str, n: int) -> None:
    """So many rows more, as that session's."""
    names = databases.COLUMNS.split(", ")
    source = "managed_session, seq_1_to_%d" % n if databases.NAME == "mysql" else "managed_session, n"
    key = "seq" if databases.NAME == "mysql" else "CAST(i AS CHAR(22))"
    rows = "" if databases.NAME == "mysql" else f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n}) "
    columns = ", ".join(key if name == "session_id" else name for name in names)
    server._sql(f"INSERT INTO managed_session ({databases.COLUMNS}) {rows}SELECT {columns} FROM {source} WHERE session_id = ?", (token[:22],))
    server._sql("ANALYZE TABLE managed_session" if databases.NAME == "mysql" else "ANALYZE", ())


@pytest.mark.parametrize("name", ["TOUCH_MANY", "TOUCHED"])
def test_it_goes_along_the_primary_key(name):
    """PostgreSQL would rather read a small table as a whole."""
    with host() as server:
        token, elsewhere = sign_in(server), sign_in(server)
        fill(server, token, 40000 if databases.NAME == "pgsql" else 2000)
        use(server, token, elsewhere)
        served(server)
        later(server)
        server._sql("UPDATE managed_session SET last_seen_at = ? WHERE session_id = ?", (int(server.clock.now()) + 5, elsewhere[:22]))
        use(server, token, elsewhere)
        statement = eventually(lambda: re.search(rf"prepared {name}: (.*)", server.error_log()), "the statement")[1]
        touch = json.dumps([{"id": i, "ip": "::1", "seen": 5, "due": 4, "expires": 9} for i in (token[:22], elsewhere[:22])])
        explain = "EXPLAIN QUERY PLAN " if databases.NAME == "sqlite" else "EXPLAIN "
        plan = " / ".join(" ".join(str(databases.text_of(value)) for value in row)
                          for row in server._sql(explain + statement.replace("%s", "?"), (touch,)))
        if databases.NAME == "sqlite":
            assert "SEARCH managed_session USING INDEX sqlite_autoindex_managed_session_1 (session_id=?)" in plan, plan
        elif databases.NAME == "mysql":
            assert re.search(r"managed_session eq_ref PRIMARY\S* PRIMARY ", plan), plan
        else:
            assert "Index Scan using managed_session_pkey" in plan and "Seq Scan" not in plan, plan


# -- the promise --------------------------------------------------------------------------------------


def test_what_is_urgent_is_written_by_the_request():
    """The idle end is near: nothing may be lost."""
    with host("ManagedSessionIdleTimeout 30m") as server:
        token = sign_in(server)
        use(server, token)
        served(server)
        later(server, 20 * MINUTE)
        use(server, token)
        written(server, token)
        assert touches(server) == ["TOUCH"]


@pytest.mark.sqlite
def test_one_in_use_is_never_idle():
    with host("ManagedSessionIdleTimeout 30m") as server:
        token = sign_in(server)
        served(server)
        for _ in range(12):
            use(server, token)
            written(server, token)
            server.clock.forward(9 * MINUTE)
        use(server, token)
        server.clock.forward(31 * MINUTE)
        assert get(server, "/app/", token).status == 401


@pytest.mark.parametrize("how", ["ended", "deleted"])
def test_one_that_has_ended_is_not_raised_and_the_others_are_written(how):
    with host() as server:
        gone, other = sign_in(server), sign_in(server)
        use(server, gone, other)
        served(server)
        later(server)
        if how == "deleted":
            server._sql("DELETE FROM managed_session WHERE session_id = ?", (gone[:22],))
        else:
            server._sql(END.format(int(server.clock.now())), (gone[:22],))
        get(server, "/app/", gone)
        use(server, other)
        written(server, other)
        eventually(lambda: get(server, "/app/", gone).status == 401, "the end")
        assert get(server, "/app/", other).status == 200
        rows = server.sql("SELECT expires_at FROM managed_session WHERE session_id = ? AND ended_at IS NULL", gone[:22])
        assert rows == []


@pytest.mark.sqlite
def test_one_that_was_used_on_another_host_is_looked_up_again_and_the_others_are_not():
    with host() as server:
        elsewhere, other = sign_in(server), sign_in(server)
        use(server, elsewhere, other)
        served(server)
        later(server)
        now = int(server.clock.now())
        server._sql("UPDATE managed_session SET last_seen_at = ? WHERE session_id = ?", (now + 5, elsewhere[:22]))
        server.statements_from = server.log_size()
        use(server, elsewhere, other)
        eventually(lambda: "TOUCHED" in server.statements(), "the comparison")
        eventually(lambda: get(server, "/app/", elsewhere).status == 200 and "FIND" in server.statements(), "the look-up")
        use(server, other)
        assert server.statements().count("FIND") == 1 and seen(server, elsewhere) == now + 5


# -- the process that writes --------------------------------------------------------------------------


@pytest.mark.sqlite
@pytest.mark.slow
def test_what_a_killed_process_has_not_written_the_next_one_writes():
    with host(extra=CHILDREN, without="cgid") as server:
        tokens = [sign_in(server) for _ in range(20)]
        use(server, *tokens)
        served(server)
        later(server)
        use(server, *tokens)
        for child in server.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        written(server, *tokens)
        server.expect("exit signal Killed")


@pytest.mark.sqlite
def test_the_end_of_httpd_loses_nothing():
    with host() as server:
        tokens = [sign_in(server) for _ in range(20)]
        use(server, *tokens)
        served(server)
        later(server)
        now = int(server.clock.now())
        use(server, *tokens)
        server.stop()
        with contextlib.closing(sqlite3.connect(server.params)) as table:
            assert {row[0] >= now - MINUTE for row in table.execute("SELECT last_seen_at FROM managed_session")} == {True}


@pytest.mark.sqlite
@pytest.mark.slow
def test_while_it_cannot_write_requests_do():
    """So a failure is seen, and what has failed is written later."""
    with host() as server:
        token = sign_in(server)
        use(server, token)
        served(server)
        with refused(server):
            later(server)
            use(server, token)
            eventually(lambda: "rejected the statement TOUCH_BY_ID" in server.new_log(), "a touch that fails")
            server.expect("MS0004")
        later(server)
        use(server, token)
        written(server, token)
        assert touches(server) == ["TOUCH"]


@pytest.mark.sqlite
@pytest.mark.slow
def test_a_database_without_json_gets_a_statement_for_each():
    """It is tried again after a minute. As a table, json_each is no function any more."""
    with host() as server:
        tokens = [sign_in(server) for _ in range(5)]
        use(server, *tokens)
        served(server)
        server._sql("CREATE TABLE json_each (id INTEGER)", ())
        later(server)
        use(server, *tokens)
        written(server, *tokens)
        eventually(lambda: "MS0265" in server.new_log(), "a warning")
        later(server)
        use(server, *tokens)
        written(server, *tokens)
        assert touches(server) == ["TOUCH_BY_ID"] * 5
        server._sql("DROP TABLE json_each", ())
        server.clock.wait(61)
        before = polls(server)
        eventually(lambda: polls(server) > before + 1, "a poll")
        use(server, *tokens)  # they are not in the cache any more
        later(server)
        use(server, *tokens)
        written(server, *tokens)
        assert set(touches(server)) == {"TOUCH_MANY"} and server.new_log().count("MS0265") == 1


@contextlib.contextmanager
def refused(server):
    """The rows of sessions cannot be changed."""
    refuse(server, "1 = 1")
    try:
        yield
    finally:
        accept(server)


def refuse(server, condition: str) -> None:
    if databases.NAME == "sqlite":
        server._sql(f"CREATE TRIGGER refuse BEFORE UPDATE ON managed_session WHEN {condition.replace('row.', 'new.')} "
                    "BEGIN SELECT RAISE(ABORT, 'refused'); END", ())
    elif databases.NAME == "mysql":
        server._sql(f"CREATE TRIGGER refuse BEFORE UPDATE ON managed_session FOR EACH ROW "
                    f"IF {condition.replace('row.', 'NEW.')} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'; END IF", ())
    else:
        server._sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$", ())
        server._sql(f"CREATE TRIGGER refuse BEFORE UPDATE ON managed_session FOR EACH ROW WHEN ({condition.replace('row.', 'NEW.')}) "
                    "EXECUTE FUNCTION refuse()", ())


def accept(server) -> None:
    server._sql("DROP TRIGGER refuse" + (" ON managed_session" if databases.NAME == "pgsql" else ""), ())
    if databases.NAME == "pgsql":
        server._sql("DROP FUNCTION refuse()", ())


def test_one_that_the_database_rejects_keeps_no_other_from_being_written():
    with host() as server:
        bad, others = sign_in(server), [sign_in(server) for _ in range(5)]
        use(server, bad, *others)
        served(server)
        refuse(server, f"row.session_id = '{bad[:22]}'")
        later(server)
        before = seen(server, bad)
        use(server, bad, *others)
        eventually(lambda: seen(server, others[0]) > before + 30 or "MS0004" in server.new_log(), "an attempt")
        written(server, *others)
        assert seen(server, bad) == before and get(server, "/app/", bad).status == 200
        accept(server)
        later(server)
        use(server, bad)
        written(server, bad)
        server.expect("MS0004|MS0265")
