# SPDX-License-Identifier: Apache-2.0
"""A run of the tests leaves nothing behind: no process, no folder, no shared memory; also if it is killed."""
from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import pytest

import databases
import processes
from harness import Server, eventually, sign_in

RUN = """
import sys
import harness
server = harness.Server().start()
harness.sign_in(server)
print(server.process.pid, server.root, *([server.database.process.pid, server.database.folder] if harness.databases.NAME != "sqlite" else []), flush=True)
sys.stdin.read()
"""

LEFT_OPEN = """
import backends
def fixture():
    with backends.HttpApplication():
        yield
left_open = fixture()
next(left_open)
"""


def is_there(what: str) -> bool:
    if not what.isdigit():
        return os.path.exists(what)
    try:
        return os.killpg(int(what), 0) is None
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=["ended", "interrupted", "killed"])
def test_a_run_that_does_not_end_by_itself(how):
    run = subprocess.Popen([sys.executable, "-B", "-c", RUN], cwd=pathlib.Path(__file__).parent, text=True,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with run:
        started = run.stdout.readline().split()
        assert started and all(is_there(each) for each in started)
        segments = segments_of(started)
        run.send_signal(how)
        run.communicate()
    eventually(lambda: not any(is_there(each) for each in started), "everything gone")
    assert not segments & processes.segments()


@pytest.mark.sqlite
def test_a_run_ends_though_a_fixture_was_left_open():
    subprocess.run([sys.executable, "-B", "-c", LEFT_OPEN], cwd=pathlib.Path(__file__).parent, check=True, timeout=60)


def segments_of(started: list[str]) -> set[tuple[int, int]]:
    """Of a PostgreSQL among them."""
    files = [file for each in started for file in pathlib.Path(each).glob("data/postmaster.pid")]
    return {tuple(map(int, file.read_text().splitlines()[6].split())) for file in files}


def shared_files() -> set[str]:
    return {name for name in os.listdir("/dev/shm") if "PostgreSQL" in name}


@pytest.mark.skipif(databases.NAME != "pgsql", reason="about PostgreSQL's shared memory")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_database_leaves_no_shared_memory(how):
    before = shared_files()
    database = databases.PostgreSQL()
    with Server(database=database) as server:
        sign_in(server)
        segments = segments_of([str(database.folder)])
        assert len(segments) == 1 and segments <= processes.segments()
        server.expect("", status_5xx=True)
        database.stop(how)
    database.remove()
    assert not segments & processes.segments()
    left = shared_files() - before
    eventually(lambda: not left & shared_files(), "its files in /dev/shm are gone; those that another's initdb tries go by themselves")
