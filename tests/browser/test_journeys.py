# SPDX-License-Identifier: Apache-2.0
"""Where visitors arrive after sign-in and sign-out, in windows and popups, and what they find when they go back."""
import json
import subprocess

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from harness import SITE
from pages import arrives, fill_in, go, path_of, says, sign_in_by_form, text, wait

PRIVATE = """<!DOCTYPE html><title>Private</title><p>protected page
<script>addEventListener('pageshow', event => { document.title = event.persisted ? 'as it was' : 'loaded'; });</script>"""


@pytest.fixture(autouse=True)
def empty(server):
    server.sql("DELETE FROM managed_session") if server.has_table() else None
    server.write("htdocs/app/private.html", PRIVATE)


def press_button(driver) -> None:
    driver.find_element(By.CSS_SELECTOR, "main button").click()


# -- to another origin -----------------------------------------------------------------------------------


@pytest.fixture
def scattered(server, new_site):
    """A site that leads to another origin by all ways there are."""
    other = server.url("/", name="other.example")
    with new_site(server.scheme, SITE + f"""
            RedirectMatch 302 "^/home$" "{other}"
            RedirectMatch 302 "^/one$" "/home"
            <Location "/logout">
                ManagedSessionLandingURL "{other}?out"
            </Location>
            ManagedSessionLandingURL "{other}"
            <Location "/away">
                AuthType ManagedSession
                Require valid-user
                RedirectMatch 303 "^/away$" "{other}"
            </Location>
            <Location "/elsewhere">
                SetHandler managed-session-list
                ManagedSessionConfirmAfter 1h
                ManagedSessionLoginURL "{server.url('/login', name='app.example')}"
            </Location>
            """) as site:
        site.other = other
        yield site


@pytest.mark.parametrize("path", ["/login?return=/home", "/login?return=/one", "/login", "/away"],
                         ids=["redirect", "two-redirects", "landing", "canonical-host"])
def test_a_sign_in_that_leads_to_another_origin_arrives(browse, scattered, path):
    driver = browse()
    go(driver, scattered, path)
    fill_in(driver)
    arrives(driver, scattered.other)
    says(driver, "public page")
    assert scattered.rows() == 1


def test_a_sign_out_that_leads_to_another_origin_arrives(browse, scattered):
    driver = browse()
    sign_in_by_form(driver, scattered)
    go(driver, scattered, "/logout")
    press_button(driver)
    arrives(driver, scattered.other + "?out")
    assert scattered.rows() == 0


def test_who_signs_out_everywhere_arrives_at_a_page_elsewhere(browse, scattered):
    driver = browse()
    sign_in_by_form(driver, scattered)
    go(driver, scattered, "/elsewhere?confirm=all")
    press_button(driver)
    arrives(driver, scattered.other)


def test_a_list_that_was_left_open_too_long_leads_to_a_sign_in_page_elsewhere(browse, scattered):
    driver = browse()
    sign_in_by_form(driver, scattered)
    go(driver, scattered, "/elsewhere?confirm=all")
    scattered.sql("UPDATE managed_session SET created_at = created_at - 7200")
    press_button(driver)
    wait(lambda: "//app.example" in driver.current_url and driver.find_element(By.ID, "username"), "the other sign-in page")


# -- back ------------------------------------------------------------------------------------------------------


def is_asked_to_sign_in(driver) -> bool:
    return bool(driver.find_elements(By.ID, "username")) and "protected" not in text(driver)


def go_back(driver, steps: int) -> None:
    """Once the script is over: the driver runs a script again that a navigation has cut off."""
    driver.execute_script(f"setTimeout(() => history.go(-{steps}))")


def back_to_private(driver, steps: int) -> None:
    go_back(driver, steps)
    wait(lambda: is_asked_to_sign_in(driver), f"a sign-in page, but: {driver.current_url} {driver.title} {text(driver)}")


