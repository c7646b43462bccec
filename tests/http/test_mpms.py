# SPDX-License-Identifier: Apache-2.0
"""The main story on every MPM and over HTTP/2; graceful restarts under load; children that are killed."""
import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import crashes
import databases
from harness import COOKIE, DEADLINE, PAGE, PASSWORDS, SITE, TOOL, Browser, Server, eventually, get, post, sign_in

MPMS = ["prefork", "worker", "event"]
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"


@pytest.mark.parametrize("mpm", MPMS)
def test_the_library_computer(mpm):
    with Server(mpm=mpm) as server:
        library, home = Browser(server), Browser(server, SAFARI)
        assert library.go("/app/").status == 200 and library.url == "/login?return=/app/"
        assert library.submit({"username": "alice", "password": PASSWORDS["alice"]}).text == PAGE
        home.sign_in()
        assert home.go("/sessions").text.count("this device") == 1
        home.submit(action="revoke", id=library.token[:22])
        assert library.go("/app/", follow=False).status == 303 and home.go("/app/").text == PAGE
        assert server.rows() == 1


# -- one connection, many requests -----------------------------------------------------------------


@pytest.mark.parametrize("mpm", MPMS)
def test_requests_on_one_connection_are_each_their_own(mpm):
    """Alice, no cookie, bob and a forged cookie in turn, kept alive and pipelined."""
    with Server(SITE + '<Location "/app">\nHeader always set X-User "expr=%{REMOTE_USER}"\n</Location>\n', mpm=mpm) as server:
        alice, bob = sign_in(server), sign_in(server, "bob")
        turns = [(alice, "alice"), (None, None), (bob, "bob"), (alice[:23] + bob[23:], None)] * 25
        lines = "".join(f"GET /app/ HTTP/1.1\r\nHost: a\r\n{f'Cookie: {COOKIE}={t}' if t else 'X: y'}\r\n\r\n" for t, _ in turns)
        with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as s:
            s.sendall(lines.encode())
            for _, user in turns:
                answer = http.client.HTTPResponse(s)
                answer.fp = s.makefile("rb", 0)
                answer.begin()
                answer.read()
                assert (answer.status, answer.headers["X-User"] or None) == (200 if user else 401, user)


# -- HTTP/2 ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def http2():
    with Server("Protocols h2c http/1.1\nH2Direct on\n" + SITE, modules="http2") as running:
        yield running


def nghttp(server, target: str, *arguments: str) -> str:
    if not shutil.which("nghttp"):
        pytest.skip("nghttp is not installed (nghttp2-client)")
    result = subprocess.run(["nghttp", "-v", "-t", str(DEADLINE), *arguments, f"http://127.0.0.1:{server.port}{target}"],
                            capture_output=True, text=True, timeout=3 * DEADLINE)
    return result.stdout


@pytest.mark.parametrize("crumbs", [["a=1; @"], ["a=1", "@", "b=2"], ["@"], ["a=1; b=2", "@"]])
def test_a_cookie_in_crumbs_is_found_over_http2(http2, crumbs):
    """HTTP/2 splits Cookie into several fields, which httpd joins with "; "."""
    token = sign_in(http2)
    headers = [x for crumb in crumbs for x in ("-H", "cookie: " + crumb.replace("@", f"{COOKIE}={token}"))]
    said = nghttp(http2, "/app/", *headers)
    assert ":status: 200" in said and "vary: Cookie" in said
    assert ":status: 401" in nghttp(http2, "/app/")


def test_signing_in_and_out_over_http2(http2, tmp_path):
    form = tmp_path / "form"
    form.write_text("username=alice&password=wonderland")
    said = nghttp(http2, "/login", "-d", str(form), "-H", "content-type: application/x-www-form-urlencoded")
    [token] = re.findall(rf"set-cookie: {COOKIE}=([\w.-]+);", said)
    assert ":status: 303" in said and ":status: 200" in nghttp(http2, "/app/", "-H", f"cookie: {COOKIE}={token}")
    form.write_text("")
    said = nghttp(http2, "/logout", "-d", str(form), "-H", "content-type: application/x-www-form-urlencoded",
                  "-H", f"cookie: {COOKIE}={token}")
    assert f"set-cookie: {COOKIE}=;" in said and ":status: 401" in nghttp(http2, "/app/", "-H", f"cookie: {COOKIE}={token}")


