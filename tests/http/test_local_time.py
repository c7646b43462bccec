# SPDX-License-Identifier: Apache-2.0
"""Dates in the time zone of the site, and in that of the browser by an optional script."""
import re

import pytest

import harness
from harness import SITE, FormReader, Server, get, request, sign_in

pytestmark = pytest.mark.sqlite
SUMMER, WINTER = 1753437600, 1767261600  # 2025-07-25 10:00 UTC, 2026-01-01 10:00 UTC


def dates(server, token: str, headers=()) -> list[str]:
    server.sql("UPDATE managed_session SET created_at = ?, last_seen_at = ?", SUMMER, WINTER)
    return re.findall(r"\d+ \w+ 20\d\d, [\d:]+ [^ <\"]+", get(server, "/sessions", token, headers).text)[:2]


@pytest.mark.parametrize("zone, winter, summer", [
    (None, "1 January 2026, 10:00 UTC", "25 July 2025, 10:00 UTC"),
    ("Europe/Berlin", "1 January 2026, 11:00 CET", "25 July 2025, 12:00 CEST"),
    ("Asia/Kathmandu", "1 January 2026, 15:45 +0545", "25 July 2025, 15:45 +0545"),
    ("Pacific/Kiritimati", "2 January 2026, 00:00 +14", "26 July 2025, 00:00 +14"),
    ("America/Los_Angeles", "1 January 2026, 02:00 PST", "25 July 2025, 03:00 PDT"),
])
def test_dates_are_in_the_time_zone_of_the_site(zone, winter, summer):
    with Server(SITE + (f"ManagedSessionTimeZone {zone}\n" if zone else "")) as server:
        token = sign_in(server)
        assert dates(server, token) == [winter, summer]
        assert 'datetime="2025-07-25T10:00:00Z"' in get(server, "/sessions", token).text
        assert get(server, "/sessions", token, harness.JSON).json()["sessions"][0]["created_at"] == "2025-07-25T10:00:00Z"


def test_each_place_may_have_its_own_and_the_process_keeps_its_own():
    places = """
<Location "/tokyo">
    SetHandler managed-session-list
    ManagedSessionTimeZone Asia/Tokyo
</Location>
<Directory "@ROOT@/htdocs/app">
    Options +ExecCGI
    AddHandler cgi-script .sh
</Directory>
"""
    with Server(SITE + "ManagedSessionTimeZone Europe/Berlin\n" + places, own_paths=["/tokyo"]) as server:
        server.write("htdocs/app/zone.sh", "#!/bin/sh\nprintf 'Content-Type: text/plain\n\n%s %s' \"${TZ-none}\" \"$(date +%Z)\"\n", 0o755)
        token = sign_in(server)
        assert dates(server, token)[0].endswith("11:00 CET")
        assert "25 July 2025, 19:00 JST" in get(server, "/tokyo", token).text
        assert "Berlin" not in get(server, "/app/zone.sh", token).text and "CE" not in get(server, "/app/zone.sh", token).text


def test_without_the_directive_no_page_has_a_script():
    with Server(SITE) as server:
        token = sign_in(server)
        for target in ("/sessions", "/login", "/logout"):
            page = get(server, target, token)
            assert "<script" not in page.text and "data-date" not in page.text and "script-src" not in page.headers["Content-Security-Policy"]
        assert "text/html" in get(server, "/sessions?script", token).headers["Content-Type"]


def test_with_it_each_page_loads_the_script_of_its_own_address():
    with Server(SITE + "ManagedSessionScript On\n") as server:
        token = sign_in(server)
        for target in ("/sessions", "/login", "/logout"):
            page = get(server, target, token)
            assert [attrs["src"] for tag, attrs in FormReader(page.text).tags if tag == "script"] == [f"{target}?script"]
            assert "; script-src 'self'; " in page.headers["Content-Security-Policy"]
            script = get(server, f"{target}?script", token if target == "/sessions" else None)
            assert script.status == 200 and script.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert '"use strict"' in script.text and len(script.body) < 4000
            assert request(server, "HEAD", f"{target}?script").status == 200
        assert request(server, "POST", "/logout?script").status != 200
        assert get(server, "/app/?script", token).text == "protected page\n"
        times = [attrs for tag, attrs in FormReader(get(server, "/sessions", token).text).tags if tag == "time"]
        assert all("data-date" in attrs for attrs in times) and times[1]["data-date"].endswith(" UTC")
