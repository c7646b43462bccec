# SPDX-License-Identifier: Apache-2.0
"""Instructions in user space of one request, protected and not, counted by callgrind.

    make bench-instructions                                                # the table goes to docs/performance.md, too
    make bench-instructions BENCH="--only uncached --functions 40"         # and where they are spent

One process (prefork, -X), SQLite, connections that are kept: the count of N + M requests less that of N, divided by M. The
kernel's part and waiting for memory are not in it. In return it is the same each time, also on a busy machine. Each httpd counts
as one with threads, as it does with the event MPM: libc's functions for files and sockets are longer then.
"""
from __future__ import annotations

import argparse
import atexit
import collections
import contextlib
import functools
import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import typing

import fill
import measure
import report
from measure import CACHE_OFF, PROTECTED, Server
from speed import BARE_BASE, GRANTED, LIST, OPTIONAL, UNUSED

ROWS = 1000
FEW, MORE = 50, 300  # N and M
PAUSE = 0.005  # seconds before each request: httpd waits for it, and does not read it together with the end of the one before
MORE_PAGES = 60  # M, for a page that costs a hundred times as much
BASE = "unprotected"
ALLOWED = 0.005  # by which two counts of the same may differ
CONNECTION = "ap_run_process_connection"
BROWSER = ("User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Accept: text/html,*/*;q=0.8",
           "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br")


class Variant(typing.NamedTuple):
    what: str
    make: typing.Callable[[], Counted]
    data: bytes  # the request
    base: str = BASE  # what it is compared with: the same request, unprotected
    more: int = MORE


@functools.cache
def build_threads() -> str:
    """A library that begins a thread in each process; the module's own threads must not make the difference."""
    folder = tempfile.mkdtemp(prefix="ms-bench-")
    atexit.register(shutil.rmtree, folder, True)
    subprocess.run(["cc", "-shared", "-fPIC", "-pthread", "-Wall", "-Wextra", "-Werror", "-o", f"{folder}/threads.so",
                    pathlib.Path(__file__).with_name("threads.c")], check=True)
    return f"{folder}/threads.so"


class Counted(Server):
    """An httpd under callgrind, which writes a file for each connection that ends."""

    def __init__(self, config: str = "", **kwargs):
        super().__init__(config, mpm="prefork", **kwargs)
        self.more_environment = {"LD_PRELOAD": build_threads()}

    def command(self) -> list[str]:
        httpd = [measure.harness.HTTPD, "-d", str(self.root), "-f", str(self.root / "httpd.conf"), "-X"]
        return ["valgrind", "--tool=callgrind", f"--toggle-collect={CONNECTION}", f"--dump-after={CONNECTION}",
                f"--callgrind-out-file={self.root}/run/counts", f"--log-file={self.root}/logs/valgrind", *httpd]

    def dumps(self) -> list[pathlib.Path]:
        return sorted(self.root.glob("run/counts.*"), key=lambda path: int(path.suffix[1:]))

    def count(self, data: bytes, requests: int) -> pathlib.Path:
        """The file with the instructions of a connection, by function."""
        before = len(self.dumps())
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.port), 60)) as s:
            for _ in range(requests):
                time.sleep(PAUSE)
                s.sendall(data)
                response = http.client.HTTPResponse(s)
                response.begin()
                response.read()
                assert response.status == 200, response.status
        end = time.monotonic() + 60
        while len(self.dumps()) == before:
            assert time.monotonic() < end, "callgrind wrote nothing"
            time.sleep(0.02)
        time.sleep(0.2)  # and it has written it to its end
        return self.dumps()[-1]


def annotated(path: pathlib.Path, inclusive: bool) -> collections.Counter:
    """Instructions of each function, with or without what it calls; those of all together as None."""
    said = subprocess.run(["callgrind_annotate", f"--inclusive={'yes' if inclusive else 'no'}", "--threshold=100",
                           "--show-percs=no", str(path)], capture_output=True, text=True, check=True).stdout
    found = collections.Counter()
    for number, function, where in re.findall(r"^\s*([\d,]+)\s+\S*?:(.+?)(?: \[(?:.*/)?([^/\]]+)\])?$", said, re.M):
        name = f"{function.partition(chr(39))[0]} ({where})"  # the apostrophe: a level of recursion
        n = int(number.replace(",", ""))
        found[name] = max(found[name], n) if inclusive else found[name] + n
    total = re.search(r"^\s*([\d,]+)\s.*PROGRAM TOTALS", said, re.M)
    found[None] = int(total[1].replace(",", ""))
    return found


def of_one(few: pathlib.Path, often: pathlib.Path, more: int, inclusive: bool) -> dict:
    before, after = annotated(few, inclusive), annotated(often, inclusive)
    return {name: (n - before[name]) / more for name, n in after.items()}


