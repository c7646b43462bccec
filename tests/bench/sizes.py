# SPDX-License-Identifier: Apache-2.0
"""What a look-up costs in tables of a thousand to millions of sessions, on each database, beside the same file unprotected.

    make bench-db                                        # about ten minutes; 15 GB in /tmp
    make bench-db BENCH="--rows 1000,100000 --rounds 2"  # shorter

The module's look-up cache is off. Every request presents one of 100,000 sessions, random ones of the whole table.
"""
from __future__ import annotations

import contextlib
import pathlib
import tempfile
import time

import fill
import measure
from measure import Server, Variant, databases, of, percent_of, range_of

TOKENS = 100_000
COLUMNS = [("requests/s", 12, of("rps")), ("(min-max)", 16, range_of("rps")), ("ratio", 7, of("ratio", 2)),
           ("CPU", 7, of("cpu_us", 1)), ("database", 10, of("other_cpu_us", 1)), ("look-up", 9, of("added_with_others_us", 1)),
           ("(min-max)", 15, range_of("added_with_others_us", 1)), ("growth", 8, percent_of("growth", "+")),
           ("(min-max)", 14, range_of("growth", 2)), ("p50", 8, of("p50_us")), ("p99", 9, of("p99_us")),
           ("bytes", 7, lambda f: f"{f.get('bytes_per_row', 0):.0f}"), ("failed", 8, lambda f: f"{f['failed']:,}"),
           ("closed", 8, lambda f: f"{f['closed']:,}"), ("wrk", 7, percent_of("client_busy"))]
LEGEND = """CPU, database, look-up (both less the unprotected request), p50, p99: microseconds. bytes: a row with its indexes.
growth: of the look-up, against the smallest table. wrk: how busy its cores are; near 100 % it is what is measured."""


class Tables:
    """Makes servers with tables of a size."""

    def __init__(self, stack: contextlib.ExitStack):
        self.stack = stack
        self.instances: dict[str, databases.Instance] = {}
        self.cache_off = measure.CACHE_OFF if measure.has_cache() else ""

    def database(self, name: str, rows: int):
        if name == "sqlite":
            return fill.FilledSqlite(rows)
        self.instances[name] = self.instances.get(name) or fill.KINDS[name]()
        return fill.Filled(self.instances[name], rows)

    def server(self, name: str, rows: int) -> Server:
        start = time.monotonic()
        database = self.database(name, rows)
        server = Server(self.cache_off + measure.PROTECTED, database=database)
        print(f"{name:8} {rows:9,} rows in {time.monotonic() - start:6.1f} s", flush=True)
        return self.stack.enter_context(server)

    def variant(self, name: str, rows: int) -> Variant:
        server = self.server(name, rows)
        others = [lambda: [self.instances[name].process.pid]] if name in self.instances else []
        requests = [measure.with_cookie(token) for token in fill.some_tokens(rows, TOKENS)]
        made = Variant(f"{name}-{rows}", server, requests, others=others, stranger=measure.get())
        made.rows, made.bytes_per_row = rows, server.database.bytes_per_row
        return made


def make_variants(stack: contextlib.ExitStack, options) -> list[Variant]:
    tables = Tables(stack)
    kinds = [name for name in ("sqlite", *fill.KINDS) if measure.is_chosen(name, options)]
    variants = [tables.variant(name, int(rows)) for name in kinds for rows in options.rows.split(",")]
    bare = stack.enter_context(Server(load_module=False))
    return [Variant("unprotected", bare, variants[0].requests), *variants]


def read_whole(paths) -> None:
    """Read it into the kernel's cache: the first read from disk is not part of a look-up's cost."""
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def growth(variant: Variant, smallest: Variant, base: Variant) -> dict:
    """How much more a look-up costs than in the smallest table, the database server's part included."""
    def cost(of, i):
        return of.rounds[i]["cpu_us"] + of.rounds[i]["other_cpu_us"] - base.rounds[i]["cpu_us"]
    return measure.spread(cost(variant, i) / cost(smallest, i) - 1 for i in range(len(base.rounds)))


def figures(variants: list[Variant]) -> list[dict]:
    base, found = variants[0], []
    for variant in variants:
        figure = measure.summary(variant, base)
        if variant is not base:
            kind = variant.name.partition("-")[0]
            smallest = next(v for v in variants[1:] if v.name.startswith(kind + "-"))
            figure |= {"database": kind, "table_rows": variant.rows, "bytes_per_row": variant.bytes_per_row,
                       "growth": growth(variant, smallest, base)}
        found.append(figure)
    return found


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--rows", default="1000,100000,5000000", metavar="N,..")
    options = parser.parse_args()
    about = measure.machine()
    measure.print_machine(about)
    print(f"PostgreSQL: {fill.PostgreSQL.said}\nMariaDB: {fill.MariaDB.said}\nboth on httpd's core")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ms-bench-")))
        variants = make_variants(stack, options)
        read_whole({v.server.params for v in variants[1:] if v.name.startswith("sqlite")})
        measure.run_rounds(variants, folder, options)
    found = figures(variants)
    measure.print_table(COLUMNS, found)
    print(LEGEND)
    measure.keep("databases", {"machine": about, "seconds": options.seconds, "variants": found})


if __name__ == "__main__":
    main()