# -- restarts and deaths ---------------------------------------------------------------------------


class Load:
    """Clients that send requests without pause, and count what they get."""

    def __init__(self, server, token: str, visitors: int = 4):
        self.server, self.token = server, token
        self.found: dict[object, int] = {}
        self.going = True
        self.threads = [threading.Thread(target=self._visit) for _ in range(visitors)]

    def _visit(self) -> None:
        while self.going:
            try:
                answer = get(self.server, "/app/", self.token)
                self._count(answer.status if answer.text == PAGE else f"{answer.status}, another page")
            except (OSError, http.client.HTTPException) as error:
                self._count(repr(error))

    def _count(self, what) -> None:
        self.found[what] = self.found.get(what, 0) + 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        for thread in self.threads:
            thread.join()


@pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")
@pytest.mark.parametrize("mpm", MPMS)
def test_a_graceful_restart_fails_no_request(mpm):
    """A connection for each: one that is kept may be closed by any server just as the next request is sent."""
    with Server(mpm=mpm) as server:
        server.expect("AH03490")
        token = sign_in(server)
        with Load(server, token) as load:
            for i in range(3):
                before = load.found.get(200, 0)
                server.graceful()
                eventually(lambda: load.found.get(200, 0) > before + 100, "requests go on")
                eventually(lambda: server.new_log().count("resuming normal operations") >= i + 2, "the restart")
        assert set(load.found) == {200}, load.found
        assert get(server, "/app/", token).text == PAGE and get(server, "/app/", sign_in(server)).text == PAGE


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_maps(pid: int) -> int:
    with open(f"/proc/{pid}/maps") as f:
        return sum("zero" in line or "apr" in line or "rw-s" in line for line in f)


def segments(pid: int) -> int:
    """Of System V's shared memory, by the process that made them."""
    with open("/proc/sysvipc/shm") as f:
        return sum(line.split()[4] == str(pid) for line in f)


def memory(pid: int) -> int:
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", f.read(), re.M)[1])


WHO = SITE + '<Location "/app">\nHeader always set X-User "expr=%{REMOTE_USER}"\n</Location>\n'


class Crowd(Load):
    """Clients that each sign in, check the user of the response, and sign out."""

    def _visit(self) -> None:
        turn = 0
        while self.going:
            user = ("alice", "bob")[(turn := turn + 1) % 2]
            try:
                token = sign_in(self.server, user)
                seen = [get(self.server, "/app/", token) for _ in range(4)]
                self._count(seen[0].status if {a.headers["X-User"] for a in seen} == {user} else "another user")
                out = post(self.server, "/logout", cookie=token).status
                self._count(200 if (out, get(self.server, "/app/", token).status) == (303, 401) else "a sign-out")
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self._count(repr(error))


@pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")
def test_many_graceful_restarts_while_everything_goes_on():
    """No request fails, no user is taken for another, and the parent does not grow."""
    with Server(WHO, modules="headers", extra="ServerLimit 16\nMaxRequestWorkers 256\n") as server:
        server.expect("AH03490|AH00288|AH10159")
        token = sign_in(server)
        parent, grown = server.process.pid, []
        with Load(server, token, 2) as load, Crowd(server, token, 3) as crowd:
            for i in range(15):
                asked = load.found.get(200, 0), crowd.found.get(200, 0)
                server.graceful()
                eventually(lambda: server.error_log().count("resuming normal operations") >= i + 2, "the restart")
                eventually(lambda: load.found.get(200, 0) > asked[0] + 10 and crowd.found.get(200, 0) > asked[1], "requests go on")
                grown.append((memory(parent), open_files(parent), segments(parent), memory_maps(parent)))
        assert set(load.found) == set(crowd.found) == {200}, (load.found, crowd.found)
        assert get(server, "/app/", token).text == PAGE and server.rows() == 1
        assert all(now <= early + slack for now, early, slack in zip(grown[-1], grown[4], (1024, 0, 0, 2))), grown
        eventually(lambda: len(server.children()) <= 3, "the children of before are gone")


