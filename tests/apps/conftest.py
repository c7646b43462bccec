# SPDX-License-Identifier: Apache-2.0
"""The applications are held to account as the module's own tests are: same harness, same checks after every test."""
import importlib.util
import pathlib
import sys

HTTP = pathlib.Path(__file__).parents[1] / "http"
sys.path.insert(0, str(HTTP))

_spec = importlib.util.spec_from_file_location("http_conftest", HTTP / "conftest.py")
_checks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_checks)

pytest_configure = _checks.pytest_configure
hold_to_account = _checks.hold_to_account
