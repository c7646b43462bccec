# SPDX-License-Identifier: Apache-2.0
"""A clock that a test sets: the httpd under test takes it for the true one."""
import atexit
import functools
import mmap
import os
import pathlib
import struct
import subprocess
import tempfile
import time

import processes


@functools.cache
def library() -> str:
    folder = processes.make_folder("clock")
    atexit.register(processes.remove_folder, folder)
    source = pathlib.Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", f"{folder}/clock.so", source, "-ldl"], check=True)
    return f"{folder}/clock.so"


class Clock:
    """Seconds from the true time, for every httpd that was given this clock."""

    def __init__(self):
        number, self.file = tempfile.mkstemp(prefix="clock-", dir=os.path.dirname(library()))
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
        return {"TEST_CLOCK": self.file, "LD_PRELOAD": f"{preloaded}:{library()}".strip(":")}


def is_possible() -> bool:
    """Not under valgrind, which puts itself before the C library."""
    return os.environ.get("MS_TOOL") != "valgrind"
