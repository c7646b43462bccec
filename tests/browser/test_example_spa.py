# SPDX-License-Identifier: Apache-2.0
"""The static application of conf/examples/spa, unchanged, in a browser."""
import re

from selenium.webdriver.common.by import By

import examples
from harness import PASSWORDS, eventually
from pages import go


def test_it_signs_in_and_out_without_another_page(browse, new_site):
    config = re.sub(r"(?m)^DBD.*\n", "", examples.example("spa.conf", {"/var/www/spa": "@ROOT@/spa"}))
    site = new_site("https", config)
    for file in (examples.FOLDER / "spa").iterdir():
        assert len(file.read_text().splitlines()) <= 40
        site.write(f"spa/{file.name}", file.read_text())
    with site as server:
        driver = browse()
        shown = lambda id_: driver.find_element(By.ID, id_).is_displayed()  # noqa: E731
        text = lambda id_: driver.find_element(By.ID, id_).text  # noqa: E731

        def submit(password: str) -> None:
            for name, value in (("username", "alice"), ("password", password)):
                field = driver.find_element(By.NAME, name)
                field.clear()
                field.send_keys(value)
            driver.find_element(By.CSS_SELECTOR, "#login button").click()

        go(driver, server, "/spa/")
        eventually(lambda: shown("login"), "the form is shown")
        submit("wrong")
        eventually(lambda: text("message") == "Wrong user name or password.", "the reason is shown")
        submit(PASSWORDS["alice"])
        eventually(lambda: shown("inside") and text("user") == "alice", "the user is greeted")
        go(driver, server, "/spa/")
        eventually(lambda: text("user") == "alice", "the session is found again")
        driver.find_element(By.ID, "logout").click()
        eventually(lambda: shown("login") and not shown("inside"), "the form is shown again")
        assert server.rows() == 0
