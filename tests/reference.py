# SPDX-License-Identifier: Apache-2.0
"""Write the directive reference, docs/directives.md and the table in README.md, from the one table in
mod_managed_session.c. With --check: exit 1 and list the files that are out of date, also
docs/messages.md (messages.py) and docs/standards.md (standards.py)."""
import pathlib
import re
import sys

import messages
import standards

ROOT = pathlib.Path(__file__).resolve().parents[1]
WHERE = {"SERVER": "server", "SERVER_DIR": "server, dir, .htaccess", "DIR": "dir, .htaccess", "DIR_ONLY": "dir",
         "GLOBAL": "global"}
TAKES = {"FLAG": "On\\|Off", "TAKE1": "value", "TAKE12": "value [value]", "TAKE2": "value value", "ITERATE": "name...",
         "RAW_ARGS": "text"}
ENTRY = re.compile(r'AP_INIT_(\w+)\(\s*"(\w+)",\s*(\w+),\s*[^"]*?,\s*(SERVER_DIR|SERVER|DIR_ONLY|DIR|GLOBAL),'
                   r'((?:\s*"(?:[^"\\]|\\.)*")+)\)', re.S)


def directives() -> list[dict]:
    """Name, context, what it takes, what it does, default: in the order of the table."""
    source = (ROOT / "mod_managed_session.c").read_text()
    table = source[source.index("static const command_rec directives[]"):source.index("/* ---- start")]
    found = []
    for how, name, _, where, strings in ENTRY.findall(table):
        doc = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', strings)).replace('\\"', '"')
        text, default = re.fullmatch(r"(.*) \(default: (.*)\)", doc, re.S).groups()
        found.append({"name": name, "where": WHERE[where], "takes": TAKES[how], "what": text, "default": default})
    assert len(found) == table.count("AP_INIT_"), "a directive could not be read out of the table"
    return found


def cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def table() -> str:
    lines = ["| directive | takes | default | where | what |", "|---|---|---|---|---|"]
    lines += [f"| {d['name']} | {d['takes']} | {cell(d['default'])} | {d['where']} | {cell(d['what'])} |" for d in directives()]
    return "\n".join(lines) + "\n"


def wanted() -> dict[pathlib.Path, str]:
    """What the files should contain."""
    readme = ROOT / "README.md"
    return {
        ROOT / "docs/directives.md": "# Directives\n\nMade from the table in mod_managed_session.c by `make docs`. "
        "Times are a number with s, m, h, d or w; bare, they are\nseconds. \"dir\" is `<Location>`, `<Directory>` and the like; "
        "`.htaccess` needs AllowOverride AuthConfig.\n\n" + table(),
        readme: re.sub(r"(<!-- directives -->\n).*(<!-- /directives -->)", lambda m: m[1] + table() + m[2],
                       readme.read_text(), flags=re.S),
    }


def main() -> int:
    stale = [path for path, text in wanted().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)
        return 1 if messages.main() + standards.main() or stale else 0
    for path, text in wanted().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
