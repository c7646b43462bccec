# SPDX-License-Identifier: Apache-2.0
"""Whether a race between threads of httpd would be seen (make test-tsan)."""
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import TOOL, Server, eventually, get
from test_optional_functions import ask_apxs

pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(TOOL != "tsan", reason="about this tool")]


@pytest.fixture
def racing(tmp_path):
    module = tmp_path / "mod_race.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-fsanitize=thread", "-DLINUX", "-D_GNU_SOURCE",
                    *(f"-isystem{ask_apxs(name)}" for name in ("INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR")),
                    pathlib.Path(__file__).with_name("mod_race.c"), "-o", module], check=True)
    for folder in (module, *module.parents[:3]):
        folder.chmod(0o755)
    return module


def test_a_race_of_two_requests_is_reported(racing):
    with Server(extra=f'LoadModule race_module "{racing}"\n') as server, ThreadPoolExecutor(4) as visitors:
        def is_reported():
            assert {answer.status for answer in visitors.map(lambda _: get(server, "/"), range(8))} == {200}
            return any("mod_race" in report.read_text() for report in server.root.glob("logs/tsan.*"))

        eventually(is_reported, "a report")
        server.stop()
        for report in server.root.glob("logs/tsan.*"):
            report.unlink()
