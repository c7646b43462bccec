# SPDX-License-Identifier: Apache-2.0
"""Builds what is put before the C library's functions in an httpd under test, once in a run."""
import atexit
import functools
import pathlib
import subprocess

import processes


@functools.cache
def library(name: str) -> str:
    """Of the file name.c in this folder."""
    folder = processes.make_folder(name)
    atexit.register(processes.remove_folder, folder)
    source = pathlib.Path(__file__).with_name(f"{name}.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", f"{folder}/{name}.so", source, "-ldl"], check=True)
    return f"{folder}/{name}.so"
