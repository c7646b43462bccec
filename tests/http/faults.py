# SPDX-License-Identifier: Apache-2.0
"""Databases that fail on demand: a driver before apr's own (dbd_fault.c), and what happens to which of its calls."""
from __future__ import annotations

import atexit
import ctypes
import functools
import glob
import mmap
import os
import pathlib
import subprocess
import tempfile

import processes

# In the order of dbd_fault.c.
KINDS = OPEN, CHECK, PREPARE, QUERY, SELECT, CHANGE, FETCH, COUNT, ROW, VALUE = range(10)
NOTHING, FAIL, FAIL_AFTER, LIE, LOSE, BLOCK, BLOCK_AFTER, KILL, KILL_AFTER = range(9)

# In the order of system_fault.c.
ALLOCATION, WRITE, LOCK, THREAD, SOCKET, DATABASE, MAKING, WAIT = range(8)

EVER_AFTER = 2 ** 62  # as a last call
CONNECTIONS = (OPEN, CHECK)
STATEMENTS = (CHANGE, FETCH)


class Shared(ctypes.Structure):
    """What dbd_fault.c calls struct faults."""
    NUMBERS = "calls", "kinds", "first", "last", "action", "happened", "waiting", "release"
    _fields_ = [(name, ctypes.c_int64) for name in NUMBERS] + [("seen", ctypes.c_ubyte * 4096)]


@functools.cache
def folder_of_run() -> pathlib.Path:
    folder = processes.make_folder("faults")
    atexit.register(processes.remove_folder, folder)
    return folder


@functools.cache
def build(driver: str, name_of_ours: str = "") -> tuple[pathlib.Path, str]:
    """The folder of our driver, and the file of the one that it stands before. Ours may have another name."""
    name = f"apr_dbd_{driver}-1.so"
    [real, *_] = [*glob.glob(f"/usr/lib/*/apr-util-1/{name}"), *glob.glob(f"/usr/lib/apr-util-1/{name}")]
    ours = name_of_ours or driver
    folder = folder_of_run() / ours
    folder.mkdir()
    apr = subprocess.run(["apr-1-config", "--cppflags", "--includes"], capture_output=True, text=True, check=True)
    subprocess.run(["cc", "-shared", "-fPIC", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden",
                    *apr.stdout.split(), f"-DDRIVER=apr_dbd_{ours}_driver",
                    *([f"-DREAL=apr_dbd_{driver}_driver", f'-DNAMED="{ours}"'] if ours != driver else []), "-o", f"{folder}/apr_dbd_{ours}-1.so",
                    pathlib.Path(__file__).with_name("dbd_fault.c"), "-ldl"], check=True)
    return folder, real


class Faults:
    """What happens to the calls of the httpds that these were given to: nothing, until there is a plan."""

    def __init__(self):
        number, self.file = tempfile.mkstemp(prefix="plan-", dir=folder_of_run())
        os.write(number, bytes(ctypes.sizeof(Shared)))
        os.fchmod(number, 0o666)
        self.shared = Shared.from_buffer(mmap.mmap(number, ctypes.sizeof(Shared)))
        os.close(number)

    def give_to(self, server, name_of_driver: str = ""):
        folder, real = build(server.database.driver, name_of_driver)
        server.more_environment = {"LD_LIBRARY_PATH": str(folder), "TEST_FAULTS": self.file, "TEST_FAULTS_DRIVER": real}
        return server

    def plan(self, action: int, first: int = 1, last: int | None = None, kinds=KINDS) -> None:
        """From now on calls of these kinds are counted; the action meets the first to the last of them."""
        self.shared.action = NOTHING
        self.shared.calls = self.shared.happened = self.shared.release = 0
        self.shared.first, self.shared.last = first, last or first
        self.shared.kinds = sum(1 << kind for kind in kinds)
        self.shared.action = action

    def end(self) -> int:
        """End all faults and release waiting threads. Return how often a fault happened."""
        self.shared.action = NOTHING
        self.shared.release = 1
        return self.happened

    def release(self) -> None:
        """Release waiting threads; faults that were planned since apply to them."""
        self.shared.release = 1

    @property
    def calls(self) -> int:
        return self.shared.calls

    @property
    def happened(self) -> int:
        """How often there was something to happen."""
        return self.shared.happened

    @property
    def waiting(self) -> int:
        return self.shared.waiting

    def seen(self) -> list[int]:
        """The kinds of the calls since the plan was made, in order."""
        return list(self.shared.seen[1:self.calls + 1])


class SystemFaults(Faults):
    """The same for calls to the system (system_fault.c). The only action is FAIL."""

    def give_to(self, server):
        server.more_environment = {"LD_PRELOAD": str(build_system()), "TEST_SYSTEM_FAULTS": self.file}
        return server


@functools.cache
def build_system() -> pathlib.Path:
    library = folder_of_run() / "system_fault.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=default",
                    "-o", library, pathlib.Path(__file__).with_name("system_fault.c"), "-ldl"], check=True)
    return library
