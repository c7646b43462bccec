# SPDX-License-Identifier: Apache-2.0
"""The databases of a soak, and what can be done to each: what all have in common, and SQLite."""
from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import sqlite3
import time

import databases
import disks
import processes
import test_failures
from clusters import eventually
from test_disk_full import fill

EXITS = {"pgsql": [signal.SIGQUIT, signal.SIGKILL], "mysql": [signal.SIGKILL]}


class Store:
    """What all have in common. `database` is what a host is given; hosts with a network of their own reach it at another address."""

    address = "127.0.0.1"
    disk: pathlib.Path | None = None

    def may(self) -> set[str]:
        """The faults that can be tried here."""
        return {name for name, is_there in (("full disk", self.disk), ("database frozen", self.instance)) if is_there}

    instance: databases.Instance | None = None

    def live_rows(self) -> dict[str, str]:
        rows = self.execute("SELECT session_id, user_name, expires_at FROM managed_session WHERE ended_at IS NULL")
        return {row[0]: row[1] for row in rows if row[2] > time.time() + 60}  # what is about to expire is no matter

    @contextlib.contextmanager
    def full(self):
        filler = fill(self.disk)
        try:
            yield
        finally:
            filler.unlink()

    def remove(self) -> None:
        pass


class Sqlite(Store):
    def __init__(self, _network):
        self.database = databases.Sqlite()

    def set_up(self, host) -> None:
        """Before the host starts."""
        self.path, self.user = host.db, host.user
        if disks.mount(host.db.parent, 24):
            self.disk = host.db.parent

    def may(self) -> set[str]:
        return super().may() | {"foreign lock", "copy restored and all ended"}

    def execute(self, statement: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection:
            return databases.execute(connection, statement, ())

    def remove(self) -> None:
        """After the host."""
        disks.unmount(self.disk)
        processes.remove_folder(self.path.parent.parent)

    @contextlib.contextmanager
    def locked(self):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def copy(self) -> bytes:
        file = self.path.parent.parent / "copy.db"
        file.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection, contextlib.closing(sqlite3.connect(file)) as copy:
            connection.backup(copy)
        return file.read_bytes()

    def restore(self, copy: bytes) -> None:
        """As docs/guides/backup.md has it: no host runs."""
        for file in self.path.parent.glob(self.path.name + "*"):
            file.unlink()
        self.path.write_bytes(copy)
        self.path.chmod(0o600)
        if self.user:
            shutil.chown(self.path, self.user)


class Served(Store):
    """A database server, and a copy of it that is in step; each takes the other's place in turn. Copies to restore are of the table, as
    of pg_dump and mariadb-dump."""

    standby: databases.Instance

    def may(self) -> set[str]:
        return super().may() | {"foreign lock", "database stopped", "database killed", "fail-over", "copy restored", "copy restored and all ended"}

    @property
    def disk(self) -> pathlib.Path | None:
        return self.instance.disk

    def set_up(self, _host) -> None:
        pass

    def connect(self):
        return self.instance.connect(self.instance.params("t1"))

    def execute(self, statement: str) -> list[tuple]:
        with contextlib.closing(self.connect()) as connection:
            return databases.execute(connection, statement, ())

    def copy(self) -> list[tuple]:
        return self.execute("SELECT * FROM managed_session")

    def restore(self, copy: list[tuple]) -> None:
        with contextlib.closing(self.connect()) as connection:
            connection.autocommit = False if isinstance(connection.autocommit, bool) else connection.autocommit(False)
            cursor = connection.cursor()
            cursor.execute("DELETE FROM managed_session")
            for row in copy:
                cursor.execute(f"INSERT INTO managed_session VALUES ({', '.join(['%s'] * len(row))})", row)
            connection.commit()

    def stop(self, how: int) -> None:
        self.instance.stop(how)

    def start(self) -> None:
        """What was committed and not confirmed before may be seen from now on, and the standby gets it a moment later."""
        self.instance.start()
        self.wait_for_standby()

    @contextlib.contextmanager
    def full(self):
        """The server may end by it."""
        with super().full():
            yield
        eventually(self.is_up, "it works again", 60)
        self.wait_for_standby()

    def is_up(self) -> bool:
        try:
            self.instance.administer("SELECT 1")
            return True
        except Exception:
            if self.instance.process.poll() is not None:
                self.instance.stop()
                self.instance.start()
            return False

    @contextlib.contextmanager
    def frozen(self):
        fault = test_failures.Frozen()
        try:
            self._signal(fault, signal.SIGSTOP)
            yield
        finally:
            self._signal(fault, signal.SIGCONT)

    def _signal(self, fault: test_failures.Frozen, number: int) -> None:
        """A process of its may end meanwhile."""
        for pid in fault.processes(self.instance):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    @contextlib.contextmanager
    def locked(self):
        with contextlib.closing(self.connect()) as connection:
            if self.instance.driver == "pgsql":
                connection.autocommit = False
            cursor = connection.cursor()
            cursor.execute("LOCK TABLE managed_session IN ACCESS EXCLUSIVE MODE" if self.instance.driver == "pgsql"
                           else "LOCK TABLES managed_session WRITE")
            yield

    def remove(self) -> None:
        for instance in (self.standby, self.instance):
            instance.stop(instance.at_once)
            disks.unmount(instance.disk)
            instance.remove()
