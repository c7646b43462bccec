# SPDX-License-Identifier: Apache-2.0
"""Bodies that another module's filter (mod_body.c) has been at."""
import pathlib
import subprocess

import pytest

from harness import SITE, Server, get, post, request, sign_in
from test_optional_functions import ask_apxs

pytestmark = pytest.mark.sqlite
ALICE = {"username": "alice", "password": "wonderland"}
# Clients choose the filter by a header.
FILTERS = """
LoadModule body_module "@MODULE@"
<If "%{req:X-Filter} == 'unreadable'">
    SetInputFilter unreadable
</If>
<If "%{req:X-Filter} == 'flushed'">
    SetInputFilter flushed
</If>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    module = tmp_path_factory.mktemp("body") / "mod_body.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-DLINUX", "-D_GNU_SOURCE",
                    *(f"-isystem{ask_apxs(name)}" for name in ("INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR")),
                    pathlib.Path(__file__).with_name("mod_body.c"), "-o", module], check=True)
    for folder in (module, *module.parents[:3]):
        folder.chmod(0o755)
    with Server(SITE + FILTERS.replace("@MODULE@", str(module))) as server:
        yield server


@pytest.mark.parametrize("target, fields", [("/login", ALICE), ("/logout", {"return": "/"}), ("/sessions", {"action": "revoke-all"})])
def test_one_that_cannot_be_read_does_nothing(site, target, fields):
    token, rows = sign_in(site), site.rows()
    answer = post(site, target, fields, token, {"X-Filter": "unreadable"})
    assert answer.status == 400 and not answer.cookies()
    assert "body refused with 400: the body could not be read" in site.new_log()
    assert site.rows() == rows and get(site, "/app/", token).status == 200


def test_json_that_cannot_be_read_does_nothing(site):
    answer = request(site, "POST", "/login", {"X-Filter": "unreadable", "Content-Type": "application/json"}, b'{"username": "alice"}')
    assert answer.status == 400 and "body refused with 400: the body could not be read" in site.new_log()


def test_metadata_is_passed_over(site):
    answer = post(site, "/login", ALICE, headers={"X-Filter": "flushed"})
    assert answer.status == 303 and get(site, "/app/", answer.token()).status == 200
