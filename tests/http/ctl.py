# SPDX-License-Identifier: Apache-2.0
"""Runs build/managed-sessionctl on a server of the harness: with pipes, as a script does, or on a terminal of its own."""
from __future__ import annotations

import atexit
import fcntl
import functools
import json
import os
import pathlib
import pty
import pwd
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import harness
import processes
import races

PROGRAM = pathlib.Path(harness.MODULE).parent / "managed-sessionctl"
ENVIRONMENT = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "xterm", "ASAN_OPTIONS": "detect_leaks=0"}
if harness.TOOL == "asan":
    ENVIRONMENT["LD_PRELOAD"] = harness.asan_library()  # the tool runs httpd, which loads the module
if harness.TOOL == "tsan":
    ENVIRONMENT |= {"LD_PRELOAD": races.library(), "TSAN_OPTIONS": "report_bugs=0"}


class Result:
    def __init__(self, status: int, out: str, err: str = ""):
        self.status, self.out, self.err = status, out, err

    def json(self):
        return json.loads(self.out)

    def __repr__(self) -> str:
        return f"{self.status}\n{self.out}\n{self.err}"


@functools.cache
def for_others() -> pathlib.Path:
    """The program in a folder that other users may enter: they may not read a checkout that was made with umask 077."""
    folder = processes.make_folder("ctl")
    atexit.register(processes.remove_folder, folder)
    shutil.copy(PROGRAM, folder)
    (folder / PROGRAM.name).chmod(0o755)
    return folder / PROGRAM.name


def run(*words, user: str | None = None, **environment) -> Result:
    as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run([for_others() if user else PROGRAM, *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=harness.DEADLINE, env={**ENVIRONMENT, **environment}, **as_user)
    return Result(done.returncode, done.stdout, done.stderr)


def of(server) -> list[str]:
    """The options that lead to the database of a server, through its configuration."""
    return ["--httpd", harness.HTTPD, "--config", f"{server.root}/httpd.conf"]


class Ctl:
    """The tool, for one server. It runs as the user who runs the tests."""

    def __init__(self, server):
        self.server = server

    def __call__(self, *words, **options) -> Result:
        result = run(*words, *of(self.server), **options)
        self.server.age_cache()
        return result

    def on_terminal(self, *words, typed: str = "", width: int = 80, **environment) -> Result:
        """The same on a terminal, on which all that it prints comes together."""
        child, terminal = pty.fork()
        if child == 0:
            try:
                os.execve(PROGRAM, [str(PROGRAM), *map(str, words), *of(self.server)], {**ENVIRONMENT, **environment})
            finally:  # this copy of the tests must not go on: it would end the servers of the other
                os._exit(127)
        try:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
            return self._talk(child, terminal, typed)
        finally:
            os.close(terminal)

    def _talk(self, child: int, terminal: int, typed: str) -> Result:
        seen, end = b"", time.monotonic() + harness.DEADLINE
        while time.monotonic() < end:
            if typed and seen.endswith(b"[y/N] "):
                os.write(terminal, typed.encode() + b"\n")
                typed = ""
            ready, _, _ = select.select([terminal], [], [], 0.1)
            try:
                part = os.read(terminal, 65536) if ready else None
            except OSError:  # Linux reports the end of a terminal so
                part = b""
            if part == b"":
                break
            seen += part or b""
        else:
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.server.age_cache()
        return Result(status, seen.decode().replace("\r\n", "\n"))
