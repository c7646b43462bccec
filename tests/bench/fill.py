# SPDX-License-Identifier: Apache-2.0
"""A session table of any size, made by the database itself, whose secrets are known here.

Ids and secrets are SHA-256 of the row's number: as random in the index as real ones are.
"""
from __future__ import annotations

import contextlib
import hashlib
import os
import random
import sqlite3
import time

from measure import SERVER_CORES, TOP, databases, on

CHUNK = 250_000

# The same text for all: For MariaDB, the meaning of || is set below. {sha} is a function of text that gives lower-case hex.
ROWS = """
SELECT substr({sha_id}, 1, 22), {sha_hash}, 'app.test', 'user' || (i % {users}), {now} - i % 2500000, {now} - i % 3600,
       {now} + 86400 + i % 2500000, {now} + 86400 + i % 2500000, '198.51.' || (i % 256) || '.' || (i % 199),
       '198.51.' || (i % 256) || '.' || (i % 199),
       'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/' || (100 + i % 40)
       || '.0.0.0 Safari/537.36',
       CASE WHEN i % 2 = 0 THEN 'Nuremberg, Germany' END, 'form', 1
"""


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def token(i: int) -> str:
    return sha(f"id{i}")[:22] + "." + sha(f"secret{i}")[:43]


def some_tokens(rows: int, n: int) -> list[str]:
    """n random ones of the table."""
    return [token(i) for i in random.Random(rows).sample(range(1, rows + 1), min(n, rows))]


def rows_sql(sha_of, rows: int, per_user: int = 3) -> str:
    secret = f"substr({sha_of(chr(39) + 'secret' + chr(39) + ' || i')}, 1, 43)"
    return ROWS.format(sha_id=sha_of("'id' || i"), sha_hash=sha_of(secret), users=max(1, rows // per_user), now=int(time.time()))


def schema(name: str) -> tuple[list[str], list[str]]:
    """The statements of conf/schema, and those of them that make indexes: cheaper after the rows."""
    text = "\n".join(line.partition("--")[0] for line in (TOP / "conf/schema" / name).read_text().splitlines())
    statements = [s.strip() for s in text.split(";") if s.strip()]
    return [s for s in statements if "CREATE INDEX" not in s], [s for s in statements if "CREATE INDEX" in s]


def fill_sqlite(path: str, rows: int, per_user: int = 3) -> float:
    """Bytes that a row takes, with its indexes. The same below."""
    table, indexes = schema("sqlite.sql")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.create_function("sha256", 1, sha, deterministic=True)
    for statement in (*table[1:], "PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-4000000", "BEGIN"):
        connection.execute(statement)
    connection.execute(f"INSERT INTO managed_session ({databases.COLUMNS}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                       + rows_sql(lambda text: f"sha256({text})", rows, per_user) + " FROM n", (rows,))
    for statement in (*indexes, "COMMIT", "PRAGMA journal_mode=WAL"):
        connection.execute(statement)
    size = connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    connection.close()
    return size / rows


def fill_pgsql(connection, rows: int) -> float:
    table, indexes = schema("postgresql.sql")
    cursor = connection.cursor()
    for statement in table:
        cursor.execute(statement)
    for first in range(1, rows + 1, CHUNK):
        cursor.execute(f"INSERT INTO managed_session ({databases.COLUMNS}) " + rows_sql(lambda text: f"encode(sha256(({text})::bytea), 'hex')", rows)
                       + f" FROM generate_series({first}, {min(rows, first + CHUNK - 1)}) AS n(i)")
    for statement in (*indexes, "VACUUM ANALYZE managed_session", "CHECKPOINT"):
        cursor.execute(statement)
    cursor.execute("SELECT pg_total_relation_size('managed_session')")
    return cursor.fetchone()[0] / rows


def fill_mysql(connection, rows: int) -> float:
    cursor = connection.cursor()
    cursor.execute("SET sql_mode = 'PIPES_AS_CONCAT', unique_checks = 0")
    for statement in schema("mysql.sql")[0]:
        cursor.execute(statement)
    for first in range(1, rows + 1, CHUNK):
        cursor.execute(f"INSERT INTO managed_session ({databases.COLUMNS}) " + rows_sql(lambda text: f"SHA2({text}, 256)", rows)
                       + f" FROM (SELECT seq AS i FROM seq_{first}_to_{min(rows, first + CHUNK - 1)}) AS n")
    cursor.execute("ANALYZE TABLE managed_session")
    cursor.fetchall()
    cursor.execute("SELECT data_length + index_length FROM information_schema.tables WHERE table_name = 'managed_session' "
                   "AND table_schema = DATABASE()")
    return float(cursor.fetchone()[0]) / rows


# ---- databases for an httpd --------------------------------------------------------------------------


class FilledSqlite(databases.Sqlite):
    """Fills the file before httpd sees it."""

    def __init__(self, rows: int, per_user: int = 3):
        self.rows, self.per_user = rows, per_user

    def create(self, path) -> str:
        self.bytes_per_row = fill_sqlite(str(path), self.rows, self.per_user)
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        return str(path)


class Filled:
    """A database of its own on a server that others use too."""

    def __init__(self, instance: databases.Instance, rows: int):
        self.driver, self.instance, self.rows = instance.driver, instance, rows

    def create(self, _path) -> str:
        params = self.instance.create()
        with contextlib.closing(self.instance.connect(params)) as connection:
            self.bytes_per_row = self.instance.fill(connection, self.rows)
        return params


# ---- servers with the memory that a table of this size would be given -------------------------------


class PostgreSQL(databases.PostgreSQL):
    fill = staticmethod(fill_pgsql)
    said = "shared_buffers=4GB, autovacuum off, all else as it is where nothing is said"

    def command(self) -> list[str]:
        return [*on(SERVER_CORES), *super().command(), "-c", "shared_buffers=4GB", "-c", "autovacuum=off",
                "-c", "max_wal_size=16GB"]


class MariaDB(databases.MariaDB):
    fill = staticmethod(fill_mysql)
    said = "innodb_buffer_pool_size=6G, all else as it is where nothing is said"

    def command(self) -> list[str]:
        return [*on(SERVER_CORES), *super().command(), "--innodb-buffer-pool-size=6G", "--innodb-log-file-size=2G",
                "--innodb-stats-auto-recalc=0"]


KINDS = {"pgsql": PostgreSQL, "mysql": MariaDB}
