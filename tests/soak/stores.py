# SPDX-License-Identifier: Apache-2.0
"""The databases of a soak, and what can be done to each."""
from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import clusters
import databases
import processes
import test_failures
from test_disk_full import fill

MEGABYTES = 24


def mount_disk(folder: pathlib.Path) -> bool:
    """A small one. The mount is in a namespace of this run only."""
    return os.environ.get("MS_APART") == "1" and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=777", "tmpfs", folder], capture_output=True).returncode == 0


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
        if mount_disk(host.db.parent):
            self.disk = host.db.parent

    def may(self) -> set[str]:
        return super().may() | {"foreign lock", "copy restored and all ended"}

    def execute(self, statement: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection:
            return databases.execute(connection, statement, ())

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
    """A database server. Copies are of the table, as of pg_dump and mariadb-dump."""

    def may(self) -> set[str]:
        return super().may() | {"foreign lock", "database stopped", "database killed", "copy restored", "copy restored and all ended"}

    def set_up(self, host) -> None:
        self.params = host.params

    def connect(self):
        return self.instance.connect(self.params)

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
        self.instance.start()

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
        self.instance.remove()


class NearPostgreSQL(databases.PostgreSQL):
    """Also reached through the cable of a host."""

    far: str | None = None
    promote = clusters.Standby.promote

    def lay_out(self) -> None:
        super().lay_out()
        with open(self.folder / "data/pg_hba.conf", "a") as file:
            file.write("host all all 10.0.0.0/8 trust\n")

    def command(self) -> list[str]:
        return [word.replace("listen_addresses=127.0.0.1", f"listen_addresses=127.0.0.1,{self.far or '127.0.0.1'}") if isinstance(word, str) else word
                for word in super().command()]


class NearStandby(clusters.Standby, NearPostgreSQL):
    lay_out = clusters.Standby.lay_out


class PostgreSQL(Served):
    """A primary and a standby that is in step; each takes the other's place in turn."""

    def __init__(self, network):
        self.address = network.database_side if network else "127.0.0.1"
        NearPostgreSQL.far = network.database_side if network else None
        self.instance = NearPostgreSQL()
        self.instance.create()
        self.standby = NearStandby(self.instance)
        self.wait_for_standby()
        self.database = self.reached_at("127.0.0.1")

    def reached_at(self, address: str) -> clusters.Access:
        ports = f"{self.instance.port},{self.standby.port}"
        return clusters.Access(self.instance, f"host={address},{address} port={ports} target_session_attrs=read-write connect_timeout=2 "
                                              f"tcp_user_timeout=2000 options='-c statement_timeout=1500' dbname=t1 user=test "
                                              f"password={databases.PASSWORD}")

    def may(self) -> set[str]:
        return super().may() | {"fail-over"}

    def connect(self):
        return self.instance.connect(self.instance.params("t1"))

    def wait_for_standby(self) -> None:
        """From now on nothing is confirmed before the standby has it."""
        self.instance.administer("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.instance.administer("SELECT pg_reload_conf()")
        in_step = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        clusters.eventually(lambda: self.instance.ask(in_step) == 1, "in step", 60)

    def fail_over(self, how: int, seconds: float) -> None:
        old, new = self.instance, self.standby
        old.stop(how)
        time.sleep(seconds)
        new.promote()
        self.instance = new
        new.administer("ALTER SYSTEM RESET synchronous_standby_names")
        new.administer("SELECT pg_reload_conf()")
        self.standby = old
        self._copy_primary(old)
        old.start()
        self.wait_for_standby()

    def _copy_primary(self, instance: databases.PostgreSQL) -> None:
        processes._remove_segment((instance.folder / "data/postmaster.pid").read_text().splitlines()) if (
            instance.folder / "data/postmaster.pid").exists() else None
        shutil.rmtree(instance.folder / "data")
        instance.run(f"{instance.bin}/pg_basebackup", "-h", "127.0.0.1", "-p", self.instance.port, "-U", "test",
                     "-D", instance.folder / "data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def remove(self) -> None:
        self.standby.remove()
        self.instance.remove()


class NearMariaDB(databases.MariaDB):
    far: str | None = None

    def lay_out(self) -> None:
        super().lay_out()
        with open(self.folder / "init.sql", "a") as file:
            file.write(f"CREATE USER IF NOT EXISTS test@'10.%' IDENTIFIED BY '{databases.PASSWORD}';\nGRANT ALL ON *.* TO test@'10.%';\n")

    def command(self) -> list[str]:
        return [re.sub(r"^--bind-address=.*", f"--bind-address=127.0.0.1{',' + self.far if self.far else ''}", str(word))
                for word in super().command()]


class MariaDB(Served):
    def __init__(self, network):
        self.address = network.database_side if network else "127.0.0.1"
        NearMariaDB.far = network.database_side if network else None
        self.instance = NearMariaDB()
        self.instance.create()
        self.database = self.reached_at("127.0.0.1")

    def reached_at(self, address: str) -> clusters.Access:
        return clusters.Access(self.instance, self.instance.params("t1").replace("127.0.0.1", address))


KINDS = {"sqlite": Sqlite, "pgsql": PostgreSQL, "mysql": MariaDB}
EXITS = {"pgsql": [signal.SIGQUIT, signal.SIGKILL], "mysql": [signal.SIGKILL]}
