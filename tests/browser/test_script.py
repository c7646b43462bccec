# SPDX-License-Identifier: Apache-2.0
"""The optional script of the pages, in a browser in another time zone."""
import re

from selenium.webdriver.common.by import By

from harness import SITE
from pages import go, sign_in_by_form


def test_dates_are_in_the_browsers_time_zone(browse, new_site):
    with new_site("https", SITE + "ManagedSessionScript On\n") as server:
        for language, zone, seen, created in (("en", "Asia/Tokyo", "January 1, 2026 at 7:00 PM GMT+9", "July 25, 2025 at 7:00 PM GMT+9"),
                                              ("de", "Europe/Berlin", "1. Januar 2026 um 11:00 MEZ", "25. Juli 2025 um 12:00 MESZ")):
            driver = browse(language=language)
            driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})
            sign_in_by_form(driver, server)
            server.sql("UPDATE managed_session SET created_at = 1753437600, last_seen_at = 1767261600")
            go(driver, server, "/sessions")
            times = [(t.get_attribute("title"), t.get_attribute("textContent")) for t in driver.find_elements(By.TAG_NAME, "time")]
            assert plain(times[0][0]) == seen and created in plain(times[1][1]), times
            server.sql("DELETE FROM managed_session")


def plain(text: str) -> str:
    return re.sub(r"\s", " ", text)
