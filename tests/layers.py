#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Check that folders are layers: a file includes its own layer and those before it, and core includes no header of httpd.

Also check that the tree of folders in README.md names each folder once, and no other. Exit 1 and list what is wrong.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LAYERS = ["core", "http", "db", "config", "session", "access", "app", "pages"]
APART = {("app", "pages"), ("pages", "app")}
HTTPD = re.compile(r"(httpd|http_\w+|util_\w+|ap_\w+|mod_\w+|mpm_\w+|scoreboard|unixd)\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
LEFT_OUT = {"build", "__pycache__"}


def why_not(layer: str, header: str) -> str | None:
    """Why a file of the layer must not include the header."""
    other = header.partition("/")[0]
    if layer == "core" and HTTPD.fullmatch(header):
        return "core knows apr and C only"
    if "/" not in header or other not in LAYERS:
        return None
    if LAYERS.index(other) > LAYERS.index(layer) or (layer, other) in APART:
        return f"{layer} must not know {other}"
    return None


def wrong_includes(root: pathlib.Path = ROOT) -> list[str]:
    wrong = []
    for path in sorted(root.glob("src/*/*.[ch]")):
        name = path.relative_to(root).as_posix()
        for header in INCLUDE.findall(path.read_text()):
            why = why_not(path.parent.name, header)
            if why:
                wrong.append(f"{name} includes {header}, but {why}")
    return wrong


def folders(root: pathlib.Path = ROOT) -> set[str]:
    """Folders of the first two levels that hold files, and src/ as the place of the layers."""
    here = [p for pattern in ("*/", "*/*/") for p in root.glob(pattern) if p.is_dir()]
    names = [p.relative_to(root) for p in here if any(f.is_file() for f in p.rglob("*"))]
    return {f"{p.as_posix()}/" for p in names if not any(part in LEFT_OUT or part.startswith(".") for part in p.parts)}


def wrong_tree(root: pathlib.Path = ROOT) -> list[str]:
    tree = re.search(r"<!-- tree -->\n```\n(.*?)```\n<!-- /tree -->", (root / "README.md").read_text(), re.S)
    if not tree:
        return ["README.md has no tree of folders between <!-- tree --> and <!-- /tree -->"]
    named, parent = [], ""
    for line in tree[1].splitlines():
        found = re.match(r"( *)([\w.-]+/)(?:\s|$)", line)
        if found:
            parent = parent if found[1] else found[2]
            named.append(parent + found[2] if found[1] else found[2])
    there = folders(root)
    return ([f"README.md: the tree lacks {name}" for name in sorted(there - set(named))]
            + [f"README.md: there is no folder {name}" for name in sorted(set(named) - there)]
            + [f"README.md: {name} is in the tree twice" for name in sorted({n for n in named if named.count(n) > 1})])


def main() -> int:
    wrong = wrong_includes() + wrong_tree()
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
