# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for the tests: Debian's chromium and chromium-driver by Selenium, and axe-core from npm."""
import pathlib
import shutil
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/http"))
webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not installed")

import harness  # noqa: E402
from harness import SITE, Server  # noqa: E402

SCREENSHOTS = ROOT / "build/screenshots"
AXE = "axe-core@4.10.3"


def pytest_collection_modifyitems(items):
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        for item in items:
            item.add_marker(pytest.mark.skip(reason="chromium or chromium-driver is not installed"))


@pytest.fixture(scope="module")
def server():
    with Server(SITE) as running:
        yield running


@pytest.fixture(autouse=True)
def hold_to_account():
    yield
    for each in list(harness.running):
        each.check()


@pytest.fixture
def browse(request, server):
    """browse(dark=..., size=..., language=...): a browser with a profile of its own."""
    opened = []

    def start(dark=False, size=(1000, 900), language="en", agent=None, forced_colors=False):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                         "--disable-component-update", "--disable-sync", f"--window-size={size[0]},{size[1]}", f"--lang={language}"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        service = webdriver.chrome.service.Service(shutil.which("chromedriver"))
        driver = webdriver.Chrome(service=service, options=options)
        opened.append(driver)
        if agent:  # and no client hints that contradict it
            metadata = {"platform": "Windows" if "Windows" in agent else "Unknown", "platformVersion": "", "architecture": "", "model": "",
                        "mobile": False, "brands": []}
            driver.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": agent, "userAgentMetadata": metadata})
        driver.set_page_load_timeout(harness.DEADLINE)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                    {"name": "forced-colors", "value": "active" if forced_colors else "none"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False})
        return driver

    yield start
    for driver in opened:
        driver.quit()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script; fetched once into build/."""
    script = ROOT / "build/axe-core/package/axe.min.js"
    if not script.exists():
        script.parent.parent.mkdir(parents=True, exist_ok=True)
        got = shutil.which("npm") and subprocess.run(["npm", "pack", "--silent", AXE], cwd=script.parent.parent,
                                                     capture_output=True, text=True, timeout=120)
        archives = list(script.parent.parent.glob("*.tgz"))
        if not got or not archives:
            pytest.skip("axe-core cannot be had from npm here")
        with tarfile.open(archives[0]) as archive:
            script.parent.mkdir(exist_ok=True)
            script.write_bytes(archive.extractfile("package/axe.min.js").read())
    return script.read_text()