def test_back_while_signed_in_is_quick(browse, server):
    """The page comes back as it was left; over plain http too."""
    driver = browse()
    sign_in_by_form(driver, server, path="/app/private.html")
    go(driver, server, "/")
    driver.back()
    wait(lambda: driver.title in ("as it was", "loaded"), "the page")
    assert "protected page" in text(driver)


@pytest.mark.parametrize("entered", ["by-form", "later"])
def test_back_after_sign_out_shows_nothing_private(browse, server, entered):
    driver = browse()
    sign_in_by_form(driver, server, path="/app/private.html")
    if entered == "later":
        go(driver, server, "/")
        go(driver, server, "/app/private.html?2")
    go(driver, server, "/logout")
    press_button(driver)
    says(driver, "You are signed out on this device.")
    back_to_private(driver, 2)


def test_back_after_an_applications_own_sign_out_button_shows_nothing_private(browse, server):
    driver = browse()
    server.write("htdocs/app/private.html", PRIVATE + '<main><form method=post action=/logout><button>Sign out</button></form></main>')
    sign_in_by_form(driver, server, path="/app/private.html")
    press_button(driver)
    says(driver, "You are signed out on this device.")
    back_to_private(driver, 1)


def test_back_after_ending_this_session_on_the_list_shows_nothing_private(browse, server):
    driver = browse()
    sign_in_by_form(driver, server, path="/app/private.html")
    go(driver, server, "/sessions?confirm=all")
    press_button(driver)
    says(driver, "You are signed out on all devices.")
    back_to_private(driver, 2)


def test_back_after_a_sign_out_from_elsewhere_shows_nothing_private(browse, server):
    """The library computer, ended from home: once it has noticed, Back shows nothing."""
    driver = browse()
    sign_in_by_form(driver, server, path="/app/private.html")
    server.sql("DELETE FROM managed_session")
    go(driver, server, "/app/")
    wait(lambda: driver.find_elements(By.ID, "username"), "the sign-in page")
    back_to_private(driver, 1)


def test_back_after_another_user_signed_in_shows_nothing_of_the_first(browse, server):
    driver = browse()
    server.write("htdocs/app/who.html", "<!DOCTYPE html><p>page of alice")
    sign_in_by_form(driver, server, path="/app/who.html")
    server.write("htdocs/app/who.html", "<!DOCTYPE html><p>page of bob")
    go(driver, server, "/login?return=/app/")
    fill_in(driver, "bob")
    says(driver, "protected page")
    go_back(driver, 2)
    says(driver, "page of bob")


def test_back_after_a_script_signed_out_shows_nothing_private(browse, server):
    driver = browse()
    sign_in_by_form(driver, server, path="/app/private.html")
    go(driver, server, "/")
    sign_out_by_script(driver)
    back_to_private(driver, 1)


def test_back_after_the_pages_own_script_signed_out_shows_nothing_private(browse, server):
    driver = browse()
    sign_in_by_form(driver, server, path="/app/private.html")
    sign_out_by_script(driver)
    go(driver, server, "/")
    assert driver.execute_cdp_cmd("Network.getCookies", {})["cookies"] == []
    back_to_private(driver, 1)


def sign_out_by_script(driver) -> None:
    assert driver.execute_async_script("fetch('/logout', {method: 'POST', redirect: 'manual'}).then(arguments[0], arguments[0])")


# -- a double click ----------------------------------------------------------------------------------------------


@pytest.fixture
def carol(server):
    """A user whose password takes so long to check that the second click comes while the first is answered."""
    passwords = server.root / "passwords"
    before = passwords.read_text()
    line = subprocess.run(["htpasswd", "-nbB", "-C", "13", "carol", "hatter"], capture_output=True, text=True, check=True).stdout
    passwords.write_text(before + line.strip() + "\n")
    yield {"username": "carol", "password": "hatter"}
    passwords.write_text(before)