def listening() -> set[str]:
    """The sockets of this machine without a process at the other end."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").readlines()[1:]]
    return {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}


def connections(server, pid: int) -> set[str]:
    """Files of the database, and sockets that lead anywhere."""
    held = {os.readlink(each) for each in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    return {name for name in held if name.startswith((str(server.db), "socket:"))} - listening()


@pytest.mark.slow
@pytest.mark.skipif(bool(TOOL), reason="the tool writes the stacks")
def test_prefork_children_are_stopped_in_the_middle_of_statements():
    """Each stop would abort some: mpm_prefork frees mod_dbd's pool in the handler of a signal."""
    with Server(mpm="prefork") as server, ThreadPoolExecutor(6) as visitors:
        token = sign_in(server)
        for _ in range(4):
            wanted = [visitors.submit(visit_until_it_stops, server, token, target) for target in ("/app/", "/sessions") * 3]
            time.sleep(0.5)
            server.stop()
            assert sum(done.result() for done in wanted) > 0 and not crashes.of(server.root)
            server.start()
            assert get(server, "/app/", token).text == PAGE


def visit_until_it_stops(server: Server, token: str, target: str) -> int:
    answers = 0
    with contextlib.suppress(OSError, http.client.HTTPException):
        while get(server, target, token).status == 200:
            answers += 1
    return answers


def test_the_parent_has_no_connection_to_the_database():
    """Its children would inherit it, and SQLite's do not survive that."""
    with Server() as server:
        token = sign_in(server)
        for i in range(2):
            assert get(server, "/app/", token).status == 200
            assert connections(server, server.process.pid) == set()
            assert any(connections(server, child) for child in server.children())
            server.graceful()
            eventually(lambda: server.error_log().count("resuming normal operations") >= i + 2, "the restart")


@pytest.mark.skipif(bool(TOOL), reason="the tool reports the killed child")
def test_children_that_are_killed_take_nothing_with_them():
    with Server(extra="StartServers 2\n", without="cgid") as server, ThreadPoolExecutor(8) as visitors:
        server.expect(r"AH00052|exit signal Killed")
        token, signed_in = sign_in(server), []

        def enter(_):
            try:
                signed_in.append(sign_in(server, "bob"))
            except (OSError, http.client.HTTPException):
                pass  # its child was killed

        for _ in range(4):
            running = [visitors.submit(enter, i) for i in range(16)]
            time.sleep(0.05)
            for child in server.children():
                os.kill(child, signal.SIGKILL)
            for each in running:
                each.result()
            eventually(lambda: any_answer(server, token) == 200, "another child")
        assert databases.NAME != "sqlite" or server.sql("PRAGMA integrity_check") == [("ok",)]
        ids = {row[0] for row in server.sql("SELECT session_id FROM managed_session")}
        assert signed_in and {t[:22] for t in signed_in} <= ids, "each sign-in that got a response has a row"


def any_answer(server, token: str) -> int | None:
    try:
        return get(server, "/app/", token).status
    except (OSError, http.client.HTTPException):
        return None


@pytest.mark.skipif(bool(TOOL), reason="the tool does not survive it either")
def test_a_server_that_is_killed_and_started_again_knows_all_sessions():
    server = Server()
    try:
        token = sign_in(server.start())
        os.killpg(server.process.pid, signal.SIGKILL)
        server.stop()
        (server.root / "httpd.pid").unlink(missing_ok=True)
        assert get(server.start(), "/app/", token).text == PAGE
        assert post(server, "/logout", cookie=token).status == 303 and get(server, "/app/", token).status == 401
    finally:
        server.stop()
        server.remove()
