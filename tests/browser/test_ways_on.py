# SPDX-License-Identifier: Apache-2.0
"""The administrators' page and the pages that refuse something, in a real browser: widths, and what axe-core finds."""
import pytest
from selenium.webdriver.common.by import By

import harness
from harness import SITE
from pages import fits, go, says, wait
from test_pages import LIBRARY, violations

ADMIN = SITE.replace("LoginLimit 0", "LoginLimit 3 1h") + """
ManagedSessionHelpURL "/help"
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "administration"
    Require user bob
</Location>
"""


@pytest.fixture(scope="module")
def site(new_site):
    with new_site("https", ADMIN, own_paths=("/login", "/logout", "/sessions", "/admin")) as running:
        running.expected_later.append("AH01630")
        yield running


def enter(driver, site, user: str) -> None:
    go(driver, site, "/logout?done=out")
    driver.add_cookie({"name": site.cookie, "value": site.sign_in(user), "secure": True, "path": "/"})


@pytest.mark.parametrize("width", [320, 800, 1400])
@pytest.mark.parametrize("language, dark", [("en", False), ("ar", True)])
def test_the_administrators_page_fits_and_axe_finds_nothing(browse, site, axe, width, language, dark):
    ended = site.sign_in(agent=LIBRARY)
    site.sign_in(agent=LIBRARY)
    harness.post(site, "/logout", cookie=f"{site.cookie}={ended}")
    driver = browse(size=(width, 800), language=language, dark=dark)
    enter(driver, site, "bob")
    for path in ("/admin", "/admin?user=alice", "/admin?state=ended", "/admin?confirm=user&user=alice"):
        go(driver, site, path)
        assert fits(driver) and violations(driver, axe) == [], path


def test_it_is_a_table_if_there_is_room_and_cards_if_not(browse, site):
    driver = browse(size=(1400, 800))
    enter(driver, site, "bob")
    display = "return getComputedStyle(document.querySelector('.table tbody tr')).display"
    go(driver, site, "/admin")
    assert driver.execute_script(display) == "table-row" and driver.find_element(By.CSS_SELECTOR, "thead th").is_displayed()
    narrow = browse(size=(320, 800))
    enter(narrow, site, "bob")
    go(narrow, site, "/admin")
    assert narrow.execute_script(display) == "block"


@pytest.mark.parametrize("language, dark", [("en", True), ("de", False), ("ar", False), ("ja", True)])
def test_refusals_fit_a_phone_and_axe_finds_nothing(browse, new_site, axe, language, dark):
    with new_site("https", ADMIN) as site:
        site.expect("AH01630")
        refuse(browse(size=(320, 700), language=language, dark=dark), site, axe)


def refuse(driver, site, axe) -> None:
    go(driver, site, "/logout?done=out")
    assert fits(driver) and violations(driver, axe) == []
    enter(driver, site, "alice")
    go(driver, site, "/admin")
    says(driver, "alice")
    assert fits(driver) and violations(driver, axe) == []
    go(driver, site, "/logout")
    driver.delete_all_cookies()
    go(driver, site, "/login?return=/app/" + "a-long-name/" * 30)
    for _ in range(3):
        assert harness.post(site, "/login", {"username": "carol", "password": "x"}).status == 401
    driver.find_element(By.ID, "username").send_keys("carol")
    driver.find_element(By.ID, "password").send_keys("x")
    driver.find_element(By.CSS_SELECTOR, "#login button").click()
    wait(lambda: driver.find_element(By.ID, "wait"), "the seconds to wait")
    assert driver.find_element(By.ID, "username").get_attribute("value") == "carol"
    assert fits(driver) and violations(driver, axe, again=False) == []
