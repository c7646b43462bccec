# SPDX-License-Identifier: Apache-2.0
"""make manual: each document is a page, and a reader comes from the first page to all of them by links that work."""
import html.parser
import os
import pathlib
import shutil
import subprocess
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
pytest.importorskip("markdown_it")


class Page(html.parser.HTMLParser):
    def __init__(self, path: pathlib.Path):
        super().__init__()
        self.path, self.ids, self.links = path, [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[name] for name in ("href", "src") if name in values]

    def targets(self) -> list[tuple[pathlib.Path, str]]:
        """File and anchor of each link within the manual."""
        split = [urllib.parse.urlsplit(link) for link in self.links]
        return [((self.path.parent / urllib.parse.unquote(link.path)).resolve() if link.path else self.path, link.fragment)
                for link in split if not link.scheme]


def make(folder: pathlib.Path, root: pathlib.Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(["/usr/bin/python3", "-B", root / "packaging/manual.py", folder], capture_output=True, text=True)


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("html") / "manual"
    made = make(folder)
    assert made.returncode == 0 and made.stderr == ""
    return folder


def pages(folder: pathlib.Path) -> dict[pathlib.Path, Page]:
    return {path: Page(path) for path in folder.rglob("*.html")}


def test_every_document_is_a_page(manual):
    documents = [path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "directives"]
    assert len(documents) > 20 and [path for path in documents if not (manual / path.with_suffix(".html")).exists()] == []
    assert (manual / "index.html").exists()


def test_every_link_leads_to_a_file_of_the_manual_and_to_a_heading(manual):
    found = pages(manual)
    for page in found.values():
        for target, anchor in page.targets():
            assert target.is_file() and manual in target.parents, f"{page.path}: {target}"
            assert not anchor or anchor in found[target].ids, f"{page.path}: {target}#{anchor}"
        assert len(page.ids) == len(set(page.ids)), page.path


def test_the_first_page_leads_to_all_others(manual):
    found = pages(manual)
    reached, left = set(), {manual / "index.html"}
    while left:
        path = left.pop()
        reached.add(path)
        left |= {target for target, _ in found[path].targets() if target in found} - reached
    assert reached == set(found)


def test_the_name_of_a_directive_leads_to_its_section(manual):
    text = (manual / "docs/guides/single-sign-on.html").read_text()
    assert '<a href="../directives.html#managedsessionsignin"><code>ManagedSessionSignIn On</code></a>' in text
    assert '<a href="directives.html#managedsessiontitle">ManagedSessionTitle</a>' in (manual / "docs/directives.html").read_text()


@pytest.mark.parametrize("link", ["nowhere.md", "docs/nowhere/", "docs/api.md#nowhere", "../outside.md", "#nowhere"])
def test_a_link_that_leads_nowhere_is_an_error(tmp_path, link):
    root = tmp_path / "checkout"
    for name in ("docs", "packaging", "src/core", "conf", "include", "ctl"):
        shutil.copytree(ROOT / name, root / name)
    for path in [*ROOT.glob("*.md"), ROOT / "LICENSE", ROOT / "CHANGES"]:
        shutil.copy(path, root)
    with (root / "SECURITY.md").open("a") as page:
        page.write(f"\nSee [this]({link}).\n")
    made = make(tmp_path / "manual", root)
    assert made.returncode == 1 and made.stderr == f"SECURITY.md: {link} leads nowhere\n"


def test_two_manuals_are_the_same_byte_for_byte(manual, tmp_path):
    make(tmp_path / "manual")
    for path in (path for path in manual.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "manual" / path.relative_to(manual)).read_bytes()
    assert sorted(os.listdir(manual)) == sorted(os.listdir(tmp_path / "manual"))
