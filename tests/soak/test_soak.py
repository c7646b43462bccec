# SPDX-License-Identifier: Apache-2.0
"""The soak sees: a module whose cache is not invalidated fails in it. The module as it is does not."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
MODULE = os.environ.get("MS_MODULE", str(ROOT / "build/mod_managed_session.so"))
BLIND = ROOT / "build/blind/mod_managed_session.so"
SECONDS = int(os.environ.get("MS_SOAK", "25"))
SEED = 1  # so that a run of the tests has the same faults as the one before


def soak(module: str, seconds: int, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(["/usr/bin/python3", "-B", ROOT / "tests/soak/run.py", "--seconds", str(seconds), "--seed", str(SEED), *options],
                          capture_output=True, text=True, env={**os.environ, "MS_MODULE": module})


@pytest.mark.skipif(not BLIND.exists(), reason="make blind")
def test_a_cache_that_is_not_invalidated_is_noticed_within_a_minute():
    found = soak(str(BLIND), 60)
    assert found.returncode == 1, found.stdout + found.stderr
    assert re.search(r"CONTRADICTION\n\n?.* was in and must be out\n", found.stdout), found.stdout
    assert f"again: make soak SECONDS=60 SEED={SEED} DATABASE=sqlite" in found.stdout


def test_a_short_soak_has_no_contradiction():
    found = soak(MODULE, SECONDS)
    print(found.stdout)
    assert found.returncode == 0 and "no contradiction" in found.stdout, found.stdout + found.stderr
