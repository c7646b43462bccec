# SPDX-License-Identifier: Apache-2.0
"""make manual: README.md and docs/ as HTML, in a folder of its own.

    manual.py FOLDER

A page stands where its source does, so links keep their form; README.md is index.html. A file that a page links to gets a page that shows it, and a
folder one that lists it; images are copied. So the result needs nothing else, and can be moved anywhere. A link that leads nowhere is an error. The name of a directive leads
to its section, as in httpd's own manual.
"""
from __future__ import annotations

import html
import os
import pathlib
import re
import shutil
import sys
import urllib.parse

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = pathlib.Path(__file__).resolve().parents[1]
VERSION = re.search(r'#define MS_VERSION "(.*)"', (ROOT / "src/core/version.h").read_text())[1]
STYLE = ROOT / "packaging/manual.css"
COPIED = (".png", ".svg")
DIRECTIVES = pathlib.Path("docs/directives.md")
NAME = re.compile(r"ManagedSession\w*")
MENU = {"Contents": "README.md", "Directives": str(DIRECTIVES), "Messages": "docs/messages.md", "Troubleshooting": "docs/guides/troubleshooting.md"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{style}">
</head>
<body>
<header>
{menu}
</header>
<main>
{body}</main>
<footer>mod_managed_session {version}</footer>
</body>
</html>
"""


def sources() -> list[pathlib.Path]:
    """directives.md has all of docs/directives."""
    found = [*ROOT.glob("*.md"), *(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "directives")]
    return sorted(page.relative_to(ROOT) for page in found)


def place(target: pathlib.Path) -> pathlib.Path:
    """Where the manual has this file or folder of the sources."""
    if target == pathlib.Path("README.md"):
        return pathlib.Path("index.html")
    if target.suffix in COPIED:
        return target
    return target.with_suffix(".html") if target.suffix == ".md" else target.with_name(f"{target.name}.html")


def href(page: pathlib.Path, target: pathlib.Path) -> str:
    return urllib.parse.quote(os.path.relpath(place(target), place(page).parent))


def words(heading: Token) -> str:
    return "".join(part.content for part in heading.children or () if part.type in ("text", "code_inline"))


def name_headings(tokens: list[Token]) -> set[str]:
    """Gives each heading the id that code hosts give it."""
    taken: set[str] = set()
    for opening, heading in zip(tokens, tokens[1:]):
        if opening.type == "heading_open":
            plain = re.sub(r"[^\w\- ]", "", words(heading).lower()).replace(" ", "-")
            name, number = plain, 0
            while name in taken:
                number += 1
                name = f"{plain}-{number}"
            taken.add(name)
            opening.attrSet("id", name)
    return taken


def link_tokens(part: Token, to: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": to}), part, Token("link_close", "a", -1)]


class Manual:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.parser = MarkdownIt("commonmark").enable("table")
        self.pages = {page: self.parser.parse((ROOT / page).read_text()) for page in sources()}
        self.anchors = {page: name_headings(tokens) for page, tokens in self.pages.items()}
        self.wanted: set[pathlib.Path] = set()  # files and folders that pages link to
        self.mistakes: list[str] = []

    def lead(self, page: pathlib.Path, link: str) -> str:
        """The link as the manual has it."""
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            return link
        target = pathlib.Path(os.path.normpath(page.parent / urllib.parse.unquote(path))) if path else page
        if ".." in target.parts or not (ROOT / target).exists() or (anchor and anchor not in self.anchors.get(target, ())):
            self.mistakes.append(f"{page}: {link} leads nowhere")
            return link
        if target not in self.pages:
            self.wanted.add(target)
        return (href(page, target) if path else "") + (f"#{anchor}" if anchor else "")

    def section(self, page: pathlib.Path, part: Token) -> str | None:
        """The link to the directive of which this piece of text is the name, or as code the line."""
        name = NAME.match(part.content) if part.type in ("code_inline", "text") else None
        if not name or (part.type == "text" and name[0] != part.content) or name[0].lower() not in self.anchors[DIRECTIVES]:
            return None
        return os.path.relpath(DIRECTIVES, page.parent) + f"#{name[0].lower()}"

    def link_directives(self, page: pathlib.Path, tokens: list[Token]) -> None:
        for before, token in zip(tokens, tokens[1:]):
            depth, parts = 0, []
            for part in token.children or ():
                depth += part.nesting if part.type in ("link_open", "link_close") else 0
                to = self.section(page, part) if depth == 0 and before.type != "heading_open" else None
                parts += link_tokens(part, to) if to else [part]
            token.children = parts or token.children

    def render(self, page: pathlib.Path, tokens: list[Token]) -> str:
        self.link_directives(page, tokens)
        for part in (part for token in tokens for part in token.children or ()):
            for name in ("href", "src"):
                if part.attrGet(name) is not None:
                    part.attrSet(name, self.lead(page, str(part.attrGet(name))))
        return self.parser.renderer.render(tokens, self.parser.options, {})

    def write(self, page: pathlib.Path, title: str, body: str) -> None:
        menu = "\n".join(f'<a href="{href(page, pathlib.Path(to))}">{word}</a>' for word, to in MENU.items())
        text = PAGE.format(title=html.escape(title), style=os.path.relpath(STYLE.name, place(page).parent), menu=menu, body=body, version=VERSION)
        file = self.folder / place(page)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def list_folder(self, folder: pathlib.Path) -> None:
        """The folder's files, and a page with links to them."""
        files = sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        for file in files:
            self.show(file)
        rows = "".join(f'<li><a href="{href(folder, file)}">{html.escape(str(file.relative_to(folder)))}</a></li>\n' for file in files)
        self.write(folder, f"{folder}/", f"<h1>{html.escape(str(folder))}/</h1>\n<ul>\n{rows}</ul>\n")

    def show(self, file: pathlib.Path) -> None:
        if file.suffix in COPIED:
            (self.folder / file.parent).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, self.folder / file)
        elif file not in self.pages:
            text = html.escape((ROOT / file).read_text())
            self.write(file, str(file), f"<h1>{html.escape(str(file))}</h1>\n<pre><code>{text}</code></pre>\n")

    def make(self) -> None:
        for page, tokens in self.pages.items():
            title = next((words(token) for token in tokens if token.type == "inline"), str(page))
            self.write(page, title, self.render(page, tokens))
        for target in sorted(self.wanted):
            if (ROOT / target).is_dir():
                self.list_folder(target)
            else:
                self.show(target)
        shutil.copyfile(STYLE, self.folder / STYLE.name)


def main(folder: str) -> int:
    shutil.rmtree(folder, ignore_errors=True)
    manual = Manual(pathlib.Path(folder))
    manual.make()
    for mistake in manual.mistakes:
        print(mistake, file=sys.stderr)
    return 1 if manual.mistakes else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: manual.py FOLDER")
    sys.exit(main(sys.argv[1]))
