# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: a pinned httpd, wrk on other cores, rounds that run every variant, figures with their spread.

Speed differs from minute to minute on any machine that is not alone; so every round runs every variant for a few
seconds, in an order of its own, and ratios are taken within a round.
"""
from __future__ import annotations

import argparse
import dataclasses
import datetime
import http.client
import json
import os
import pathlib
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tests/http"))
import databases  # noqa: E402,F401: for the other files here
import harness  # noqa: E402

RESULTS = TOP / "build/bench.json"
CLIENTS = 32
FILE = "index.html"
FILE_SIZE = 1024
ALL_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = ALL_CORES[:max(1, len(ALL_CORES) // 2)]  # httpd and the database server
CLIENT_CORES = ALL_CORES[len(SERVER_CORES):] or ALL_CORES  # wrk

# The MPM and keep-alive with their defaults, except for the limit of requests on a connection.
BASE = """
ServerRoot "@ROOT@"
ServerName app.test
Listen 127.0.0.1:@PORT@
PidFile "@ROOT@/httpd.pid"
ErrorLog "@ROOT@/logs/error.log"
LogLevel warn
DefaultRuntimeDir "@ROOT@/run"
@USER@
DocumentRoot "@ROOT@/htdocs"
TypesConfig /etc/mime.types
MaxKeepAliveRequests 0
DBDriver sqlite3
DBDParams "@DB@"
<Directory "/">
    AllowOverride None
</Directory>
"""
MPM = ("event MPM as it is where nothing is said (StartServers 3, ThreadsPerChild 25, MinSpareThreads 75, MaxSpareThreads 250, "
       "MaxRequestWorkers 400, KeepAliveTimeout 5), mod_dbd in the same way (DBDMin 1, DBDKeep 2, DBDMax 10), MaxKeepAliveRequests 0, "
       "AllowOverride None, no access log")

# Nothing is written: what is measured is the look-up. At work each session adds a touch in each ManagedSessionTouchInterval.
PROTECTED = """
ManagedSessionTouchInterval 1d
ManagedSessionCleanupInterval 0
ManagedSessionLoginLimit 0
<Location "/app">
    AuthType ManagedSession
    AuthName "app"
    Require valid-user
</Location>
"""
CACHE_OFF = "ManagedSessionCacheTTL 0\n"


def on(cores: list[int]) -> list[str]:
    return ["taskset", "-c", ",".join(map(str, cores))]


class Server(harness.Server):
    """An httpd on the server's cores that serves a file of 1 KB, at / and at /app/."""

    def __init__(self, config: str = "", **kwargs):
        super().__init__(config, **{"base": BASE, **kwargs})
        for folder in ("htdocs", "htdocs/app"):
            self.write(f"{folder}/{FILE}", "x" * (FILE_SIZE - 1) + "\n")

    def command(self) -> list[str]:
        return [*on(SERVER_CORES), *super().command()]

    def check(self) -> None:
        """Tests do more; here there may be gigabytes to read, and errors that are some other module's way to be busy."""
        bad = [line for line in self.error_log().splitlines() if re.search(r":(error|crit|alert|emerg)\]|exit signal", line)]
        if bad:
            print(f"{len(bad)} errors in {self.root}, such as: {bad[0][:200]}", file=sys.stderr)


# ---- processes ------------------------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for line in subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_times(roots: list[int]) -> dict[int, float]:
    """Seconds that each process has run, user and system, by its CPU clock: as in /proc/PID/stat, but finer than 10 ms."""
    times = {}
    for pid in (pid for root in roots for pid in family(root)):
        try:
            times[pid] = time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)
        except OSError:
            pass  # has ended meanwhile
    return times


class ProcessesEnded(Exception):
    """During a measurement, and their CPU time with them."""


def cpu_between(before: dict[int, float], after: dict[int, float]) -> float:
    lost = before.keys() - after.keys()
    if lost:
        raise ProcessesEnded(lost)
    return sum(after[pid] - before.get(pid, 0) for pid in after)


def memory(pids: list[int]) -> dict[str, float]:
    """RSS and PSS of processes, together, in MiB."""
    total = {"rss": 0.0, "pss": 0.0}
    for pid in pids:
        rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        for name in total:
            total[name] += int(re.search(rf"^{name}:\s+(\d+)", rollup, re.I | re.M)[1]) / 1024
    return total


# ---- variants -------------------------------------------------------------------------------------


