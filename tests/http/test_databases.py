# SPDX-License-Identifier: Apache-2.0
"""What each database must do alike: names byte for byte, any text, tables made once, roles that may do little."""
import re
import time

import pytest

import databases
import harness
from harness import JSON, SITE, Server, get, post, random_token, sign_in

SQLITE, PGSQL, MYSQL = (databases.NAME == name for name in ("sqlite", "pgsql", "mysql"))
# Any name passes here: the provider has the same password for every user.
ANYBODY = SITE.replace("ManagedSessionAuthProvider file\n    AuthUserFile \"@ROOT@/passwords\"", "ManagedSessionAuthProvider anon\n"
                       "    Anonymous \"*\"\n    Anonymous_MustGiveEmail Off\n    Anonymous_LogEmail Off")


@pytest.fixture(scope="module")
def anybody():
    with Server(ANYBODY, modules="authn_anon") as running:
        yield running


def enter(server, user: str, agent: bytes = b"x") -> str:
    return post(server, "/login", {"username": user, "password": "any"}, headers=[("User-Agent", agent)]).token()


def sessions(server, token: str) -> list[dict]:
    return get(server, "/sessions", token, JSON).json()["sessions"]


# -- text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [
    ["Alice", "alice", "alice ", "ALICE"], ["\u00e9", "e\u0301", "e", "\u00c9"], ["stra\u00dfe", "strasse", "STRASSE"],
    ["a", "\uff41", "\u0430"], ["x%", "x_", "xy"], ["\u0131", "i", "I", "\u0130"], ["100", "1e2", "0100", "+100"],
], ids=lambda names: names[0])
def test_names_that_differ_in_a_byte_are_different_users(anybody, names):
    tokens = {name: [enter(anybody, name), enter(anybody, name)] for name in names}
    for name, (one, two) in tokens.items():
        assert get(anybody, "/sessions", one, JSON).json()["user"] == name
        assert {s["id"] for s in sessions(anybody, one)} == {one[:22], two[:22]}
    first = names[0]
    harness.request(anybody, "DELETE", "/sessions?scope=all", {"Cookie": f"{harness.COOKIE}={tokens[first][0]}"})
    assert all(len(sessions(anybody, one)) == 2 for name, (one, two) in tokens.items() if name != first)


@pytest.mark.parametrize("name", ["\U0001f510\U0001f469\u200d\U0001f52c", "\u6f22\u5b57", "x" * 255, "\u00e4" * 255, "\U0001f510" * 255,
                                  "o'brien", 'a"b', "a\\b", "%s %lld $1 ? :x", "--", "'; DROP TABLE managed_session; --", "NULL"])
def test_any_name_comes_back_as_it_went_in(anybody, name):
    token = enter(anybody, name)
    assert get(anybody, "/sessions", token, JSON).json()["user"] == name
    assert anybody.sql("SELECT user_name FROM managed_session WHERE session_id = ?", token[:22]) == [(name,)]


@pytest.mark.parametrize("agent, kept", [
    ("Br\u00f6wser \U0001f310/1".encode(), "Br\u00f6wser \U0001f310/1"),
    ("\U0001f310".encode() * 600, "\U0001f310" * 512), (("a" * 511 + "\U0001f310x").encode(), "a" * 511 + "\U0001f310"),
    (b"x" * 5000, "x" * 512), (b"a\xff\xfeb", "a\ufffd\ufffdb"), (b"\xc3", "\ufffd"), (b"\xed\xa0\x80", "\ufffd" * 3), (b"a\tb", "ab"),
    (b"o'\\\"%s$1?", "o'\\\"%s$1?"),
])
def test_any_user_agent_is_kept_as_text(anybody, agent, kept):
    """Cut at a character, never within one; what is no UTF-8 becomes U+FFFD."""
    token = enter(anybody, "alice", agent)
    assert anybody.sql("SELECT user_agent FROM managed_session WHERE session_id = ?", token[:22]) == [(kept,)]
    assert len(sessions(anybody, token)) >= 1


def test_a_nul_breaks_nothing(anybody):
    """PostgreSQL takes no NUL in text; the module refuses it before."""
    assert post(anybody, "/login", b"username=a%00b&password=x").status == 400
    assert get(anybody, "/app/", headers=[("Cookie", f"{harness.COOKIE}={random_token()}")]).status == 401


def test_times_are_whole_seconds_of_64_bits(anybody):
    token = enter(anybody, "alice")
    far = 2**33 + int(time.time())
    anybody.sql("UPDATE managed_session SET expires_at = ?, max_expires_at = ? WHERE session_id = ?", far, far, token[:22])
    assert sessions(anybody, token)[0]["expires_at"].startswith("2298") or sessions(anybody, token)[0]["expires_at"] > "2290"


