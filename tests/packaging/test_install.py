# SPDX-License-Identifier: Apache-2.0
"""make install, make uninstall and make dist, in folders of the test's own."""
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE = pathlib.Path(os.environ.get("MS_MODULE", ROOT / "build/mod_managed_session.so")).resolve()
FOLDERS = {"Debian": ("etc/apache2/mods-available/managed_session.load", "etc/apache2/mods-available/managed_session.conf"),
           "Fedora": ("etc/httpd/conf.modules.d/10-managed_session.conf", "etc/httpd/conf.d/managed_session.conf"),
           "httpd's own": ("opt/httpd/conf/extra/managed_session.load", "opt/httpd/conf/extra/managed_session.conf")}


class Machine:
    """A folder to install into, with an apxs that names the folders of that kind of system."""

    def __init__(self, root: pathlib.Path, kind: str):
        self.root, self.to = root, root / "to"
        places = {"SYSCONFDIR": {"Debian": f"{root}/sys/etc/apache2", "Fedora": f"{root}/sys/etc/httpd/conf"}.get(kind, f"{root}/sys/opt/httpd/conf"),
                  "LIBEXECDIR": "/usr/lib/httpd/modules", "INCLUDEDIR": "/usr/include/httpd"}
        for folder in ("etc/apache2/mods-available", "etc/httpd/conf", "etc/httpd/conf.modules.d", "opt/httpd/conf"):
            (root / "sys" / folder).mkdir(parents=True)
        self.apxs = root / "apxs"
        self.apxs.write_text("#!/bin/sh\ncase $2 in\n" + "".join(f"{name}) echo '{place}' ;;\n" for name, place in places.items()) + "esac\n")
        self.apxs.chmod(0o755)

    def make(self, target: str, *variables: str) -> str:
        # The module and the tool are there already; they are not made again for this apxs.
        result = subprocess.run(["sh", "packaging/install.sh", target], cwd=ROOT, capture_output=True, text=True,
                                env={"PATH": os.environ["PATH"], "APXS": str(self.apxs), "MODULE": str(MODULE), "CTL": str(MODULE.parent / "managed-sessionctl"), "DESTDIR": str(self.to),
                                     **dict(v.split("=", 1) for v in variables)})
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def files(self) -> set[str]:
        return {str(path.relative_to(self.to)).removeprefix(str(self.root / "sys")[1:] + "/") for path in self.to.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("kind", FOLDERS)
def test_the_configuration_goes_where_that_system_reads_it(tmp_path, kind):
    machine = Machine(tmp_path, kind)
    machine.make("install")
    load, conf = FOLDERS[kind]
    assert {load, conf, "usr/lib/httpd/modules/mod_managed_session.so", "usr/local/sbin/managed-sessionctl",
            "usr/local/share/mod_managed_session/conf/schema/sqlite.sql"} <= machine.files()
    text = next(machine.to.rglob(pathlib.Path(load).name)).read_text()
    assert re.search(r"(?m)^LoadModule managed_session_module /usr/lib/httpd/modules/mod_managed_session.so$", text)


def test_so_it_does_on_a_debian_without_a_server_yet(tmp_path):
    machine = Machine(tmp_path, "Debian")
    machine.apxs.write_text(machine.apxs.read_text().replace(f"{tmp_path}/sys/etc/apache2", "/etc/apache2"))
    machine.make("install")
    assert set(FOLDERS["Debian"]) <= machine.files()


@pytest.mark.parametrize("variable", ["prefix", "PREFIX"])
def test_a_prefix_moves_what_is_shared(tmp_path, variable):
    machine = Machine(tmp_path, "Debian")
    machine.make("install", f"{variable}=/opt/sessions")
    assert "opt/sessions/share/mod_managed_session/docs/upgrade.md" in machine.files()
    assert "opt/sessions/share/man/man7/mod_managed_session.7" in machine.files()
    assert not [name for name in machine.files() if "/docs/man/" in name or "/docs/directives/" in name]


def test_the_folder_of_the_sessions_is_closed_to_others(tmp_path):
    machine = Machine(tmp_path, "Debian")
    machine.make("install")
    assert (machine.to / "var/lib/managed-session").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", FOLDERS)
def test_uninstall_takes_all_of_it_back(tmp_path, kind):
    machine = Machine(tmp_path, kind)
    machine.make("install")
    machine.make("uninstall")
    assert machine.files() == set()
    assert (machine.to / "var/lib/managed-session").is_dir(), "the sessions stay"


def test_what_the_administrator_wrote_stays(tmp_path):
    machine = Machine(tmp_path, "Debian")
    machine.make("install")
    conf = next(machine.to.rglob("managed_session.conf"))
    conf.write_text("ManagedSessionLifetime 5d\n")
    machine.make("install")
    assert conf.read_text() == "ManagedSessionLifetime 5d\n"
    assert str(conf) in machine.make("uninstall") and conf.exists()


def test_uninstall_leaves_no_link_that_keeps_httpd_from_starting(tmp_path):
    machine = Machine(tmp_path, "Debian")
    machine.make("install")
    available = next(machine.to.rglob("mods-available"))
    enabled = available.parent / "mods-enabled"
    enabled.mkdir()
    for name in ("managed_session.load", "managed_session.conf"):
        (enabled / name).symlink_to(f"../mods-available/{name}")
    machine.make("uninstall")
    assert list(enabled.iterdir()) == []


def test_installing_again_does_not_write_into_the_file_that_httpd_has_mapped(tmp_path):
    machine = Machine(tmp_path, "Debian")
    machine.make("install")
    module = next(machine.to.rglob("*.so"))
    with module.open("rb") as mapped:
        machine.make("install")
        assert os.fstat(mapped.fileno()).st_ino != module.stat().st_ino


def make_dist(folder: pathlib.Path, cwd: pathlib.Path = ROOT) -> pathlib.Path:
    archive = folder / "mod_managed_session-1.tar.gz"
    subprocess.run(["sh", "packaging/dist.sh", "mod_managed_session-1", archive], cwd=cwd, check=True)
    return archive


@pytest.mark.skipif(not shutil.which("git") or not (ROOT / ".git").exists(), reason="not a checkout")
def test_the_archive_is_the_same_each_time_and_makes_itself(tmp_path):
    archives = []
    for name, umask in (("a", 0o022), ("b", 0o077)):
        (tmp_path / name).mkdir()
        old = os.umask(umask)
        try:
            archives.append(make_dist(tmp_path / name).read_bytes())
        finally:
            os.umask(old)
    assert archives[0] == archives[1]
    with tarfile.open(tmp_path / "a/mod_managed_session-1.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked")
    (tmp_path / "c").mkdir()
    assert make_dist(tmp_path / "c", tmp_path / "unpacked/mod_managed_session-1").read_bytes() == archives[0]


def test_the_versions_agree():
    version = re.search(r'#define MS_VERSION "(.*)"', (ROOT / "src/core/version.h").read_text())[1]
    assert re.match(r"\S+ \((.*?)-\d+\)", (ROOT / "debian/changelog").read_text())[1] == version
    assert re.search(r"(?m)^Version: *(\S+)$", (ROOT / "packaging/mod_managed_session.spec").read_text())[1] == version
    assert f"({version})" in (ROOT / "CHANGES").read_text()
