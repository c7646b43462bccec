# SPDX-License-Identifier: Apache-2.0
"""Write the directive reference, docs/directives.md and the table in README.md, from the one table in
src/config/directives.c and the prose in docs/directives (manual.py). With --check: exit 1 and name the files that are out of date, these or
docs/messages.md (messages.py) or docs/standards.md (standards.py)."""
import pathlib
import re
import sys

import manual
import messages
import standards

ROOT = pathlib.Path(__file__).resolve().parents[1]
WHERE = {"SERVER": "server", "SERVER_DIR": "server, dir, .htaccess", "DIR": "dir, .htaccess", "DIR_ONLY": "dir",
         "SERVER_OR_DIR": "server, dir", "GLOBAL": "global"}
ENTRY = re.compile(r'DIRECTIVE(?:_IN_WORDS)?\(\s*(\w+),\s*"(\w+)",\s*"((?:[^"\\]|\\.)*)",\s*\w+,\s*\w+\([\w.]+\),\s*'
                   r'(SERVER_DIR|SERVER_OR_DIR|SERVER|DIR_ONLY|DIR|GLOBAL),\s*"((?:[^"\\]|\\.)*)",((?:\s*"(?:[^"\\]|\\.)*")+)\)', re.S)


def directives() -> list[dict]:
    """Name, where, what it takes, what it does, default: in the order of the table."""
    source = (ROOT / "src/config/directives.c").read_text()
    table = source[source.index("const command_rec ms_directives[]"):source.index("/* ---- fields")]
    found = []
    for _, name, takes, where, default, strings in ENTRY.findall(table):
        what = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', strings))
        found.append({"name": name, "where": WHERE[where], "takes": plain(takes), "what": plain(what), "default": plain(default)})
    assert len(found) == table.count("DIRECTIVE(") + table.count("DIRECTIVE_IN_WORDS("), "a directive could not be read out of the table"
    return found


def plain(literal: str) -> str:
    return literal.replace('\\"', '"')


def cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def table() -> str:
    lines = ["| directive | argument | default | where | what |", "|---|---|---|---|---|"]
    lines += [f"| {d['name']} | {cell(d['takes'])} | {cell(d['default'])} | {d['where']} | {cell(d['what'])} |" for d in directives()]
    return "\n".join(lines) + "\n"


def wanted() -> dict[pathlib.Path, str]:
    """The files and their text."""
    readme = ROOT / "README.md"
    return {
        ROOT / "docs/directives.md": "# Directives\n\nMade from the table in src/config/directives.c, and the prose in docs/directives, by `make docs`. "
        "A duration is a number with s, m, h, d or w; without a\nunit it is in seconds. \"dir\" is `<Location>`, `<Directory>` and the like; "
        "`.htaccess` needs AllowOverride AuthConfig.\n\n" + table() + "\n" + "\n".join(manual.section(ROOT, d) for d in directives()),
        readme: re.sub(r"(<!-- directives -->\n).*(<!-- /directives -->)", lambda m: m[1] + table() + m[2],
                       readme.read_text(), flags=re.S),
    }


def main() -> int:
    stale = [path for path, text in wanted().items() if not path.exists() or path.read_text() != text]
    wrong = manual.mistakes(ROOT, directives())
    for line in wrong:
        print(line, file=sys.stderr)
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)
        return 1 if messages.main() + standards.main() or stale or wrong else 0
    for path, text in wanted().items():
        path.write_text(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
