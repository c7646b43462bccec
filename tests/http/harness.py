# SPDX-License-Identifier: Apache-2.0
"""A configuration in, a running httpd out, and browsers to visit it with.

A Server owns a private httpd: its folder, its port, its processes. What must hold after every
test (see conftest.py) is checked on all servers that ran during it.
"""
from __future__ import annotations

import contextlib
import html.parser
import http.client
import http.server
import json
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import crashes
import databases
import openapi
import processes
import races
import serving
from clock import Clock
from databases import free_port

HTTPD = shutil.which("apache2", path="/usr/sbin:" + os.environ["PATH"]) or shutil.which("httpd")
MODULES_DIR = subprocess.run(["apxs", "-q", "LIBEXECDIR"], capture_output=True, text=True, check=True).stdout.strip()
BUILT_IN = subprocess.run([HTTPD, "-l"], capture_output=True, text=True, check=True).stdout
MODULE = os.environ.get("MS_MODULE", str(pathlib.Path(__file__).parents[2] / "build/mod_managed_session.so"))
TOOL = os.environ.get("MS_TOOL", "")
COOKIE = "__Host-session"
PASSWORDS = {"alice": "wonderland", "bob": "builder"}
CACHE = os.environ.get("MS_CACHE", "off") == "on"  # whether look-ups are cached, unless a test sets it
DEADLINE = 60 if TOOL else 20  # seconds after which something hangs
PAGE = "protected page\n"  # what /app/ shows
# Headers of requests: a script's, a browser's for an address that was typed, a page's own script's.
JSON = {"Accept": "application/json"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
FETCH = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}

BASE_MODULES = (
    "authz_core authn_core authz_user authz_host authz_groupfile authn_file auth_basic access_compat "
    "dir mime alias env headers rewrite setenvif dbd proxy proxy_http cgid include autoindex negotiation"
).split()

BASE = """
ServerRoot "@ROOT@"
ServerName app.test
Listen 127.0.0.1:@PORT@
PidFile "@ROOT@/httpd.pid"
ErrorLog "@ROOT@/logs/error.log"
LogLevel info managed_session:trace8
LogFormat "%h %u %{MANAGED_SESSION_ID}e \\"%r\\" %>s" test
CustomLog "@ROOT@/logs/access.log" test
DefaultRuntimeDir "@ROOT@/run"
@USER@
DocumentRoot "@ROOT@/htdocs"
TypesConfig /etc/mime.types
StartServers 1
ServerLimit 2
Timeout 20
GracefulShutDownTimeout 5
DBDriver sqlite3
DBDParams "@DB@"
@EXTRA@
"""

EVENT = "ThreadsPerChild 16\nMaxRequestWorkers 32\nMinSpareThreads 16\nMaxSpareThreads 32\n"
# A quarter of the workers may check passwords at a time, and as many wait: enough for twenty that sign in at once on a busy machine.
CROWD = "ThreadsPerChild 64\nMaxRequestWorkers 128\nMaxSpareThreads 128\n"
PREFORK = "StartServers 4\nMinSpareServers 4\nMaxSpareServers 8\nServerLimit 16\nMaxRequestWorkers 16\n"

SITE = """
ManagedSessionLoginURL "/login"
ManagedSessionLogoutURL "/logout"
ManagedSessionListURL "/sessions"
ManagedSessionLoginLimit 0
<Location "/login">
    SetHandler managed-session-login
    ManagedSessionAuthProvider file
    AuthUserFile "@ROOT@/passwords"
</Location>
<Location "/logout">
    SetHandler managed-session-logout
</Location>
<Location "/sessions">
    SetHandler managed-session-list
</Location>
<Location "/app">
    AuthType ManagedSession
    AuthName "app"
    Require valid-user
</Location>
"""

running: list["Server"] = []
issued: set[bytes] = set()  # the secrets of all tokens that were issued: they must not appear anywhere


def eventually(condition, what: str, seconds: float = DEADLINE):
    """The first value of the condition that is true; queried often at first, then twenty times a second."""
    end, pause = time.monotonic() + seconds, 0.002
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    raise AssertionError(f"in vain: {what}")


