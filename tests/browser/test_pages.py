# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser: the library story, keyboard, schemes, sizes, languages, accessibility, and hostile text."""
import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import harness
from harness import PASSWORDS, SITE
from pages import fits, go, path_of, press, says, shoot, sign_in_by_form, text, wait

PHONE = (320, 700)
LIBRARY = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"


def card(driver, words: str):
    return next(c for c in driver.find_elements(By.CSS_SELECTOR, ".sessions .card") if words in c.text)


def others_of(server, n: int, agent: str = IPHONE, user: str = "alice") -> list[str]:
    return [server.sign_in(user, agent=agent) for _ in range(n)]


@pytest.fixture(autouse=True)
def empty(server):
    server.sql("DELETE FROM managed_session") if server.has_table() else None


# -- the library story --------------------------------------------------------------------------------


def test_the_library_computer_is_signed_out_from_home(browse, server):
    library, home = browse(agent=LIBRARY), browse()
    sign_in_by_form(library, server, path="/app/")
    says(library, "protected page")

    sign_in_by_form(home, server)
    assert "this device" in home.find_element(By.CSS_SELECTOR, ".sessions .card:first-child").text
    card(home, "Firefox 131 on Windows").find_element(By.CSS_SELECTOR, "button.end").click()
    says(home, "Firefox 131 on Windows was signed out.", "No other device is signed in.")

    go(library, server, "/app/")
    assert path_of(library).startswith("/login?return=")


def test_all_others_with_a_question_before(browse, server):
    driver, others = browse(), others_of(server, 3)
    sign_in_by_form(driver, server)
    driver.find_element(By.PARTIAL_LINK_TEXT, "3 other sessions").click()
    says(driver, "Sign out 3 other sessions?")
    shoot(driver, "confirm")
    driver.find_element(By.CSS_SELECTOR, "main button").click()
    says(driver, "Your other devices were signed out.")
    assert server.get("/app/", others[0]).status == 401


def test_a_wrong_password_is_told_where_the_fields_are(browse, server):
    driver = browse()
    go(driver, server, "/login")
    press(driver, "alice", Keys.TAB, "wrong", Keys.ENTER)
    wait(lambda: driver.find_element(By.ID, "error"), "an error")
    field = driver.find_element(By.ID, "password")
    told = driver.find_element(By.ID, field.get_attribute("aria-describedby"))
    assert "Wrong user name or password" in told.text and told.get_attribute("role") == "alert" and field.get_attribute("value") == ""
    assert driver.find_element(By.ID, "username").get_attribute("value") == "alice"
    shoot(driver, "wrong-password")


# -- the keyboard alone ---------------------------------------------------------------------------------


def test_the_keyboard_is_enough(browse, server):
    driver, _ = browse(), others_of(server, 1, LIBRARY)
    go(driver, server, "/sessions")
    press(driver, "alice", Keys.TAB, PASSWORDS["alice"], Keys.ENTER)
    wait(lambda: path_of(driver) == "/sessions", "signed in")
    for _ in range(12):
        press(driver, Keys.TAB)
        if driver.switch_to.active_element.accessible_name.startswith("Sign out Firefox 131 on Windows"):
            break
    outline = driver.execute_script("return getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2, "one sees where one is"
    press(driver, Keys.ENTER)
    says(driver, "Firefox 131 on Windows was signed out.")


# -- what it looks like -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name, how", [("light", {}), ("dark", {"dark": True}), ("phone", {"size": PHONE}),
                                       ("phone-dark", {"size": PHONE, "dark": True}), ("zoomed", {"size": (500, 450)}),
                                       ("forced-colors", {"forced_colors": True})])
def test_every_page_fits(browse, server, name, how):
    """320 pixels wide, or 200 per cent large: nothing has to be scrolled sideways."""
    driver = browse(**how)
    go(driver, server, "/login?return=/app/")
    assert fits(driver)
    shoot(driver, f"sign-in-{name}")
    others_of(server, 1, LIBRARY), others_of(server, 2)
    driver = browse(**how)
    sign_in_by_form(driver, server, remember=True)
    server.sql("UPDATE managed_session SET label = 'Town Library, Oslo', last_seen_at = last_seen_at - 7300 WHERE user_agent LIKE '%Windows%'")
    go(driver, server, "/sessions")
    assert fits(driver)
    shoot(driver, f"sessions-{name}")
    go(driver, server, "/logout")
    assert fits(driver)
    shoot(driver, f"sign-out-{name}")


@pytest.mark.parametrize("language", ["de", "ja", "ar", "fr"])
def test_other_languages_fit_too(browse, server, language):
    driver, _ = browse(language=language, size=PHONE), others_of(server, 2)
    sign_in_by_form(driver, server)
    assert fits(driver)
    assert driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
    shoot(driver, f"sessions-{language}")


