# SPDX-License-Identifier: Apache-2.0
"""Web servers of a soak: their configuration, their clocks, and, if this is root, a network of its own for the second one."""
from __future__ import annotations

import http.server
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time

import backends
import harness
import model
import open_ends
import processes

HERE = pathlib.Path(__file__).parent
PASSWORD = "open sesame"
ADMINISTRATOR = "root"
USERS = [f"user{i}" for i in range(12)]
EPOCH = time.time() - time.monotonic()

CONFIG = harness.SITE.replace('"@ROOT@/passwords"', '"@ROOT@/cheap"').replace(
    "SetHandler managed-session-list", "SetHandler managed-session-list\n    ManagedSessionAppPasswords On") + f"""
ManagedSessionCacheTTL {model.TTL}s
ManagedSessionCacheLife {model.LIFE}s
ManagedSessionLimit 0
ManagedSessionAppLimit 0
ManagedSessionTouchInterval 5s
ManagedSessionCleanupInterval 5s
ManagedSessionEventLog "|/usr/bin/python3 -B {HERE}/slow_reader.py @ROOT@/logs/events @ROOT@/run/pause"
KeepAliveTimeout 5
Header always set User "expr=%{{REMOTE_USER}}"
<Location "/dav">
    AuthType Basic
    AuthName "files"
    AuthBasicProvider managed-session
    Require valid-user
</Location>
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    Require user {ADMINISTRATOR}
</Location>
<Location "/check">
    SetHandler managed-session-check
    ManagedSessionCheckPeers @APPS@
    AuthType ManagedSession
    Require valid-user
</Location>
ProxyPass "/on/" "http://@APPS@:@BACKEND@/"
<Location "/on">
    ManagedSession On
    ManagedSessionBackendLogin On
</Location>
ProxyPass "/app/slow/" "http://@APPS@:@SLOW@/"
ProxyPass "/app/socket" "http://@APPS@:@SOCKET@/" upgrade=websocket
"""
THREADS_PER_CHILD = 25
CHILDREN = (f"ServerLimit 10\nStartServers 2\nThreadsPerChild {THREADS_PER_CHILD}\nMinSpareThreads 10\nMaxSpareThreads 60\nMaxRequestWorkers 100\n"
            "DBDMin 1\nDBDKeep 4\nDBDMax 6\n")


class Backend(harness.Backend):
    def handle_error(self, *_):
        """Connections are reset all the time."""

    def __init__(self, address: str):
        http.server.ThreadingHTTPServer.__init__(self, (address, 0), harness.EchoHandler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class WebSocketApplication(backends.WebSocketApplication):
    def __init__(self, address: str):
        super().__init__()
        self.shutdown()
        self.socket.close()
        self.socket = socket.create_server((address, 0), backlog=64)
        self.server_address = self.socket.getsockname()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_):
        """Connections are reset all the time."""


class Network:
    """A host's own: a cable for clients and applications, and one for the database, which can be cut."""

    def __init__(self):
        self.name = f"soak{os.getpid()}"
        base = f"10.{random.SystemRandom().randrange(64, 250)}.{random.SystemRandom().randrange(256)}"
        self.database_side, self.front_side, self.host = f"{base}.1", f"{base}.5", f"{base}.6"
        self.ip("netns", "add", self.name)
        for letter, ours, theirs in (("d", self.database_side, f"{base}.2"), ("f", self.front_side, self.host)):
            cable = f"{self.name}{letter}"
            self.ip("link", "add", cable, "type", "veth", "peer", "name", f"{cable}x", "netns", self.name)
            self.ip("address", "add", f"{ours}/30", "dev", cable)
            self.ip("link", "set", cable, "up")
            self.ip("-n", self.name, "address", "add", f"{theirs}/30", "dev", f"{cable}x")
            self.ip("-n", self.name, "link", "set", f"{cable}x", "up")
        self.ip("-n", self.name, "link", "set", "lo", "up")

    @staticmethod
    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)

    def cut(self) -> None:
        """Nothing comes back any more, not even that it cannot."""
        self.ip("link", "set", f"{self.name}d", "down")

    def mend(self) -> None:
        self.ip("link", "set", f"{self.name}d", "up")

    def remove(self) -> None:
        self.ip("netns", "delete", self.name)


class Host(harness.Server):
    """One web server, with the applications behind it."""

    def __init__(self, name: str, database, network: Network | None = None):
        self.name, self.network = name, network
        self.address = network.host if network else "127.0.0.1"
        self.steps: list[list] = [[model.ALWAYS, model.NEVER, 0]]  # of its clock: from when until when, and how far from the true time
        self.busy = threading.Lock()  # one fault of its processes at a time
        near = network.front_side if network else "127.0.0.1"
        self.slow, self.backend, self.web_sockets = open_ends.SlowApplication((near, 0)), Backend(near), WebSocketApplication(near)
        config = CONFIG
        for mark, value in (("@APPS@", near), ("@BACKEND@", self.backend.port), ("@SLOW@", self.slow.port), ("@SOCKET@", self.web_sockets.port)):
            config = config.replace(mark, str(value))
        base = harness.BASE.replace("Listen 127.0.0.1", f"Listen {self.address}").replace("managed_session:trace8", "managed_session:info")
        super().__init__(config, without="cgid", base=base, extra=CHILDREN, database=database)
        self.expected_later.append(r"^(?!.*(exit signal (?!Killed|Terminated)|Sanitizer|runtime error))")
        self.write("htdocs/dav/index.html", harness.PAGE)
        for user in [*USERS, ADMINISTRATOR]:
            self._add_cheap(user)

    def _add_cheap(self, user: str) -> None:
        """A password whose check costs nothing."""
        made = [] if (self.root / "cheap").exists() else ["-c"]
        subprocess.run(["htpasswd", "-bs", *made, str(self.root / "cheap"), user, PASSWORD], check=True, capture_output=True)

    def command(self) -> list[str]:
        return [*(["ip", "netns", "exec", self.network.name] if self.network else []), *super().command()]

    def _greet(self) -> None:
        with socket.create_connection((self.address, self.port), 1) as s:
            s.settimeout(harness.DEADLINE)
            s.sendall(b"OPTIONS * HTTP/1.0\r\n\r\n")
            s.recv(1)

    def remove(self) -> None:
        for application in (self.slow, self.backend, self.web_sockets):
            application.__exit__()
        super().remove()

    # -- its clock --------------------------------------------------------------------------------

    def set_clock(self, seconds: int) -> None:
        """While it is being set, the old time and the new one both count."""
        self.steps.append([time.monotonic(), model.NEVER, seconds])
        self.clock.set(seconds)
        self.steps[-2][1] = time.monotonic()

    def wall(self, begun: float, ended: float) -> tuple[float, float]:
        """The least and the most that its wall clock showed meanwhile."""
        shown = [moment + offset for since, until, offset in self.steps if since <= ended and until >= begun
                 for moment in (max(since, begun), min(until, ended))]
        return EPOCH + min(shown), EPOCH + max(shown)

    # -- what happens to its processes --------------------------------------------------------------

    def end(self) -> None:
        """httpd waits for requests that are open, up to ten seconds; who stops a machine does not."""
        processes.end(self.process, seconds=3)
        self.stop()

    def restart(self) -> None:
        self.end()
        self.start()

    def kill_parent(self, seconds: float) -> None:
        """Its children go on for a while without it."""
        os.kill(self.process.pid, signal.SIGKILL)
        time.sleep(seconds)
        processes.end(self.process, signal.SIGKILL)
        self.start()