@dataclasses.dataclass
class Variant:
    """Requests that are sent to a server again and again, and what they must and must not be answered."""

    name: str
    server: harness.Server | object
    requests: list[bytes]
    status: int = 200
    others: list = dataclasses.field(default_factory=list)  # callables: the process ids whose CPU time is counted apart
    stranger: bytes | None = None  # a request that must be answered otherwise
    note: str = ""
    base: str = "unprotected"  # the variant that it is compared with
    rounds: list[dict] = dataclasses.field(default_factory=list)
    memory: dict | None = None

    @property
    def port(self) -> int:
        return self.server.port

    def write_requests(self, folder: pathlib.Path) -> pathlib.Path:
        path = folder / f"{self.name}.requests"
        if not path.exists():
            path.write_bytes(b"\0".join(self.requests) + b"\0")
        return path

    def verify(self) -> None:
        """Check that it protects, and lets the right user in; otherwise it would measure something else."""
        for _ in range(2):
            status = ask(self.port, random.choice(self.requests))
            assert status == self.status, f"{self.name}: {status} instead of {self.status}"
        if self.stranger:
            status = ask(self.port, self.stranger)
            assert status != self.status, f"{self.name}: a stranger gets {status}, too"


def ask(port: int, data: bytes) -> int:
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        s.sendall(data)
        response = http.client.HTTPResponse(s)
        response.begin()
        return response.status


def get(target: str = f"/app/{FILE}", *headers: str, host: str = "app.test") -> bytes:
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *headers]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def post(target: str, body: str, *headers: str) -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: app.test", "Content-Type: application/x-www-form-urlencoded",
             f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


def with_cookie(token: str, target: str = f"/app/{FILE}") -> bytes:
    return get(target, f"Cookie: {harness.COOKIE}={token}")


def run_wrk(port: int, requests: pathlib.Path, status: int, seconds: float, seed: int) -> dict:
    command = [*on(CLIENT_CORES), "wrk", "-t", str(len(CLIENT_CORES)), "-c", str(max(CLIENTS, len(CLIENT_CORES))),
               "-d", f"{max(1, round(seconds))}s", "--timeout", "10s", "--latency", "-s", str(HERE / "load.lua"),
               f"http://127.0.0.1:{port}/", "--", str(requests), str(status), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = process.stdout.read()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    found = re.search(r"^JSON (\{.*\})$", said, re.M)
    assert found, f"wrk failed:\n{said}"
    return {**json.loads(found[1]), "client_cpu": usage.ru_utime + usage.ru_stime}


def measure(variant: Variant, folder: pathlib.Path, seconds: float, seed: int) -> dict:
    """Once more if httpd ended spare children meanwhile: one in each second, until they are few enough."""
    for _ in range(9):
        try:
            return measure_once(variant, folder, seconds, seed)
        except ProcessesEnded:
            print(f"{variant.name}: children ended meanwhile; again", file=sys.stderr)
    return measure_once(variant, folder, seconds, seed)


def measure_once(variant: Variant, folder: pathlib.Path, seconds: float, seed: int) -> dict:
    requests = variant.write_requests(folder)
    own, others = [variant.server.process.pid], [pid for pids in variant.others for pid in pids()]
    own_before, others_before = cpu_times(own), cpu_times(others)
    figures = run_wrk(variant.port, requests, variant.status, seconds, seed)
    own_cpu = cpu_between(own_before, cpu_times(own))
    others_cpu = cpu_between(others_before, cpu_times(others))
    n = max(1, figures["requests"])
    return {"rps": n / figures["seconds"], "cpu_us": own_cpu / n * 1e6, "other_cpu_us": others_cpu / n * 1e6,
            **{key: figures[key] for key in ("p50_us", "p99_us", "max_us", "requests")},
            "failed": figures["wrong_status"], "closed": figures["socket_errors"],
            "client_busy": figures["client_cpu"] / figures["seconds"] / len(CLIENT_CORES)}


def run_rounds(variants: list[Variant], folder: pathlib.Path, options: argparse.Namespace) -> None:
    for variant in variants:
        variant.verify()
    for variant in variants:  # threads, connections and caches as they are at work
        measure(variant, folder, options.warm, 0)
    for number in range(1, options.rounds + 1):
        order = variants[:]
        random.Random(number).shuffle(order)
        for variant in order:
            variant.rounds.append(measure(variant, folder, options.seconds, number))
            if sys.stderr.isatty():
                print(f"\rround {number} of {options.rounds}: {variant.name:40}\r", end="", file=sys.stderr, flush=True)
    for variant in variants:
        variant.memory = memory(family(variant.server.process.pid)[1:])
        variant.verify()


# ---- figures --------------------------------------------------------------------------------------


def spread(values) -> dict:
    values = list(values)
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(variant: Variant, base: Variant) -> dict:
    """Of requests per second, within each round."""
    return spread(r["rps"] / b["rps"] for r, b in zip(variant.rounds, base.rounds))


def summary(variant: Variant, base: Variant) -> dict:
    """Medians over the rounds; ratios and differences are each taken within a round, against base."""
    pairs = list(zip(variant.rounds, base.rounds))
    measured = ("rps", "cpu_us", "other_cpu_us", "p50_us", "p99_us", "client_busy")
    return {
        "name": variant.name, "note": variant.note, **{key: spread(r[key] for r in variant.rounds) for key in measured},
        "ratio": ratio(variant, base),
        "added_cpu_us": spread(r["cpu_us"] - b["cpu_us"] for r, b in pairs),
        "added_with_others_us": spread(r["cpu_us"] + r["other_cpu_us"] - b["cpu_us"] for r, b in pairs),
        "requests": sum(r["requests"] for r in variant.rounds), "failed": sum(r["failed"] for r in variant.rounds),
        "closed": sum(r["closed"] for r in variant.rounds),
        "memory_mib": variant.memory, "rounds": variant.rounds,
    }


def said_by(*command: str) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return (result.stdout or result.stderr).strip().partition("\n")[0]


def versions() -> dict[str, str]:
    packages = ("apache2-bin libapr1 libaprutil1 libsqlite3-0 libpq5 libmariadb3 postgresql-15 mariadb-server-core wrk nginx "
                "libapache2-mod-auth-openidc libapache2-mod-auth-tkt memcached").split()
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True, text=True) \
        if shutil.which("dpkg-query") else None
    lines = found.stdout.splitlines() if found else [f"httpd {said_by(harness.HTTPD, '-v')}", f"wrk {said_by('wrk', '-v')}"]
    return dict(line.split(" ", 1) for line in lines if len(line.split()) > 1)


