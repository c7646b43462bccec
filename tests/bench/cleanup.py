# SPDX-License-Identifier: Apache-2.0
"""How long visitors wait while a million expired rows are deleted, beside how long they wait otherwise.

    make bench-cleanup          # on SQLite, PostgreSQL and MariaDB, those that are installed
"""
import http.client
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
ROWS = int(os.environ.get("ROWS", "1000000"))
VISITORS, SECONDS = 4, 8


def one_database() -> None:
    sys.path.insert(0, str(HERE.parent / "http"))
    import databases
    import harness

    class Visitors:
        def __init__(self, server, token):
            self.server, self.token, self.took, self.failed, self.going = server, token, [], 0, True
            self.threads = [threading.Thread(target=self._visit) for _ in range(VISITORS)]

        def _visit(self):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            while self.going:
                start = time.perf_counter()
                connection.request("GET", "/app/", headers={"Cookie": f"{harness.COOKIE}={self.token}"})
                answer = connection.getresponse()
                answer.read()
                self.took.append(time.perf_counter() - start)
                self.failed += answer.status != 200

        def visit_while(self, condition) -> None:
            for thread in self.threads:
                thread.start()
            while condition():
                time.sleep(0.05)
            self.going = False
            for thread in self.threads:
                thread.join()

        def figures(self) -> str:
            took = sorted(self.took)
            return (f"{len(took):8d} requests, median {statistics.median(took) * 1000:6.2f} ms, "
                    f"p99 {took[int(len(took) * 0.99)] * 1000:6.2f} ms, longest {took[-1] * 1000:7.1f} ms, failed {self.failed}")

    def fill(server) -> None:
        end = int(time.time()) - 10
        for first in range(0, ROWS, 10000):
            values = ", ".join(f"('x{i:021d}', '{i:064d}', 'app.test', 'u{i}', 0, 0, {end}, {end}, '192.0.2.1', '192.0.2.1', "
                               f"'Mozilla/5.0 (X11; Linux x86_64; rv:130.0)', NULL, 'form', 0)" for i in range(first, min(ROWS, first + 10000)))
            server.sql(f"INSERT INTO managed_session ({databases.COLUMNS}) VALUES {values}")

    quiet = harness.BASE.replace("managed_session:trace8", "managed_session:info").replace("LogLevel info", "LogLevel warn")
    for interval in ("0", "1s"):
        server = harness.Server(harness.SITE + f"ManagedSessionCleanupInterval {interval}\n", base=quiet,
                                extra="KeepAliveTimeout 60\nMaxKeepAliveRequests 0\n")
        if interval != "0":  # not before the rows are there
            config = server.root / "httpd.conf"
            text = config.read_text()
            config.write_text(text.replace("ManagedSessionCleanupInterval 1s", "ManagedSessionCleanupInterval 0"))
        with server:
            token = harness.sign_in(server)
            fill(server)
            if interval != "0":
                config.write_text(text)
                server.graceful()
                time.sleep(2)  # until the new child serves: the cleanup does not cause that wait
            visitors = Visitors(server, token)
            start = time.monotonic()
            if interval == "0":
                visitors.visit_while(lambda: time.monotonic() < start + SECONDS)
                print(f"{databases.NAME:7} without clean-up {visitors.figures()}", flush=True)
            else:
                visitors.visit_while(lambda: server.rows() > 1 and time.monotonic() < start + 600)
                print(f"{databases.NAME:7} with clean-up    {visitors.figures()}; {ROWS - server.rows() + 1} rows in "
                      f"{time.monotonic() - start:.0f} s", flush=True)


if "one" in sys.argv:
    one_database()
else:
    for name in ("sqlite", "pgsql", "mysql"):
        subprocess.run([sys.executable, "-B", __file__, "one"], env={**os.environ, "MS_DATABASE": name}, check=False)
