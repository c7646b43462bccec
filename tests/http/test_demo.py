# SPDX-License-Identifier: Apache-2.0
"""make demo: it goes on when the command has returned, until make demo-stop."""
import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

import pytest

DEMO = pathlib.Path(__file__).parents[1] / "demo/demo.py"

pytestmark = pytest.mark.sqlite


def demo(command: str, state: pathlib.Path) -> str:
    """What it prints. Its output ends when all that it has started is gone, or has let go of it."""
    run = subprocess.run(["/usr/bin/python3", "-B", str(DEMO), command], capture_output=True, text=True, timeout=60, check=True,
                         env={**os.environ, "MS_DEMO_STATE": str(state)})
    return run.stdout


def test_the_demonstration_runs_until_it_is_stopped(tmp_path):
    state = tmp_path / "demo.json"
    assert "The demo is running" in demo("start", state)
    known = json.loads(state.read_text())
    try:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(known["url"] + "app/", timeout=20)
    finally:
        assert "has been stopped" in demo("stop", state)
    assert not pathlib.Path(known["root"]).exists() and not state.exists()
