# SPDX-License-Identifier: Apache-2.0
"""Write the figures of build/bench.json into docs/performance.md, between their marks, and draw docs/performance.svg.

    make bench-report

A benchmark that was not run leaves its part of the page as it is.
"""
from __future__ import annotations

import html
import json
import re

from measure import CLIENTS, FILE_SIZE, MPM, RESULTS, TOP

PAGE, PLOT = TOP / "docs/performance.md", TOP / "docs/performance.svg"
DATABASES = {"sqlite": "SQLite", "pgsql": "PostgreSQL", "mysql": "MariaDB"}


def table(head: str, rows: list[list[str]]) -> str:
    columns = [column.strip() for column in head.split("|")]
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(columns))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(spread: dict, digits: int = 0) -> str:
    return f"{spread['median']:,.{digits}f} ({spread['min']:,.{digits}f}–{spread['max']:,.{digits}f})"


def speed_table(section: dict) -> str:
    rows = [[f"{v['name']}: {v['note']}", number(v["rps"]), number(v["ratio"], 2), number(v["of_granted"], 2),
             f"{v['cpu_us']['median']:.0f}", f"{v['other_cpu_us']['median']:.0f}", f"{v['p50_us']['median'] / 1000:.2f}",
             f"{v['p99_us']['median'] / 1000:.2f}", f"{v['memory_mib']['rss']:.0f}", f"{v['memory_mib']['pss']:.0f}",
             f"{v['failed']:,}", f"{v['closed']:,}"]
            for v in section["variants"]]
    return table("what | requests/s | of the unprotected | of granted | CPU µs | others' CPU µs | p50 ms | p99 ms | RSS MiB "
                 "| PSS MiB | failed | closed", rows)


def databases_table(section: dict) -> str:
    rows = [[f"{DATABASES[v['database']]}, {v['table_rows']:,} sessions", number(v["rps"]), f"{v['cpu_us']['median']:.0f}",
             f"{v['other_cpu_us']['median']:.0f}", number(v["added_with_others_us"]), f"{v['growth']['median']:+.0%}",
             f"{v['bytes_per_row']:.0f}", f"{v['failed']:,}", f"{v['closed']:,}"]
            for v in section["variants"] if "growth" in v]
    base = section["variants"][0]
    rows.insert(0, ["unprotected", number(base["rps"]), f"{base['cpu_us']['median']:.0f}", "", "", "", "", f"{base['failed']:,}",
                    f"{base['closed']:,}"])
    return table("table | requests/s | httpd's CPU µs | database's CPU µs | a look-up, both, µs | growth | bytes a row | failed "
                 "| closed", rows)


def instructions_table(section: dict) -> str:
    rows = [[f"{v['name']}: {v['what']}", f"{v['instructions']:,}", f"{v['more']:+,}"] for v in section["variants"]]
    return table("what | instructions | more than the same request, unprotected", rows) + \
        f"\n\nCommit {section['machine']['commit']}."


def memory_table(section: dict) -> str:
    rows = [[f"{p['requests']:,}", str(p["children"]), f"{p['rss']:.1f}", f"{p['pss']:.1f}", f"{p['failed']:,}"]
            for p in section["points"]]
    return table("requests | children | RSS MiB | PSS MiB | failed", rows) + \
        f"\n\nSlope of PSS over the second half: {section['bytes_per_request']:+.3f} bytes a request."


def machine_text(section: dict) -> str:
    about = section["machine"]
    version = ", ".join(f"{name} {text}" for name, text in about["versions"].items())
    cores = {side: ", ".join(map(str, about[f"{side}_cores"])) for side in ("server", "client")}
    return (f"{about['date']}, commit {about['commit']}. {about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB, "
            f"{about['system']}, Linux {about['kernel']}; {version}.\nhttpd on core {cores['server']}, wrk on {cores['client']}; "
            f"{CLIENTS} clients that keep their connections, a file of {FILE_SIZE} bytes; {MPM}.")


# ---- the plot -------------------------------------------------------------------------------------

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .quiet { fill: #57606a }
  .grid { stroke: #d0d7de }
  .ours { fill: #0969da } .theirs { fill: #8c959f } .spread { stroke: #24292f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #3d444d }
    .ours { fill: #4493f8 } .theirs { fill: #6e7681 } .spread { stroke: #e6edf3 }
  }"""
OURS = ("unprotected", "granted", "unused", "cached", "uncached", "no-cookie", "malformed", "forged")
PAGES = ("sign-in", "list-20")  # other pages than the file: not comparable by bars
LEFT, WIDTH, LINE = 170, 520, 24


def bar(i: int, variant: dict, scale: float) -> str:
    ratio, y = variant["ratio"], 34 + i * LINE
    kind = "ours" if variant["name"].startswith(OURS) else "theirs"
    width, low, high = max(1, ratio["median"] * scale), LEFT + ratio["min"] * scale, LEFT + ratio["max"] * scale
    return (f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{html.escape(variant["name"])}</text>'
            f'<rect class="{kind}" x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="{LINE - 8}" rx="2"/>'
            f'<path class="spread" d="M{low:.1f} {y + 10}H{high:.1f}M{low:.1f} {y + 6}v8M{high:.1f} {y + 6}v8"/>'
            f'<text class="quiet" x="{max(high, LEFT + width) + 8:.1f}" y="{y + 13}">{ratio["median"]:.2f}</text>')


def plot(section: dict) -> str:
    """Bars: requests per second as a share of the unprotected file's in the same round, with their spread."""
    variants = [v for v in section["variants"] if not v["name"].startswith(PAGES) and v["name"] != "nginx-unprotected"]
    scale = WIDTH / max(1, *(v["ratio"]["max"] for v in variants))
    height = 34 + LINE * len(variants) + 28
    marks = "".join(f'<path class="grid" d="M{LEFT + x * scale:.1f} 30V{height - 24}"/>'
                    f'<text class="quiet" x="{LEFT + x * scale:.1f}" y="{height - 8}" text-anchor="middle">{x:g}</text>'
                    for x in (0, 0.25, 0.5, 0.75, 1))
    bars = "\n".join(bar(i, v, scale) for i, v in enumerate(variants))
    title = "Requests per second, unprotected = 1; median and spread over the rounds"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {height}" role="img" '
            f'aria-label="{title}">\n<style>{STYLE}\n</style>\n<text x="{LEFT}" y="18">{title}</text>\n{marks}\n{bars}\n</svg>\n')


# ---- the page -------------------------------------------------------------------------------------


def put(page: str, name: str, text: str) -> str:
    made, n = re.subn(rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{text}\n{m[2]}", page, flags=re.S)
    assert n == 1, f"docs/performance.md has no place for {name}"
    return made


TABLES = {"speed": speed_table, "databases": databases_table, "instructions": instructions_table, "memory": memory_table}


def write() -> None:
    figures = json.loads(RESULTS.read_text())
    page = PAGE.read_text()
    for name, make in TABLES.items():
        if name in figures:
            page = put(page, name, make(figures[name]))
    if "speed" in figures:
        page = put(page, "machine", machine_text(figures["speed"]))
        page = put(page, "plot", "![Requests per second beside the unprotected file](performance.svg)")
        PLOT.write_text(plot(figures["speed"]))
    PAGE.write_text(page)


if __name__ == "__main__":
    write()
