# SPDX-License-Identifier: Apache-2.0
"""What every test gets: the usual server, and the checks that follow it."""
import os
import subprocess

import pytest

import databases
import debian_layout
import harness
import processes


# Files that kill, wait, start clusters, or try everything with everything: make test-fast goes without.
SLOW = {f"test_{name}" for name in (
    "admin_plans authorization backend_login backends caches claiming_urls dead_cookies demo disk_full events examples_at_work fail_over "
    "failures floods galera htaccess leftovers login_limit login_limit_elsewhere lookup_cache memory mpms neighbours open_door "
    "origins other_signins partitions password_checks pgbouncer pool query_plan request_headers session_life session_lookup "
    "torture").split()}


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: not part of make test-fast")
    config.addinivalue_line("markers", "valgrind: also run with httpd under valgrind")
    config.addinivalue_line("markers", "sqlite: about SQLite, or the same on every database")


def pytest_collection_modifyitems(items):
    """On another database than SQLite's only what its statements have a part in."""
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)
    missing = databases.missing() if databases.NAME != "sqlite" else []
    for item in items if databases.NAME != "sqlite" else []:
        if item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason=f"not on {databases.NAME}"))
        elif missing:
            item.add_marker(pytest.mark.skip(reason="not installed: " + ", ".join(missing)))


@pytest.fixture(scope="module")
def server():
    """The usual site (harness.SITE), shared by the tests of a file."""
    with harness.Server() as running:
        yield running


@pytest.fixture(params=harness.ORDERS, scope="module")
def neighbour_order(request):
    """For Server(..., neighbours="dav dav_fs", order=neighbour_order): each test with the neighbour before ours and after it."""
    return request.param


@pytest.fixture
def debian():
    if not debian_layout.package():
        pytest.skip("Debian's package apache2 cannot be had here")
    layout = debian_layout.Layout()
    yield layout
    layout.remove()


@pytest.fixture
def small_disk():
    """A disk of its own with room for two megabytes or so."""
    folder = processes.make_folder("disk")
    mounted = os.getuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", folder],
                                                  capture_output=True).returncode == 0
    if not mounted:
        processes.remove_folder(folder)
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
    processes.remove_folder(folder)


@pytest.fixture(autouse=True)
def hold_to_account():
    """After every test: no unexpected log line, no secret anywhere, all servers alive."""
    for each in harness.running:
        each.statements_from = each.log_size()
    yield
    for each in list(harness.running):
        if each.process is not None:
            harness.get(each, "/", harness.random_token())
            each.check()
