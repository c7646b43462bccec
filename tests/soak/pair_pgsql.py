# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL with a standby that is in step. Clients know the addresses of both, and use the one that can be written."""
from __future__ import annotations

import pathlib
import time

import clusters
import databases
import disks
import processes
from stores import Served

SETTINGS = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_retrieve_retry_interval": "500ms"}  # for a small disk, and for one that waits


class Server(databases.PostgreSQL):
    """Also reached through the cable of a host. With a primary it is its standby, until it is promoted."""

    far: str | None = None
    disk: pathlib.Path | None = None
    promote = clusters.Standby.promote

    def __init__(self, primary: Server | None = None):
        self.primary = primary
        super().__init__()

    def lay_out(self) -> None:
        self.disk = disks.for_data(self)
        if self.primary:
            self.bin = self.primary.bin
            self.copy(self.primary)
            return
        super().lay_out()
        with open(self.folder / "data/pg_hba.conf", "a") as file:
            file.write("host all all 10.0.0.0/8 trust\n")

    def copy(self, primary: Server) -> None:
        """As a standby of it. What was here is lost."""
        for file in self.folder.glob("data/postmaster.pid"):
            processes._remove_segment(file.read_text().splitlines())
        disks.clear(self.folder / "data")
        self.run(f"{self.bin}/pg_basebackup", "-h", "127.0.0.1", "-p", primary.port, "-U", "test",
                 "-D", self.folder / "data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def command(self) -> list[str]:
        settings = {**SETTINGS, "listen_addresses": ",".join(filter(None, ["127.0.0.1", self.far]))}
        return [*super().command(), *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]


class PostgreSQL(Served):
    def __init__(self, network):
        self.address = network.database_side if network else "127.0.0.1"
        Server.far = network.database_side if network else None
        self.instance = Server()
        self.instance.create()
        self.standby = Server(self.instance)
        self.wait_for_standby()
        self.database = self.reached_at("127.0.0.1")

    def reached_at(self, address: str) -> clusters.Access:
        ports = f"{self.instance.port},{self.standby.port}"
        return clusters.Access(self.instance, f"host={address},{address} port={ports} target_session_attrs=read-write connect_timeout=2 "
                                              f"tcp_user_timeout=2000 options='-c statement_timeout=1500' dbname=t1 user=test "
                                              f"password={databases.PASSWORD}")

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
        old.copy(new)
        old.start()
        self.wait_for_standby()
