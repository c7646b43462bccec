# SPDX-License-Identifier: Apache-2.0
"""Check docs/standards.md: each row has a status, and each test and directive that it names exists."""
import functools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = "docs/standards.md"
STATUSES = ("met", "partly", "not", "not ours")
TEST = re.compile(r"`(\w+)::(\w+)`")
DEFINED = r"(?m)^ *(?:def|(?:static )?void) {}\("
V7 = [f"7.{section}.{n}" for section, count in enumerate((3, 4, 2, 5, 3, 2), 1) for n in range(1, count + 1)]


def rows(text: str) -> list[list[str]]:
    """The cells of each row whose first cell begins with a clause's number."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [cells for cells in lines if cells[0][:1].isdigit()]


@functools.cache
def source(file: str) -> str:
    """The test file of that name, or nothing."""
    found = [path for kind in ("py", "c") for path in sorted((ROOT / "tests").glob(f"*/{file}.{kind}"))]
    return "".join(path.read_text() for path in found)


def wrong_names(text: str) -> list[str]:
    tests = [f"there is no test {file}::{name}" for file, name in sorted(set(TEST.findall(text)))
             if not re.search(DEFINED.format(name), source(file))]
    table = (ROOT / "src/config/directives.c").read_text()
    return tests + [f"there is no directive {name}" for name in sorted(set(re.findall(r"\bManagedSession\w+", text)))
                    if f'"{name}"' not in table]


def wrong_rows(text: str) -> list[str]:
    found = rows(text)
    wrong = [f"row {cells[0]} has {len(cells)} cells, not 5" for cells in found if len(cells) != 5]
    whole = [cells for cells in found if len(cells) == 5]
    wrong += [f"row {cells[0]}: the status is {cells[2]}" for cells in whole if cells[2] not in STATUSES]
    wrong += [f"row {cells[0]} is {cells[2]} and names no test" for cells in whole
              if cells[2] in ("met", "partly") and not TEST.search(cells[4])]
    clauses = [cells[0].split()[0] for cells in found]
    return wrong + [f"ASVS {clause} has {clauses.count(clause)} rows" for clause in V7 if clauses.count(clause) != 1]


def mistakes(text: str) -> list[str]:
    return wrong_rows(text) + wrong_names(text)


def main() -> int:
    wrong = mistakes((ROOT / PAGE).read_text())
    for line in wrong:
        print(f"{PAGE}: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
