# SPDX-License-Identifier: Apache-2.0
"""A clock that a test sets: the httpd under test takes it for the true one."""
import mmap
import os
import pathlib
import struct
import subprocess
import tempfile
import time

from harness import TOOL, Server


class Clock:
    """Seconds from the true time, for every httpd that was given this clock."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ms-clock-")
        self.library = os.path.join(self.folder.name, "clock.so")
        os.chmod(self.folder.name, 0o755)
        source = pathlib.Path(__file__).with_name("clock.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", self.library, source, "-ldl"], check=True)
        self.file = os.path.join(self.folder.name, "offset")
        with open(self.file, "wb") as f:
            f.write(bytes(mmap.PAGESIZE))
        os.chmod(self.file, 0o644)
        self.view = mmap.mmap(os.open(self.file, os.O_RDWR), mmap.PAGESIZE)
        self.offset = 0

    def set(self, seconds: int) -> None:
        self.offset = seconds
        self.view[:8] = struct.pack("=q", seconds)

    def forward(self, seconds: int) -> None:
        self.set(self.offset + seconds)

    def now(self) -> int:
        return int(time.time()) + self.offset

    def give_to(self, server: Server) -> Server:
        before = server.environment().get("LD_PRELOAD", "")
        server.more_environment = {"TEST_CLOCK": self.file, "LD_PRELOAD": f"{before}:{self.library}".strip(":")}
        return server


def is_possible() -> bool:
    """Not under valgrind, which puts itself before the C library."""
    return TOOL != "valgrind"
