# SPDX-License-Identifier: Apache-2.0
"""A clock that a test sets: the httpd under test takes it for the true one."""
import mmap
import os
import struct
import tempfile
import time

import preload


class Clock:
    """Seconds from the true time, for every httpd that was given this clock."""

    def __init__(self):
        number, self.file = tempfile.mkstemp(prefix="clock-", dir=os.path.dirname(preload.library("clock")))
        os.write(number, bytes(mmap.PAGESIZE))
        os.chmod(self.file, 0o644)
        self.view = mmap.mmap(number, mmap.PAGESIZE)
        os.close(number)
        self.offset = self.waited = 0

    def set(self, seconds: int) -> None:
        self.offset = seconds
        self.view[:8] = struct.pack("=q", seconds)

    def forward(self, seconds: int) -> None:
        self.set(self.offset + seconds)

    def now(self) -> int:
        return int(time.time()) + self.offset

    def wait(self, seconds: int) -> None:
        """Time passes for code that measures it, without the clock being set."""
        self.waited += seconds
        self.view[8:16] = struct.pack("=q", self.waited)

    def give_to(self, server):
        server.clock = self
        return server

    def environment(self, preloaded: str) -> dict[str, str]:
        return {"TEST_CLOCK": self.file, "LD_PRELOAD": f"{preloaded}:{preload.library('clock')}".strip(":")}


def is_possible() -> bool:
    """Not under valgrind, which puts itself before the C library."""
    return os.environ.get("MS_TOOL") != "valgrind"
