# SPDX-License-Identifier: Apache-2.0
"""What a visitor does in a browser, and sees."""
import contextlib
import pathlib
import re
import time

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By

from harness import DEADLINE, PASSWORDS

SCREENSHOTS = pathlib.Path(__file__).parents[2] / "build/screenshots"


def go(driver, server, path: str, **where):
    driver.get(server.url(path, **where))


def path_of(driver) -> str:
    return re.sub(r"^https?://[^/]+", "", driver.current_url)


def text(driver) -> str:
    """In one step: between finding an element and reading it, a page may be replaced by the next."""
    return driver.execute_script("return document.body ? document.body.innerText : ''")


def wait(condition, what: str):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with contextlib.suppress(StaleElementReferenceException, NoSuchElementException):
            found = condition()
            if found:
                return found
        time.sleep(0.05)
    raise AssertionError(f"in vain: {what}")


def says(driver, *words: str) -> None:
    wait(lambda: all(word in text(driver) for word in words), f"{words}, but: {text(driver)}")


def arrives(driver, url: str) -> None:
    wait(lambda: driver.current_url == url, f"{url}, but: {driver.current_url}")


def press(driver, *keys) -> None:
    for key in keys:
        driver.switch_to.active_element.send_keys(key)


def fill_in(driver, user: str = "alice", password: str | None = None, remember=False) -> None:
    """Type a name and a password into the form that is shown, and send it."""
    driver.find_element(By.ID, "username").send_keys(user)
    driver.find_element(By.ID, "password").send_keys(password or PASSWORDS[user])
    if remember:
        driver.find_element(By.ID, "remember").click()
    driver.find_element(By.CSS_SELECTOR, "main button").click()


def sign_in_by_form(driver, server, user: str = "alice", path: str = "/sessions", remember=False):
    go(driver, server, path)
    fill_in(driver, user, remember=remember)
    wait(lambda: path_of(driver) == path, f"{path} after the sign-in, but: {driver.current_url}")


def shoot(driver, name: str) -> None:
    """A picture of the whole page, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    height = driver.execute_script("return document.documentElement.scrollHeight")
    width = driver.execute_script("return window.innerWidth")
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": max(height, 300), "deviceScaleFactor": 1, "mobile": False})
    driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))


def fits(driver) -> bool:
    """Nothing has to be scrolled sideways."""
    return driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
