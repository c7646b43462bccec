# SPDX-License-Identifier: Apache-2.0
"""Requests per second, CPU time and waiting times: unprotected, protected in several ways, and by other modules.

    make bench                                                     # about fifteen minutes
    make bench BENCH="--only cached,form --rounds 2 --seconds 1"   # shorter
"""
from __future__ import annotations

import contextlib
import pathlib
import secrets
import subprocess
import tempfile
import urllib.parse

import fill
import measure
import peers
from measure import PROTECTED, Server, Variant, of, percent_of, range_of

COLUMNS = [("requests/s", 12, of("rps")), ("(min-max)", 16, range_of("rps")), ("ratio", 7, of("ratio", 2)),
           ("(min-max)", 12, range_of("ratio", 2)), ("granted", 8, of("of_granted", 2)), ("CPU", 9, of("cpu_us", 1)), ("others", 8, of("other_cpu_us", 1)),
           ("added", 9, of("added_with_others_us", 1)), ("p50", 9, of("p50_us")), ("p99", 9, of("p99_us")),
           ("RSS", 6, lambda f: f"{f['memory_mib']['rss']:.0f}"), ("PSS", 6, lambda f: f"{f['memory_mib']['pss']:.0f}"),
           ("failed", 8, lambda f: f"{f['failed']:,}"), ("closed", 8, lambda f: f"{f['closed']:,}"),
           ("wrk", 5, percent_of("client_busy"))]
LEGEND = """CPU, others (the database, memcached, or the httpd behind nginx), added (both less the unprotected request), p50, p99:
microseconds. ratio: of the unprotected requests per second in the same round; that of requests without a cookie is compared
with unprotected ones without a cookie. granted: of those per second in a section of httpd's own that grants all, in the same way.
RSS, PSS: MiB, all children together.
wrk: how busy its cores are; near 100 % it is what is measured.
"""

BARE_BASE = "unprotected-bare"
ROWS = 10_000
SESSIONS = 100
REQUIRED = '    AuthType ManagedSession\n    AuthName "app"\n    Require valid-user\n'
OPTIONAL = PROTECTED.replace(REQUIRED, "    ManagedSession On\n")
GRANTED = '<Location "/app">\n    Require all granted\n</Location>\n'
UNUSED = PROTECTED.replace("/app", "/elsewhere")
LOGIN = """
<Location "/login">
    SetHandler managed-session-login
    ManagedSessionAuthProvider file
    AuthUserFile "@ROOT@/hashed"
</Location>
"""
LIST = """
<Location "/sessions">
    SetHandler managed-session-list
</Location>
"""
USERS = [f"user{i}" for i in range(20)]
PASSWORD = "wonderland"


def start(stack, config: str = PROTECTED, database=None) -> Server:
    return stack.enter_context(Server(config, database=database or fill.FilledSqlite(ROWS)))


def protected(name: str, server: Server, sessions: int, note: str, others=()) -> list[Variant]:
    return [Variant(name, server, with_tokens(sessions), others=list(others), stranger=measure.get(), note=note)]


def with_tokens(n: int) -> list[bytes]:
    return [measure.with_cookie(token) for token in fill.some_tokens(ROWS, n)]


def unused(stack, name):
    return [Variant(name, start(stack, UNUSED), with_tokens(SESSIONS), note="the module is loaded, this file is open to all")]


def cached(sessions: int):
    def make(stack, name):
        return protected(name, start(stack), sessions, f"{sessions:,} sessions, cache as by default")
    make.needs_cache = True
    return make


def uncached(kind: str, sessions: int = SESSIONS):
    def make(stack, name):
        config = (measure.CACHE_OFF if measure.has_cache() else "") + PROTECTED
        if kind == "sqlite":
            server, others = start(stack, config), []
        else:
            instance = fill.KINDS[kind]()
            server, others = start(stack, config, fill.Filled(instance, ROWS)), [lambda: [instance.process.pid]]
        return protected(name, server, sessions, f"{sessions:,} sessions, no cache", others)
    return make


def no_cookie(stack, name):
    return [Variant(name, start(stack, OPTIONAL), [measure.get()], base=BARE_BASE,
                    note="ManagedSession On: visitors without a cookie")]


