# SPDX-License-Identifier: Apache-2.0
"""A whole httpd under ThreadSanitizer: what it is started with, and which reports are not ours (races.supp)."""
from __future__ import annotations

import atexit
import functools
import os
import pathlib
import subprocess

import processes

HERE = pathlib.Path(__file__).parent


@functools.cache
def atomics() -> str:
    """apr's atomic functions, compiled so that the tool sees what they order (races.c)."""
    folder = processes.make_folder("races")
    atexit.register(processes.remove_folder, folder)
    made = folder / "atomics.so"
    flags = subprocess.run(["apr-1-config", "--cppflags", "--includes"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["cc", "-shared", "-fPIC", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=thread", *flags,
                    "-o", made, HERE / "races.c"], check=True)
    return str(made)


def library() -> str:
    found = subprocess.run(["gcc", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True).stdout.strip()
    return os.path.realpath(found)


def environment(logs: pathlib.Path) -> dict[str, str]:
    return {"LD_PRELOAD": f"{library()}:{atomics()}",
            "TSAN_OPTIONS": f"log_path={logs}/tsan:suppressions={HERE}/races.supp:die_after_fork=0:exitcode=0"}
