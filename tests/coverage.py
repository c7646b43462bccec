# SPDX-License-Identifier: Apache-2.0
"""Which lines of the module and of managed-sessionctl no test reaches: text, HTML, and a list with reasons that can only shrink.

  coverage.py FOLDER [--check] [--shrink] [--begin]

FOLDER is a build with gcov (make coverage). tests/uncovered.txt has a line for each source line that is not reached: its
file, its text, and after "#" why. --check: a line that is not in the list is an error, and so is one in the list that is
reached now (unless its reason ends with "a matter of chance"), or is gone; --shrink takes out what is an error in the list.
Lines are known by their text, not their number. --begin: where there is no list, write the one that can only shrink from now on.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
LIST = ROOT / "tests/uncovered.txt"
FILTERS = [word for place in ("src/", "ctl/", "mod_managed_session.c") for word in ("--filter", place)]


def measure(folder: str) -> dict:
    """gcovr writes the reports too; headers of httpd and the tests' own sources are not ours to measure."""
    done = subprocess.run(["gcovr", "--root", ".", "--object-directory", folder, *FILTERS, "--gcov-ignore-parse-errors", "--json",
                           f"{folder}/coverage.json", "--txt", f"{folder}/coverage.txt", "--html-details", f"{folder}/coverage.html", folder],
                          cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads((ROOT / folder / "coverage.json").read_text())


def unreached(report: dict) -> collections.Counter:
    """How often each text of a file is not reached."""
    found: collections.Counter = collections.Counter()
    for file in report["files"]:
        text = (ROOT / file["file"]).read_text().splitlines()
        for line in file["lines"]:
            if not line["count"] and not line.get("gcovr/noncode"):
                found[file["file"], text[line["line_number"] - 1].strip()] += 1
    return found


def listed() -> tuple[collections.Counter, dict]:
    """What the list has, and the reasons."""
    known: collections.Counter = collections.Counter()
    reasons = {}
    for line in LIST.read_text().splitlines() if LIST.exists() else []:
        if line and not line.startswith("#"):
            place, _, reason = line.rpartition("  # ")
            file, _, text = place.partition(": ")
            known[file, text] += 1
            reasons[file, text] = reason
    return known, reasons


def write(known: collections.Counter, reasons: dict) -> None:
    head = "# Lines that no test reaches, and why: see coverage.py.\n"
    LIST.write_text(head + "".join(f"{file}: {text}  # {reasons[file, text]}\n" for file, text in sorted(known.elements())))


def is_by_chance(file: str, text: str, reason: str) -> bool:
    """Whether it may be reached in one run and not in the next."""
    source = ROOT / file
    is_there = source.exists() and text in map(str.strip, source.read_text().splitlines())
    return reason.endswith("a matter of chance") and is_there


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--begin", action="store_true")
    options = parser.parse_args()
    report = measure(options.folder)
    found, (known, reasons) = unreached(report), listed()
    lines = [line for file in report["files"] for line in file["lines"] if not line.get("gcovr/noncode")]
    reached = sum(1 for line in lines if line["count"])
    print(f"coverage: {reached} of {len(lines)} lines, {100 * reached / max(1, len(lines)):.1f} %; not reached: {sum(found.values())}")
    new, old = found - known, known - found
    old = collections.Counter({place: n for place, n in old.items() if not is_by_chance(*place, reasons[place])})
    if options.shrink:
        write(known - old, reasons)
    if options.begin and not LIST.exists():
        new = collections.Counter()
        write(found, dict.fromkeys(found, "not looked at yet"))
    for file, text in new.elements():
        print(f"not reached, and not in the list: {file}: {text}")
    for file, text in old.elements():
        print(f"in the list, but reached now or gone (--shrink): {file}: {text}")
    return 1 if options.check and (new or old and not options.shrink) else 0


if __name__ == "__main__":
    sys.exit(main())
