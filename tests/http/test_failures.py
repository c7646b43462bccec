# SPDX-License-Identifier: Apache-2.0
"""A database server that goes away under load, in many ways, and comes back: 503 meanwhile, and no user is signed out."""
import contextlib
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import databases
import faults
from harness import DEADLINE, PAGE, PASSWORDS, SITE, TOOL, Server, eventually, get, post, random_token, sign_in
from load import WHO, Load

pytestmark = [pytest.mark.skipif(databases.NAME == "sqlite", reason="SQLite has no server"),
              pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")]
PGSQL = databases.NAME == "pgsql"
ALLOWED = r"AH00161|AH00286|AH00484|MS000\d|AH006\d\d|AH0063\d|dbd|exit signal (?:Killed|Terminated)"


@pytest.fixture
def own_database():
    """A server of its own, for it will be ill-treated."""
    if databases.missing():
        pytest.skip("not installed")
    instance = databases.KINDS[databases.NAME]()
    yield instance
    instance.remove()


def site(instance, more: str = "", **options) -> Server:
    server = Server(SITE + WHO + more, database=instance, **options)
    bounds = " tcp_user_timeout=2000 options='-c statement_timeout=1500'" if PGSQL else ""
    config = server.root / "httpd.conf"
    config.write_text(config.read_text().replace(server.params, server.params + bounds))
    return server


class Stopped:
    def __init__(self, how: int):
        self.how = how

    def begin(self, instance) -> None:
        instance.stop(self.how)

    def end(self, instance) -> None:
        instance.start()


class Locked:
    """Another connection locks the table."""

    def begin(self, instance) -> None:
        self.connection = instance.connect(instance.params(f"t{instance.made}"))
        self.connection.autocommit = False if PGSQL else self.connection.autocommit
        cursor = self.connection.cursor()
        cursor.execute("LOCK TABLE managed_session IN ACCESS EXCLUSIVE MODE" if PGSQL else "LOCK TABLES managed_session WRITE")

    def end(self, _instance) -> None:
        self.connection.close()


class Expelled:
    """The role may not come in any more: its connections are cut, and its password is another one."""

    def begin(self, instance) -> None:
        if PGSQL:
            instance.administer("CREATE ROLE admin SUPERUSER LOGIN")
            self.admin = instance.connect(instance.params("postgres").replace("user=test", "user=admin"))
            self.admin.cursor().execute("ALTER ROLE test NOLOGIN")
            self.admin.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test'")
        else:
            instance.administer("CREATE USER admin@'127.0.0.1' IDENTIFIED BY 'x'")
            instance.administer("GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION")
            self.admin = instance.connect(instance.params("mysql").replace("user=test", "user=admin").replace("secret", "x"))
            self.admin.cursor().execute("SET PASSWORD FOR test@'127.0.0.1' = PASSWORD('another')")
            cursor = self.admin.cursor()
            cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'test'")
            for (id_,) in cursor.fetchall():
                self.admin.cursor().execute(f"KILL {id_}")

    def end(self, _instance) -> None:
        self.admin.cursor().execute("ALTER ROLE test LOGIN" if PGSQL else
                                    f"SET PASSWORD FOR test@'127.0.0.1' = PASSWORD('{databases.PASSWORD}')")
        self.admin.close()


class Frozen:
    """Its processes stand still, while their host goes on answering for them: no limit of libpq's or the connector's applies."""

    def processes(self, instance) -> list[int]:
        """Each of PostgreSQL's is of a group of its own."""
        found = subprocess.run(["pgrep", "-P", str(instance.process.pid)], capture_output=True, text=True)
        return [instance.process.pid, *map(int, found.stdout.split())]

    def begin(self, instance) -> None:
        """The one that starts the others first: one that it starts meanwhile would go on."""
        instance.process.send_signal(signal.SIGSTOP)
        for pid in self.processes(instance):
            os.kill(pid, signal.SIGSTOP)

    def end(self, instance) -> None:
        for pid in self.processes(instance):
            os.kill(pid, signal.SIGCONT)


WAYS = {"stopped": Stopped(signal.SIGTERM), "stopped at once": Stopped(signal.SIGQUIT if PGSQL else signal.SIGKILL),
        "killed": Stopped(signal.SIGKILL), "expelled": Expelled()}
WAYS |= {"locked": Locked()} if PGSQL else {}


@pytest.mark.parametrize("way", WAYS)
def test_a_database_that_goes_away_and_comes_back(own_database, way):
    fault = WAYS[way]
    with site(own_database) as server:
        server.expect(ALLOWED, status_5xx=True)
        token = sign_in(server)
        with Load(server, alice=token) as load:
            load.another(200)
            started = time.monotonic()
            fault.begin(own_database)
            load.another(503)
            assert get(server, "/").status == 200, "what needs no session is not concerned"
            answer = post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]})
            assert answer.status == 503 and not answer.cookies()
            load.every_request_ends()
            fault.end(own_database)
            load.another(200)
            lasted = time.monotonic() - started
        assert not load.wrong, load.wrong[:5]
        # one line a second, beside mod_dbd's own lines; of other errors, one from each child
        lines = len(re.findall(r"MS000\d", server.new_log()))
        assert 1 <= lines <= 2 * (lasted + 2), lines
        server.expect(ALLOWED, status_5xx=True)