def test_twenty_stay_readable(browse, server):
    """On the first page are the current session and a card of four, which opens, and one of five."""
    driver, _ = browse(), others_of(server, 10) + others_of(server, 9, LIBRARY)
    sign_in_by_form(driver, server)
    groups = driver.find_elements(By.CSS_SELECTOR, ".group")
    assert sum(len(group.find_elements(By.CSS_SELECTOR, ".card")) for group in groups) == 9
    is_open = "return arguments[0].querySelector('button.end').checkVisibility()"
    assert not driver.execute_script(is_open, groups[0])
    groups[0].find_element(By.TAG_NAME, "summary").click()
    assert driver.execute_script(is_open, groups[0]) and fits(driver)
    shoot(driver, "sessions-20")


def test_a_session_gets_its_name_in_the_list(browse, server):
    driver, _ = browse(size=PHONE), others_of(server, 1, LIBRARY)
    sign_in_by_form(driver, server)
    named = card(driver, "Firefox 131 on Windows")
    named.find_element(By.TAG_NAME, "summary").click()
    named.find_element(By.NAME, "name").send_keys("Library", Keys.ENTER)
    says(driver, "The name was saved.", "Library Firefox 131 on Windows")
    assert len(driver.find_elements(By.CSS_SELECTOR, ".own.card")) == 2, "the key saved the name and ended nothing"


def test_no_motion_if_the_user_wants_none(browse, server):
    driver = browse()
    go(driver, server, "/login")
    moving = driver.execute_script("return [...document.querySelectorAll('*')].filter(e => getComputedStyle(e).transitionDuration != '0s'"
                                   " || getComputedStyle(e).animationName != 'none').length")
    assert moving == 0


def test_what_can_be_pressed_is_large_enough(browse, server):
    """WCAG 2.2, 2.5.8: 24 pixels at least."""
    driver, _ = browse(size=PHONE), others_of(server, 1)
    sign_in_by_form(driver, server)
    for element in driver.find_elements(By.CSS_SELECTOR, "button, .button, summary, input:not([type=hidden])"):
        assert element.rect["height"] >= 24 and element.rect["width"] >= 24, element.text


# -- accessibility ---------------------------------------------------------------------------------------


def violations(driver, axe: str, again=True) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA, and its best practices. The pages' CSP lets no script in; the driver may."""
    driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    if again:
        driver.refresh()
    driver.execute_script(axe)
    found = driver.execute_async_script("const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then("
                                        "r => done(JSON.stringify(r.violations)), e => done(JSON.stringify([{id: String(e), nodes: []}])))")
    return [f"{v['id']}: {[n['html'] for n in v['nodes']]}" for v in json.loads(found)]


def delete_one(server) -> None:
    """So that the list has one that is over, too."""
    here, there = server.sign_in(), server.sign_in(agent=LIBRARY)
    assert harness.request(server, "DELETE", f"/sessions/{there[:22]}", {"Cookie": f"{server.cookie}={here}"}).status == 204


def test_axe_would_find_something(browse, server, axe):
    server.write("htdocs/bad.html", "<html><body><img src=x><input></body></html>")
    driver = browse()
    go(driver, server, "/bad.html")
    assert len(violations(driver, axe)) >= 3


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing(browse, server, axe, dark, language):
    driver = browse(dark=dark, language=language)
    for path in ("/login", "/login?return=/app/", "/logout"):
        go(driver, server, path)
        assert violations(driver, axe) == []
    others_of(server, 2), others_of(server, 1, LIBRARY)
    sign_in_by_form(driver, server)
    delete_one(server)
    for path in ("/sessions", "/sessions?confirm=others", "/sessions?confirm=all", "/logout", "/login"):
        go(driver, server, path)
        assert violations(driver, axe) == [], path
    go(driver, server, "/sessions")
    driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert violations(driver, axe, again=False) == []
    go(driver, server, "/login")
    driver.find_element(By.ID, "username").send_keys("alice")
    driver.find_element(By.ID, "password").send_keys("wrong", Keys.ENTER)
    wait(lambda: driver.find_element(By.ID, "error"), "an error")
    assert violations(driver, axe, again=False) == []


# On a phone the heads of the columns are there for screen readers only, in one pixel.
BROKEN = """
return [...document.querySelectorAll(".table thead th, .table time, .table td:nth-child(2), .table code, .table button")].filter(cell => {
  const text = cell.firstChild, words = [...(text?.data ?? "").matchAll(/\\S+/g)];
  return cell.closest("thead")?.offsetWidth !== 1 && words.some(word => {
    const range = document.createRange();
    range.setStart(text, word.index), range.setEnd(text, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(box => box.top)).size > 1;
  });
}).map(cell => cell.textContent);
"""


ADMIN = """
<Location "/admin/sessions">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName admin
    Require user bob
</Location>
"""


