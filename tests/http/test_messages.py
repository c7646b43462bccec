# SPDX-License-Identifier: Apache-2.0
"""docs/messages.md has every message of the error log, with cause and cure, and the check sees what is missing."""
import pathlib
import shutil
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import messages  # noqa: E402

pytestmark = pytest.mark.sqlite
LOGGED = '    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "MS9999: words%s", suffix);\n'


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "mod_managed_session.c", tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/messages.md", tmp_path / "docs")
    return tmp_path


def test_it_is_complete():
    assert messages.mistakes() == []


@pytest.mark.parametrize("entry, said", [
    ("", "MS9999 has no entry"),
    ("### MS9999: words\n\nLevel: error. Cause: a.\n\nCure: b.\n", "MS9999 is logged at level warning, not error"),
    ("### MS9999: words\n\nLevel: warning. Cause: a.\n", "MS9999 lacks its level, cause or cure"),
    ("### MS9999: words\n\nLevel: warning. Cause: a.\n\nCure: b.\n" * 2, "MS9999 has two entries"),
])
def test_a_message_without_a_whole_entry_is_found(copy, entry, said):
    with open(copy / "src/gate.c", "a") as file:
        file.write(LOGGED)
    with open(copy / "docs/messages.md", "a") as file:
        file.write("\n" + entry.replace("b.\n###", "b.\n\n###"))
    assert messages.mistakes(copy) == [said]


def test_an_entry_without_a_message_is_found(copy):
    with open(copy / "docs/messages.md", "a") as file:
        file.write("\n### MS9998: gone\n\nLevel: error. Cause: a.\n\nCure: b.\n")
    assert messages.mistakes(copy) == ["MS9998 is not logged by the source"]