# What mod_dbd logs if it cannot connect: at first, and later.
NOT_CONNECTED = r"AH00629|AH00630"
ALL_OF_DBD = rf"{NOT_CONNECTED}|AH00633|AH00639|AH02655"
EIGHT_CHILDREN = "StartServers 8\nMinSpareServers 1\nMaxSpareServers 8\nServerLimit 8\nMaxRequestWorkers 8\n"


def lines(server, pattern: str) -> int:
    return len(re.findall(pattern, server.new_log()))


def test_a_request_tries_twice_to_connect_and_later_ones_once(own_database):
    """Nor does mod_dbd log more than that."""
    with site(own_database, extra="MaxRequestWorkers 16\nMaxSpareThreads 16\n") as server:
        server.expect(ALLOWED, status_5xx=True)
        token = sign_in(server)
        own_database.stop()
        server.age_cache()
        assert get(server, "/app/", token).status == 503
        assert 1 <= lines(server, NOT_CONNECTED) <= 2 and lines(server, ALL_OF_DBD) <= 6
        for more in range(1, 3):
            before, first = lines(server, NOT_CONNECTED), time.monotonic()
            while lines(server, NOT_CONNECTED) == before:
                assert get(server, "/app/", token).status == 503
            assert lines(server, NOT_CONNECTED) <= before + 1 + int(time.monotonic() - first), "one a second"
        own_database.start()
        eventually(lambda: get(server, "/app/", token).status == 200, "the page")
        server.expect(ALLOWED, status_5xx=True)


def test_all_children_together_try_to_connect_once_a_second(own_database):
    """After each has found that its own connection is dead; the process that polls the feed is one of them."""
    feed = "ManagedSessionCacheTTL 1s\nManagedSessionCacheLife 5m\n"
    with site(own_database, feed, mpm="prefork", extra=EIGHT_CHILDREN) as server, ThreadPoolExecutor(8) as visitors:
        server.expect(ALLOWED + "|MS0196", status_5xx=True)
        token = sign_in(server)
        assert {answer.status for answer in visitors.map(lambda _: get(server, "/app/", token), range(32))} == {200}
        started = time.monotonic()
        own_database.stop()
        eventually(lambda: get(server, "/app/", random_token()).status == 503, "that it is noticed")
        while time.monotonic() - started < 5:
            assert {answer.status for answer in visitors.map(lambda _: get(server, "/app/", random_token()), range(8))} == {503}
        lasted = time.monotonic() - started
        first = 8 * 2
        assert lines(server, NOT_CONNECTED) <= first + lasted + 1
        assert lines(server, ALL_OF_DBD) <= 3 * first + 2 * (lasted + 1)
        assert 1 <= lines(server, "MS0001") <= lasted + 2, "one a second of ours"
        own_database.start()
        eventually(lambda: get(server, "/app/", token).status == 200, "the page")
        server.expect(ALLOWED + "|MS0196", status_5xx=True)


