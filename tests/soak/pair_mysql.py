# SPDX-License-Identifier: Apache-2.0
"""MariaDB with a replica that is in step (semi-synchronous). Its client has one host only: the one that takes over gets the other's
port, as an address is moved to another machine."""
from __future__ import annotations

import pathlib
import re
import time

import clusters
import databases
import disks
from stores import Served

FIRST_LOG = "binary.000001"


class Server(databases.MariaDB):
    """Also reached through the cable of a host. With a primary it is a copy of it. Its logs for the replica are not on the small disk:
    a MariaDB that cannot write these waits for a minute."""

    far: str | None = None
    disk: pathlib.Path | None = None

    def __init__(self, number: int, primary: Server | None = None):
        self.number, self.primary, self.is_in_step = number, primary, False
        super().__init__()

    def lay_out(self) -> None:
        self.disk = disks.for_data(self)
        self.run("mkdir", "logs")
        if self.primary:
            (self.folder / "init.sql").touch()
            self.copy(self.primary)
            self.primary.start()
            return
        super().lay_out()
        init = self.folder / "init.sql"
        init.write_text(f"SET sql_log_bin = 0;\n{init.read_text()}"
                        f"CREATE USER IF NOT EXISTS test@'10.%' IDENTIFIED BY '{databases.PASSWORD}';\nGRANT ALL ON *.* TO test@'10.%';\n")

    def copy(self, primary: Server) -> None:
        """Both are stopped then. Their logs begin again, so that all that is written from now on is in the first of them."""
        primary.stop()
        for instance in (primary, self):
            disks.clear(instance.folder / "logs")
        disks.clear(self.folder / "data")
        self.run("cp", "--archive", f"{primary.folder}/data/.", "data")

    def command(self) -> list[str]:
        """Nothing is confirmed before the replica has it, however long that takes: also not at the start, once it was so."""
        addresses = ",".join(filter(None, ["127.0.0.1", self.far]))
        return [*(re.sub(r"^--bind-address=.*", f"--bind-address={addresses}", str(word)) for word in super().command()),
                f"--server-id={self.number}", f"--log-bin={self.folder}/logs/binary", f"--relay-log={self.folder}/logs/relay", "--binlog-format=ROW",
                "--innodb-log-file-size=16M", "--rpl-semi-sync-slave-enabled=ON", "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
                "--rpl-semi-sync-master-timeout=3600000", f"--rpl-semi-sync-master-enabled={int(self.is_in_step)}"]

    def ask(self, statement: str) -> dict:
        """The first row, by the names of its columns."""
        connection = self.connect(self.params("mysql"))
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            row = cursor.fetchone()
            return dict(zip((column[0] for column in cursor.description), row)) if row else {}
        finally:
            connection.close()

    def follow(self, primary: Server) -> None:
        self.administer(f"CHANGE MASTER TO master_host='127.0.0.1', master_port={primary.port}, master_user='test', "
                        f"master_password='{databases.PASSWORD}', master_log_file='{FIRST_LOG}', master_log_pos=4, "
                        "master_connect_retry=1, master_use_gtid=no")
        self.administer("START SLAVE")

    def take_over(self, port: int) -> None:
        """All that it has received is applied first, but for a transaction of which it has a part only."""
        self.administer("STOP SLAVE IO_THREAD")
        received = self.ask("SHOW SLAVE STATUS")
        self.ask(f"SELECT MASTER_POS_WAIT('{received['Master_Log_File']}', {received['Read_Master_Log_Pos']}, 10)")
        applied = self.ask("SHOW SLAVE STATUS")
        if applied["Last_SQL_Error"] or not applied["Slave_SQL_Running_State"].startswith("Slave has read all relay log"):
            raise RuntimeError(f"the replica did not apply all: {applied}")
        self.administer("STOP SLAVE")
        self.administer("RESET SLAVE ALL")
        self.stop()
        self.port = port
        self.is_in_step = False


class MariaDB(Served):
    def __init__(self, network):
        self.address = network.database_side if network else "127.0.0.1"
        Server.far = network.database_side if network else None
        self.instance = Server(1)
        self.instance.create()
        self.standby = Server(2, self.instance)
        self.pair()
        self.database = self.reached_at("127.0.0.1")

    def reached_at(self, address: str) -> clusters.Access:
        return clusters.Access(self.instance, self.instance.params("t1").replace("127.0.0.1", address))

    def pair(self) -> None:
        """From now on nothing is confirmed before the replica has it."""
        self.standby.follow(self.instance)
        self.instance.administer("SET GLOBAL rpl_semi_sync_master_enabled = 1")
        self.instance.is_in_step = True
        self.wait_for_standby()

    def wait_for_standby(self) -> None:
        """A statement that changes nothing is in the log all the same, and is confirmed when the replica has all before it."""
        clients = "SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'"
        clusters.eventually(lambda: self.instance.ask(clients)["Value"] == "1", "in step", 60)
        self.instance.administer("CREATE DATABASE IF NOT EXISTS t1")

    def fail_over(self, how: int, seconds: float) -> None:
        old, new = self.instance, self.standby
        port = new.port
        old.stop(how)
        time.sleep(seconds)
        new.take_over(old.port)
        old.copy(new)
        old.port, old.is_in_step = port, False
        new.start()
        self.instance, self.standby = new, old
        old.start()
        self.pair()
