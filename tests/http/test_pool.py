# SPDX-License-Identifier: Apache-2.0
"""Few connections to the database for many visitors; and a database that goes away and comes back."""
import contextlib
import http.server
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import databases
import faults
import serving
from harness import CROWD, DEADLINE, PAGE, PASSWORDS, SITE, TOOL, Server, eventually, get, post, random_token, sign_in

ONE_CHILD = "MaxRequestWorkers 16\nMaxSpareThreads 16\n"
ONE_CONNECTION = ONE_CHILD + "DBDMin 1\nDBDKeep 1\nDBDMax 1\n"


# -- a connection is held for a statement, not for a request ---------------------------------------


class SlowApplication(http.server.ThreadingHTTPServer):
    """Responds below /app/slow only when the test releases it."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SlowHandler)
        self.waiting = threading.Semaphore(0)
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_):
        self.go_on.set()
        serving.stop(self)


class SlowHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/app/slow"):
            self.server.waiting.release()
            self.server.go_on.wait(DEADLINE)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"done\n")

    def log_message(self, *_):
        pass


def test_slow_responses_lock_no_user_out():
    """Ten visitors wait for an application; with one connection for all, others are served meanwhile."""
    with SlowApplication() as application:
        proxied = SITE + f'ProxyPass "/app" "http://127.0.0.1:{application.server_address[1]}/app"\n'
        with Server(proxied, extra=ONE_CONNECTION) as server, ThreadPoolExecutor(10) as visitors:
            token = sign_in(server)
            slow = [visitors.submit(get, server, f"/app/slow{i}", token) for i in range(10)]
            assert all(application.waiting.acquire(timeout=DEADLINE) for _ in slow)
            assert [get(server, "/app/fast", token).status for _ in range(5)] == [200] * 5
            assert get(server, "/sessions", token).status == 200
            assert get(server, "/app/fast", sign_in(server, "bob")).text == "done\n"
            assert not any(each.done() for each in slow)
            application.go_on.set()
            assert [each.result(DEADLINE).text for each in slow] == ["done\n"] * 10


# -- all connections are in use --------------------------------------------------------------------


@pytest.mark.skipif(bool(TOOL), reason="the driver of the tests is not built for it")
def test_a_request_that_gets_no_connection_is_logged():
    """The database is there: it is slow, or the pool is too small. So the line is another than that of one that is away."""
    plan = faults.Faults()
    with plan.give_to(Server(SITE, extra=ONE_CONNECTION)) as server, ThreadPoolExecutor(4) as visitors:
        token = sign_in(server)
        server.age_cache()
        plan.plan(faults.BLOCK, kinds=[faults.FETCH])
        slow = visitors.submit(get, server, "/app/", token)
        eventually(lambda: plan.waiting == 1, "one that holds the only connection")
        server.expect("MS0008", status_5xx=True)  # on a machine that is busy
        others = [visitors.submit(get, server, "/app/", random_token()) for _ in range(3)]
        assert [each.result(DEADLINE).status for each in others] == [503] * 3
        plan.end()
        assert slow.result(DEADLINE).status in (200, 503)
        line = re.search(r".*MS0267:.*", server.new_log())[0]
        assert ":warn]" in line and re.search(r"in use or being opened: 1, waiting requests: [1-3]\)\..* get 503\. DBDMax ", line), line
        assert "MS0001" not in server.new_log()
        eventually(lambda: get(server, "/app/", token).text == PAGE, "the page")


# -- no request waits for a connection while it holds one ------------------------------------------

USERS_IN_DATABASE = SITE.replace("ManagedSessionAuthProvider file", """ManagedSessionAuthProvider dbd
    AuthDBDUserPWQuery "SELECT password FROM users WHERE name = %s" """).replace('AuthUserFile "@ROOT@/passwords"', "")


def with_users_in_database(connections: int) -> Server:
    """mod_dbd prepares the provider's query at start, so its table has to be there by then."""
    server = Server(USERS_IN_DATABASE, modules="authn_dbd", extra=ONE_CHILD + f"DBDMin 1\nDBDKeep 1\nDBDMax {connections}\n")
    users = [line.split(":", 1) for line in (server.root / "passwords").read_text().split()]
    server.sql("CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT)")
    for name, password in users:
        server.sql("INSERT INTO users VALUES (?, ?)", name, password)
    if server.user:
        shutil.chown(server.db, server.user)
    return server


