# SPDX-License-Identifier: Apache-2.0
"""The examples for systemd and AppArmor are what these programs accept, and name the folders of the package."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "conf/examples"
FOLDERS = ("/var/lib/managed-session", "/var/log/managed-session")


@pytest.mark.parametrize("example", ["systemd/protect.conf", "apparmor/managed-session"])
def test_the_folders_that_postinst_makes_are_writable_with_it(example):
    postinst = (ROOT / "debian/libapache2-mod-managed-session.postinst").read_text()
    for folder in FOLDERS:
        assert folder in postinst and folder in (EXAMPLES / example).read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_accepts_the_drop_in(tmp_path):
    unit = tmp_path / "httpd-of-a-test.service"
    unit.write_text((EXAMPLES / "systemd/protect.conf").read_text() + "ExecStart=/bin/true\n")
    unit.chmod(0o644)  # with any umask
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert found.returncode == 0 and unit.name not in found.stderr, found.stderr


@pytest.mark.skipif(not shutil.which("apparmor_parser"), reason="no AppArmor here")
def test_apparmor_accepts_the_rules_within_a_profile(tmp_path):
    profile = tmp_path / "profile"
    profile.write_text(f'include <tunables/global>\nprofile test /usr/sbin/of-a-test {{\n  include "{EXAMPLES}/apparmor/managed-session"\n}}\n')
    found = subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", profile], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
