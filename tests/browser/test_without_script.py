# SPDX-License-Identifier: Apache-2.0
"""All that the pages do, in a browser that runs no script: by hand, from the first sign-in to the last sign-out."""
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import harness
from harness import SITE
from pages import fill_in, fits, go, path_of, wait
from test_pages import IPHONE, LIBRARY, card, violations

CONFIG = SITE.replace("LoginLimit 0", "LoginLimit 60 1h") + """
ManagedSessionScript On
ManagedSessionPasswordURL "/app/"
<Location "/sessions">
    ManagedSessionAppPasswords On
</Location>
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "administration"
    Require user bob
</Location>
"""


@pytest.fixture(scope="module")
def site(new_site):
    with new_site("https", CONFIG, own_paths=("/login", "/logout", "/sessions", "/admin")) as running:
        yield running


@pytest.fixture
def driver(browse, site):
    site.sql("DELETE FROM managed_session") if site.has_table() else None
    driver = browse()
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    return driver


def shown(driver) -> str:
    return driver.find_element(By.TAG_NAME, "body").text


def arrives(driver, path: str, *words: str) -> None:
    wait(lambda: path_of(driver) == path and all(word in shown(driver) for word in words), f"{path} with {words}")


def test_a_user_from_the_first_sign_in_to_the_last_sign_out(site, driver):
    other, gone = site.sign_in(agent=LIBRARY), site.sign_in(agent=IPHONE)
    go(driver, site, "/sessions")
    fill_in(driver, password="wrong")
    wait(lambda: "Wrong user name or password." in shown(driver), "the form again")
    driver.find_element(By.ID, "password").send_keys(harness.PASSWORDS["alice"], Keys.ENTER)
    arrives(driver, "/sessions", "Where you are signed in", "Firefox 131 on Windows", "Safari 18 on iOS")
    named = card(driver, "Firefox 131 on Windows")
    named.find_element(By.TAG_NAME, "summary").click()
    named.find_element(By.NAME, "name").send_keys("Library", Keys.ENTER)
    arrives(driver, "/sessions?done=named", "The name was saved.", "Library")
    card(driver, "Safari 18 on iOS").find_element(By.CSS_SELECTOR, "button.end").click()
    arrives(driver, f"/sessions?done=one&id={gone[:22]}", "Safari 18 on iOS was signed out.")
    driver.find_element(By.CSS_SELECTOR, "#ended summary").click()
    wait(lambda: "ended from Chrom" in driver.find_element(By.ID, "ended").text, "what has ended, and from where")
    driver.find_element(By.ID, "new-app").click()
    wait(lambda: driver.find_element(By.ID, "name"), "the form").send_keys("Phone", Keys.ENTER)
    wait(lambda: driver.find_element(By.ID, "password").get_attribute("value"), "the password")
    driver.find_element(By.CSS_SELECTOR, "a.button").click()
    wait(lambda: card(driver, "Phone"), "the app password in the list")
    driver.find_element(By.ID, "all").click()
    arrives(driver, "/sessions?confirm=all", "Sign out all 2 sessions?", "End one app password, too")
    driver.find_element(By.CSS_SELECTOR, "#confirm button").click()
    arrives(driver, "/logout?done=all", "You are signed out on all devices.")
    assert site.get("/app/", other).status == 401
    driver.find_element(By.LINK_TEXT, "Sign in again").click()
    arrives(driver, "/login", "Sign in")


def test_an_administrator_finds_and_ends_sessions(site, driver):
    first, *others = [site.sign_in(agent=LIBRARY) for _ in range(3)]
    go(driver, site, "/admin")
    fill_in(driver, "bob")
    arrives(driver, "/admin", "All sessions", "4 sessions.")
    driver.find_element(By.ID, "user").send_keys("alice", Keys.ENTER)
    arrives(driver, "/admin?user=alice", "3 sessions.", "Sign out alice on all devices")
    driver.find_element(By.LINK_TEXT, first[:22]).click()
    arrives(driver, f"/admin?id={first[:22]}", "One session.", "Browser string", LIBRARY)
    driver.find_element(By.CSS_SELECTOR, ".table button").click()
    arrives(driver, f"/admin?id={first[:22]}", "No sessions were found.")
    assert site.get("/app/", first).status == 401 and site.get("/app/", others[0]).status == 200
    go(driver, site, "/admin?user=alice")
    driver.find_element(By.PARTIAL_LINK_TEXT, "Sign out alice").click()
    arrives(driver, "/admin?confirm=user&user=alice", "2 sessions end immediately.")
    driver.find_element(By.CSS_SELECTOR, "button.warn").click()
    arrives(driver, "/admin?user=alice", "No sessions were found.")
    driver.find_element(By.LINK_TEXT, "Ended sessions").click()
    arrives(driver, "/admin?user=alice&state=ended", "ended by bob")


def copy_session(site, of: str, id_: str, agent: str) -> None:
    """A user may sign in sixty times a minute."""
    columns = [name for _, name, *_ in site.sql("PRAGMA table_info(managed_session)")]
    values = ", ".join("?" if name in ("session_id", "user_agent") else name for name in columns)
    site.sql(f"INSERT INTO managed_session SELECT {values} FROM managed_session WHERE session_id = ?", id_, agent, of)


@pytest.mark.parametrize("width, language, dark", [(320, "en", False), (320, "ar", True), (320, "ja", False), (800, "de", True), (1400, "ar", False),
                                                   (1400, "en", True)])
def test_pages_with_much_in_them_fit_and_axe_finds_nothing(site, browse, axe, width, language, dark):
    """Twenty sessions, some in one card; ten that have ended; failed sign-ins; more app passwords than the list shows."""
    site.sql("DELETE FROM managed_session")
    driver, token = browse(size=(width, 900), language=language, dark=dark), site.sign_in("bob")
    for i in range(19):
        copy_session(site, token[:22], f"another-session-{i:06}", (LIBRARY, IPHONE, "curl/8.5.0", "")[i % 4])
    site.sql("UPDATE managed_session SET last_ip = '203.0.113.' || (rowid % 7), label = CASE WHEN rowid % 3 = 0 THEN 'Villafranca di Verona' END,"
             " name = CASE WHEN rowid % 5 = 0 THEN 'Küche' END")
    site.sql("UPDATE managed_session SET ended_at = last_seen_at, expires_at = last_seen_at, end_reason = 'revoked' WHERE rowid % 2 AND session_id <> ?",
             token[:22])
    for i in range(6):
        harness.request(site, "POST", "/sessions", {"Cookie": f"{site.cookie}={token}", "Content-Type": "application/json"},
                        b'{"kind": "app", "name": "Calendar %d"}' % i)
    harness.post(site, "/login", {"username": "bob", "password": "wrong"})
    go(driver, site, "/logout?done=out")
    driver.add_cookie({"name": site.cookie, "value": token, "secure": True, "path": "/"})
    for path in ("/sessions", "/sessions?page=2", "/sessions?app=all", "/sessions?app=new", "/sessions?confirm=all", "/admin", f"/admin?id={token[:22]}",
                 "/admin?state=ended", "/admin?user=bob&state=ended", "/admin?confirm=realm", "/logout", "/logout?done=all"):
        go(driver, site, path)
        driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert fits(driver) and violations(driver, axe, again=False) == [], path
        for box in driver.find_elements(By.CSS_SELECTOR, ".tick input"):
            assert abs(box.rect["y"] - box.find_element(By.XPATH, "../label").rect["y"]) < 6, f"{path}: a box beside its label"