def test_a_double_click_on_sign_in_leaves_one_session(browse, server, carol):
    driver = browse()
    go(driver, server, "/login?return=/sessions")
    for name, value in carol.items():
        driver.find_element(By.ID, name).send_keys(value)
    button = driver.find_element(By.CSS_SELECTOR, "main button")
    log = server.root / "logs/access.log"
    posts = log.read_text().count("POST /login")
    ActionChains(driver).move_to_element(button).click().pause(0.15).click().perform()
    wait(lambda: path_of(driver) == "/sessions", "the list")
    wait(lambda: log.read_text().count("POST /login") == posts + 2, "both answers")
    assert server.rows() == 1
    driver.refresh()
    says(driver, "carol", "this device")


# -- a popup -----------------------------------------------------------------------------------------------------


OPENER = """<!DOCTYPE html><title>waiting</title><main><button onclick="popup = window.open('%s', '_blank', 'width=500,height=600')">Sign in
</button></main><script>addEventListener('message', event => { document.title = event.data + ' ' + popup.closed; });</script>"""
DONE = "<!DOCTYPE html><script>window.opener.postMessage('signed in', location.origin); </script>"


@pytest.mark.parametrize("path", ["/login?return=/app/done.html", "/app/done.html"])
def test_a_popup_signs_in_and_its_opener_hears_of_it(browse, server, path):
    server.write("htdocs/opener.html", OPENER % path)
    server.write("htdocs/app/done.html", DONE)
    driver = browse()
    go(driver, server, "/opener.html")
    window = driver.current_window_handle
    press_button(driver)
    wait(lambda: len(driver.window_handles) == 2, "a popup")
    assert driver.execute_script("return popup.closed") is False
    driver.switch_to.window(next(handle for handle in driver.window_handles if handle != window))
    wait(lambda: driver.find_elements(By.ID, "username"), "the form")
    fill_in(driver)
    driver.switch_to.window(window)
    wait(lambda: driver.title == "signed in false", f"a message, but: {json.dumps(driver.title)}")


# -- frames, and links from other sites ---------------------------------------------------------------------


def test_a_session_that_ended_within_a_frame_leads_out_of_it(browse, new_site):
    """Over https: browsers do not say over plain http that they load a frame."""
    with new_site("https") as server:
        server.write("htdocs/app/private.html", PRIVATE)
        server.write("htdocs/frame.html", '<!DOCTYPE html><title>Around</title><iframe src="/app/private.html" width="600" height="400"></iframe>')
        driver = browse()
        go(driver, server, "/frame.html")
        driver.switch_to.frame(driver.find_element(By.TAG_NAME, "iframe"))
        wait(lambda: driver.find_elements(By.CSS_SELECTOR, 'a[target="_top"]'), "a way out of the frame")
        driver.find_element(By.CSS_SELECTOR, 'a[target="_top"]').click()
        driver.switch_to.default_content()
        arrives(driver, server.url("/login?return=/app/private.html"))
        fill_in(driver)
        wait(lambda: "protected page" in driver.page_source, "the page that was framed")


def test_a_link_from_another_site_finds_a_user_with_a_strict_cookie_signed_in(browse, server, new_site):
    """The browser keeps the cookie back at first; the sign-in page reloads itself and leads on."""
    with new_site(server.scheme, "ManagedSessionCookieSameSite Strict\n" + SITE) as strict:
        strict.write("htdocs/app/private.html", PRIVATE)
        server.write("htdocs/mail.html", f'<!DOCTYPE html><title>Mail</title><a id="link" href="{strict.url("/app/private.html")}">Read</a>')
        driver = browse()
        go(driver, strict, "/login?return=/app/private.html")
        fill_in(driver)
        wait(lambda: "protected page" in driver.page_source, "the protected page")
        driver.get(server.url("/mail.html", name="other.example"))
        driver.find_element(By.ID, "link").click()
        wait(lambda: "protected page" in driver.page_source, f"the page that the link names, but: {driver.current_url}")