# -- the table -------------------------------------------------------------------------------------


def test_many_children_make_one_table():
    with Server(mpm="prefork", extra="StartServers 8\nMinSpareServers 8\n") as server:
        assert get(server, "/app/", sign_in(server)).status == 200
        assert server.rows() == 1


SCHEMA = {"sqlite": "sqlite.sql", "pgsql": "postgresql.sql", "mysql": "mysql.sql"}[databases.NAME]


def schema() -> list[str]:
    return databases.schema_file(SCHEMA)


def test_a_table_made_by_hand_is_as_good():
    """conf/schema, and no table made by the module."""
    server = Server(SITE + "ManagedSessionCreateTable Off\n")
    for statement in schema():
        if SQLITE and not server.db.exists():
            server.db.touch()
            if server.user:
                harness.shutil.chown(server.db, server.user)
        server.sql(statement)
    with server:
        token = sign_in(server)
        assert get(server, "/app/", token).status == 200 and len(sessions(server, token)) == 1
        assert post(server, "/logout", cookie=token).status == 303 and server.rows() == 0


def test_the_schema_file_and_the_module_make_the_same_table():
    def shape(server, table: str):
        if SQLITE:
            return [row[1:4] for row in server.sql(f"PRAGMA table_info({table})")]
        return sorted(server.sql("SELECT column_name, data_type, character_maximum_length, is_nullable FROM information_schema.columns "
                                 f"WHERE table_name = ? AND table_schema = {'DATABASE()' if MYSQL else 'current_schema()'}", table))

    with Server() as server:
        sign_in(server)
        made = shape(server, "managed_session")
        server.stop()  # a child that starts would make the table first
        server.sql("DROP TABLE managed_session")
        for statement in schema():
            server.sql(statement)
        assert len(made) == 19 and shape(server, "managed_session") == made


@pytest.mark.parametrize("statement", [
    "CREATE TABLE managed_session (id INTEGER, name VARCHAR(10))",
    "CREATE TABLE managed_session (session_id CHAR(22) PRIMARY KEY, secret_hash CHAR(64) NOT NULL, user_name VARCHAR(255) NOT NULL)",
])
def test_a_table_of_that_name_that_is_none_of_ours_is_left_alone(statement):
    server = Server()
    if SQLITE:
        server.db.touch()
        if server.user:
            harness.shutil.chown(server.db, server.user)
    server.sql(statement)
    with server:
        server.expect("MS000", status_5xx=True)
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 503
        assert get(server, "/app/", random_token()).status == 503
        line = re.search(r"MS0002: .*", server.error_log())[0]
        assert '"managed_session"' in line and f"conf/schema/{SCHEMA}" in line
        assert server.sql("SELECT COUNT(*) FROM managed_session") == [(0,)]


# -- a role that may do little ---------------------------------------------------------------------


@pytest.mark.skipif(SQLITE, reason="SQLite has no roles")
@pytest.mark.parametrize("is_there", [True, False])
def test_a_role_that_may_make_no_table_needs_one_that_is_there(is_there):
    server = Server()
    name = f"few{harness.secrets.token_hex(4)}"
    if is_there:
        for statement in schema():
            server.sql(statement)
    if PGSQL:
        server.sql(f"CREATE ROLE {name} LOGIN")
        server.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        if is_there:
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
        if is_there:
            assert get(server, "/app/", sign_in(server)).status == 200
            return
        server.expect("MS000", status_5xx=True)
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 503
        lines = re.findall(r"MS0002: .*", server.error_log())
        assert lines and f"conf/schema/{SCHEMA}" in lines[0]


# -- defaults of the server that change what a statement means --------------------------------------


def story(server) -> None:
    """Everything that a user does, over several connections; what is written is seen by others."""
    tokens = [sign_in(server) for _ in range(3)]
    assert [get(server, "/app/", tokens[0]).status for _ in range(12)] == 12 * [200]
    for token in tokens:
        assert server.sql("SELECT user_name FROM managed_session WHERE session_id = ?", token[:22]) == [("alice",)]
    assert {s["id"] for s in sessions(server, tokens[0])} == {token[:22] for token in tokens}
    assert harness.request(server, "DELETE", f"/sessions/{tokens[1][:22]}", {"Cookie": f"{harness.COOKIE}={tokens[0]}"}).status == 204
    assert [get(server, "/app/", tokens[1]).status for _ in range(6)] == 6 * [401]
    assert harness.request(server, "DELETE", "/sessions?scope=others", {"Cookie": f"{harness.COOKIE}={tokens[0]}"}).json() == {"revoked": 1}
    assert post(server, "/logout", {}, tokens[0]).status == 303
    assert [get(server, "/app/", tokens[0]).status for _ in range(6)] == 6 * [401] and server.rows() == 0
    agent = ("\u00e4" * 300 + "\U0001f310").encode()
    answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("User-Agent", agent)])
    assert answer.status == 303
    assert server.sql("SELECT user_agent FROM managed_session WHERE ended_at IS NULL") == [(agent.decode(),)]