def read_from(path: pathlib.Path, start: int) -> bytes:
    """The file's content from this byte on; empty if there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read()
    except FileNotFoundError:
        return b""


# Every byte that no token has becomes a blank. Much faster than a regular expression, and done after every test.
BLANKED = bytes(byte if chr(byte) in "-_" or 48 <= byte < 123 and chr(byte).isalnum() else 32 for byte in range(256))


def runs_of(data: bytes) -> set[bytes]:
    """The parts that are long enough to have a secret in them."""
    return {run for run in data.translate(BLANKED).split() if len(run) >= 43} if issued else set()


def has_secret(data: bytes | set[bytes]) -> bool:
    runs = runs_of(data) if isinstance(data, bytes) else data
    return any(run[i:i + 43] in issued for run in runs for i in range(len(run) - 42))


def unprivileged() -> str | None:
    """The user that httpd's children run as, if root starts it."""
    if os.getuid() != 0:
        return None
    return next(name for name in ("www-data", "nobody") if any(u.pw_name == name for u in pwd.getpwall()))


def random_token() -> str:
    return secrets.token_urlsafe(16) + "." + secrets.token_urlsafe(32)


ORDERS = ("before", "after")  # a neighbour module is loaded before ours, or after it; a2enmod is a third, for all at once


def load_lines(modules: list[str]) -> str:
    return "".join(f'LoadModule {n}_module "{MODULES_DIR}/mod_{n}.so"\n' for n in modules if f"mod_{n}.c" not in BUILT_IN)


def load_order(modules: list[str], neighbours: list[str], order: str) -> tuple[list[str], list[str]]:
    """The modules to load before ours, and those to load after it.

    before: neighbours last but ours. after: neighbours, and what builds on them (proxy_http with proxy), behind ours.
    a2enmod: all modules by the alphabet, as Debian's mods-enabled has them.
    """
    names = dict.fromkeys([*modules, *neighbours])
    if order == "a2enmod":
        return [n for n in sorted(names) if n < "managed_session"], [n for n in sorted(names) if n > "managed_session"]
    moved = [n for n in names if any(n == each or n.startswith(each + "_") for each in neighbours)]
    others = [n for n in names if n not in moved]
    return ([*others, *moved], []) if order == "before" else (others, moved)


def asan_library() -> str:
    """What httpd must load before a module with AddressSanitizer."""
    found = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    return os.path.realpath(found.stdout.strip())