@pytest.mark.sqlite
@pytest.mark.parametrize("connections", [1, 2])
def test_sign_ins_that_ask_the_same_database_for_the_password_all_finish(connections):
    """The provider keeps its connection until the response ends; ours is that one, not another. Eight at once may check or wait."""
    with with_users_in_database(connections) as server, ThreadPoolExecutor(8) as visitors:
        old = sign_in(server)

        def visit(i: int) -> int:
            user = ("alice", "bob")[i % 2]
            return post(server, "/login", {"username": user, "password": PASSWORDS[user]}, old if i == 7 else None).status

        assert list(visitors.map(visit, range(20), timeout=DEADLINE)) == [303] * 20
        assert server.rows() == 20  # 21 sign-ins, and one ended the session that its browser had
        assert get(server, "/app/", sign_in(server, "bob")).text == PAGE
        assert post(server, "/login", {"username": "alice", "password": "wrong"}).status == 401


# -- a database that cannot be used ----------------------------------------------------------------

OPTIONAL = SITE + """
<Location "/open">
    ManagedSession On
</Location>
"""
UNREACHABLE = r"MS000[1-4]|AH0062\d|AH0063\d|AH00637"


def give_back(server: Server) -> None:
    (server.root / "db").chmod(0o700)
    if server.user:
        for path in (server.root / "db", *(server.root / "db").iterdir()):
            shutil.chown(path, server.user)


@pytest.mark.sqlite
@pytest.mark.skipif(os.getuid() != 0, reason="httpd would run as the owner of the directory")
def test_a_directory_that_httpd_may_not_write_is_named_and_works_once_it_may():
    server = Server(OPTIONAL)
    server.write("htdocs/open/index.html", "open to all\n")
    shutil.chown(server.root / "db", 0, 0)
    (server.root / "db").chmod(0o755)  # with any umask
    with server:
        server.expect(UNREACHABLE, status_5xx=True)
        answer = get(server, "/app/", random_token())
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0 and not answer.cookies()
        assert get(server, "/sessions", random_token()).status == 503
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 503

        # Who needs no session does not notice.
        assert get(server, "/", random_token()).text == "public page\n"
        anyone = get(server, "/open/", random_token())
        assert anyone.text == "open to all\n" and not anyone.cookies()
        assert get(server, "/app/").status == 401 and get(server, "/login").status == 200

        # The log names place and module, so that it can be put right, and one line a second is enough.
        line = re.search(r"MS0001:.*", server.new_log())[0]
        assert f'"{server.root}/db/"' in line and f'"{server.user}"' in line, line

        give_back(server)
        token = eventually(lambda: post(server, "/login", {"username": "alice", "password": "wonderland"}).token(),
                           "sign in")
        assert get(server, "/app/", token).text == PAGE


