# SPDX-License-Identifier: Apache-2.0
"""Databases of several servers, private and on loopback: PostgreSQL with PgBouncer or a standby, a Galera cluster."""
from __future__ import annotations

import contextlib
import glob
import importlib.util
import pathlib
import re
import shutil
import signal
import subprocess

import harness
from databases import Instance, MariaDB, PostgreSQL, free_port
from harness import eventually
from load import WHO

SITE = harness.SITE + WHO + "ManagedSessionCacheTTL 0\n"  # so that each request queries the database
PROVIDER = "/usr/lib/galera/libgalera_smm.so"
SCHEMA = pathlib.Path(__file__).parents[2] / "conf/schema/postgresql.sql"


def missing(*wanted: str) -> str:
    """The reason to skip: which of these the machine lacks; "" if it has all."""
    found = {
        "postgresql": glob.glob("/usr/lib/postgresql/*/bin/initdb"),
        "pgbouncer": shutil.which("pgbouncer", path="/usr/sbin:/usr/bin"),
        "libaprutil1-dbd-pgsql": glob.glob("/usr/lib/*/apr-util-1/apr_dbd_pgsql*.so"),
        "python3-psycopg2": importlib.util.find_spec("psycopg2"),
        "mariadb-server": shutil.which("mariadbd", path="/usr/sbin:/usr/bin"),
        "galera-4": glob.glob(PROVIDER),
        "rsync": shutil.which("rsync"),
        "libaprutil1-dbd-mysql": glob.glob("/usr/lib/*/apr-util-1/apr_dbd_mysql*.so"),
        "python3-pymysql": importlib.util.find_spec("pymysql"),
    }
    absent = [name for name in wanted if not found[name]]
    return "not installed: " + ", ".join(absent) if absent else ""


class Access:
    """One way to a database that is there already, for one httpd; `params` is what to write after DBDParams."""

    def __init__(self, through: Instance, params: str):
        self.driver, self.params, self.connect = through.driver, params, through.connect

    def create(self, _path=None) -> str:
        return self.params


def forgets_prepared() -> str:
    """A setting without which PgBouncer since 1.21 prepares statements again by itself; before, none was needed or known."""
    said = subprocess.run([shutil.which("pgbouncer", path="/usr/sbin:/usr/bin"), "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(map(int, re.search(r"PgBouncer (\d+)\.(\d+)", said).groups()))
    return "max_prepared_statements = 0\n" if version >= (1, 21) else ""


class PgBouncer(PostgreSQL):
    """In front of a PostgreSQL, which makes its databases; `mode` is its pool_mode."""

    at_once = signal.SIGKILL  # it does not handle SIGQUIT, which a shell's background jobs ignore

    def __init__(self, behind: PostgreSQL, mode: str, settings: str = ""):
        self.behind, self.mode, self.settings = behind, mode, settings
        super().__init__()

    def lay_out(self) -> None:
        (self.folder / "users").write_text('"test" "secret"\n')
        (self.folder / "pgbouncer.ini").write_text(f"""
[databases]
* = host=127.0.0.1 port={self.behind.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {self.folder}/users
admin_users = test
pool_mode = {self.mode}
max_client_conn = 300
query_wait_timeout = 2
server_login_retry = 1
{self.settings}
""")

    def create(self, _path=None) -> str:
        self.behind.create()
        return self.params(f"t{self.behind.made}")

    def command(self) -> list[str]:
        return [shutil.which("pgbouncer", path="/usr/sbin:/usr/bin"), self.folder / "pgbouncer.ini"]

    def stop(self, how: int = signal.SIGTERM) -> None:
        Instance.stop(self, how)  # SIGINT, which ends PostgreSQL fast, would wait for all clients here

    def count(self, what: str) -> int:
        """SERVERS or CLIENTS, on the database made last."""
        with contextlib.closing(self.connect(self.params("pgbouncer"))) as connection:
            cursor = connection.cursor()
            cursor.execute(f"SHOW {what}")
            column = [each.name for each in cursor.description].index("database")
            return sum(row[column] == f"t{self.behind.made}" for row in cursor.fetchall())


class Standby(PostgreSQL):
    """A streaming copy of a primary, until it is promoted."""

    def __init__(self, primary: PostgreSQL):
        self.primary = primary
        super().__init__()

    def lay_out(self) -> None:
        self.bin = self.primary.bin
        self.run(f"{self.bin}/pg_basebackup", "-h", "127.0.0.1", "-p", self.primary.port, "-U", "test",
                 "-D", self.folder / "data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def promote(self) -> None:
        self.run(f"{self.bin}/pg_ctl", "promote", "--wait", "-D", self.folder / "data")

    def stop_receiving(self) -> None:
        """Falls behind, as a standby does whose network is slow."""
        self.administer("ALTER SYSTEM SET primary_conninfo = ''")
        self.administer("SELECT pg_reload_conf()")
        eventually(lambda: self.ask("SELECT count(*) FROM pg_stat_wal_receiver") == 0, "it receives nothing")


class GaleraNode(MariaDB):
    """One member of a cluster: the first makes it, the others get all they have from it."""

    TIMEOUTS = ("evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S;evs.install_timeout=PT2S;"
                "evs.keepalive_period=PT0.2S;evs.inactive_check_period=PT0.2S")

    def __init__(self, members: list[GaleraNode]):
        self.members = members
        self.group, self.transfer, self.increments = (f"127.0.0.1:{free_port()}" for _ in range(3))
        super().__init__()

    def lay_out(self) -> None:
        if not self.members:
            super().lay_out()
        else:
            self.run("mkdir", "data")
            (self.folder / "init.sql").touch()

    def command(self) -> list[str]:
        others = ",".join(member.group for member in self.members if member is not self and member.process)
        options = f"gmcast.listen_addr=tcp://{self.group};ist.recv_addr={self.increments};gcache.size=8M;"
        return [*super().command(), "--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--binlog-format=ROW",
                "--innodb-autoinc-lock-mode=2", "--wsrep-node-address=127.0.0.1", "--wsrep-sst-method=rsync",
                f"--wsrep-sst-receive-address={self.transfer}", f"--wsrep-provider-options={options}{self.TIMEOUTS}",
                f"--wsrep-cluster-address=gcomm://{others}", *([] if others else ["--wsrep-new-cluster"])]


@contextlib.contextmanager
def galera(size: int):
    """A cluster of so many nodes, ended also when the test fails."""
    nodes: list[GaleraNode] = []
    try:
        while len(nodes) < size:
            nodes.append(GaleraNode(nodes))
        yield nodes
    finally:
        for node in nodes:
            node.remove()