class Server:
    """A private httpd. Use as a context manager, or start() and stop().

    neighbours: modules whose place relative to ours matters; order: one of ORDERS, see load_order().
    without: modules of BASE_MODULES to leave out; cgid if children are killed, since its daemon is a child too.
    """

    def __init__(self, config: str = SITE, *, mpm: str = "event", modules: str = "", without: str = "", neighbours: str = "",
                 order: str = "before", base: str = BASE, extra: str = "", load_module: bool = True,
                 own_paths=("/login", "/logout", "/sessions"), database=None):
        self.root = processes.make_folder("test")
        self.port = free_port()
        self.user = unprivileged()
        self.own_paths = own_paths
        self.lists_origins = "ManagedSessionOrigin" in config
        self.is_described = SITE in config  # docs/openapi.yaml has the paths of the usual site
        self.process: subprocess.Popen | None = None
        self.db = self.root / "db" / "sessions.db"  # if the database is SQLite
        self.database = database or databases.chosen()
        self.connection = None
        self.clock = Clock() if CACHE else None
        self.umask = processes.UMASK
        self.lock = threading.Lock()
        self.searched: dict[pathlib.Path, tuple[int, int]] = {}  # size and time of files in which no secret was found
        self.reported: dict[pathlib.Path, int] = {}  # sizes of reports of sanitizers that failed a test
        self.harmless: set[bytes] = set()                        # what stands in them
        self.expected: list[str] = []
        self.expected_later: list[str] = []
        self.crashes_known = 0
        self.expects_5xx = False
        self.log_from = 0
        self._lay_out()
        names = [f"mpm_{mpm}", *(n for n in BASE_MODULES if n not in without.split()), *modules.split()]
        before, after = load_order(names, neighbours.split(), order)
        ours = f'LoadModule managed_session_module "{MODULE}"\n' if load_module else ""
        loads = load_lines(before) + ours + load_lines(after)
        self.params = self.database.create(self.db)
        base = base.replace("DBDriver sqlite3", f"DBDriver {self.database.driver}")
        # Tests change the table by hand, and expect that to count after the TTL; tests of the feed set a life.
        cache = f"ManagedSessionCacheTTL {int(CACHE)}\nManagedSessionCacheLife 0\n" if load_module else ""
        base = base.replace("@EXTRA@", (PREFORK if mpm == "prefork" else EVENT) + cache + extra)
        self.write("httpd.conf", loads + self.fill(base) + self.fill(config))

    def _lay_out(self) -> None:
        for name in ("logs", "run", "db", "htdocs", "htdocs/app"):
            (self.root / name).mkdir(parents=True)
        self.write("htdocs/index.html", "public page\n")
        self.write("htdocs/app/index.html", PAGE)
        self.write("groups", "admins: bob\nusers: alice bob\n")
        for name, password in PASSWORDS.items():
            self.add_user(name, password)
        if self.user:
            for name in ("run", "db", "logs"):
                shutil.chown(self.root / name, self.user)

    def add_user(self, name: str, password: str, file: str = "passwords") -> None:
        path = self.root / file
        subprocess.run(["htpasswd", "-iB", *([] if path.exists() else ["-c"]), str(path), name],
                       input=password + "\n", text=True, check=True, capture_output=True)

    def fill(self, text: str) -> str:
        user = f"User {self.user}\nGroup {self.user if self.user != 'nobody' else 'nogroup'}" if self.user else ""
        for mark, value in (("@USER@", user), ("@ROOT@", self.root), ("@PORT@", self.port), ("@DB@", self.params)):
            text = text.replace(mark, str(value))
        return text

    def write(self, name: str, text: str | bytes, mode: int = 0o644) -> pathlib.Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    # -- life -----------------------------------------------------------------------------------

    def command(self) -> list[str]:
        httpd = [HTTPD, "-d", str(self.root), "-f", str(self.root / "httpd.conf")]
        if TOOL == "tsan":
            return ["setarch", "-R", *httpd, "-DFOREGROUND"]
        if TOOL == "valgrind":
            return ["valgrind", "--quiet", "--leak-check=no", "--error-exitcode=9", "--trace-children=yes",
                    f"--log-file={self.root}/logs/valgrind.%p", *httpd, "-X"]
        return [*httpd, "-DFOREGROUND"]

    def environment(self) -> dict[str, str]:
        env = {"PATH": os.environ["PATH"], "LANG": "C"}
        if TOOL == "asan":
            env |= {"LD_PRELOAD": asan_library(),
                    "ASAN_OPTIONS": f"detect_leaks=0:abort_on_error=1:log_path={self.root}/logs/asan",
                    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
        if TOOL == "tsan":
            env |= races.environment(self.root / "logs")
        more, catching = getattr(self, "more_environment", {}), crashes.environment(self.root)
        env |= {**catching, **more}
        if "LD_PRELOAD" in catching and "LD_PRELOAD" in more:
            env["LD_PRELOAD"] = f"{more['LD_PRELOAD']}:{catching['LD_PRELOAD']}"
        return env | self.clock.environment(env.get("LD_PRELOAD", "")) if self.clock else env

    def start(self) -> "Server":
        with open(self.root / "logs/stderr", "wb") as stderr:
            self.process = processes.start(self.command(), env=self.environment(), stdout=subprocess.DEVNULL, stderr=stderr,
                                           umask=self.umask)
        running.append(self)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                self._greet()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        said = (self.root / "logs/stderr").read_text() + self.error_log()
        self.stop()
        raise RuntimeError("httpd did not start:\n" + said)

    def _greet(self) -> None:
        """Until a child answers: the port is open before there is one, and the database is the child's to make."""
        with socket.create_connection(("127.0.0.1", self.port), 1) as s:
            s.settimeout(DEADLINE)
            s.sendall(b"OPTIONS * HTTP/1.0\r\n\r\n")
            s.recv(1)

    def stop(self) -> None:
        if self in running:
            running.remove(self)
        if self.process:
            processes.end(self.process)
            self.process = None

    def remove(self) -> None:
        if self.connection:
            self.connection.close()
        processes.remove_folder(self.root)

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_) -> None:
        try:
            self.searched, self.harmless = {}, set()
            self.check()
        finally:
            self.stop()
            try:
                self.check_crashes()  # of children that end
            finally:
                self.remove()

    def graceful(self) -> None:
        self.process.send_signal(signal.SIGUSR1)

    def configtest(self) -> subprocess.CompletedProcess:
        return subprocess.run([HTTPD, "-d", str(self.root), "-f", str(self.root / "httpd.conf"), "-t"],
                              capture_output=True, text=True, env=self.environment())

    def children(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [int(pid) for pid in found.stdout.split()]

    # -- what it logged and stored ----------------------------------------------------------------

    def error_log(self, start: int = 0) -> str:
        """From this byte on."""
        return read_from(self.root / "logs/error.log", start).decode("utf-8", "replace")

    def new_log(self) -> str:
        return self.error_log(self.log_from)

    def log_size(self) -> int:
        path = self.root / "logs/error.log"
        return path.stat().st_size if path.exists() else 0

    def expect(self, pattern: str, *, status_5xx: bool = False) -> None:
        """This test causes log lines at error level that match, and possibly answers of 5xx."""
        self.expected.append(pattern)
        self.expects_5xx |= status_5xx

    def statements(self) -> list[str]:
        """The names of the SQL statements run since the test, or forget_statements(), began."""
        return re.findall(r"statement: (\w+)", self.error_log(self.statements_from))

    statements_from = 0

    def forget_statements(self) -> None:
        self.age_cache()
        self.statements_from = self.log_size()

    def age_cache(self) -> None:
        """Let the entries of the look-up cache expire."""
        if self.clock:
            self.clock.wait(2)

    def sql(self, statement: str, *args) -> list[tuple]:
        """Run a statement without the module. Afterwards its look-up cache is empty."""
        rows = self._sql(statement, args)
        if not statement.startswith("SELECT"):
            self.age_cache()
        return rows

    @contextlib.contextmanager
    def broken_table(self):
        """Every statement fails, in all databases, and the table is still there: no other is created in its place.

        A spare child that httpd starts meanwhile logs that at its start, perhaps only after this test.
        """
        self.sql("ALTER TABLE managed_session RENAME COLUMN realm TO away")
        self.expect("MS0002")
        try:
            yield
        finally:
            self.sql("ALTER TABLE managed_session RENAME COLUMN away TO realm")
            self.expect_later("MS0002", self.children())

    def expect_later(self, pattern: str, children: list[int]) -> None:
        """These children may log lines that match, also after this test."""
        self.expected_later += [rf"\[pid {child}[:\]].*(?:{pattern})" for child in children]

    def _sql(self, statement: str, args) -> list[tuple]:
        if isinstance(self.database, databases.Sqlite):
            with contextlib.closing(self.database.connect(self.params)) as connection:
                return databases.execute(connection, statement, args)
        with self.lock:
            self.connection = self.connection or self.database.connect(self.params)
            return databases.execute(self.connection, statement, args)

    def has_table(self) -> bool:
        if isinstance(self.database, databases.Sqlite) and not self.db.exists():
            return False  # and a query would create it, as another user's
        try:
            self.sql("SELECT 1 FROM managed_session WHERE 1 = 0")
            return True
        except Exception:  # each database has its own for a table that is not there
            return False

    def rows(self) -> int:
        """Of sessions that were not ended: live or expired."""
        return self.sql("SELECT COUNT(*) FROM managed_session WHERE ended_at IS NULL")[0][0]

    def end_of(self, token: str) -> tuple[str, str | None] | None:
        """Why this session was ended, and by which user (None: its own); None if it was not ended."""
        [row] = self.sql("SELECT ended_at, end_reason, ended_by, expires_at FROM managed_session "
                         "WHERE session_id = ?", token[:22])
        if row[0] is None:
            assert row[1:3] == (None, None)
            return None
        assert row[0] == row[3], "it expires when it was ended"
        return row[1], row[2]

    # -- what must hold after every test ----------------------------------------------------------

    def check(self) -> None:
        new = read_from(self.root / "logs/error.log", self.log_from)
        self.log_from += len(new)
        log = new.decode("utf-8", "replace")
        self.check_crashes()
        crashed = crashes.of(self.root)
        bad = [line for line in log.splitlines()
               if re.search(r":(error|crit|alert|emerg)\]|exit signal|Sanitizer|runtime error", line)
               and not any(re.search(p, line) for p in [NOT_OURS, *self.expected, *self.expected_later])
               and not crashes.is_line_of_httpds_own(line, crashed)]
        assert not bad, "unexpected lines in error.log:\n" + "\n".join(bad)
        reports = [p for p in (self.root / "logs").glob("[atv]*.*")
                   if p.name.startswith(("asan", "valgrind", "tsan")) and p.stat().st_size > self.reported.get(p, 0)]
        self.reported |= {p: p.stat().st_size for p in reports}  # one report fails one test of a server that many share
        assert not reports, reports[0].read_text()[:4000]
        assert self.process is None or self.process.poll() is None, "httpd has died"
        self.check_secrets()
        self.expected, self.expects_5xx = [], False

    def check_crashes(self) -> None:
        """None is expected, also if a line of the log about it is."""
        found = [crash for crash in crashes.of(self.root) if not crash.is_httpds_own()]
        new, self.crashes_known = found[self.crashes_known:], len(found)
        assert not new, "\n".join(map(str, new))

    def check_secrets(self) -> None:
        """In all that is new: logs only grow. At the end of a server it is all of it, see __exit__."""
        places = [*self.root.glob("logs/*"), *self.root.glob("db/*")]
        for place in places:
            if place.is_file() and self.searched.get(place) != (searched := (place.stat().st_size, place.stat().st_mtime_ns)):
                start = self.searched.get(place, (0, 0))[0] if place.parent.name == "logs" else 0
                runs = runs_of(read_from(place, max(0, start - 100))) - self.harmless
                assert not has_secret(runs), f"a secret stands in {place.name}"
                self.searched[place] = searched
                self.harmless |= runs

    def browser(self, **kwargs) -> "Browser":
        return Browser(self, **kwargs)


class Answer:
    """A response, read to its end, and checked for what holds of every response."""

    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.text = self.body.decode("utf-8", "replace")
        self.location = self.headers.get("Location")

    def json(self):
        return json.loads(self.body)

    def cookies(self, name: str = COOKIE) -> list[str]:
        return [c for c in self.headers.get_all("Set-Cookie", []) if c.split("=", 1)[0] == name]

    def token(self, name: str = COOKIE) -> str | None:
        """The token that this response sets; None if it sets or clears no cookie."""
        for cookie in self.cookies(name):
            value = cookie.split(";")[0].partition("=")[2]
            if value:
                return value
        return None

    def clears(self, name: str = COOKIE) -> bool:
        return any(c.startswith(f"{name}=;") and "Max-Age=0" in c for c in self.cookies(name))


# mpm_event's own: a connection that lingers, or is kept, while its child ends; most threads are busy; children end slowly under a tool.
NOT_OURS = r"AH03092|AH03093|AH10159" + ("|AH03490" if TOOL else "")

OWN_HEADERS = {
    "Cache-Control": r"^no-store$",
    "Content-Security-Policy": r"default-src 'none'.*frame-ancestors 'none'",
    "X-Content-Type-Options": r"^nosniff$",
    "Referrer-Policy": r"^same-origin$",
    "X-Frame-Options": r"^DENY$",
}


def check_answer(server: Server, target: str, answer: Answer) -> None:
    for cookie in answer.headers.get_all("Set-Cookie", []):
        value = cookie.split(";")[0].partition("=")[2]
        if re.fullmatch(r"[\w-]{22}\.[\w-]{43}", value):
            issued.add(value[23:].encode())
            if not server.expects_5xx and server.has_table():
                assert server.sql("SELECT 1 FROM managed_session WHERE session_id = ?", value[:22]), "a cookie without a row"
    assert len(answer.cookies()) <= 1, "two cookies of our name in one answer"
    assert answer.status < 500 or server.expects_5xx, f"{target}: {answer.status}\n{answer.text}\n{server.new_log()}"
    if answer.location is not None:
        assert re.match(r"/(?![/\\])", answer.location) or urllib.parse.urlsplit(answer.location).netloc in (
            f"127.0.0.1:{server.port}", f"app.test:{server.port}"), f"redirect to {answer.location}"
    assert not has_secret(answer.body), "a secret stands in a body"
    path = target.partition("?")[0]
    if path in server.own_paths and answer.status not in (400, 404) and b"managed" not in answer.body[:0]:
        for name, pattern in OWN_HEADERS.items():
            assert re.search(pattern, answer.headers.get(name, "")), f"{path} {answer.status}: {name} is {answer.headers.get(name)}"
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        allowed = answer.headers.get("Access-Control-Allow-Origin")
        assert allowed is None if not server.lists_origins else allowed not in ("*", "null")


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), DEADLINE)


