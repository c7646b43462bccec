# SPDX-License-Identifier: Apache-2.0
"""A table made by the version before: it is upgraded while it is used, or used as it is; and the version before works on ours."""
import concurrent.futures
import hashlib
import re
import threading
import time

import pytest

import databases
import harness
from harness import JSON, SITE, Server, eventually, get, post, random_token, sign_in

SQLITE, PGSQL, MYSQL = (databases.NAME == name for name in ("sqlite", "pgsql", "mysql"))
UPGRADE_FILE = {"sqlite": "upgrade-2-sqlite.sql", "pgsql": "upgrade-2-postgresql.sql", "mysql": "upgrade-2-mysql.sql"}[databases.NAME]
NEW = ["ended_at", "end_reason", "ended_by", "name", "kind"]
OFF = SITE + "ManagedSessionCreateTable Off\n"

# Schema 1, word for word as its version made it.
STANDARD = ["""CREATE TABLE managed_session (
 session_id CHAR(22) PRIMARY KEY, secret_hash CHAR(64) NOT NULL, realm VARCHAR(255) NOT NULL, user_name VARCHAR(255) NOT NULL,
 created_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, max_expires_at BIGINT NOT NULL,
 created_ip VARCHAR(45) NOT NULL, last_ip VARCHAR(45) NOT NULL, user_agent VARCHAR(512) NOT NULL, label VARCHAR(255),
 auth_method VARCHAR(32) NOT NULL, persistent SMALLINT NOT NULL)""",
            "CREATE INDEX managed_session_user ON managed_session (realm, user_name)",
            "CREATE INDEX managed_session_expires ON managed_session (expires_at)",
            "CREATE INDEX managed_session_newest ON managed_session (realm, created_at, session_id)",
            "CREATE INDEX managed_session_made ON managed_session (realm, created_ip, created_at, session_id)",
            "CREATE INDEX managed_session_used ON managed_session (realm, last_ip, created_at, session_id)"]
MARIADB = ["""CREATE TABLE managed_session (
 session_id CHAR(22) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
 secret_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
 realm VARBINARY(1020) NOT NULL, user_name VARBINARY(1020) NOT NULL,
 created_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, max_expires_at BIGINT NOT NULL,
 created_ip VARCHAR(45) CHARACTER SET ascii NOT NULL, last_ip VARCHAR(45) CHARACTER SET ascii NOT NULL,
 user_agent VARBINARY(2048) NOT NULL, label VARBINARY(1020), auth_method VARCHAR(32) CHARACTER SET ascii NOT NULL,
 persistent SMALLINT NOT NULL,
 KEY managed_session_user (realm, user_name), KEY managed_session_expires (expires_at),
 KEY managed_session_newest (realm, created_at, session_id), KEY managed_session_made (realm, created_ip, created_at, session_id),
 KEY managed_session_used (realm, last_ip, created_at, session_id)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"""]
SCHEMA_1 = MARIADB if MYSQL else STANDARD


def old_table(server: Server) -> Server:
    """A table of schema 1 is there before httpd starts."""
    if SQLITE:
        server.db.touch()
        if server.user:
            harness.shutil.chown(server.db, server.user)
        server.sql("PRAGMA journal_mode=WAL")
    for statement in SCHEMA_1:
        server.sql(statement)
    return server


def columns(server) -> list[str]:
    if SQLITE:
        return [row[1] for row in server.sql("SELECT * FROM pragma_table_info('managed_session')")]
    where = "table_schema = DATABASE()" if MYSQL else "table_schema = current_schema()"
    return [row[0] for row in server.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'managed_session' "
                                         f"AND {where} ORDER BY ordinal_position")]


def indexes(server) -> str:
    return str(server.sql({"sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'", "pgsql": "SELECT indexname FROM pg_indexes",
                           "mysql": "SHOW INDEX FROM managed_session"}[databases.NAME]))


