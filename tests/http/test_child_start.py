# SPDX-License-Identifier: Apache-2.0
"""A child process that cannot get what it needs at its start."""
import pathlib
import subprocess

import pytest

from harness import TOOL, Server, get, post, random_token


@pytest.mark.sqlite
@pytest.mark.skipif(bool(TOOL), reason="this tool wants to be before the C library itself")
def test_without_condition_variables_a_child_answers_503_and_lives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conditions")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", folder / "none.so",
                    pathlib.Path(__file__).with_name("no_conditions.c"), "-ldl"], check=True)
    server = Server()
    server.more_environment = {"LD_PRELOAD": str(folder / "none.so")}
    server.expect("MS0005: out of memory or mutexes at start", status_5xx=True)
    with server:
        children = server.children()
        assert get(server, "/app/", random_token()).status == 503
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 503
        assert get(server, "/").text == "public page\n"
        server.expect("MS0005", status_5xx=True)
        assert set(children) <= set(server.children()) and "MS0005" in server.error_log()
        assert "exit signal" not in server.error_log()
