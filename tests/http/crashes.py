# SPDX-License-Identifier: Apache-2.0
"""The stacks of processes of httpd that crash, which its error log does not have; and whose fault a crash is."""
from __future__ import annotations

import atexit
import functools
import os
import pathlib
import re
import subprocess

import processes

# A child that ends at once closes the sockets of its workers, and a worker may have freed its own by then: mpm_event and mpm_worker do it
# so, with any module or none. It is the thread of main(), which calls apr from the MPM, and nothing else is on its stack. To free pools is
# another matter: what a module has left there is met then.
FREED_SOCKET = re.compile(r"""
    (?:[^\n]*/crash\.so[^\n]*\n)+
    (?:[^\n]*/libc\.so\.6[^\n]*\n)*                                   # where the signal is handled
    (?:[^\n]*/libapr-1\.so\.0\((?:apr_os_sock_get|apr_socket_(?:timeout_set|opt_set|close)|apr_pool_cleanup_(?:kill|run))?\+[^\n]*\n)+
    (?:[^\n]*/mod_mpm_(?:event|worker)\.so[^\n]*\n)+
    [^\n]*\(ap_run_mpm\+""", re.VERBOSE)


@functools.cache
def library() -> str:
    folder = processes.make_folder("crash")
    atexit.register(processes.remove_folder, folder)
    source = pathlib.Path(__file__).with_name("crash.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", f"{folder}/crash.so", source, "-ldl"], check=True)
    return f"{folder}/crash.so"


def file(root: pathlib.Path) -> pathlib.Path:
    return root / "logs/crashes"


def environment(root: pathlib.Path) -> dict[str, str]:
    """Not with a tool that is before the C library itself: it writes the stack."""
    return {} if os.environ.get("MS_TOOL") else {"LD_PRELOAD": library(), "TEST_CRASHES": str(file(root))}


def stacks(root: pathlib.Path) -> dict[str, str]:
    """Of each process that has crashed, by its number."""
    if not file(root).exists():
        return {}
    text = file(root).read_text(errors="replace")
    return {pid: lines for pid, lines in re.findall(r"(?ms)^crash of (\d+) by signal \d+\n(.*?)^$", text)}


def stack_of(root: pathlib.Path, line: str) -> str:
    """For a line of the error log about a child that has ended; empty if there is none."""
    child = re.search(r"child pid (\d+) exit signal", line)
    return stacks(root).get(child[1], "") if child else ""


def is_httpds_own(stack: str) -> bool:
    return bool(FREED_SOCKET.match(stack))
