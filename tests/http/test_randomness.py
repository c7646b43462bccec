# SPDX-License-Identifier: Apache-2.0
"""Tokens come from the kernel's random numbers, new ones for each, in every child; without them no user is signed in."""
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import PASSWORDS, TOOL, Server, get, post, sign_in

ALICE = {"username": "alice", "password": PASSWORDS["alice"]}


@pytest.mark.skipif(bool(TOOL), reason="this tool wants to be before the C library itself")
def test_without_random_numbers_no_user_is_signed_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("random")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    library, switch = folder / "no_random.so", folder / "off"
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", library,
                    pathlib.Path(__file__).with_name("no_random.c"), "-ldl"], check=True)
    server = Server()
    server.more_environment = {"LD_PRELOAD": str(library), "TEST_NO_RANDOM": str(switch)}
    with server:
        token = sign_in(server)
        switch.touch()
        server.expect(r"MS00|AH", status_5xx=True)
        answer = post(server, "/login", ALICE)
        assert answer.status == 503 and not answer.cookies() and server.rows() == 1
        assert get(server, "/app/", token).status == 200, "users who are signed in stay signed in"
        switch.unlink()
        assert post(server, "/login", ALICE).status == 303


def test_children_never_make_the_same_token():
    """Eight processes forked from one."""
    extra = "StartServers 8\nMinSpareServers 8\nServerLimit 64\nMaxRequestWorkers 64\n"  # sixteen may check passwords
    with Server(mpm="prefork", extra=extra) as server, ThreadPoolExecutor(8) as visitors:
        tokens = list(visitors.map(lambda _: sign_in(server), range(200)))
        assert len({t[:22] for t in tokens}) == len({t[23:] for t in tokens}) == 200