@pytest.mark.parametrize("size", [(1366, 768), (1100, 768), PHONE], ids=str)
@pytest.mark.parametrize("user", ["x" * 250, "firstname.lastname@department.example.org"], ids=len)
def test_a_long_name_breaks_no_word_of_the_administrators_table(browse, new_site, server, size, user):
    with new_site(server.scheme, SITE + ADMIN) as site:
        site.sign_in("alice", agent=LIBRARY)
        site.sql("UPDATE managed_session SET user_name = ?, label = 'Town Library, Oslo'", user)
        driver = browse(size=size)
        sign_in_by_form(driver, site, user="bob")
        site.sql("UPDATE managed_session SET last_ip = '2001:db8:1234:5678:9abc:def0:1234:5678'")
        for page in ("live", "ended"):
            go(driver, site, f"/admin/sessions?state={page}")
            assert fits(driver) and driver.execute_script(BROKEN) == []
            shoot(driver, f"admin-{size[0]}-{len(user)}-{page}")
            site.sql("UPDATE managed_session SET ended_at = expires_at, end_reason = 'revoked' WHERE user_name <> 'bob'")


# -- hostile text -------------------------------------------------------------------------------------------


HOSTILE = ["<script>document.title='run'</script>", "\"><img src=x onerror=\"document.title='run'\">", "'-alert(1)-'", "{{csrf}}[user]",
           "</title><script>document.title='run'</script>", "<!--", "]]>", "&lt;b&gt;", "javascript:alert(1)", "\u202ecila\u202c", "x" * 10000,
           "<svg onload=document.title='run'>", "\u2028\u2029\u0085"]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_nothing_else(browse, server, hostile):
    """Put hostile text into the table, as if it had passed every check."""
    driver = browse()
    sign_in_by_form(driver, server)
    plain = driver.execute_script("return document.querySelectorAll('*').length")
    for column in ("user_agent", "label", "created_ip", "last_ip", "auth_method"):
        server.sql(f"UPDATE managed_session SET {column} = ?", hostile)
        for page in ("/sessions", "/sessions?confirm=all"):
            go(driver, server, page)
            assert "run" not in driver.title and not driver.find_elements(By.CSS_SELECTOR, "main script, main img")
        go(driver, server, "/sessions")
        assert abs(driver.execute_script("return document.querySelectorAll('*').length") - plain) <= 4
        assert fits(driver)
    assert driver.find_elements(By.CSS_SELECTOR, ".sessions .card button")


def test_a_user_of_any_name_is_greeted_by_it(browse, server):
    driver = browse()
    sign_in_by_form(driver, server)
    for name in ("<b>bob</b>", "مرحبا", "o'brien \"x\" & co"):
        server.sql("UPDATE managed_session SET user_name = ?", name)
        go(driver, server, "/sessions")
        assert name in text(driver) and not driver.find_elements(By.CSS_SELECTOR, "main p b")


def test_a_link_cannot_put_words_into_the_page(browse, server):
    driver = browse()
    sign_in_by_form(driver, server)
    go(driver, server, "/sessions?done=Call%20555%20now")
    assert "555" not in text(driver)


def test_no_script_is_needed_and_none_is_there(browse, server):
    driver = browse()
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    go(driver, server, "/sessions")
    press(driver, "alice", Keys.TAB, PASSWORDS["alice"], Keys.ENTER)
    says(driver, "Where you are signed in")


def test_a_title_and_a_style_sheet_of_the_sites_own(browse, new_site, server):
    with new_site(server.scheme, SITE + 'ManagedSessionTitle "Town Library"\nManagedSessionStylesheet "/own.css"\n') as server:
        server.write("htdocs/own.css", ":root { --accent: rgb(120, 20, 90); --page: rgb(250, 240, 250) }")
        driver = browse()
        go(driver, server, "/login")
        button = driver.find_element(By.CSS_SELECTOR, "main button")
        assert "rgb(120, 20, 90)" in button.value_of_css_property("background-color").replace("rgba", "rgb").replace(", 1)", ")")
        shoot(driver, "own-style")


WITH_SCRIPT = SITE.replace("LoginLimit 0", "LoginLimit 1 1h") + "ManagedSessionScript On\n"


def test_with_the_script_a_password_can_be_shown_and_the_wait_is_counted(new_site, browse):
    with new_site("https", WITH_SCRIPT) as site:
        driver = browse()
        go(driver, site, "/login")
        field = driver.find_element(By.ID, "password")
        driver.find_element(By.ID, "show-password").click()
        wait(lambda: field.get_attribute("type") == "text", "the password in clear")
        driver.find_element(By.ID, "show-password").click()
        wait(lambda: field.get_attribute("type") == "password", "the password hidden again")
        for _ in range(2):
            answer = harness.post(site, "/login", {"username": "eve", "password": "x"})
        assert answer.status == 429
        driver.find_element(By.ID, "username").send_keys("eve")
        driver.find_element(By.ID, "password").send_keys("x\n")
        first = wait(lambda: driver.find_element(By.ID, "wait").text, "the seconds")
        wait(lambda: driver.find_element(By.ID, "wait").text != first, "fewer seconds")


def test_without_it_the_form_has_no_box_to_show_the_password(server, browse):
    driver = browse()
    go(driver, server, "/login")
    assert not driver.find_elements(By.ID, "show")