def old_insert(server, user: str) -> str:
    """What the version before does at a sign-in; the token."""
    token, now = random_token(), int(time.time())
    server.sql("INSERT INTO managed_session (session_id, secret_hash, realm, user_name, created_at, last_seen_at, expires_at, "
               "max_expires_at, created_ip, last_ip, user_agent, label, auth_method, persistent) "
               "VALUES (?, ?, 'app.test', ?, ?, ?, ?, ?, '::1', '::1', '', NULL, 'form', 0)",
               token[:22], hashlib.sha256(token[23:].encode()).hexdigest(), user, now, now, now + 3600, now + 3600)
    return token


def story(server, token: str) -> None:
    """All that the pages do, beginning with a session that is there already."""
    assert get(server, "/app/", token).status == 200
    second = sign_in(server)
    assert {s["id"] for s in get(server, "/sessions", second, JSON).json()["sessions"]} >= {second[:22]}
    assert harness.request(server, "DELETE", "/sessions?scope=others", {"Cookie": f"{harness.COOKIE}={second}"}).status == 200
    assert post(server, "/logout", {}, second).status == 303
    assert get(server, "/app/", second).status == 401


def test_a_table_of_before_is_upgraded_at_the_start_and_its_sessions_stay():
    with old_table(Server()) as server:
        eventually(lambda: columns(server)[14:] == NEW, "the upgrade")
        token = old_insert(server, "alice")
        assert server.sql("SELECT ended_at, end_reason, ended_by, name, kind FROM managed_session") == [(None, None, None, None, 0)]
        story(server, token)
        assert "managed_session_ended" in indexes(server)
        log = server.error_log()
        assert re.search(r':notice\].*MS0181: the table "managed_session" has been upgraded to schema 2', log) and "MS0180" not in log


def test_a_table_of_before_has_no_app_passwords_and_says_so():
    config = OFF + '<Location "/sessions">\nManagedSessionAppPasswords On\n</Location>\n'
    with old_table(Server(config)) as server:
        browser = server.browser()
        browser.sign_in()
        assert "App passwords" in browser.go("/sessions").text
        browser.go("/sessions?app=new")
        server.expects_5xx = True
        answer = browser.submit({"name": "phone"}, action="make-app")
        assert answer.status == 501 and "must be upgraded first" in answer.text
        answer = harness.request(server, "POST", "/sessions", {"Cookie": f"{harness.COOKIE}={browser.token}", "Content-Type": "application/json"},
                                 b'{"kind": "app", "name": "phone"}')
        assert (answer.status, answer.json()["code"]) == (409, "no_app_passwords")
        assert server.sql("SELECT COUNT(*) FROM managed_session") == [(1,)]


def test_the_next_start_finds_nothing_to_do():
    with old_table(Server()) as server:
        eventually(lambda: columns(server)[14:] == NEW, "the upgrade")
        start = server.log_size()
        server.graceful()
        eventually(lambda: "resuming normal operations" in server.error_log(start), "a restart")
        assert get(server, "/app/", old_insert(server, "alice")).status == 200
        assert "MS018" not in server.error_log(start)


def test_sessions_made_before_are_live_after_an_upgrade_on_the_way():
    """An upgrade of httpd's module: children of before serve while those of after alter the table."""
    server = old_table(Server(OFF, extra="ServerLimit 6\n"))  # children of three generations
    with server:
        server.expect("MS0180")
        token = sign_in(server)
        config = server.root / "httpd.conf"
        config.write_text(config.read_text().replace("ManagedSessionCreateTable Off", "ManagedSessionCreateTable On"))
        start, over = server.log_size(), threading.Event()

        def visit(number: int) -> set:
            seen = set()
            while not over.is_set():
                seen.add(get(server, "/app/", token).status)
                seen.add(get(server, "/sessions", token, JSON).status)
                mine = post(server, "/login", {"username": "bob", "password": "builder"})
                seen |= {mine.status, post(server, "/logout", {}, mine.token()).status}
            return seen

        with concurrent.futures.ThreadPoolExecutor(4) as visitors:
            visiting = [visitors.submit(visit, i) for i in range(4)]
            server.graceful()
            eventually(lambda: "MS0181" in server.error_log(start), "the upgrade")
            eventually(lambda: columns(server)[14:] == NEW, "the columns")
            server.graceful()
            eventually(lambda: server.error_log(start).count("resuming normal operations") >= 2, "a restart")
            over.set()
            assert [each.result(harness.DEADLINE) for each in visiting] == [{200, 303}] * 4
        story(server, token)


