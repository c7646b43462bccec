# SPDX-License-Identifier: Apache-2.0
"""The Debian package as it is built on this machine: its files, lintian, and that two builds are equal byte for byte."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import conftest

ROOT = conftest.ROOT
NAME = "libapache2-mod-managed-session"


def contents(package) -> dict[str, str]:
    """Mode of each file of the package."""
    listed = subprocess.run(["dpkg-deb", "-c", next(package.glob(f"{NAME}_*.deb"))], capture_output=True, text=True, check=True).stdout
    return {line.split()[5].removeprefix("."): line.split()[0] for line in listed.splitlines()}


def test_files_are_where_debian_has_them(package):
    files = contents(package)
    for place in ("/usr/lib/apache2/modules/mod_managed_session.so", "/etc/apache2/mods-available/managed_session.load",
                  "/etc/apache2/mods-available/managed_session.conf", f"/etc/logrotate.d/{NAME}", "/usr/share/mod_managed_session/conf/schema/sqlite.sql",
                  f"/usr/share/doc/{NAME}/README.Debian", f"/usr/share/doc/{NAME}/docs/upgrade.md", f"/usr/share/doc/{NAME}/examples/form.conf", f"/usr/share/doc/{NAME}/manual/index.html",
                  f"/usr/share/doc/{NAME}/manual/docs/guides/debian.html", f"/usr/share/doc-base/{NAME}.mod-managed-session"):
        assert files[place].startswith("-rw-r--r--"), place
    assert not [name for name in files if name.startswith(("/var", "/usr/local"))]


def test_what_the_documents_lead_to_is_in_the_package(package):
    files = set(contents(package))
    assert {f"/usr/share/mod_managed_session/{name}" for name in ("docs", "conf/examples")} <= files
    readme = (ROOT / f"debian/{NAME}.README.Debian").read_text()
    for name in re.findall(r"(?<![\w/.])(?:examples|docs)/[\w./-]+\w", readme):
        assert f"/usr/share/doc/{NAME}/{name}" in files, name


def test_lintian_is_content(package):
    if not shutil.which("lintian"):
        pytest.skip("no lintian here")
    found = subprocess.run(["lintian", "--allow-root", "-I", "--pedantic", "--fail-on", "error,warning,info,pedantic", next(package.glob("*.changes"))],
                           capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.slow
def test_a_second_build_elsewhere_is_the_same_byte_for_byte(package, tmp_path):
    old = os.umask(0o077)
    try:
        # Another folder, time zone, language, umask and moment.
        second = conftest.build_package(tmp_path / "another/folder", TZ="Pacific/Chatham", LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8")
    finally:
        os.umask(old)
    names = sorted(path.name for path in package.glob("*.deb"))
    assert len(names) == 2 and names == sorted(path.name for path in second.glob("*.deb"))
    for name in names:
        assert (package / name).read_bytes() == (second / name).read_bytes(), name


def test_no_script_of_the_package_touches_what_is_not_the_packages():
    for name in ("postinst", "postrm", "prerm"):
        text = pathlib.Path(ROOT, f"debian/{NAME}.{name}").read_text()
        assert not re.search(r"rm -r\S* (?!/var/(lib|log)/managed-session)", text), name
        assert subprocess.run(["sh", "-n"], input=text, text=True).returncode == 0


@pytest.mark.skipif(not shutil.which("rpmspec"), reason="no rpm here")
def test_rpm_accepts_the_spec_file():
    found = subprocess.run(["rpmspec", "-P", ROOT / "packaging/mod_managed_session.spec"], capture_output=True, text=True)
    assert found.returncode == 0 and "error" not in found.stderr and "warning" not in found.stderr, found.stderr


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="no rpmbuild here")
def test_rpmbuild_builds_it(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD")}
    # Debian's rpm does not know Debian's packages: --nodeps.
    made = subprocess.run(["make", "rpm", "RPMBUILD=--nodeps", f"BUILD={tmp_path}"], cwd=ROOT, capture_output=True, text=True, timeout=1200,
                          env=environment)
    assert made.returncode == 0, (made.stdout + made.stderr)[-3000:]
    listed = subprocess.run(["rpm", "-qlvp", next(tmp_path.rglob("*.x86_64.rpm"))], capture_output=True, text=True, check=True).stdout
    assert re.search(r"(?m)^drwx------ .* apache .*/var/lib/managed-session$", listed)
    assert re.search(r"(?m)/etc/httpd/conf.modules.d/10-managed_session.conf$", listed)
