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
SECONDS = int(os.environ.get("MS_SOAK", "60"))
SEED = 1  # so that a run of the tests has the same faults as the one before


def start(module: str, seconds: int) -> subprocess.Popen:
    return subprocess.Popen(["/usr/bin/python3", "-B", ROOT / "tests/soak/run.py", "--seconds", str(seconds), "--seed", str(SEED)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "MS_MODULE": module})


@pytest.fixture(scope="module", autouse=True)
def sound():
    """A short soak of the module as it is, which runs beside the other test."""
    with start(MODULE, SECONDS) as soak:
        yield soak


@pytest.mark.skipif(not BLIND.exists(), reason="make blind")
def test_a_cache_that_is_not_invalidated_is_noticed_within_a_minute():
    with start(str(BLIND), 60) as soak:
        said = soak.communicate()[0]
    assert soak.returncode == 1, said
    assert re.search(r"CONTRADICTION\n\n?.* was in and must be out\n", said), said
    assert f"again: make soak SECONDS=60 SEED={SEED} DATABASE=sqlite" in said


def test_a_short_soak_has_no_contradiction(sound):
    soak = sound if sound.returncode is None else start(MODULE, SECONDS)  # the test is repeated
    said = soak.communicate()[0]
    print(said)
    why = said.strip().splitlines()[-1]  # first, where a test that is repeated has its reason
    assert soak.returncode == 0 and "no contradiction" in said, f"{why}\n{said}"