def count(variant: Variant) -> dict:
    """For one request: instructions, by how much a second count differs, and where they went."""
    more = variant.more
    with variant.make() as server:
        server.count(variant.data, FEW)  # the first ones open databases and grow pools
        few, often, again = (server.count(variant.data, n) for n in (FEW, FEW + more, FEW + more))
        own, second = of_one(few, often, more, False), of_one(few, again, more, False)
        with_calls = of_one(few, often, more, True)
    return {"instructions": round(own[None]), "differs": abs(second[None] / own[None] - 1), "with_calls": with_calls, "own": own}


def variants() -> dict[str, Variant]:
    token = fill.some_tokens(ROWS, 1)[0]
    cookie = f"Cookie: {measure.harness.COOKIE}={token}"
    signed_in = measure.get(f"/app/{measure.FILE}", *BROWSER, cookie)
    bare = measure.get(f"/app/{measure.FILE}", *BROWSER)
    broken = measure.get(f"/app/{measure.FILE}", *BROWSER, f"Cookie: {measure.harness.COOKIE}={'x' * 66}")
    cache = "ManagedSessionCacheTTL 1h\n" if measure.has_cache() else ""

    def plain(config: str = ""):
        return lambda: Counted(config, load_module=False)

    def site(config: str, per_user: int = 3):
        return lambda: Counted(config, database=fill.FilledSqlite(ROWS, per_user))
    found = {
        BASE: Variant("httpd without the module", plain(), signed_in),
        BARE_BASE: Variant("the same, a request without a cookie", plain(), bare, BARE_BASE),
        "granted": Variant("without the module, a section with Require all granted", plain(GRANTED), signed_in),
        "loaded": Variant("module loaded, no directive of it anywhere", lambda: Counted(), signed_in),
        "unused": Variant("module loaded, the file open to all", site(UNUSED), signed_in),
        "unused-bare": Variant("the same, a request without a cookie", site(UNUSED), bare, BARE_BASE),
        "no-cookie": Variant("ManagedSession On, no cookie", site(OPTIONAL), bare, BARE_BASE),
        "malformed": Variant("ManagedSession On, a cookie that is no token", site(OPTIONAL), broken),
    }
    if cache:
        found["cached"] = Variant("a session required, found in the cache", site(cache + PROTECTED), signed_in)
    uncached = (CACHE_OFF if cache else "") + PROTECTED
    found["uncached"] = Variant("a session required, asked of SQLite", site(uncached), signed_in)
    found["list-20"] = Variant("the page with 20 sessions", site(cache + PROTECTED + LIST, per_user=20),
                               measure.get("/sessions", *BROWSER, cookie), more=MORE_PAGES)
    return found


def print_most(title: str, figures: dict[str, float], most: int) -> None:
    print(f"\n{title}")
    for name, n in sorted(figures.items(), key=lambda item: -item[1])[:most]:
        print(f"{n:9,.0f}  {name}")


def print_functions(name: str, figure: dict, base: dict, most: int) -> None:
    """A filter's count holds the filters after it; so what they all spend themselves is shown beside."""
    ours = {where: n for where, n in figure["with_calls"].items() if where and "mod_managed_session" in where}
    more = {where: n - base["own"].get(where, 0) for where, n in figure["own"].items()}
    everything = round(more[None])  # callgrind gives it to each caller of the counted function, too
    more = {where: n for where, n in more.items() if where and round(n) != everything}
    libraries = collections.Counter()
    for where, n in more.items():
        libraries[where.rpartition("(")[2].rstrip(")") or "not known"] += n
    print_most(f"{name}: instructions of one request in the module's functions, with what they call", ours, most)
    print_most(f"{name}: beyond the unprotected request, by function, without what it calls", more, most)
    print_most(f"{name}: beyond the unprotected request, by library", libraries, 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME,..")
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="print the N functions that cost most more")
    parser.add_argument("--figures", type=pathlib.Path, metavar="FILE", help="write how many more a cached request costs to this file, as JSON")
    options = parser.parse_args()
    about, found = measure.machine(), {}
    for name, variant in variants().items():
        if name in (BASE, BARE_BASE) or measure.is_chosen(name, options):
            found[name] = figure = {"what": variant.what, "base": variant.base, **count(variant)}
            figure["more"] = figure["instructions"] - found[variant.base]["instructions"]
            print(f"{name:16} {figure['instructions']:9,} instructions, {figure['more']:+9,}  ({variant.what}; counted again "
                  f"{figure['differs']:.3%} off)", flush=True)
            assert figure["differs"] < ALLOWED, "two counts of the same differ by too much"
    for name, figure in found.items():
        if options.functions and name != figure["base"]:
            print_functions(name, figure, found[figure["base"]], options.functions)
    if options.figures:
        options.figures.parent.mkdir(parents=True, exist_ok=True)
        options.figures.write_text(json.dumps({"more": round(found["cached"]["more"])}))
    if not options.only:
        kept = ("what", "base", "instructions", "more", "differs")
        measure.keep("instructions", {"machine": about, "variants": [{"name": name, **{key: figure[key] for key in kept}}
                                                                     for name, figure in found.items()]})
        report.write()


if __name__ == "__main__":
    main()
