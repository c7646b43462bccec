# SPDX-License-Identifier: Apache-2.0
"""A trusted network without TLS: what a user does on the list works over plain http, at a name that is not the ServerName."""
import base64

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import harness
from harness import PAGE, SITE
from pages import fill_in, go, says, wait
from test_pages import LIBRARY, card

APPS = """
<Location "/sessions">
    ManagedSessionAppPasswords On
</Location>
Alias "/calendar" "@ROOT@/htdocs/app"
<Location "/calendar">
    AuthType Basic
    AuthName "Calendars"
    AuthBasicProvider managed-session
    Require valid-user
</Location>
"""


@pytest.fixture
def site(new_site):
    with new_site("http", SITE + APPS) as running:
        yield running


def enter(driver, site) -> None:
    go(driver, site, "/sessions", name="app.example")
    fill_in(driver)
    wait(lambda: driver.find_elements(By.ID, "new-app"), "the list")


def make_app_password(driver, name: str) -> str:
    driver.find_element(By.ID, "new-app").click()
    wait(lambda: driver.find_element(By.ID, "name"), "the form").send_keys(name, Keys.ENTER)
    password = wait(lambda: driver.find_element(By.ID, "password"), "the new password").get_attribute("value")
    driver.find_element(By.CSS_SELECTOR, "a.button").click()
    says(driver, name)
    return password


def calendar(site, password: str) -> harness.Answer:
    pair = base64.b64encode(f"alice:{password}".encode()).decode()
    return harness.get(site, "/calendar/", headers=[("Authorization", f"Basic {pair}")])


def test_a_user_makes_an_app_password_and_ends_it(browse, site):
    driver = browse()
    enter(driver, site)
    password = make_app_password(driver, "Phone")
    assert calendar(site, password).text == PAGE
    card(driver, "Phone").find_element(By.CSS_SELECTOR, "button.end").click()
    wait(lambda: not any("Phone" in each.text for each in driver.find_elements(By.CSS_SELECTOR, ".sessions .card")), "the app is gone")
    assert calendar(site, password).status == 401


def test_a_user_names_a_session_and_ends_another(browse, site):
    driver, other = browse(), site.sign_in(agent=LIBRARY)
    enter(driver, site)
    named = card(driver, "Firefox 131 on Windows")
    named.find_element(By.TAG_NAME, "summary").click()
    named.find_element(By.NAME, "name").send_keys("Library", Keys.ENTER)
    says(driver, "The name was saved.", "Library Firefox 131 on Windows")
    card(driver, "Library").find_element(By.CSS_SELECTOR, "button.end").click()
    says(driver, "No other device is signed in.")
    assert site.get("/app/", other).status == 401