@pytest.mark.sqlite
@pytest.mark.parametrize("persist", ["On", "Off"])
def test_a_database_that_was_moved_away_and_back_works_without_a_restart(persist):
    """Also if every statement opens a connection of its own (DBDPersist Off)."""
    with Server(SITE, extra=f"DBDPersist {persist}\n") as server:
        token = sign_in(server)
        assert get(server, "/app/", token).text == PAGE
        server.expect(UNREACHABLE, status_5xx=True)
        (server.root / "db").rename(server.root / "elsewhere")
        server.age_cache()
        answers = [get(server, "/app/", token) for _ in range(3)]
        signing_in = post(server, "/login", {"username": "bob", "password": "builder"})
        (server.root / "elsewhere").rename(server.root / "db")

        # While it was away: the truth from a connection that was open still, or 503; never "signed out".
        assert {answer.status for answer in answers} <= {200, 503} and not any(answer.cookies() for answer in answers)
        assert signing_in.status in (303, 503) and bool(signing_in.token()) == (signing_in.status == 303)
        if persist == "Off":
            assert [answer.status for answer in answers] == [503] * 3 and signing_in.status == 503
        assert eventually(lambda: get(server, "/app/", token).text == PAGE, "still signed in")
        again = eventually(lambda: post(server, "/login", {"username": "bob", "password": "builder"}).token(), "sign in")
        assert get(server, "/app/", again).text == PAGE


@pytest.mark.sqlite
def test_of_a_database_that_is_away_no_line_blames_the_size_of_the_pool():
    """Though one connection is all there is, and many want it."""
    with Server(SITE, extra=ONE_CONNECTION + "DBDPersist Off\n") as server, ThreadPoolExecutor(12) as visitors:
        sign_in(server)
        server.expect(UNREACHABLE, status_5xx=True)
        (server.root / "db").rename(server.root / "elsewhere")
        seen = set(visitors.map(lambda _: get(server, "/app/", random_token()).status, range(100)))
        (server.root / "elsewhere").rename(server.root / "db")
        assert seen == {503}
        assert "MS0001" in server.new_log() and "MS0267" not in server.new_log()


@pytest.mark.sqlite
def test_a_dbdinitsql_that_mod_dbd_takes_for_a_failure_is_named():
    """For example a PRAGMA that returns a row; mod_dbd hands out the incomplete connection without a log line."""
    with Server(SITE, extra='DBDInitSQL "PRAGMA mmap_size=1000000"\n') as server:
        server.expect(r"MS0007.*DBDInitSQL|dbd:error", status_5xx=True)
        assert post(server, "/login", {"username": "bob", "password": "builder"}).status == 503
        assert "MS0007" in server.new_log()
        server.expect(r"MS0007|dbd:error", status_5xx=True)


ONLY_HTACCESS = '<Directory "@ROOT@/htdocs/app">\nAllowOverride AuthConfig\n</Directory>\n'
HTACCESS = "AuthType ManagedSession\nRequire valid-user\n"


def bare(*, line: str = "", **options) -> Server:
    """Without a directive of the module: only the .htaccess file of /app uses it, so the start checks nothing."""
    server = Server(ONLY_HTACCESS + line, **options)
    conf = re.sub("(?m)^ManagedSessionCache.*\n", "", (server.root / "httpd.conf").read_text())
    server.write("httpd.conf", conf)
    server.write("htdocs/app/.htaccess", HTACCESS)
    return server


@pytest.mark.sqlite
def test_a_database_that_is_not_supported_is_named():
    """mod_dbd has it for another module, and an .htaccess file uses sessions. With a directive httpd does not start."""
    server = faults.Faults().give_to(bare(), "odbc")
    conf = (server.root / "httpd.conf").read_text().replace("DBDriver sqlite3", "DBDriver odbc")
    server.write("httpd.conf", conf)
    with server:
        server.expect("MS0003", status_5xx=True)
        assert get(server, "/app/", random_token()).status == 503
        assert "MS0003: DBDriver odbc is not supported: sessions need sqlite3, pgsql or mysql" in server.new_log()
        assert get(server, "/").status == 200
        server.write("httpd.conf", conf + "ManagedSessionRealm x\n")
        said = server.configtest()
        assert said.returncode and "sessions cannot be kept with DBDriver odbc; use one of: sqlite3, pgsql, mysql" in said.stderr


