# SPDX-License-Identifier: Apache-2.0
"""What the tests of packages share: the package, built once, and fresh systems."""
import os
import pathlib
import shutil
import subprocess

import pytest

import chroots

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than half a minute; make test leaves it out, make test-deb does not")


def build_package(folder: pathlib.Path, **environment: str) -> pathlib.Path:
    """The folder's packages, made by make deb; nothing of the checkout's build/ is used or changed."""
    options = {**os.environ, "DEB_BUILD_OPTIONS": "nocheck", **environment}
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD"):
        options.pop(name, None)
    result = subprocess.run(["make", "deb", f"BUILD={folder}"], cwd=ROOT, env=options, capture_output=True, text=True, timeout=1200)
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    return folder / "deb"


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The folder of the package."""
    if not shutil.which("dh") or not shutil.which("dpkg-buildpackage"):
        pytest.skip("no debhelper here")
    return build_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def chroot():
    if chroots.why_not():
        pytest.skip(chroots.why_not())
    with chroots.Chroot() as root:
        yield root
