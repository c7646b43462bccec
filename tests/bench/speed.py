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
from measure import FILE, PROTECTED, Server, Variant, harness

ROWS = 10_000
SESSIONS = 100
OPTIONAL = PROTECTED.replace("    AuthType ManagedSession\n", "    ManagedSession On\n").replace('    AuthName "app"\n    Require valid-user\n', "")
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


def start(stack, config: str = PROTECTED, database=None) -> Server:
    return stack.enter_context(Server(config, database=database or fill.FilledSqlite(ROWS)))


def with_tokens(n: int) -> list[bytes]:
    return [measure.with_cookie(token) for token in fill.some_tokens(ROWS, n)]


def unused(stack, name):
    return [Variant(name, start(stack, UNUSED), with_tokens(SESSIONS), note="the module is loaded, this file is open to all")]


def cached(sessions: int):
    def make(stack, name):
        return [Variant(name, start(stack), with_tokens(sessions), stranger=measure.get(), note=f"{sessions:,} sessions, cache as by default")]
    make.needs_cache = True
    return make


def uncached(kind: str):
    def make(stack, name):
        config = (measure.CACHE_OFF if measure.has_cache() else "") + PROTECTED
        if kind == "sqlite":
            server, others = start(stack, config), []
        else:
            instance = fill.KINDS[kind]()
            server, others = start(stack, config, fill.Filled(instance, ROWS)), [lambda: [instance.process.pid]]
        return [Variant(name, server, with_tokens(SESSIONS), others=others, stranger=measure.get(), note=f"{SESSIONS} sessions, no cache")]
    return make


def no_cookie(stack, name):
    return [Variant(name, start(stack, OPTIONAL), [measure.get()], note="ManagedSession On: visitors without a cookie")]


def malformed(stack, name):
    return [Variant(name, start(stack, OPTIONAL), [measure.with_cookie("x" * 66)], note="ManagedSession On: a cookie that is no token")]


def forged(stack, name):
    requests = [measure.with_cookie(f"{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}") for _ in range(ROWS)]
    return [Variant(name, start(stack, OPTIONAL), requests, note=f"ManagedSession On: {ROWS:,} tokens of nobody, well-formed")]


def sign_in(scheme: str, *flags: str):
    def make(stack, name):
        server = Server(PROTECTED + LOGIN, database=fill.FilledSqlite(ROWS))
        for i, user in enumerate(USERS):
            subprocess.run(["htpasswd", "-i", *flags, *(["-c"] if i == 0 else []), str(server.root / "hashed"), user],
                           input="wonderland\n", text=True, check=True, capture_output=True)
        stack.enter_context(server)
        forms = [urllib.parse.urlencode({"username": user, "password": "wonderland"}) for user in USERS]
        wrong = urllib.parse.urlencode({"username": USERS[0], "password": "wrong"})
        return [Variant(name, server, [measure.post("/login", form) for form in forms], status=303, stranger=measure.post("/login", wrong),
                        note=f"sign-ins, each a new row; passwords hashed with {scheme}")]
    return make


def list_page(stack, name):
    server = start(stack, PROTECTED + LIST, fill.FilledSqlite(ROWS, per_user=20))
    requests = [measure.with_cookie(token, "/sessions") for token in fill.some_tokens(ROWS, SESSIONS)]
    return [Variant(name, server, requests, stranger=measure.get("/sessions"), note="the page with 20 sessions")]


OWN = {"unused": unused, "cached": cached(SESSIONS), "cached-10000": cached(ROWS), "uncached-sqlite": uncached("sqlite"),
       "uncached-pgsql": uncached("pgsql"), "uncached-mysql": uncached("mysql"), "no-cookie": no_cookie, "malformed": malformed,
       "forged": forged, "sign-in-sha1": sign_in("SHA-1", "-s"),
       "sign-in-bcrypt5": sign_in("bcrypt of cost 5, htpasswd's default; each step doubles the time", "-B", "-C", "5"),
       "list-20": list_page}


def make_variants(stack: contextlib.ExitStack, options) -> list[Variant]:
    bare = stack.enter_context(Server(load_module=False))
    variants = [Variant("unprotected", bare, with_tokens(SESSIONS), note="httpd without the module, the same requests")]
    has_cache = measure.has_cache()
    for name, make in {**OWN, **peers.ALL}.items():
        if not measure.is_chosen(name, options):
            continue
        made = [] if getattr(make, "needs_cache", False) and not has_cache else make(stack, name)
        if not made:
            print(f"left out, for want of a package or of the cache: {name}")
        variants += made
    return variants


def print_table(found: list[dict]) -> None:
    print(f"\n{'':18}{'requests/s':>11} {'(min-max)':>15}{'ratio':>7} {'(min-max)':>11}{'CPU':>8}{'others':>8}{'added':>8}{'p50':>8}{'p99':>8}"
          f"{'RSS':>6}{'PSS':>6}{'failed':>7}{'closed':>7}{'wrk':>5}")
    for f in found:
        print(f"{f['name']:18}{f['rps']['median']:11,.0f} {f['rps']['min']:8,.0f}-{f['rps']['max']:<6,.0f}{f['ratio']['median']:7.2f} "
              f"{f['ratio']['min']:6.2f}-{f['ratio']['max']:<4.2f}{f['cpu_us']['median']:8.1f}{f['other_cpu_us']['median']:8.1f}"
              f"{f['added_with_others_us']['median']:8.1f}{f['p50_us']['median']:8.0f}{f['p99_us']['median']:8.0f}"
              f"{f['memory_mib']['rss']:6.0f}{f['memory_mib']['pss']:6.0f}{f['failed']:7}{f['closed']:7}{f['client_busy']['median']:5.0%}")
    print("CPU, others (the database, memcached, or the httpd behind nginx), added (both less the unprotected request), p50, p99: "
          "microseconds.\nratio: of the unprotected requests per second in the same round. RSS, PSS: MiB, all children together.\n"
          "wrk: how busy the load generator's cores are; near 100 % it is what is measured.\n")
    for f in found:
        print(f"{f['name']:18}{f['note']}")


def main() -> None:
    options = measure.parser(__doc__).parse_args()
    about = measure.machine()
    measure.print_machine(about)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ms-bench-")))
        variants = make_variants(stack, options)
        measure.run_rounds(variants, folder, options)
    found = [measure.summary(variant, variants[0]) for variant in variants]
    print_table(found)
    measure.keep("speed", {"machine": about, "seconds": options.seconds, "variants": found})


main()
