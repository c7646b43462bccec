# SPDX-License-Identifier: Apache-2.0
"""The Debian package in a fresh Debian: the stories of debian/tests, as autopkgtest runs them."""
import re

import pytest

import chroots

pytestmark = pytest.mark.skipif(chroots.why_not() is not None, reason=chroots.why_not() or "")
TESTS = chroots.ROOT / "debian/tests"
CONTROL = (TESTS / "control").read_text()


def with_package(chroot, package) -> None:
    for file in package.glob("*.deb"):
        if "dbgsym" not in file.name:
            chroot.put(file, f"/package/{file.name}")
    chroot.put(TESTS, "/tests")


def test_the_stories_of_the_package(chroot, package):
    with_package(chroot, package)
    needed = [name.strip() for name in re.search(r"(?m)^Depends: (.*)$", CONTROL)[1].split(",")]
    chroot.run("apt-get -qq update && apt-get -qq install -y /package/*.deb logrotate >/dev/null")
    chroot.install(*[name for name in needed if name != "@"])
    for name in re.search(r"(?m)^Tests: (.*)$", CONTROL)[1].split():
        chroot.run(f"/tests/{name}", network=False)


def test_apt_installs_it_beside_a_server_that_runs(chroot, package):
    """A package that is installed while httpd serves: its restart is the package's, and the site is there afterwards."""
    with_package(chroot, package)
    chroot.install("apache2", "curl")
    chroot.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n")
    chroot.run("""
        chmod 755 /usr/sbin/policy-rc.d
        echo 'Listen 127.0.0.1:18080' >/etc/apache2/ports.conf
        apache2ctl start
        apt-get -qq install -y /package/*.deb >/log 2>&1 || { cat /log; exit 1; }
        apache2ctl -M 2>/dev/null | grep managed_session
        curl -s -o /dev/null http://127.0.0.1:18080/
        test -f /var/lib/managed-session/sessions.db || ls -l /var/lib/managed-session
        ! grep -iE 'emerg|MS[0-9]{4}' /var/log/apache2/error.log
        apache2ctl stop""")


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_it_builds_there_and_lintian_is_content(release):
    with chroots.Chroot(release) as root:
        root.put_checkout()
        root.install("gcc", "make", "git", "lintian")
        root.run("make deb >/log 2>&1 || { tail -50 /log; exit 1; }", folder="/src")
        root.run("dpkg-deb -c build/deb/libapache2-mod-managed-session_*.deb | grep mods-available/managed_session.load", folder="/src")
        found = root.run("lintian --allow-root -I --pedantic --fail-on error,warning,info build/deb/*.changes", folder="/src", check=False)
        assert found.returncode == 0 and not re.search(r"(?m)^[EWI]:", found.stdout), found.stdout
