# SPDX-License-Identifier: Apache-2.0
"""The databases that the tests run on: SQLite's file, or a private PostgreSQL or MariaDB for the whole run.

The environment variable MS_DATABASE (sqlite, pgsql, mysql) selects one; each httpd gets a database of its own.
"""
from __future__ import annotations

import atexit
import contextlib
import functools
import glob
import importlib.util
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import processes

PASSWORD = "secret"
DEADLINE = 60
# The columns that every row is given; those since schema 2 have defaults.
COLUMNS = ("session_id, secret_hash, realm, user_name, created_at, last_seen_at, expires_at, max_expires_at, created_ip, last_ip, "
           "user_agent, label, auth_method, persistent")


def free_port() -> int:
    """By chance, and below the ports that clients get: runs beside each other must not choose alike before their servers listen."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as s:
            port = random.SystemRandom().randrange(12000, 32000)
            s.bind(("127.0.0.1", port))
            return port


def text_of(value):
    return value.decode("utf-8") if isinstance(value, (bytes, bytearray)) else value


class Sqlite:
    driver = "sqlite3"

    def create(self, path) -> str:
        return str(path)

    def connect(self, name: str):
        return sqlite3.connect(name, timeout=10)


class Instance:
    """A database server in a temporary folder. If this is root, it runs as a user of its own."""

    at_once = signal.SIGKILL  # the signal to stop without care for the data

    def __init__(self):
        self.folder = processes.make_folder(self.driver)
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self.made = 0
        atexit.register(self.remove)
        if os.getuid() == 0:
            shutil.chown(self.folder, self.user)
        self.lay_out()
        self.start()

    def as_user(self, *command: str) -> list[str]:
        is_root = os.getuid() == 0
        return [*(["setpriv", f"--reuid={self.user}", f"--regid={pwd.getpwnam(self.user).pw_gid}", "--clear-groups"] if is_root else []),
                *map(str, command)]

    def run(self, *command: str) -> None:
        result = subprocess.run(self.as_user(*command), capture_output=True, text=True, cwd=self.folder)
        assert result.returncode == 0, result.stderr + result.stdout

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self.process = processes.start(self.as_user(*self.command()), stdout=log, stderr=log, cwd=self.folder)
        end = time.monotonic() + DEADLINE
        while True:
            try:
                self.administer("SELECT 1")
                return
            except Exception as error:
                said = (self.folder / "log").read_text(errors="replace")
                assert self.process.poll() is None and time.monotonic() < end, f"{error}\n{said}"
                time.sleep(0.05)

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process:
            processes.end(self.process, how, DEADLINE)
        self.process = None

    def remove(self) -> None:
        """At once, and nothing of it stays."""
        self.stop(self.at_once)
        processes.remove_folder(self.folder)

    def create(self, _path=None) -> str:
        """A new database; what to write after DBDParams."""
        self.made += 1
        name = f"t{self.made}"
        self.administer(f"CREATE DATABASE {name}")
        return self.params(name)


class PostgreSQL(Instance):
    driver, user = "pgsql", "postgres"
    at_once = signal.SIGQUIT  # it still removes its shared memory

    def lay_out(self) -> None:
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.run(f"{self.bin}/initdb", "-D", self.folder / "data", "-U", "test", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "--no-sync")

    def command(self) -> list[str]:
        return [f"{self.bin}/postgres", "-D", self.folder / "data", "-p", self.port, "-k", self.folder, "-c", "listen_addresses=127.0.0.1",
                "-c", "fsync=off", "-c", "max_connections=300", "-c", "dynamic_shared_memory_type=mmap"]  # not in /dev/shm

    def stop(self, how: int = signal.SIGINT) -> None:
        super().stop(how if how != signal.SIGTERM else signal.SIGINT)

    def params(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.port} dbname={name} user=test password={PASSWORD} connect_timeout=2"

    def connect(self, params: str):
        import psycopg2
        connection = psycopg2.connect(params)
        connection.autocommit = True
        return connection

    def administer(self, statement: str) -> None:
        with contextlib.closing(self.connect(self.params("postgres"))) as connection:
            connection.cursor().execute(statement)

    def ask(self, statement: str):
        with contextlib.closing(self.connect(self.params("postgres"))) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchone()[0]


class MariaDB(Instance):
    driver, user = "mysql", "mysql"

    def lay_out(self) -> None:
        self.run("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal",
                 "--skip-test-db")
        (self.folder / "init.sql").write_text(
            f"CREATE USER IF NOT EXISTS test@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO test@'127.0.0.1' WITH GRANT OPTION;\n")
        (self.folder / "init.sql").chmod(0o644)

    def command(self) -> list[str]:
        return ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/socket",
                f"--port={self.port}", "--bind-address=127.0.0.1", f"--init-file={self.folder}/init.sql", "--max-connections=300",
                "--innodb-flush-log-at-trx-commit=2", "--skip-name-resolve", "--innodb-buffer-pool-size=64M"]

    def params(self, name: str) -> str:
        return f"host=127.0.0.1,port={self.port},user=test,pass={PASSWORD},dbname={name}"

    def connect(self, params: str):
        import pymysql
        words = dict(word.split("=", 1) for word in params.split(","))
        return pymysql.connect(host=words["host"], port=int(words["port"]), user=words["user"], password=words["pass"],
                               database=words["dbname"], autocommit=True, charset="utf8mb4")

    def administer(self, statement: str) -> None:
        with contextlib.closing(self.connect(self.params("mysql"))) as connection:
            connection.cursor().execute(statement)


KINDS = {"sqlite": Sqlite, "pgsql": PostgreSQL, "mysql": MariaDB}
NAME = os.environ.get("MS_DATABASE", "sqlite")


def missing() -> list[str]:
    """What this run's database needs and the machine has not."""
    driver = KINDS[NAME].driver
    client = {"sqlite": "sqlite3", "pgsql": "psycopg2", "mysql": "pymysql"}[NAME]
    wanted = {
        f"apr_dbd_{driver}": glob.glob(f"/usr/lib/*/apr-util-1/apr_dbd_{driver}*.so") + glob.glob(f"/usr/lib/apr-util-1/apr_dbd_{driver}*.so"),
        client: importlib.util.find_spec(client),
        "postgresql": NAME != "pgsql" or glob.glob("/usr/lib/postgresql/*/bin/initdb"),
        "mariadb-server": NAME != "mysql" or shutil.which("mariadbd", path="/usr/sbin:/usr/bin"),
    }
    return [name for name, found in wanted.items() if not found]


@functools.cache
def chosen():
    """The one of this run; a private server is started at the first call and ends with the run."""
    return KINDS[NAME]()


def schema_file(name: str) -> list[str]:
    """The statements of a file of conf/schema."""
    text = re.sub(r"(?m)--.*$", "", (pathlib.Path(__file__).parents[2] / "conf/schema" / name).read_text())
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def execute(connection, statement: str, args: tuple) -> list[tuple]:
    """Standard SQL with ? for each argument; text comes back as text, also from columns of bytes."""
    if isinstance(connection, sqlite3.Connection):
        with connection:
            return connection.execute(statement, args).fetchall()
    cursor = connection.cursor()
    cursor.execute(statement.replace("%", "%%").replace("?", "%s") if args else statement, args or None)
    return [tuple(text_of(value) for value in row) for row in cursor.fetchall()] if cursor.description else []
