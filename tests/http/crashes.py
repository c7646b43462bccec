# SPDX-License-Identifier: Apache-2.0
"""The stacks of processes of httpd that crash, which its error log does not have; and whose fault a crash is."""
from __future__ import annotations

import os
import pathlib
import re
import signal
from typing import NamedTuple

import preload

# A child that ends at once closes the sockets of its workers, and a worker may have freed its own by then: mpm_event and mpm_worker do it
# so, with any module or none. It is the thread of main(), which calls apr from the MPM, and nothing else is on its stack. To free pools is
# another matter: what a module has left there is met then. A module that damages the socket of a connection would be met here, too; so the
# soak bounds how often it may be.
FREED_SOCKET = re.compile(r"""
    (?:[^\n]*/crash\.so[^\n]*\n)+
    (?:[^\n]*/libc\.so\.6[^\n]*\n)*                                   # where the signal is handled
    (?:[^\n]*/libapr-1\.so\.0\((?:apr_os_sock_get|apr_socket_(?:timeout_set|opt_set|close)|apr_pool_cleanup_(?:kill|run))?\+[^\n]*\n)+
    (?:[^\n]*/mod_mpm_(?:event|worker)\.so[^\n]*\n)+
    [^\n]*\(ap_run_mpm\+""", re.VERBOSE)

# mpm_event's child ends by exit() in the handler of SIGTERM until it has dropped its privileges, which allocates memory; at exit() some
# libraries free theirs, as those do that libpq loads. No module runs at that time.
ENDED_AT_ITS_START = re.compile(r"""
    (?:(?![^\n]*/mod_)[^\n]*\n)+
    (?:[^\n]*/mod_mpm_(?:event|worker)\.so[^\n]*\n){2}                 # clean_child_exit(), just_die()
    (?:(?![^\n]*/mod_)[^\n]*\n)+?
    [^\n]*\(ap_run_drop_privileges\+[^\n]*\n
    (?:[^\n]*/mod_mpm_(?:event|worker)\.so[^\n]*\n)+
    [^\n]*\(ap_run_mpm\+""", re.VERBOSE)


def file(root: pathlib.Path) -> pathlib.Path:
    return root / "logs/crashes"


def environment(root: pathlib.Path) -> dict[str, str]:
    """Not with a tool that is before the C library itself: it writes the stack."""
    return {} if os.environ.get("MS_TOOL") else {"LD_PRELOAD": preload.library("crash"), "TEST_CRASHES": str(file(root))}


class Crash(NamedTuple):
    pid: int
    signal: int
    stack: str

    def is_httpds_own(self) -> bool:
        of_memory = self.signal in (signal.SIGSEGV, signal.SIGBUS)
        return bool(of_memory and FREED_SOCKET.match(self.stack) or
                    (of_memory or self.signal == signal.SIGABRT) and ENDED_AT_ITS_START.match(self.stack))

    def __str__(self) -> str:
        """One line, which the summary of a test that is repeated has, too."""
        frames = [frame.rpartition("/")[2].partition("[")[0] for frame in self.stack.splitlines()]
        return f"process {self.pid} crashed by signal {self.signal}: {' < '.join(frames)}"


def read(text: str) -> list[Crash]:
    """A process may be killed while it writes: the next one begins then where an empty line should be."""
    found = re.findall(r"(?ms)^crash of (\d+) by signal (\d+)\n(.*?)^(?=$|crash of )", text)
    return [Crash(int(pid), int(number), stack) for pid, number, stack in found]


def of(root: pathlib.Path) -> list[Crash]:
    """All of a server, also those that no line of its error log names: of children without a parent, or of the parent itself."""
    return read(file(root).read_text(errors="replace")) if file(root).exists() else []


def is_line_of_httpds_own(line: str, found: list[Crash]) -> bool:
    """Of the error log, about a child that has ended."""
    child = re.search(r"child pid (\d+) exit signal", line)
    of_child = [crash for crash in found if child and crash.pid == int(child[1])]
    return bool(of_child) and all(crash.is_httpds_own() for crash in of_child)
