# SPDX-License-Identifier: Apache-2.0
"""Statements that go past apr_dbd: what the database does to them, and that no request fails for it."""
import contextlib
import http.client
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import clusters
import databases
from databases import PostgreSQL
from harness import JSON, PAGE, SITE, TOOL, Server, eventually, get, post, sign_in
from load import Load

UNCACHED = "ManagedSessionCacheTTL 0\n"
CHEAP = SITE.replace('/passwords"', '/cheap"')
ONE_CHILD = "MaxRequestWorkers 16\nMaxSpareThreads 16\n"
BY_SQLITE = pytest.mark.skipif(databases.NAME != "sqlite", reason="SQLite's own")

# ---- SQLite ---------------------------------------------------------------------------------------


def mapped_by(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(re.search(r"/sessions\.db$", pathlib.Path(f"/proc/{pid}/maps").read_text(), re.M))
    return False


@BY_SQLITE
@pytest.mark.sqlite
@pytest.mark.parametrize("size, is_mapped", [("64M", True), ("0", False), (None, False)])
def test_the_database_is_mapped_if_the_administrator_says_so(size, is_mapped):
    setting = f"ManagedSessionSQLiteMmap {size}\n" if size else ""
    with Server(SITE + UNCACHED + setting) as server:
        token = sign_in(server)
        assert get(server, "/app/", token).text == PAGE
        assert any(map(mapped_by, server.children())) == is_mapped


@BY_SQLITE
@pytest.mark.sqlite
def test_a_writer_that_finds_the_database_locked_waits():
    with Server(SITE) as server, contextlib.closing(sqlite3.connect(server.db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = []
        signing_in = threading.Thread(target=lambda: answers.append(post(server, "/login", {"username": "bob", "password": "builder"})))
        signing_in.start()
        signing_in.join(0.3)
        other.execute("COMMIT")
        signing_in.join()
        assert answers[0].status == 303 and answers[0].token()


@BY_SQLITE
@pytest.mark.sqlite
def test_a_database_that_is_damaged_signs_nobody_out():
    with Server(SITE + UNCACHED, extra=ONE_CHILD) as server:
        token = sign_in(server)
        server.stop()
        with contextlib.closing(sqlite3.connect(server.db)) as connection:
            page, = connection.execute("PRAGMA page_size").fetchone()
        with open(server.db, "r+b") as file:
            file.seek(page)  # the first one has the schema, and stays
            file.write(os.urandom(server.db.stat().st_size - page))
        server.expect(r"MS000[24]|dbd:error", status_5xx=True)
        server.start()
        answer = get(server, "/app/", token)
        assert answer.status == 503 and not answer.cookies()
        server.expect(r"MS000[24]|dbd:error", status_5xx=True)


@BY_SQLITE
@pytest.mark.sqlite
def test_the_log_of_a_database_does_not_grow_with_what_is_written():
    """A commit of ours writes it back when it is long; what is written next begins it again."""
    with Server(SITE, extra=ONE_CHILD) as server:
        log = server.db.with_name("sessions.db-wal")
        with contextlib.closing(sqlite3.connect(server.db, isolation_level=None)) as other:
            other.execute("PRAGMA wal_autocheckpoint=0")
            other.execute("CREATE TABLE much (a)")
            for _ in range(4):
                other.execute("INSERT INTO much VALUES (zeroblob(6000000))")
                token = sign_in(server)
            assert 5_000_000 < log.stat().st_size < 8_000_000
            assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert get(server, "/app/", token).text == PAGE


@BY_SQLITE
@pytest.mark.sqlite
@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_connections_are_closed_with_their_statements(mpm):
    """SQLite removes the log when the last connection is closed, and only if each statement of it has been finalized."""
    one = "MaxRequestWorkers 1\n" if mpm == "prefork" else ONE_CHILD  # two that end together each leave it to the other
    with Server(SITE + UNCACHED, mpm=mpm, extra=one) as server:
        token = sign_in(server)
        assert get(server, "/app/", token).text == PAGE
        assert len(get(server, "/sessions", token, JSON).json()["sessions"]) == 1
        server.expect("MaxRequestWorkers")
        assert server.db.with_name("sessions.db-wal").exists()
        server.stop()
        assert not server.db.with_name("sessions.db-wal").exists()
        server.start()
        assert get(server, "/app/", token).text == PAGE


@BY_SQLITE
@pytest.mark.sqlite
@pytest.mark.slow
def test_children_that_are_killed_while_they_write_keep_no_other_from_it():
    """Neither SQLite's lock nor the queue before it."""
    crowd = "StartServers 3\nThreadsPerChild 8\nMaxRequestWorkers 64\nMinSpareThreads 16\nMaxSpareThreads 64\nServerLimit 16\n"
    with Server(CHEAP + "ManagedSessionLoginLimit 0\nManagedSessionLimit 0\n", extra=crowd, without="cgid") as server, ThreadPoolExecutor(12) as visitors:
        subprocess.run(["htpasswd", "-bsc", server.root / "cheap", "alice", "wonderland"], check=True, capture_output=True)
        over = threading.Event()

        def visit(_) -> int:
            made = 0
            while not over.is_set():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    made += post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 303
            return made

        visiting = [visitors.submit(visit, i) for i in range(12)]
        server.expect("AH00052|AH00051|AH03490|exit signal Killed", status_5xx=True)
        try:
            for _ in range(4):
                before = server.rows()
                eventually(lambda: server.rows() > before + 10, "sign-ins go on")
                for child in server.children()[:2]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
        finally:
            over.set()
        assert sum(each.result() for each in visiting) > 40
        assert get(server, "/app/", sign_in(server)).text == PAGE


# ---- PostgreSQL -----------------------------------------------------------------------------------

WHY_NOT = clusters.missing("postgresql", "pgbouncer", "libaprutil1-dbd-pgsql", "python3-psycopg2")
ON_POSTGRESQL = [pytest.mark.sqlite, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
                 pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")]


def postgresql(test):
    for mark in ON_POSTGRESQL:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def instance():
    found = PostgreSQL()
    found.administer("ALTER SYSTEM SET log_statement = 'all'")
    found.administer("SELECT pg_reload_conf()")
    yield found
    found.remove()


def log_of(instance) -> str:
    return (instance.folder / "log").read_text(errors="replace")


@postgresql
def test_what_each_request_needs_is_planned_once_for_a_connection(instance):
    with Server(SITE + UNCACHED, database=instance, extra=ONE_CHILD) as server:
        token = sign_in(server)
        for _ in range(20):
            assert get(server, "/app/", token).text == PAGE
    named = re.findall(r"execute (ms_\w+): SELECT secret_hash", log_of(instance))
    assert len(named) == 20 and len(set(named)) == 1
    assert not re.search(r"execute <unnamed>: SELECT secret_hash", log_of(instance))


@postgresql
def test_a_statement_that_fails_is_not_planned_again(instance):
    """The server would keep each of them for as long as the connection lasts."""
    with Server(SITE + UNCACHED + "ManagedSessionTouchInterval 1\n", database=instance, extra=ONE_CHILD) as server:
        token = sign_in(server)
        server.sql("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$")
        server.sql("CREATE TRIGGER no BEFORE UPDATE ON managed_session FOR EACH ROW EXECUTE FUNCTION no()")
        start = len(log_of(instance))
        server.expect("MS0004")
        eventually(lambda: get(server, "/app/", token).text == PAGE and "ERROR:  no" in log_of(instance)[start:], "it was used, a second later")
    named = re.findall(r"execute (\S+): UPDATE managed_session SET last_seen_at", log_of(instance)[start:])
    assert len(named) > 1 and len(set(named)) == 1 and named[0] != "<unnamed>"


@postgresql
def test_a_killed_connection_is_made_again_and_prepared_again(instance):
    with Server(SITE + UNCACHED, database=instance, extra=ONE_CHILD) as server:
        token = sign_in(server)
        for _ in range(5):
            assert get(server, "/app/", token).text == PAGE
            instance.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 't{instance.made}'")
        assert get(server, "/app/", token).text == PAGE


@postgresql
def test_a_column_that_gets_another_type_meanwhile(instance):
    """The plan is of no use then, and its name stays taken."""
    with Server(SITE + UNCACHED, database=instance, extra=ONE_CHILD) as server:
        token = sign_in(server)
        for kind in ("TEXT", "VARCHAR(32)", "TEXT"):
            assert get(server, "/app/", token).text == PAGE
            server.sql(f"ALTER TABLE managed_session ALTER COLUMN auth_method TYPE {kind}")
            assert [get(server, "/app/", token).text for _ in range(3)] == [PAGE] * 3
        assert "cached plan must not change" in log_of(instance)


@postgresql
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_forgets_what_is_prepared(instance, mode):
    """Two connections to the server for all: names are soon not known, or taken. From then on there are none."""
    bouncer = clusters.PgBouncer(instance, mode, "default_pool_size = 2\n" + clusters.forgets_prepared())
    try:
        with Server(clusters.SITE + "DBDMin 4\nDBDKeep 6\nDBDMax 8\n", database=bouncer) as server:
            tokens = {user: sign_in(server, user) for user in ("alice", "bob")}
            with Load(server, times=6, **tokens) as load:
                load.another(200)
                eventually(lambda: re.search(r"prepared statement \"ms_\w+\" (does not exist|already exists)", log_of(instance)),
                           "a name that the server does not know, or knows already")
                load.another(200)
            assert not load.wrong, load.wrong[:5]
            assert not any(set(found) - {200, 401} for found in load.found.values()), load.found
    finally:
        bouncer.remove()
