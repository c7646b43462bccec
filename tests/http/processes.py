# SPDX-License-Identifier: Apache-2.0
"""Starts the processes of a test run and ends them with all that belongs to them, also if the run is killed.

Each process leads a group of its own. A second program, this file run as a script, reads from the run what was
started and what is gone ("group 123", "gone group 123", "folder /tmp/ms-test-x"), one a line. When its input
ends, the run is over in some way: it ends the groups that are left and removes the folders that are left.
"""
from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Files that a test makes are for other users to read, as httpd's children are if root runs the tests. httpd itself gets the run's umask.
UMASK = os.umask(0o022)


def start(command, **options) -> subprocess.Popen:
    process = subprocess.Popen([str(word) for word in command], start_new_session=True, stdin=subprocess.DEVNULL, **options)
    _note(f"group {process.pid}")
    return process


def end(process: subprocess.Popen, how: int = signal.SIGTERM, seconds: float = 15) -> None:
    """This signal first, and that long to obey it; then every process of the group is killed."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how) if how == signal.SIGKILL else process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + seconds
        while _has_living(process.pid) and time.monotonic() < deadline:
            time.sleep(0.005)  # a child that is dying has the port still
    process.wait()
    _note(f"gone group {process.pid}")


def let_go(process: subprocess.Popen, folder: pathlib.Path) -> None:
    """They outlive this run."""
    _note(f"gone group {process.pid}")
    _note(f"gone folder {folder}")


def _has_living(group: int) -> bool:
    """Whether a process of this group is alive; one that waits for its parent to notice its death is not."""
    return any(_state_and_group(stat)[1] == group and _runs(stat.parent) for stat in pathlib.Path("/proc").glob("[0-9]*/stat"))


def _runs(process: pathlib.Path) -> bool:
    """The first of its threads may be dead already, and the files still open for the others."""
    return any(_state_and_group(stat)[0] not in "ZX" for stat in process.glob("task/*/stat"))


def _state_and_group(stat: pathlib.Path) -> tuple[str, int]:
    with contextlib.suppress(OSError):
        state, _parent, group = stat.read_text().rpartition(") ")[2].split()[:3]
        return state, int(group)
    return "X", 0


def make_folder(prefix: str) -> pathlib.Path:
    """A temporary folder that other users may enter."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ms-{prefix}-"))
    folder.chmod(0o755)
    _note(f"folder {folder}")
    return folder


def remove_folder(folder: pathlib.Path) -> None:
    """With the shared memory of a PostgreSQL in it that was killed."""
    for file in folder.glob("data/postmaster.pid"):
        _remove_segment(file.read_text().splitlines())
    shutil.rmtree(folder, ignore_errors=True)
    _note(f"gone folder {folder}")


def _remove_segment(pid_file: list[str]) -> None:
    """Line 7 has the key and the number of a System V segment. The number may be another's by now, the key is not."""
    with contextlib.suppress(IndexError, ValueError):
        key, segment = map(int, pid_file[6].split())
        if (key, segment) in segments():
            ctypes.CDLL(None).shmctl(segment, 0, None)  # 0 is IPC_RMID


def segments() -> set[tuple[int, int]]:
    """Key and number of each System V shared memory segment of this machine."""
    rows = [line.split() for line in pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return {(int(row[0]), int(row[1])) for row in rows}


# -- the second program ----------------------------------------------------------------------------


@functools.cache
def _cleaner() -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-B", __file__], stdin=subprocess.PIPE, start_new_session=True)


def _note(line: str) -> None:
    if __name__ != "__main__":
        _cleaner().stdin.write(f"{line}\n".encode())
        _cleaner().stdin.flush()


def _end_group(leader: int) -> None:
    """As end() does, for a process that is not this one's child."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            os.killpg(leader, 0)
            time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _clean_up(lines) -> None:
    left: dict[str, None] = {}
    for line in lines:
        if line.startswith("gone "):
            left.pop(line.removeprefix("gone "), None)
        else:
            left[line] = None
    found = [line.partition(" ")[::2] for line in reversed(left)]  # clients end before the database that they use
    for group in (which for what, which in found if what == "group"):
        _end_group(int(group))
    for folder in (which for what, which in found if what == "folder"):
        remove_folder(pathlib.Path(folder))


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _clean_up(line.rstrip("\n") for line in sys.stdin)