def raw(server: Server, data: bytes, method: str = "GET", target: str = "/", to_the_end: bool = False) -> Answer:
    """Send exactly these bytes; read one response. to_the_end: httpd closes the connection when all is done that follows a response."""
    with connect(server) as s:
        s.sendall(data)
        response = http.client.HTTPResponse(s, method=method)
        response.begin()
        answer = Answer(response)
        assert not to_the_end or s.recv(1) == b"", "more than one response"
    check_answer(server, target, answer)
    if server.is_described:
        openapi.check(method, target, answer.status, answer.headers, answer.body)
    return answer


def request(server: Server, method: str, target: str, headers=(), body: bytes | None = None, to_the_end: bool = False) -> Answer:
    """One request on a connection of its own. headers: pairs, sent as they are, twice if given twice."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    names = {n.lower() for n, _ in pairs}
    if "host" not in names:
        pairs.insert(0, ("Host", f"127.0.0.1:{server.port}"))
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        pairs.append(("Content-Length", str(len(body))))
    pairs.append(("Connection", "close")) if "connection" not in names else None
    head = f"{method} {target} HTTP/1.1\r\n".encode() + b"".join(
        n.encode() + b": " + (v if isinstance(v, bytes) else v.encode()) + b"\r\n" for n, v in pairs)
    return raw(server, head + b"\r\n" + (body or b""), method, target, to_the_end)


def logged(server: Server, pattern: str, act) -> str:
    """Act until the log has a line that matches, and return it: what a client can cause is logged once a second at most."""
    start, end = len(server.error_log()), time.monotonic() + DEADLINE
    while time.monotonic() < end:
        act()
        found = re.search(f".*(?:{pattern}).*", server.error_log()[start:])
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"not logged: {pattern}\n{server.error_log()[start:]}")


def get(server: Server, target: str, cookie: str | None = None, headers=(), to_the_end: bool = False) -> Answer:
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    if cookie is not None:
        pairs.append(("Cookie", cookie if "=" in cookie else f"{COOKIE}={cookie}"))
    return request(server, "GET", target, pairs, None, to_the_end)


def post(server: Server, target: str, fields=None, cookie: str | None = None, headers=()) -> Answer:
    pairs = [("Content-Type", "application/x-www-form-urlencoded"), *(headers.items() if isinstance(headers, dict) else headers)]
    if cookie is not None:
        pairs.append(("Cookie", cookie if "=" in cookie else f"{COOKIE}={cookie}"))
    body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields or {}).encode()
    return request(server, "POST", target, pairs, body)


def send_slowly(server: Server, method: str, target: str, headers: dict, body: bytes, meanwhile) -> Answer:
    """A request whose body ends only after meanwhile(), which is called when the server has begun to read it."""
    with connect(server) as s:
        pairs = {"Host": f"127.0.0.1:{server.port}", "Connection": "close", "Content-Length": str(len(body)), "Expect": "100-continue", **headers}
        s.sendall(f"{method} {target} HTTP/1.1\r\n".encode() + "".join(f"{n}: {v}\r\n" for n, v in pairs.items()).encode() + b"\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 100 ")
        s.sendall(body[:-1])
        meanwhile()
        s.sendall(body[-1:])
        response = http.client.HTTPResponse(s, method=method)
        response.begin()
        answer = Answer(response)
    check_answer(server, target, answer)
    if server.is_described:
        openapi.check(method, target, answer.status, answer.headers, answer.body)
    return answer


def sign_in(server: Server, user: str = "alice", password: str | None = None, target: str = "/login", **fields) -> str:
    """Sign in as a script would; the token."""
    agent = fields.pop("agent", None)
    answer = post(server, target, {"username": user, "password": password or PASSWORDS[user], **fields},
                  headers=[("User-Agent", agent)] if agent else ())
    assert answer.status == 303, (answer.status, answer.text)
    return answer.token()


class FormReader(html.parser.HTMLParser):
    """The forms of a page: each a dict of what it would send; if its buttons have values, one dict for each button."""

    def __init__(self, text: str):
        super().__init__()
        self.forms: list[dict] = []
        self.buttons: list[str] = []
        self.words: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag == "form":
            self.forms.append({})
            self.fields, self.buttons_before = {}, 0
        elif tag == "button" and self.forms and attrs.get("name"):
            self.forms[len(self.forms) if self.buttons_before else -1:] = [{**self.fields, attrs["name"]: attrs.get("value", "")}]
            self.buttons_before += 1
        elif tag == "input" and self.forms and attrs.get("name"):
            if attrs.get("type") == "checkbox" and "checked" not in attrs:
                return
            self.forms[-1][attrs["name"]] = self.fields[attrs["name"]] = attrs.get("value", "")

    def handle_data(self, data):
        if data.strip():
            self.words.append(data.strip())


class Browser:
    """A browser: keeps cookies, sends the headers that say where a request comes from, posts forms as they are."""

    def __init__(self, server: Server, agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"):
        self.server = server
        self.agent = agent
        self.jar: dict[str, str] = {}
        self.page: Answer | None = None
        self.url = "/"

    def _send(self, method: str, target: str, headers: dict, body: bytes | None = None) -> Answer:
        headers = {"User-Agent": self.agent, "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", **headers}
        if self.jar:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.jar.items())
        answer = request(self.server, method, target, headers, body)
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._keep(cookie)
        return answer

    def _keep(self, cookie: str) -> None:
        pair, *attributes = [part.strip() for part in cookie.split(";")]
        name, _, value = pair.partition("=")
        words = {a.partition("=")[0].lower(): a.partition("=")[2] for a in attributes}
        if name.startswith("__Host-") and ("secure" not in words or words.get("path") != "/" or "domain" in words):
            return
        if words.get("max-age") == "0":
            self.jar.pop(name, None)
        else:
            self.jar[name] = value

    def go(self, target: str, follow: bool = True) -> Answer:
        """Navigate, as by typing an address."""
        answer = self._send("GET", target, NAVIGATION)
        return self._arrive(target, answer, follow)

    def _arrive(self, target: str, answer: Answer, follow: bool) -> Answer:
        self.url, self.page = target, answer
        if follow and answer.status == 303:
            return self.go(answer.location)
        return answer

    def submit(self, fields: dict | None = None, follow: bool = True, **choose) -> Answer:
        """Send the form of this page whose hidden fields match, with these fields filled in."""
        form = next(f for f in FormReader(self.page.text).forms if all(f.get(k) == v for k, v in choose.items()))
        body = urllib.parse.urlencode({**form, **(fields or {})}).encode()
        answer = self._send("POST", self.url, {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.server.port}",
            "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}, body)
        return self._arrive(self.url, answer, follow)

    def fetch(self, target: str, method: str = "GET", headers: dict | None = None) -> Answer:
        """What a page's own script would do."""
        return self._send(method, target, {**JSON, **FETCH, **(headers or {})})

    def sign_in(self, user: str = "alice", target: str = "/login", **fields) -> Answer:
        self.go(target, follow=False)
        return self.submit({"username": user, "password": PASSWORDS[user], **fields})

    @property
    def token(self) -> str | None:
        return self.jar.get(COOKIE)


class Backend(http.server.ThreadingHTTPServer):
    """An application behind the proxy: returns the headers that reached it, and adds those of ?Header=value to the response.

    .lines are the request lines as they came."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.port = self.server_address[1]
        self.lines: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class EchoHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        getattr(self.server, "lines", []).append(self.requestline)
        body = json.dumps([[name.lower(), value] for name, value in self.headers.items()]).encode()
        self.send_response(200)
        for name, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
