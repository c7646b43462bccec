# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for the tests, on real names: Debian's chromium and chromium-driver by Selenium, and axe-core from npm.

127.0.0.1 and localhost are "trustworthy" to browsers, which then send Sec-Fetch-* and keep Secure cookies over plain http, so
that a test there sees what no visitor sees. Here Chromium finds NAMES on this machine, and trusts a CA made for the run.
"""
import contextlib
import os
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
from databases import free_port  # noqa: E402
from harness import SITE, Server  # noqa: E402

SCREENSHOTS = ROOT / "build/screenshots"
AXE = "axe-core@4.10.3"
NAMES = ("intranet.example", "app.example", "other.example")
NEEDED = ("chromium", "chromedriver", "certutil", "openssl")


def pytest_collection_modifyitems(items):
    missing = [command for command in NEEDED if not shutil.which(command)]
    for item in items if missing else []:
        item.add_marker(pytest.mark.skip(reason=f"{', '.join(missing)}: not installed"))


# -- a site on a name, by http and by https --------------------------------------------------------------


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A CA and a certificate of NAMES; and a home for a browser that trusts that CA."""
    home = tmp_path_factory.mktemp("authority")
    run = lambda *command: subprocess.run(command, cwd=home, check=True, capture_output=True)  # noqa: E731
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA of this test run")
    (home / "names").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in NAMES) + "\nextendedKeyUsage=serverAuth\n")
    run("openssl", "req", *key, "-keyout", "site.key", "-out", "site.csr", "-subj", f"/CN={NAMES[0]}")
    run("openssl", "x509", "-req", "-in", "site.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", "names", "-out", "site.pem")
    store = home / ".pki/nssdb"
    store.mkdir(parents=True)
    run("certutil", "-d", f"sql:{store}", "-N", "--empty-password")
    run("certutil", "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "test run", "-i", "ca.pem")
    return home


class Site(Server):
    """The usual site at http://intranet.example (the cookie not Secure) or https://intranet.example, and at the other NAMES."""

    def __init__(self, scheme: str, authority: pathlib.Path, config: str = SITE, *, secure=None, **how):
        self.scheme = scheme
        secure = scheme == "https" if secure is None else secure
        self.cookie = harness.COOKIE if secure else "managed_session"
        named = "" if secure else f"ManagedSessionCookieSecure Off\nManagedSessionCookieName {self.cookie}\n"
        self.tls_port = free_port()
        tls = f"""
            Listen 127.0.0.1:{self.tls_port}
            SSLSessionCache none
            <VirtualHost *:{self.tls_port}>
                SSLEngine On
                SSLCertificateFile "{authority}/site.pem"
                SSLCertificateKeyFile "{authority}/site.key"
            </VirtualHost>
            """
        modules = how.pop("modules", "") + " ssl"
        super().__init__(config + named + tls, modules=modules, **how)

    def url(self, path: str, name: str = NAMES[0], scheme: str | None = None) -> str:
        scheme = scheme or self.scheme
        return f"{scheme}://{name}:{self.tls_port if scheme == 'https' else self.port}{path}"

    def sign_in(self, user: str = "alice", **fields) -> str:
        """As a script would, not by the browser; the token."""
        agent = fields.pop("agent", "")
        answer = harness.post(self, "/login", {"username": user, "password": harness.PASSWORDS[user], **fields},
                              headers=[("User-Agent", agent)])
        assert answer.status == 303, answer.text
        return answer.token(self.cookie)

    def get(self, path: str, token: str):
        return harness.get(self, path, f"{self.cookie}={token}")


@pytest.fixture(scope="session")
def new_site(authority):
    """new_site("http", config): one more site, as a context manager."""
    return lambda scheme, config=SITE, **how: Site(scheme, authority, config, **how)


@pytest.fixture(scope="module", params=["http", "https"])
def server(request, new_site):
    """Each test of the pages runs over plain http on a host name, and over https."""
    with new_site(request.param) as running:
        yield running


@pytest.fixture(autouse=True)
def hold_to_account():
    yield
    for each in list(harness.running):
        each.check()


# -- browsers --------------------------------------------------------------------------------------------


def start_browser(authority):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--disable-features=HttpsUpgrades",
                     "--host-resolver-rules=" + ",".join(f"MAP {name} 127.0.0.1" for name in NAMES)):
        options.add_argument(argument)
    # A connection opened on suspicion keeps a thread of httpd waiting, and with it the end of the server. And the cookies of another
    # site are not blocked: what is tested is SameSite, not this browser's policy.
    options.add_experimental_option("prefs", {"net.network_prediction_options": 2, "profile.cookie_controls_mode": 0})
    environment = {**os.environ, "HOME": str(authority)}
    service = webdriver.chrome.service.Service(shutil.which("chromedriver"), env=environment)
    driver = webdriver.Chrome(service=service, options=options)
    driver.set_page_load_timeout(harness.DEADLINE)
    return driver


@pytest.fixture(scope="session")
def idle(authority):
    """Browsers that no test uses at the moment: starting one takes longer than most tests."""
    browsers = []
    yield browsers
    for driver in browsers:
        driver.quit()


def forget(driver) -> None:
    """A fresh tab, and nothing left of the test before: no cookie, cache, history or emulation."""
    old = driver.window_handles
    driver.switch_to.new_window("tab")
    fresh = driver.current_window_handle
    for handle in old:
        driver.switch_to.window(handle)
        driver.close()
    driver.switch_to.window(fresh)
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})


def dress(driver, dark, size, language, agent, forced_colors) -> None:
    headers = {"userAgent": agent or driver.execute_script("return navigator.userAgent"), "acceptLanguage": language}
    if agent:  # and no client hints that contradict it
        headers["userAgentMetadata"] = {"platform": "Windows" if "Windows" in agent else "Unknown", "platformVersion": "",
                                        "architecture": "", "model": "", "mobile": False, "brands": []}
    driver.execute_cdp_cmd("Network.setUserAgentOverride", headers)
    features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                {"name": "forced-colors", "value": "active" if forced_colors else "none"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False})


@pytest.fixture
def browse(idle, authority):
    """browse(dark=..., size=..., language=...): a browser that has been nowhere yet."""
    used = []

    def start(dark=False, size=(1000, 900), language="en", agent=None, forced_colors=False):
        driver = idle.pop() if idle else start_browser(authority)
        used.append(driver)
        dress(driver, dark, size, language, agent, forced_colors)
        return driver

    yield start
    for driver in used:
        try:
            forget(driver)
            idle.append(driver)
        except Exception:  # of many kinds: a browser that does not obey is of no more use
            with contextlib.suppress(Exception):
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