def test_many_children_at_once_upgrade_it_once():
    with old_table(Server(mpm="prefork", extra="StartServers 8\nMinSpareServers 8\n")) as server:
        eventually(lambda: columns(server)[14:] == NEW, "the upgrade")
        story(server, old_insert(server, "alice"))
        assert "MS0180" not in server.error_log()


def test_many_hosts_at_once_upgrade_it_once():
    """Each with a mod_dbd of its own, on one database."""
    first = old_table(Server())
    hosts = [first, *(Server() for _ in range(3))]
    for host in hosts[1:]:
        config = host.root / "httpd.conf"
        config.write_text(config.read_text().replace(str(host.params), str(first.params)))
    try:
        with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
            list(pool.map(Server.start, hosts))
        eventually(lambda: columns(first)[14:] == NEW, "the upgrade")
        token = sign_in(first)
        for host in hosts:
            assert get(host, "/app/", token).status == 200
            assert "MS0180" not in host.error_log() and "error]" not in host.error_log()
    finally:
        for host in reversed(hosts):
            host.stop()
            host.remove()


def test_a_table_of_before_keeps_no_names_and_says_so():
    with old_table(Server(OFF)) as server:
        browser = server.browser()
        browser.sign_in()
        browser.go("/sessions")
        answer = browser.submit({"name": "desk"}, action="rename")
        assert answer.status == 409 and "keeps no names" in answer.text and "Retry-After" not in answer.headers
        target, cookie = f"/sessions/{browser.token[:22]}", {"Cookie": f"{harness.COOKIE}={browser.token}"}
        answer = harness.request(server, "PATCH", target, {**cookie, "Content-Type": "application/json"}, b'{"name": "desk"}')
        assert (answer.status, answer.json()["code"]) == (409, "no_names")


def test_off_names_the_file_and_the_old_table_works_until_it_is_run():
    with old_table(Server(OFF)) as server:
        token = sign_in(server)
        story(server, token)
        assert columns(server)[14:] == [] and server.sql("SELECT COUNT(*) FROM managed_session") == [(0,)], "what ends is deleted"
        line = re.search(r":warn\].*(MS0180: .*)", server.error_log())[1]
        assert f"conf/schema/{UPGRADE_FILE}" in line and '"managed_session"' in line and "CreateTable" in line
        for statement in databases.schema_file(UPGRADE_FILE):
            server.sql(statement)
        assert columns(server)[14:] == NEW and "managed_session_ended" in indexes(server)
        story(server, sign_in(server))
        start = server.log_size()
        server.graceful()
        eventually(lambda: "resuming normal operations" in server.error_log(start), "a restart")
        story(server, sign_in(server))
        assert server.error_log().count("MS0180") <= 2  # one of each child of before


def test_an_old_table_has_no_feed_until_it_is_upgraded():
    """What ends is deleted there, and no other host would notice."""
    with old_table(Server(OFF + "ManagedSessionCacheTTL 1s\nManagedSessionCacheLife 5m\n")) as server:
        line = eventually(lambda: re.search(r":warn\].*MS0196: (.*)", server.error_log()), "a warning")[1]
        assert '"managed_session" (the table has an older schema)' in line
        story(server, sign_in(server))
        for statement in databases.schema_file(UPGRADE_FILE):
            server.sql(statement)
        server.graceful()
        eventually(lambda: "MS0197" in server.error_log(), "a poll")
        story(server, sign_in(server))


