# SPDX-License-Identifier: Apache-2.0
"""Small disks, which can be filled. Only root can make them, and only in the namespace for mounts that a soak has for itself."""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess


def mount(folder: pathlib.Path, megabytes: int) -> bool:
    return os.environ.get("MS_APART") == "1" and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", folder], capture_output=True).returncode == 0


def unmount(folder: pathlib.Path | None) -> None:
    """Also while a file on it is open: nothing writes to it any more."""
    if folder:
        subprocess.run(["umount", "--lazy", folder], check=True)


def clear(folder: pathlib.Path) -> None:
    """All in it; itself it may be a disk."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def for_data(instance) -> pathlib.Path | None:
    """The folder of a database server's data (a databases.Instance), which is a small disk if there can be one: that disk, or None."""
    data = instance.folder / "data"
    instance.run("mkdir", data)
    is_small = mount(data, 300)
    if is_small:
        shutil.chown(data, instance.user)
    data.chmod(0o700)
    return data if is_small else None