MYSQL_DEFAULTS = ["autocommit = 0", "sql_mode = 'EMPTY_STRING_IS_NULL'", "sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH'",
                  "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE,IGNORE_SPACE,TRADITIONAL,ONLY_FULL_GROUP_BY'",
                  "sql_mode = 'MSSQL,EMPTY_STRING_IS_NULL'", "sql_safe_updates = 1", "sql_select_limit = 1", "sql_select_limit = 0",
                  "tx_isolation = 'SERIALIZABLE'", "tx_isolation = 'READ-UNCOMMITTED'", "completion_type = 'RELEASE'",
                  "character_set_server = 'utf16'", "collation_connection = 'utf8mb4_turkish_ci'", "time_zone = '+12:00'"]


@pytest.mark.skipif(not MYSQL, reason="MariaDB's own settings")
@pytest.mark.parametrize("default", MYSQL_DEFAULTS)
def test_defaults_of_mariadb_change_nothing(default):
    server, name = Server(SITE, extra="DBDMin 2\nDBDKeep 4\nDBDMax 4\n"), default.split(" ")[0]
    [(before,)] = server.sql(f"SELECT @@GLOBAL.{name}")
    databases.chosen().administer(f"SET GLOBAL {default}")
    try:
        server.sql("SET SESSION sql_mode = ''")  # what this test reads with is not what is tested
        with server:
            story(server)
    finally:
        databases.chosen().administer(f"SET GLOBAL {name} = {before if isinstance(before, int) else repr(before)}")


@pytest.mark.skipif(not MYSQL, reason="MariaDB's own settings")
def test_what_was_set_is_set_again_on_a_new_connection():
    """mod_dbd connects again by itself, and the handle is the same."""
    server = Server(SITE, extra="DBDMin 1\nDBDKeep 1\nDBDMax 1\n")
    databases.chosen().administer("SET GLOBAL autocommit = 0")
    try:
        with server:
            assert post(server, "/logout", {}, sign_in(server)).status == 303
            for (number,) in server.sql("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"):
                server.sql(f"KILL {number}")
            story(server)
    finally:
        databases.chosen().administer("SET GLOBAL autocommit = 1")


PGSQL_DEFAULTS = ["default_transaction_isolation = 'serializable'",
                  "default_transaction_isolation = 'repeatable read'", "client_encoding = 'LATIN1'", "client_encoding = 'SQL_ASCII'",
                  "standard_conforming_strings = off", "transform_null_equals = on", "timezone = 'Pacific/Auckland'",
                  "datestyle = 'German'", "bytea_output = 'escape'", "extra_float_digits = 0", "default_transaction_deferrable = on"]


@pytest.mark.skipif(not PGSQL, reason="PostgreSQL's own settings")
@pytest.mark.parametrize("default", PGSQL_DEFAULTS)
def test_defaults_of_postgresql_change_nothing(default):
    server = Server(SITE, extra="DBDMin 2\nDBDKeep 4\nDBDMax 4\n")
    name = re.search(r"dbname=(\w+)", server.params)[1]
    server.sql("SELECT 1")  # before the default is for this test's own connection too
    databases.chosen().administer(f"ALTER DATABASE {name} SET {default}")
    with server:
        story(server)


@pytest.mark.skipif(not PGSQL, reason="PostgreSQL's own settings")
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
def test_an_encoding_that_is_not_utf_8_is_refused_at_start_with_a_sentence(encoding):
    server = Server(SITE)
    name = f"encoded_{encoding.lower()}_{server.port}"
    databases.chosen().administer(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    config = (server.root / "httpd.conf").read_text()
    server.write("httpd.conf", re.sub(r"dbname=\w+", f"dbname={name}", config))
    server.expect("MS0131", status_5xx=True)
    with server:
        assert re.search(rf"managed_session:error\].*MS0131: .* encoding {encoding}, .* ENCODING 'UTF8'", server.error_log())
        agent = ("\u00e4" * 300).encode()
        answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("User-Agent", agent)])
        assert answer.status == 503 and not answer.cookies()
        assert get(server, "/").text == "public page\n"
        server.expect("MS0131", status_5xx=True)
