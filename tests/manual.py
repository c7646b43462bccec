# SPDX-License-Identifier: Apache-2.0
"""The sections of docs/directives.md, in the manner of httpd's own manual: from the table of directives, and the prose of docs/directives/<Name>.md.

A file of prose has text and then one block of configuration, ```apache, that uses the directive. If the directive is younger than the
first release, the file begins with "Since: VERSION".
"""
import pathlib
import re

FIRST = "0.9.0"
CONTEXT = {"server": "server config, virtual host", "dir": "directory", ".htaccess": ".htaccess", "global": "server config"}
SINCE = re.compile(r"\ASince: (\S+)\n+")
EXAMPLE = re.compile(r"(?ms)^```apache\n(.*?)^```$")


def prose_file(root: pathlib.Path, name: str) -> pathlib.Path:
    return root / "docs/directives" / f"{name}.md"


def example(root: pathlib.Path, name: str) -> str | None:
    found = EXAMPLE.search(prose_file(root, name).read_text())
    return found[1] if found else None


def section(root: pathlib.Path, directive: dict) -> str:
    name, places = directive["name"], directive["where"].split(", ")
    path = prose_file(root, name)
    prose = path.read_text() if path.exists() else ""
    since = SINCE.match(prose)
    rows = [("Syntax", f"`{name} {directive['takes']}`".replace("|", "\\|")), ("Default", directive["default"].replace("|", "\\|")),
            ("Context", ", ".join(CONTEXT[place] for place in places)), ("Override", "AuthConfig" if ".htaccess" in places else None),
            ("Status", "Extension"), ("Module", "mod_managed_session"),
            ("Compatibility", f"mod_managed_session {since[1] if since else FIRST} and later, httpd 2.4.46 and later")]
    what = directive["what"].replace("|", "\\|")
    # The prose links as a file of its own does, one folder below.
    text = SINCE.sub("", prose).replace("](../../", "](@/").replace("](../", "](").replace("](@/", "](../").strip()
    table = "\n".join(f"| {term} | {value} |" for term, value in rows if value)
    return f"## {name}\n\n| Description | {what} |\n|---|---|\n{table}\n\n{text}\n"


def mistakes(root: pathlib.Path, directives: list[dict]) -> list[str]:
    names = {directive["name"] for directive in directives}
    there = {path.stem for path in (root / "docs/directives").glob("*.md")}
    wrong = [f"docs/directives/{name}.md is missing: add it, with a few sentences on {name} and an example in a block ```apache"
             for name in sorted(names - there)]
    wrong += [f"docs/directives/{name}.md describes no directive of src/config/directives.c: remove or rename it" for name in sorted(there - names)]
    for name in sorted(names & there):
        if not re.search(rf"(?m)^ *{name} ", example(root, name) or ""):
            wrong.append(f"docs/directives/{name}.md has no example: add a block ```apache with a line that sets {name}")
        if not EXAMPLE.sub("", prose_file(root, name).read_text()).strip():
            wrong.append(f"docs/directives/{name}.md has no text: say in a sentence or two what {name} is for")
    return wrong
