# SPDX-License-Identifier: Apache-2.0
"""Below the oldest httpd, APR and APR-util that README names, compilation stops with a sentence; at them it goes on."""
import pathlib
import re
import subprocess

import pytest

pytestmark = pytest.mark.sqlite
ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
HTTPD = int(re.search(r"httpd 2\.4\.(\d+) or later", README)[1])
FOLDERS = ("INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR")


def query(what: str) -> str:
    return subprocess.run(["apxs", "-q", what], capture_output=True, text=True, check=True).stdout.strip()


def compiled(folder: pathlib.Path, *changes: tuple[str, str, str]) -> subprocess.CompletedProcess:
    """mod_managed_session.c, with headers in which (file, define) has another value."""
    for header in [h for name in FOLDERS for h in pathlib.Path(query(name)).glob("*.h")]:
        if not (folder / header.name).exists():  # headers include each other from their own folder
            (folder / header.name).symlink_to(header)
    for file, name, value in changes:
        text, found = re.subn(rf"(?m)^(#\s*define {name}\s+)\d+", rf"\g<1>{value}", (folder / file).read_text())
        assert found, name
        (folder / file).unlink(missing_ok=True)
        (folder / file).write_text(text)
    flags = [*query("CFLAGS").split(), *query("EXTRA_CPPFLAGS").replace(";", " ").split()]
    return subprocess.run(["gcc", "-fsyntax-only", *flags, f"-I{folder}", "-Iinclude", "-Isrc", "mod_managed_session.c"], cwd=ROOT, capture_output=True, text=True)


# MODULE_MAGIC_NUMBER_MINOR 93 came with httpd 2.4.46, the floor.
@pytest.mark.parametrize("changes, word", [
    ([("ap_mmn.h", "MODULE_MAGIC_NUMBER_MINOR", "92")], f"needs httpd 2.4.{HTTPD} or later"),
    ([("apr_version.h", "APR_MINOR_VERSION", "6")], "needs APR 1.7 or later"),
    ([("apu_version.h", "APU_MINOR_VERSION", "5")], "needs APR-util 1.6 or later")])
def test_below_the_floor_a_sentence_names_it(tmp_path, changes, word):
    result = compiled(tmp_path, *changes)
    assert result.returncode != 0 and word in result.stderr, result.stderr


def test_at_the_floor_it_compiles(tmp_path):
    result = compiled(tmp_path, ("ap_mmn.h", "MODULE_MAGIC_NUMBER_MINOR", "93"), ("apr_version.h", "APR_MINOR_VERSION", "7"),
                      ("apr_version.h", "APR_PATCH_VERSION", "0"), ("apu_version.h", "APU_MINOR_VERSION", "6"), ("apu_version.h", "APU_PATCH_VERSION", "0"))
    assert result.returncode == 0, result.stderr
