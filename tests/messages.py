# SPDX-License-Identifier: Apache-2.0
"""Check that docs/messages.md has every message of the source, MSnnnn, once, with its level, cause and cure, and no other."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LEVELS = {"EMERG": "emergency", "ALERT": "alert", "CRIT": "critical", "ERR": "error", "WARNING": "warning", "NOTICE": "notice", "INFO": "info"}
ENTRY = re.compile(r"^### (MS\d{4}): \S.*\n\nLevel: (\w+)\. Cause: \S(?:.|\n(?!\n))+\n\nCure: \S", re.M)


def in_source(root: pathlib.Path = ROOT) -> dict[str, set[str]]:
    """The numbers that log calls begin with, and their levels."""
    found = collections.defaultdict(set)
    for path in [root / "mod_managed_session.c", *sorted(root.glob("src/**/*.c"))]:
        for call in re.findall(r"\b(?:ap_log_\w+|ms_limited_log)\((.*?);\n", path.read_text(), re.S):
            number, level = re.search(r'"(MS\d{4}): ', call), re.search(r"APLOG_(" + "|".join(LEVELS) + r")\b", call)
            if number and level:
                found[number[1]].add(LEVELS[level[1]])
        for number in re.findall(r'"(MS\d{4}): ', path.read_text()):
            found[number].update()
    return dict(found)


def mistakes(root: pathlib.Path = ROOT) -> list[str]:
    text = (root / "docs/messages.md").read_text()
    source, entries, headings = in_source(root), ENTRY.findall(text), re.findall(r"^### (MS\d{4})", text, re.M)
    levels = dict(entries)
    wrong = [f"{number} has no entry" for number in sorted(source.keys() - set(headings))]
    wrong += [f"{number} is not logged by the source" for number in sorted(set(headings) - source.keys())]
    wrong += [f"{number} has two entries" for number, n in collections.Counter(headings).items() if n > 1]
    wrong += [f"{number} lacks its level, cause or cure" for number in headings if number not in levels]
    wrong += [f"{number} is logged at level {' or '.join(sorted(source[number]))}, not {level}" for number, level in levels.items()
              if source.get(number) and level not in source[number]]
    return wrong


def main() -> int:
    wrong = mistakes()
    for line in wrong:
        print(f"docs/messages.md: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