@pytest.mark.skipif(SQLITE, reason="SQLite has no roles")
def test_a_role_that_may_not_alter_the_table_uses_it_as_it_is():
    server = old_table(Server())
    name = f"few{harness.secrets.token_hex(4)}"
    if PGSQL:
        server.sql(f"CREATE ROLE {name} LOGIN")
        server.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON managed_session TO {name}")
        params = server.params.replace("user=test", f"user={name}")
    else:
        server.sql(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'x'")
        database = re.search(r"dbname=(\w+)", server.params)[1]
        server.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.* TO {name}@'127.0.0.1'")
        params = server.params.replace("user=test", f"user={name}").replace(f"pass={databases.PASSWORD}", "pass=x")
    config = server.root / "httpd.conf"
    config.write_text(config.read_text().replace(server.params, params))
    with server:
        story(server, sign_in(server))
        line = re.search(r":warn\].*(MS0180: .*)", server.error_log())[1]
        assert f"conf/schema/{UPGRADE_FILE}" in line and re.search("must be owner|denied", line)
        assert columns(server)[14:] == []


@pytest.mark.skipif(not SQLITE, reason="SQLite's table is upgraded in a way of its own")
def test_what_cannot_be_upgraded_in_a_file_is_used_as_it_is():
    """A view of another program's table, say."""
    server = old_table(Server())
    server.sql("ALTER TABLE managed_session RENAME TO elsewhere")
    server.sql("CREATE VIEW managed_session AS SELECT * FROM elsewhere")
    with server:
        line = re.search(r":warn\].*(MS0180: .*)", server.error_log())[1]
        assert "the upgrade failed: Cannot add a column to a view" in line and UPGRADE_FILE in line
        server.sql("DROP VIEW managed_session")
        server.sql("ALTER TABLE elsewhere RENAME TO managed_session")
        assert columns(server)[14:] == []
        story(server, sign_in(server))


@pytest.mark.skipif(not SQLITE, reason="a file is SQLite's")
def test_while_another_program_writes_the_old_table_is_used():
    server = old_table(Server())
    other = databases.chosen().connect(server.params)
    other.isolation_level = None
    other.execute("BEGIN IMMEDIATE")
    starting = threading.Timer(8, other.execute, ["ROLLBACK"])  # in case the start waits for it for good
    with server:
        other.execute("COMMIT")
        starting.cancel()
        story(server, sign_in(server))
        assert columns(server)[14:] in ([], NEW)
        log = server.error_log()
        assert "MS0181" in log or re.search(r":warn\].*MS0180: .*the upgrade failed: .*locked", log)
    other.close()


@pytest.mark.skipif(SQLITE, reason="readers do not lock SQLite's table in WAL mode")
def test_a_reader_that_holds_the_table_delays_the_upgrade_and_no_request():
    """A dump, say: an ALTER that waits for it would make every request wait behind."""
    server = old_table(Server())
    other = databases.chosen().connect(server.params)
    try:
        cursor = other.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM managed_session")
        cursor.fetchall()
        with server:
            eventually(lambda: "MS0180" in server.error_log(), "that the upgrade is given up")
            story(server, sign_in(server))
            assert re.search(r"MS0180: .*the upgrade failed: .*(lock timeout|Lock wait timeout)", server.error_log())
            assert columns(server)[14:] == []
            cursor.execute("COMMIT")
            start = server.log_size()
            server.graceful()
            eventually(lambda: "MS0181" in server.error_log(start), "the upgrade")
            assert columns(server)[14:] == NEW
            story(server, sign_in(server))
    finally:
        other.close()


@pytest.mark.parametrize("there", [["ended_at"], ["kind", "name"], ["ended_at", "end_reason", "ended_by", "name"]])
def test_an_upgrade_that_was_cut_off_is_finished(there):
    server = old_table(Server())
    alter = {name: next(s for s in databases.schema_file(UPGRADE_FILE) if f" {name} " in s) for name in there}
    for name in there:
        server.sql(alter[name])
    with server:
        eventually(lambda: sorted(columns(server)[14:]) == sorted(NEW), "the upgrade")
        story(server, old_insert(server, "alice"))
        assert "MS0180" not in server.error_log()


def test_the_version_before_works_on_the_new_table():
    """Its statements name their columns; what it does not know has a default."""
    with Server() as server:
        sign_in(server, "bob")
        token = old_insert(server, "alice")
        assert server.sql("SELECT kind, ended_at FROM managed_session WHERE session_id = ?", token[:22]) == [(0, None)]
        story(server, token)


# What the version before does with a session, in words that all databases have.
OLD_FIND = "SELECT user_name FROM managed_session WHERE session_id = ? AND realm = 'app.test' AND expires_at > ?"
OLD_TOUCH = ("UPDATE managed_session SET last_seen_at = ?, last_ip = '::1', expires_at = ? WHERE session_id = ? AND realm = 'app.test' "
             "AND expires_at > ? AND last_seen_at <= ? AND max_expires_at >= ?")


def test_the_version_before_sees_an_end_and_cannot_undo_it():
    """Also if its clock is behind, and if its touch was under way."""
    with Server() as server:
        token, now = sign_in(server), int(time.time())
        assert server.sql(OLD_FIND, token[:22], now) == [("alice",)]
        assert post(server, "/logout", {}, token).status == 303
        assert server.sql(OLD_FIND, token[:22], int(time.time())) == []
        for clock in (now, now - 30):
            server.sql(OLD_TOUCH, clock, clock + 1800, token[:22], clock, clock + 60, clock + 1800)
        assert server.end_of(token) == ("signed_out", None) and server.sql(OLD_FIND, token[:22], int(time.time())) == []
        assert get(server, "/app/", token).status == 401


def test_what_the_version_before_deletes_has_ended():
    with Server() as server:
        token, other = sign_in(server), sign_in(server)
        assert get(server, "/app/", token).status == 200
        server.sql("DELETE FROM managed_session WHERE realm = 'app.test' AND user_name = 'alice' AND expires_at > ? AND session_id = ?",
                   int(time.time()), token[:22])
        assert get(server, "/app/", token).status == 401 and get(server, "/app/", other).status == 200
        assert [s["id"] for s in get(server, "/sessions", other, JSON).json()["sessions"]] == [other[:22]]


def test_the_clean_up_of_an_old_table_knows_expired_rows_only():
    with old_table(Server(OFF + "ManagedSessionCleanupInterval 1s\n")) as server:
        gone, token = old_insert(server, "bob"), old_insert(server, "alice")
        server.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", gone[:22])
        eventually(lambda: "statement: CLEANUP_ENDED" in server.error_log(), "a run")
        eventually(lambda: server.sql("SELECT user_name FROM managed_session") == [("alice",)], "the row gone")
        assert get(server, "/app/", token).status == 200


def test_a_column_of_before_that_is_missing_is_named_and_what_to_do():
    server = old_table(Server())
    server.sql("ALTER TABLE managed_session DROP COLUMN label")
    with server:
        server.expect("MS000", status_5xx=True)
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 503
        line = re.search(r"MS0002: .*", server.error_log())[0]
        assert "lacks columns (label)" in line and "add them" in line and "Create it with" not in line
        assert columns(server)[13:] == []  # neither altered nor made


@pytest.mark.sqlite
@pytest.mark.skipif(not SQLITE, reason="its statements are spoiled by a change of the schema")
def test_users_kept_in_the_same_file_can_sign_in_after_an_upgrade():
    """mod_authn_dbd prepares its statement once and for all: the table is altered before."""
    site = SITE.replace("ManagedSessionAuthProvider file\n    AuthUserFile \"@ROOT@/passwords\"", "ManagedSessionAuthProvider dbd\n"
                        "    AuthDBDUserPWQuery \"SELECT password FROM users WHERE name = %s\"")
    server = old_table(Server(site, modules="authn_dbd"))
    server.sql("CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT)")
    server.sql("INSERT INTO users VALUES ('alice', ?)", (server.root / "passwords").read_text().split("alice:")[1].split("\n")[0])
    with server:
        for _ in range(8):
            assert get(server, "/app/", sign_in(server)).status == 200
        assert columns(server)[14:] == NEW and "dbd:error" not in server.error_log()
