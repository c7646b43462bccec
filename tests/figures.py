# SPDX-License-Identifier: Apache-2.0
"""One line about the whole run, at the end of make test: tests, coverage, mutants, instructions.

As a plugin of pytest (-p figures, FIGURES=file) it counts the tests of a run. As a program, figures.py FOLDER, it prints what
the runs have left in this folder, and the names of the tests that passed only when they were repeated.
"""
import json
import os
import pathlib
import sys

UNCOVERED = pathlib.Path(__file__).with_name("uncovered.txt")
OUTCOMES = ("passed", "failed", "error", "skipped", "rerun")


def pytest_terminal_summary(terminalreporter):
    file = os.environ.get("FIGURES")
    if file:
        found = terminalreporter.stats
        keep(pathlib.Path(file), {**{name: len(found.get(name, ())) for name in OUTCOMES},
                                  "repeated": [f"{report.nodeid}: {reason_of(report)}" for report in found.get("rerun", ())]})


def reason_of(report) -> str:
    """The first line of the error, and the next one if that ends in a colon."""
    lines = [line[1:].strip() for line in report.longreprtext.splitlines() if line.startswith("E ")]
    return " ".join(lines[:2] if lines and lines[0].endswith(":") else lines[:1]) or report.when


def keep(file: pathlib.Path, figures: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures))


def line_of(folder: pathlib.Path) -> str:
    found = {file.stem: json.loads(file.read_text()) for file in folder.glob("*.json")}
    runs = [one for name, one in found.items() if "passed" in one]
    parts = [f"{sum(one[outcome] for one in runs):,} {outcome}" for outcome in ("passed", "skipped")]
    parts.append(f"{sum(map(len, (one['repeated'] for one in runs)))} passed when repeated")
    if UNCOVERED.exists():
        lines = [line for line in UNCOVERED.read_text().splitlines() if not line.startswith("#")]
        parts.append(f"{len(lines):,} lines not covered")
    if "mutants" in found:
        parts.append("mutants {noticed} of {tried} noticed".format(**found["mutants"]))
    if "instructions" in found:
        parts.append("a cached request {more:+,} instructions".format(**found["instructions"]))
    return "figures: " + ", ".join(parts)


def main(folder: str) -> None:
    for file in sorted(pathlib.Path(folder).glob("*.json")):
        for name in json.loads(file.read_text()).get("repeated", ()):
            print(f"passed when repeated ({file.stem}): {name}")
    print(line_of(pathlib.Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1])