def bound_connecting(server) -> None:
    """PostgreSQL's limit is in DBDParams; MariaDB's connector has one in option files only, whose section DBDParams may name."""
    if not PGSQL:
        server.write("my.cnf", "[web]\nconnect-timeout=2\n")
        server.more_environment = {"MYSQL_HOME": str(server.root)}
        config = server.root / "httpd.conf"
        config.write_text(config.read_text().replace(server.params, server.params + ",group=web"))


def test_a_frozen_database_keeps_no_request_waiting_for_long(own_database):
    """Connections that do not respond are closed: those with a statement, and those that mod_dbd checks."""
    fault = Frozen()
    with site(own_database) as server:
        server.stop()
        bound_connecting(server)
        server.start()
        server.expect(ALLOWED, status_5xx=True)
        token = sign_in(server)
        with Load(server, alice=token, times=8) as load:
            load.another(200)
            fault.begin(own_database)
            try:
                load.another(503)
                assert get(server, "/").status == 200
                answer = post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]})
                assert answer.status == 503 and not answer.cookies()
                mark = "MS0008" if PGSQL else "MS0008|MS0001"  # mod_dbd pings MySQL first
                eventually(lambda: re.search(mark, server.new_log()), "a connection that does not respond is closed")
                for _ in range(3):  # those that waited, those that then took a connection that is not checked yet, and the next
                    load.every_request_ends()
                load.another(503)
            finally:
                fault.end(own_database)
            load.another(200)
        assert not load.wrong, load.wrong[:5]
        eventually(lambda: get(server, "/app/", token).text == PAGE, "the page")
        server.expect(ALLOWED, status_5xx=True)


def test_a_lock_that_another_program_holds_keeps_no_request_waiting_for_long():
    """Without any limit of the database itself, which may be a minute, or missing."""
    with Server(SITE + WHO) as server:
        token = sign_in(server)
        with contextlib.closing(server.database.connect(server.params)) as holder:
            cursor = holder.cursor()
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM managed_session FOR UPDATE")
            server.expect("MS0008", status_5xx=True)
            answer = post(server, "/logout", {}, token, headers=[("Sec-Fetch-Site", "same-origin")])
            assert answer.status == 503 and answer.headers["Retry-After"] and not answer.cookies()
            assert "MS0008" in server.new_log()
            assert get(server, "/app/", token).text == PAGE
            server.expects_5xx = False


def test_a_table_that_is_locked_at_the_start_keeps_no_request_waiting_for_long():
    """It is looked for on each new connection, and that waits too."""
    with Server(SITE + WHO) as server:
        token = sign_in(server)
        server.stop()
        with contextlib.closing(server.database.connect(server.params)) as holder:
            cursor = holder.cursor()
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE managed_session IN ACCESS EXCLUSIVE MODE" if PGSQL else "LOCK TABLES managed_session WRITE")
            server.expect("MS000[128]", status_5xx=True)
            server.start()
            answer = get(server, "/app/", token)
            assert answer.status == 503 and answer.headers["Retry-After"]
            assert re.search(r"MS0008: .* did not respond within 5 seconds", server.new_log())
        eventually(lambda: get(server, "/app/", token).text == PAGE, "the page")


def clean_ups_that_wait(connection) -> int:
    cursor = connection.cursor()
    cursor.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE%'" if PGSQL else
                   "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%lock%' AND info LIKE 'DELETE%'")
    return cursor.fetchone()[0]