def commit() -> str:
    """The last one that changed the module."""
    if not (TOP / ".git").exists() or not shutil.which("git"):
        return "not known"
    sources = ("--", "src", "include", "mod_managed_session.c")
    changed = subprocess.run(["git", "-C", str(TOP), "diff", "--quiet", "HEAD", *sources]).returncode
    return said_by("git", "-C", str(TOP), "log", "-1", "--format=%h", *sources) + (" and changes" if changed else "")


def machine() -> dict:
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.M)
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"date": datetime.date.today().isoformat(), "cpu": model[1] if model else platform.machine(), "cores": len(ALL_CORES),
            "memory_gib": round(gibibytes, 1), "kernel": platform.release(),
            "system": platform.freedesktop_os_release()["PRETTY_NAME"], "versions": versions(),
            "server_cores": SERVER_CORES, "client_cores": CLIENT_CORES, "load_before": os.getloadavg()[0],
            "commit": commit()}


def of(key: str, digits: int = 0):
    """A column: the median of a figure."""
    return lambda figure: f"{figure[key]['median']:,.{digits}f}" if key in figure else ""


def range_of(key: str, digits: int = 0):
    return lambda figure: f"{figure[key]['min']:,.{digits}f}-{figure[key]['max']:,.{digits}f}" if key in figure else ""


def percent_of(key: str, sign: str = ""):
    return lambda figure: f"{figure[key]['median']:{sign}.0%}" if key in figure else ""


def print_table(columns: list[tuple], figures: list[dict]) -> None:
    """columns: title, width, what to print of a figure."""
    print("\n" + " " * 20 + "".join(f"{title:>{width}}" for title, width, _ in columns))
    for figure in figures:
        print(f"{figure['name']:20}" + "".join(f"{text(figure):>{width}}" for _, width, text in columns))


def keep(section: str, value: dict) -> None:
    """Put a section into build/bench.json; the others stay as they are."""
    RESULTS.parent.mkdir(exist_ok=True)
    everything = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    everything[section] = value
    RESULTS.write_text(json.dumps(everything, indent=1) + "\n")
    print(f"\nkept as \"{section}\" in {RESULTS.relative_to(TOP)}")


def print_machine(about: dict) -> None:
    print(f"{about['date']}, commit {about['commit']}, {about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB, "
          f"{about['system']}, Linux {about['kernel']}; load {about['load_before']:.1f} before")
    print(", ".join(f"{name} {version}" for name, version in about["versions"].items()))
    print(f"httpd on core {about['server_cores']}, wrk on {about['client_cores']}, {CLIENTS} clients that keep connections,\n"
          f"a file of {FILE_SIZE} bytes; {MPM}")
    print("failed: answers of another status than expected. closed: connections that httpd ended under a client; the event MPM\n"
          "does that to idle ones whenever all threads of a child are busy, and a client tries such a request again.")
    if set(about["server_cores"]) & set(about["client_cores"]):
        print("NOTE: there is only one core, so httpd and wrk disturb each other")


def parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--only", default="", metavar="NAME,..", help="variants whose name begins so, and the unprotected one")
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--seconds", type=float, default=4, help="for each variant in each round")
    made.add_argument("--warm", type=float, default=4, help="seconds of each variant before the first round")
    return made


def is_chosen(name: str, options: argparse.Namespace) -> bool:
    return not options.only or any(name.startswith(part) for part in options.only.split(","))


def has_cache() -> bool:
    """Whether this module has the look-up cache."""
    server = Server(CACHE_OFF)
    try:
        return server.configtest().returncode == 0
    finally:
        server.remove()
