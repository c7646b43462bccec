# SPDX-License-Identifier: Apache-2.0
"""Write the figures of build/bench.json into docs/performance.md, between their marks, and draw docs/performance.svg.

    make bench-report

A benchmark that was not run leaves its part of the page as it is.
"""
from __future__ import annotations

import html
import json
import math
import re

from measure import CLIENTS, FILE_SIZE, MPM, RESULTS, TOP

PAGE, PLOT, FLEET_PLOT = TOP / "docs/performance.md", TOP / "docs/performance.svg", TOP / "docs/fleet.svg"
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


def fleet_table(section: dict) -> str:
    found = {(point["sessions"], point["hosts"], point["rule"]): point["queries"] for point in section["points"]}
    hosts, sessions = sorted({key[1] for key in found}), sorted({key[0] for key in found})
    head = " | ".join(f"{n} host{'s' * (n > 1)}, {rule}" for n in hosts for rule in ("old", "new"))
    return table(f"sessions at work | {head}", [[f"{n:,}"] + [f"{found[n, host, rule]:,.0f}" for host in hosts for rule in ("old", "new")]
                                                for n in sessions])


def sites_table(section: dict) -> str:
    rows = [[f"{s['sessions'] / 1e6:g} million", f"{s['at_work']:,}", f"{s['hosts']:,}", f"{s['requests']:,.0f}", f"{s['table'] / 1e9:,.1f}",
             f"{s['entries']:,.0f}", f"{s['cache'] / 1e6:,.0f}", f"{s['rows']:,.0f}", f"{s['queries']:,.0f}", f"{s['old']:,.0f}"]
            for s in section["sites"]]
    return table("sessions | at work | hosts | requests/s | table, GB | entries a host | their MB | rows touched/s | queries/s "
                 "| queries/s by the old rule", rows)


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


FLEET_LEFT, FLEET_WIDTH, FLEET_HEIGHT = 90, 480, 300
FLEET_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f } .quiet { fill: #57606a } .grid { stroke: #d0d7de } polyline { fill: none; stroke-width: 2 }
  .old { stroke: #8c959f } .new { stroke: #0969da } .two { stroke-dasharray: 8 4 } .four { stroke-dasharray: 2 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #3d444d } .old { stroke: #6e7681 } .new { stroke: #4493f8 }
  }"""


def fleet_plot(section: dict) -> str:
    """Both axes are logarithmic: queries per second of all hosts, by the sessions at work."""
    points = section["points"]
    low, high = (math.log10(edge(point["sessions"] for point in points)) for edge in (min, max))
    top = math.ceil(math.log10(max(point["queries"] for point in points)))

    def at(sessions: float, queries: float) -> str:
        x = FLEET_LEFT + (math.log10(sessions) - low) / (high - low) * FLEET_WIDTH
        return f"{x:.1f},{30 + FLEET_HEIGHT - math.log10(max(queries, 1)) / top * FLEET_HEIGHT:.1f}"

    grid = "".join(f'<path class="grid" d="M{at(10 ** low, 10 ** y)}H{FLEET_LEFT + FLEET_WIDTH}"/><text class="quiet" x="{FLEET_LEFT - 8}" '
                   f'y="{float(at(1, 10 ** y).split(",")[1]) + 4}" text-anchor="end">{10 ** y:,}</text>' for y in range(top + 1))
    grid += "".join(f'<text class="quiet" x="{at(n, 1).split(",")[0]}" y="{FLEET_HEIGHT + 50}" text-anchor="middle">{n:,}</text>'
                    for n in sorted({point["sessions"] for point in points}))
    lines = ""
    for hosts, dash in ((1, ""), (2, " two"), (4, " four")):
        for rule in ("old", "new"):
            line = [point for point in points if (point["hosts"], point["rule"]) == (hosts, rule)]
            lines += f'<polyline class="{rule}{dash}" points="{" ".join(at(p["sessions"], p["queries"]) for p in line)}"/>\n'
    title = "Queries per second by sessions at work (simulated); gray: old rule, blue: new; 1, 2 (dashed), 4 hosts (dotted)"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {FLEET_LEFT + FLEET_WIDTH + 180} {FLEET_HEIGHT + 60}" role="img" '
            f'aria-label="{title}">\n<style>{FLEET_STYLE}\n</style>\n<text x="8" y="18">{title}</text>\n{grid}\n{lines}</svg>\n')


# ---- the page -------------------------------------------------------------------------------------


def put(page: str, name: str, text: str) -> str:
    made, n = re.subn(rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{text}\n{m[2]}", page, flags=re.S)
    assert n == 1, f"docs/performance.md has no place for {name}"
    return made


TABLES = {"speed": speed_table, "databases": databases_table, "instructions": instructions_table, "memory": memory_table,
          "fleet": fleet_table}


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
    if "fleet" in figures:
        page = put(page, "sites", sites_table(figures["fleet"]))
        FLEET_PLOT.write_text(fleet_plot(figures["fleet"]))
    PAGE.write_text(page)


if __name__ == "__main__":
    write()