def malformed(stack, name):
    broken = measure.with_cookie("x" * 66)
    return [Variant(name, start(stack, OPTIONAL), [broken], note="ManagedSession On: a cookie that is no token")]


def forged_token() -> str:
    return f"{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"


def forged(stack, name):
    requests = [measure.with_cookie(forged_token()) for _ in range(ROWS)]
    return [Variant(name, start(stack, OPTIONAL), requests, note=f"ManagedSession On: {ROWS:,} well-formed tokens of no session")]


def add_users(server: Server, *flags: str) -> None:
    for i, user in enumerate(USERS):
        subprocess.run(["htpasswd", "-i", *flags, *(["-c"] if i == 0 else []), str(server.root / "hashed"), user],
                       input=PASSWORD + "\n", text=True, check=True, capture_output=True)


def sign_in_request(user: int, password: str = PASSWORD) -> bytes:
    return measure.post("/login", urllib.parse.urlencode({"username": USERS[user], "password": password}))


def sign_in(scheme: str, *flags: str):
    def make(stack, name):
        server = Server(PROTECTED + LOGIN, database=fill.FilledSqlite(ROWS))
        add_users(server, *flags)
        stack.enter_context(server)
        requests = [sign_in_request(i) for i in range(len(USERS))]
        return [Variant(name, server, requests, status=303, stranger=sign_in_request(0, "wrong"),
                        note=f"sign-ins, each a new row; passwords hashed with {scheme}")]
    return make


def list_page(stack, name):
    server = start(stack, PROTECTED + LIST, fill.FilledSqlite(ROWS, per_user=20))
    requests = [measure.with_cookie(token, "/sessions") for token in fill.some_tokens(ROWS, SESSIONS)]
    return [Variant(name, server, requests, stranger=measure.get("/sessions"), note="the page with 20 sessions")]


OWN = {"unused": unused, "cached": cached(SESSIONS), "cached-10000": cached(ROWS), "uncached-sqlite": uncached("sqlite"),
       "uncached-10000": uncached("sqlite", ROWS),
       "uncached-pgsql": uncached("pgsql"), "uncached-mysql": uncached("mysql"), "no-cookie": no_cookie, "malformed": malformed,
       "forged": forged, "sign-in-sha1": sign_in("SHA-1", "-s"),
       "sign-in-bcrypt5": sign_in("bcrypt of cost 5, htpasswd's default; each step doubles the time", "-B", "-C", "5"),
       "list-20": list_page}


def bases(stack: contextlib.ExitStack) -> list[Variant]:
    """What the others are compared with: all with the first, and some with another one that is closer."""
    plain = stack.enter_context(Server(load_module=False))
    section = stack.enter_context(Server(GRANTED, load_module=False))
    return [Variant("unprotected", plain, with_tokens(SESSIONS), note="httpd without the module, the same requests"),
            Variant(BARE_BASE, plain, [measure.get()], note="the same, requests without a cookie"),
            Variant("granted", section, with_tokens(SESSIONS), note="the same within a section with Require all granted")]


def make_variants(stack: contextlib.ExitStack, options) -> list[Variant]:
    variants = bases(stack)
    has_cache = measure.has_cache()
    for name, make in {**OWN, **peers.ALL}.items():
        if not measure.is_chosen(name, options):
            continue
        made = [] if getattr(make, "needs_cache", False) and not has_cache else make(stack, name)
        if not made:
            print(f"left out, for want of a package or of the cache: {name}")
        variants += made
    return variants


def summaries(variants: list[Variant]) -> list[dict]:
    of_name = {variant.name: variant for variant in variants}
    return [{**measure.summary(variant, of_name[variant.base]), "of_granted": measure.ratio(variant, of_name["granted"])}
            for variant in variants]


def main() -> None:
    options = measure.parser(__doc__).parse_args()
    about = measure.machine()
    measure.print_machine(about)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ms-bench-")))
        variants = make_variants(stack, options)
        measure.run_rounds(variants, folder, options)
    found = summaries(variants)
    measure.print_table(COLUMNS, found)
    print(LEGEND)
    for figure in found:
        print(f"{figure['name']:20}{figure['note']}")
    measure.keep("speed", {"machine": about, "seconds": options.seconds, "variants": found})


if __name__ == "__main__":
    main()
