# SPDX-License-Identifier: Apache-2.0
"""What sign-ins may cost: a share of the workers for password hashes, sixty sessions a minute, and no word on who exists."""
import base64
import hashlib
import pathlib
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import DEADLINE, SITE, TOOL, Server, get, post, sign_in

pytestmark = pytest.mark.sqlite
LIMITED = SITE.replace("ManagedSessionLoginLimit 0\n", "ManagedSessionLoginLimit 1000 1h\n")
ONE_CHILD = "ServerLimit 1\nStartServers 1\nThreadsPerChild 8\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8\n"


def attempt(server, user="alice", password="wrong"):
    return post(server, "/login", {"username": user, "password": password})


def htpasswd(server, name: str, password: str, *options: str) -> None:
    subprocess.run(["htpasswd", "-i", *options, str(server.root / "passwords"), name], input=password, text=True, check=True,
                   capture_output=True)


# -- a share of the workers -----------------------------------------------------------------------

@pytest.mark.parametrize("mpm, extra", [("event", ONE_CHILD), ("worker", ONE_CHILD),
                                        ("prefork", "ServerLimit 8\nMaxRequestWorkers 8\nStartServers 8\n")])
def test_a_flood_of_sign_ins_leaves_workers_for_pages(mpm, extra):
    """A quarter of eight workers may hash; the rest of the flood gets 503, and pages are answered meanwhile."""
    with Server(SITE, mpm=mpm, extra=extra) as server, ThreadPoolExecutor(24) as flood:
        server.expect("AH00161|AH00286|AH00484", status_5xx=True)  # all workers are busy
        htpasswd(server, "carol", "secret", "-B", "-C", "12")
        assert attempt(server, "carol", "secret").status == 303
        going = threading.Event()

        def guess(_):
            statuses = []
            while not going.is_set():
                statuses.append(attempt(server, "carol"))
            return statuses

        guesses = [flood.submit(guess, i) for i in range(16)]
        pages = [get(server, "/").status for _ in range(10)]
        end = time.monotonic() + DEADLINE
        while "MS0115" not in server.new_log() and time.monotonic() < end:
            time.sleep(0.05)
        going.set()
        answers = [answer for each in guesses for answer in each.result(DEADLINE * 3)]
        assert pages == [200] * 10
        assert {a.status for a in answers} == {401, 503}
        busy = next(a for a in answers if a.status == 503)
        assert int(busy.headers["Retry-After"]) > 0 and "Too many people are signing in" in busy.text
        assert "2 passwords are being checked" in server.new_log()


def test_quick_checks_wait_for_each_other():
    with Server(SITE, extra=ONE_CHILD) as server, ThreadPoolExecutor(8) as users:
        assert {a.status for a in users.map(lambda _: attempt(server, "alice", "wonderland"), range(40))} == {303}


# -- sign-ins that succeed ------------------------------------------------------------------------

def until_refused(sign) -> list[int]:
    statuses = []
    while len(statuses) < 200 and 429 not in statuses:
        statuses.append(sign().status)
    return statuses


def test_a_user_signs_in_sixty_times_a_minute_and_no_more():
    with Server(LIMITED) as server:
        token = sign_in(server, "bob")
        statuses = until_refused(lambda: attempt(server, "alice", "wonderland"))
        assert set(statuses[:-1]) == {303} and 60 <= len(statuses) - 1 < 120
        answer = attempt(server, "ALICE ", "wonderland")
        assert answer.status in (401, 429)
        refused = attempt(server, "alice", "wonderland")
        if refused.status == 429:  # a second may have passed
            assert 0 < int(refused.headers["Retry-After"]) <= 60 and "signed in too often" in refused.text and not refused.cookies()
        assert attempt(server, "bob", "builder").status == 303 and get(server, "/app/", token).status == 200
        assert "MS0113: refused sign-in" in server.new_log() and "(form): too many sign-ins" in server.new_log()


def test_another_authentication_type_is_limited_alike():
    basic = ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())
    page = '''<Location "/basic">
        SetHandler managed-session-login
        AuthType Basic
        AuthName "app"
        AuthBasicProvider file
        AuthUserFile "@ROOT@/passwords"
        Require valid-user
        ManagedSessionSignIn On
    </Location>'''
    with Server(LIMITED + page, own_paths=("/logout", "/sessions")) as server:
        statuses = until_refused(lambda: get(server, "/basic", headers=[basic]))
        assert set(statuses[:-1]) == {303} and 60 <= len(statuses) - 1 < 120 and server.rows() < 120


# -- unknown users --------------------------------------------------------------------------------

def test_unknown_users_are_checked_with_mixed_hashes():
    """What that costs is chosen by the name (the unit tests); here it works with each kind of hash."""
    with Server(SITE) as server:
        htpasswd(server, "old", "secret", "-m")
        (server.root / "passwords").open("a").write("older:{SHA}" + base64.b64encode(hashlib.sha1(b"secret").digest()).decode() + "\n")
        for _ in range(3):
            assert [attempt(server, name, "secret").status for name in ("old", "older")] == [303, 303]
            assert attempt(server, "alice", "wonderland").status == 303
        assert {attempt(server, f"nobody{i}", "secret").status for i in range(20)} == {401}


@pytest.mark.skipif(bool(TOOL), reason="this tool wants to be before the C library itself")
def test_a_password_is_hashed_for_unknown_users_too(tmp_path_factory):
    """The work itself is counted, not its time."""
    folder = tmp_path_factory.mktemp("hashes")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    library, counted = folder / "count_hashes.so", folder / "counted"
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", library,
                    pathlib.Path(__file__).with_name("count_hashes.c"), "-ldl"], check=True)
    counted.touch(0o666)
    counted.chmod(0o666)
    server = Server(SITE)
    server.more_environment = {"LD_PRELOAD": str(library), "TEST_HASHES": str(counted)}
    with server:
        for user in ("alice", "nobody", "nobody else"):
            before = counted.stat().st_size
            assert attempt(server, user).status == 401
            assert counted.stat().st_size > before, user
