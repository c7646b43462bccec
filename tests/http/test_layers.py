# SPDX-License-Identifier: Apache-2.0
"""Folders are layers, README's tree of folders is true, and the check sees what is not; make install installs what messages name."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import harness

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import layers  # noqa: E402

pytestmark = pytest.mark.sqlite


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def test_the_code_keeps_to_its_layers():
    assert layers.wrong_includes() + layers.wrong_tree() == []


@pytest.mark.parametrize("file, header, why", [
    ("core/token.c", "db/store.h", "core must not know db"), ("db/store.h", "config/config.h", "db must not know config"),
    ("app/backend_login.c", "pages/login.h", "app must not know pages"), ("pages/login.c", "app/backend_login.h", "pages must not know app"),
    ("core/cookie.c", "http_log.h", "core knows apr and C only"), ("core/cookie.h", "httpd.h", "core knows apr and C only"),
])
@pytest.mark.parametrize("line", ['#include "{}"\n', "#include <{}>\n", '#  include "{}" /* why not */\n'])
def test_a_wrong_include_is_found(copy, file, header, why, line):
    before = set(layers.wrong_includes(copy))
    with open(copy / "src" / file, "a") as source:
        source.write(line.format(header))
    assert set(layers.wrong_includes(copy)) - before == {f"src/{file} includes {header}, but {why}"}


def test_a_right_include_is_not(copy):
    with open(copy / "src/pages/login.c", "a") as source:
        source.write('#include "core/token.h"\n#include "access/authn.h"\n#include <http_log.h>\n#include "mod_managed_session.h"\n')
    assert layers.wrong_includes(copy) == layers.wrong_includes()


def test_a_folder_that_the_tree_lacks_is_found_and_one_too_many_as_well(copy):
    (copy / "src/cellar").mkdir()
    (copy / "src/cellar/wine.c").write_text("")
    wrong = layers.wrong_tree(copy)
    assert "README.md: the tree lacks src/cellar/" in wrong and "README.md: there is no folder docs/" in wrong
    assert not any("src/core/" in line for line in wrong)


def test_what_messages_and_the_header_name_is_installed(tmp_path):
    module = pathlib.Path(harness.MODULE).resolve()
    subprocess.run(["make", "-s", "-o", str(module), "install", f"BUILD={module.parent}", f"DESTDIR={tmp_path}", "PREFIX=/usr"], cwd=ROOT, check=True)
    named = set()
    for source in [ROOT / "mod_managed_session.c", *ROOT.glob("src/*/*.c"), *ROOT.glob("conf/*.conf")]:
        named |= set(re.findall(r"\b(?:conf|docs)/[\w/-]+\.(?:sql|md|conf)\b", source.read_text()))
    assert {"conf/schema/sqlite.sql", "conf/cleanup.sql"} <= named
    assert [name for name in sorted(named) if not (tmp_path / "usr/share/mod_managed_session" / name).exists()] == []
    assert {path.name for path in tmp_path.rglob("mod_managed_session.*")} == {"mod_managed_session.so", "mod_managed_session.h", "mod_managed_session.7"}
