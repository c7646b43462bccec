# SPDX-License-Identifier: Apache-2.0
"""/etc/apache2 as a stock Debian has it, in a folder of the test's own: from the files of the package apache2, which is not installed.

The package's own a2enmod enables modules there, and its postinst names those that are enabled by default.
"""
import fcntl
import functools
import os
import pathlib
import re
import shutil
import subprocess

import harness
import processes

KEPT = pathlib.Path(__file__).resolve().parents[2] / "build/debian-apache2"


def fetch(files: pathlib.Path) -> None:
    subprocess.run(["apt-get", "-qq", "download", "apache2"], cwd=KEPT, check=True, capture_output=True, timeout=60)
    subprocess.run(["dpkg-deb", "-R", next(KEPT.glob("*.deb")), KEPT / "new"], check=True, timeout=60)
    (KEPT / "new").rename(files)


@functools.cache
def package() -> pathlib.Path | None:
    """The package's files, and its scripts in DEBIAN; None if it cannot be had here. Several runs of the tests may want it at once."""
    files = KEPT / "files"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not files.exists():
            shutil.rmtree(KEPT / "new", ignore_errors=True)
            try:
                fetch(files)
            except (OSError, subprocess.SubprocessError, StopIteration):
                return None
    return files


class Layout:
    """A ServerRoot like /etc/apache2. Enable modules, add sites, run configtest."""

    def __init__(self):
        self.files = package()
        self.root = processes.make_folder("debian")
        self.etc = self.root / "apache2"
        shutil.copytree(self.files / "etc/apache2", self.etc)
        ssl = self.etc / "mods-available/ssl.conf"
        ssl.write_text(ssl.read_text().replace("/usr/share/apache2", str(self.files / "usr/share/apache2")))
        for other in pathlib.Path("/etc/apache2/mods-available").glob("*"):  # those of modules that other packages bring
            if not (self.etc / "mods-available" / other.name).exists():
                shutil.copy(other, self.etc / "mods-available")
        for name in ("run", "lock", "log", "state"):
            (self.root / name).mkdir()
        postinst = (self.files / "DEBIAN/postinst").read_text()
        self.enable("mpm_event", *re.search(r"for module in ((?:[^;]|\\\n)*?);", postinst)[1].replace("\\", "").split())
        for name in ("managed_session.load", "managed_session.conf"):
            text = (KEPT.parents[1] / "conf" / name).read_text()
            text = text.replace("/usr/lib/apache2/modules/mod_managed_session.so", str(harness.MODULE))
            (self.etc / "mods-available" / name).write_text(text.replace("/var/lib/managed-session", str(self.root / "state")))

    def environment(self) -> dict[str, str]:
        """apache2ctl gives a folder to the user that httpd runs as: only root can give it to another."""
        user, group = ("www-data", "www-data") if os.getuid() == 0 else (self.root.owner(), self.root.group())
        return {"PATH": os.environ["PATH"], "LANG": "C", "APACHE_CONFDIR": str(self.etc), "APACHE_STATE_DIRECTORY": str(self.root / "state"),
                "APACHE_RUN_USER": user, "APACHE_RUN_GROUP": group, "APACHE_RUN_DIR": str(self.root / "run"),
                "APACHE_LOCK_DIR": str(self.root / "lock"), "APACHE_LOG_DIR": str(self.root / "log"),
                "APACHE_PID_FILE": str(self.root / "run/apache2.pid")}

    def enable(self, *modules: str) -> None:
        result = subprocess.run(["perl", self.files / "usr/sbin/a2enmod", "-q", *modules], env=self.environment(), capture_output=True,
                                text=True, timeout=harness.DEADLINE)
        assert result.returncode == 0, result.stdout + result.stderr

    def add_site(self, text: str) -> None:
        (self.etc / "sites-enabled/example.conf").write_text(text)

    def configtest(self) -> subprocess.CompletedProcess:
        return subprocess.run([harness.HTTPD, "-d", self.etc, "-f", self.etc / "apache2.conf", "-t"], env=self.environment(),
                              capture_output=True, text=True, timeout=harness.DEADLINE)

    def remove(self) -> None:
        shutil.rmtree(self.root)
