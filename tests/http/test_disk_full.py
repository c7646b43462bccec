# SPDX-License-Identifier: Apache-2.0
"""The database's disk is full: users stay signed in, no response claims a change that was not made, and free space ends the failure."""
import pathlib
import shutil
import subprocess

import pytest

import databases
from harness import COOKIE, PASSWORDS, SITE, TOOL, Server, get, post, request, sign_in

pytestmark = [pytest.mark.skipif(bool(TOOL), reason="the database, not the module, is what is tested here")]


@pytest.fixture
def own_database():
    if databases.NAME == "sqlite":
        yield None
        return
    if databases.missing():
        pytest.skip("not installed")
    instance = databases.KINDS[databases.NAME]()
    yield instance
    instance.remove()


def move_table(server, disk: pathlib.Path) -> None:
    """Put the table on the small disk, by the means of each database."""
    if databases.NAME == "sqlite":
        (server.root / "db").rmdir()
        (server.root / "db").symlink_to(disk)
        if server.user:
            shutil.chown(disk, server.user)
    elif databases.NAME == "pgsql":
        shutil.chown(disk, server.database.user)
        server.sql(f"CREATE TABLESPACE small LOCATION '{disk}'")
        server.sql("ALTER TABLE managed_session SET TABLESPACE small")
    else:
        shutil.chown(disk, server.database.user)
        [(_, made)] = server.sql("SHOW CREATE TABLE managed_session")
        server.sql("DROP TABLE managed_session")
        server.sql(f"{made} DATA DIRECTORY='{disk}'")


def fill(disk: pathlib.Path) -> pathlib.Path:
    """All of the disk's room in one file."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            return filler


def sign_in_until_refused(server):
    """The room that the table has left in its own file is used up: the answer that was not a sign-in."""
    for _ in range(3000):
        answer = post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]}, headers=[("User-Agent", "x" * 500)])
        if answer.status != 303:
            return answer
    raise AssertionError("there is always room")


def test_a_full_disk_signs_no_user_in_or_out(small_disk, own_database):
    site = SITE.replace("/passwords\"", "/cheap\"")
    server = Server(site, database=own_database)
    if databases.NAME == "sqlite":
        move_table(server, small_disk)
    subprocess.run(["htpasswd", "-bsc", server.root / "cheap", "alice", PASSWORDS["alice"]], check=True, capture_output=True)
    with server:
        server.expect(r"MS000\d|dbd", status_5xx=True)
        if databases.NAME != "sqlite":
            sign_in(server)
            move_table(server, small_disk)
        token, other = sign_in(server), sign_in(server)
        filler = fill(small_disk)

        refused = sign_in_until_refused(server)
        assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0 and not refused.cookies()
        for _ in range(5):
            assert get(server, "/app/", token).text == "protected page\n"
        ended = request(server, "DELETE", f"/sessions/{other[:22]}", {"Cookie": f"{COOKIE}={token}"})
        server.age_cache()
        assert (ended.status, get(server, "/app/", other).status) in ((204, 401), (503, 200)), "as it said, so it is"
        out = post(server, "/logout", cookie=token)
        assert out.status in (303, 503) and out.clears() == (out.status == 303)
        assert get(server, "/app/", token).status == (200 if out.status == 503 else 401)

        filler.unlink()
        again = post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]})
        assert again.status == 303 and get(server, "/app/", again.token()).status == 200
        assert post(server, "/logout", cookie=again.token()).status == 303
        assert server.sql("SELECT COUNT(*) FROM managed_session WHERE user_name <> 'alice'") == [(0,)], "no half of a row"
        server.expect(r"MS000\d|dbd", status_5xx=True)