@pytest.mark.sqlite
@pytest.mark.parametrize("missing, number, sentence", [
    ("LoadModule dbd_module|DBD", "MS0266", "mod_dbd is not loaded, and sessions are kept in a database: load it"),
    ("DBD", "MS0001", "no connection to the session database (no DBDriver is set)")])
def test_without_mod_dbd_or_its_directives_what_is_missing_is_named(missing, number, sentence):
    server = bare()
    conf = (server.root / "httpd.conf").read_text()
    server.write("httpd.conf", re.sub(f"(?m)^({missing}).*\n", "", conf))
    with server:
        assert get(server, "/app/").status == 401
        server.expect(f"{number}|dbd", status_5xx=True)
        assert get(server, "/app/", random_token()).status == 503
        assert f"{number}: {sentence}" in server.new_log()
        assert get(server, "/").status == 200


def test_another_program_that_changes_the_schema_disturbs_no_request():
    """SQLite invalidates every prepared statement of every connection when a table is made or dropped."""
    with Server(SITE + "ManagedSessionTouchInterval 1s\n", extra=ONE_CHILD) as server, ThreadPoolExecutor(4) as visitors:
        token = sign_in(server)
        over = threading.Event()

        def visit(_) -> set:
            seen = set()
            while not over.is_set():
                seen.add(get(server, "/app/", token).status)
                seen.add(get(server, "/sessions", token, {"Accept": "application/json"}).status)
            return seen

        visiting = [visitors.submit(visit, i) for i in range(4)]
        other = sqlite3.connect(server.db, timeout=10, isolation_level=None)
        try:
            for i in range(10):
                other.execute("BEGIN IMMEDIATE")
                other.execute(f"CREATE TABLE x{i} (a)")
                assert get(server, "/app/", token).text == PAGE  # under way
                other.execute("COMMIT")
                assert get(server, "/app/", token).text == PAGE
                sign_in(server, "bob")
        finally:
            other.close()
            over.set()
        assert [each.result(DEADLINE) for each in visiting] == [{200}] * 4
        assert server.rows() == 11


@pytest.mark.sqlite
@pytest.mark.skipif(databases.NAME != "sqlite", reason="one writer at a time is SQLite's")
def test_while_another_program_writes_readers_read_and_writers_get_503():
    """No sign-out, no "signed out" that is not true, and all is well when the other one is done."""
    with Server(SITE + "ManagedSessionTouchInterval 1s\n") as server:
        token = sign_in(server)
        time.sleep(1.1)  # so that a touch is due, which must do no harm
        server.expect(r"MS0004|dbd:error", status_5xx=True)
        with contextlib.closing(sqlite3.connect(server.db, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert [get(server, "/app/", token).text for _ in range(20)] == [PAGE] * 20
            signing_in = post(server, "/login", {"username": "bob", "password": "builder"})
            signing_out = post(server, "/logout", {}, token)
            assert signing_in.status == signing_out.status == 503 and not signing_in.cookies() and not signing_out.cookies()
            assert int(signing_out.headers["Retry-After"]) > 0 and get(server, "/app/", token).text == PAGE
            other.execute("ROLLBACK")
        assert post(server, "/logout", {}, token).clears() and get(server, "/app/", token).status == 401
        assert sign_in(server, "bob")
        server.expect(r"MS0004|dbd:error", status_5xx=True)


def test_many_sign_in_while_many_read():
    """Writers wait for each other, and no client notices."""
    with Server(SITE.replace('/passwords"', '/cheap"'), extra=CROWD) as server, ThreadPoolExecutor(12) as visitors:
        subprocess.run(["htpasswd", "-bsc", server.root / "cheap", "alice", "wonderland"], check=True, capture_output=True)
        token = sign_in(server)
        reads = visitors.map(lambda _: get(server, "/app/", token).status, range(150))
        writes = [visitors.submit(sign_in, server) for _ in range(50)]
        assert set(reads) == {200} and len({one.result() for one in writes}) == 50