@pytest.mark.slow
@pytest.mark.parametrize("connection", ["the first one", "made again"])
def test_a_child_ends_though_its_clean_up_waits_for_a_locked_table(own_database, connection):
    """Not before the statement has, and that is cut for it, also on a connection that the driver has made again."""
    with Server(SITE + WHO + "ManagedSessionCleanupInterval 1s\n", database=own_database, without="cgid") as server:
        sign_in(server)
        server.expect("MS000[48]|dbd|AH0063")
        children = server.children()
        eventually(lambda: "cleaned: " in server.error_log(), "a clean-up")
        if connection == "made again":
            cut_all(own_database)
            server.connection, seen = None, server.error_log().count("cleaned: ")
            eventually(lambda: server.error_log().count("cleaned: ") > seen + 1, "a clean-up on another connection")
        with contextlib.closing(server.database.connect(server.params)) as holder, contextlib.closing(server.database.connect(server.params)) as watcher:
            cursor = holder.cursor()
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE managed_session IN ACCESS EXCLUSIVE MODE" if PGSQL else "LOCK TABLES managed_session WRITE")
            eventually(lambda: clean_ups_that_wait(watcher), "a clean-up that waits")
            server.graceful()
            eventually(lambda: not set(children) & set(server.children()), "the end of the children")


def cut_all(instance) -> None:
    if PGSQL:
        instance.administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test' AND pid <> pg_backend_pid()")
        return
    with contextlib.closing(instance.connect(instance.params("mysql"))) as admin:
        cursor = admin.cursor()
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'test' AND id <> CONNECTION_ID()")
        for (id_,) in cursor.fetchall():
            admin.cursor().execute(f"KILL {id_}")


def test_idle_connections_that_the_server_cut_are_noticed_by_no_visitor(own_database):
    """Wait_timeout, a firewall, a fail-over."""
    with site(own_database, "DBDMin 2\nDBDKeep 4\n") as server:
        token = sign_in(server)
        for _ in range(4):
            assert get(server, "/app/", token).status == 200
        cut_all(own_database)
        server.connection = None
        server.expects_5xx = False
        server.expect("AH0063|dbd")
        for _ in range(20):
            answer = get(server, "/app/", token)
            assert answer.status == 200 and not answer.cookies()


def test_nor_is_one_that_was_cut_before_its_first_use(own_database):
    """The second of a pool, needed when two requests query at once."""
    plan = faults.Faults()
    with plan.give_to(site(own_database, "DBDMin 2\nDBDKeep 2\n")) as server, ThreadPoolExecutor(1) as visitors:
        token = sign_in(server)
        server.age_cache()
        plan.plan(faults.BLOCK, kinds=[faults.FETCH])
        first = visitors.submit(get, server, "/app/", token)
        eventually(lambda: plan.waiting == 1, "one that holds the first")
        cut_all(own_database)
        server.connection = None
        server.expect("AH0063|dbd")
        assert get(server, "/app/", token).status == 200
        plan.end()
        assert first.result(DEADLINE).status == 200


def test_no_more_connections_than_configured(own_database):
    """DBDMax for each child."""
    with site(own_database, "DBDMin 1\nDBDKeep 2\nDBDMax 3\n") as server:
        token = sign_in(server)
        with Load(server, alice=token) as load:
            load.another(200)
            time.sleep(0.5)
            counting = own_database.connect(own_database.params("postgres" if PGSQL else "mysql"))
            cursor = counting.cursor()
            cursor.execute(f"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = 't{own_database.made}'" if PGSQL else
                           f"SELECT COUNT(*) FROM information_schema.processlist WHERE db = 't{own_database.made}'")
            [(n,)] = cursor.fetchall()
            counting.close()
        children = len(server.children())
        assert 1 <= n <= 3 * children + 1, "and the test's own"
        assert not load.wrong, load.wrong[:5]


def test_a_server_that_has_no_connection_left_is_like_one_that_is_gone(own_database):
    with site(own_database, "DBDMin 0\nDBDKeep 1\nDBDMax 4\nDBDExptime 1\n") as server:
        server.expect(ALLOWED, status_5xx=True)
        token = sign_in(server)
        held = []
        try:
            while len(held) < 400:
                held.append(own_database.connect(own_database.params(f"t{own_database.made}")))
        except Exception:  # each client has its own for "too many connections"
            pass
        statuses = {get(server, "/app/", token).status for _ in range(5)}
        assert statuses <= {200, 503}
        for connection in held:
            connection.close()
        server.connection = None
        eventually(lambda: get(server, "/app/", token).status == 200, "as before")
