# SPDX-License-Identifier: Apache-2.0
"""fetch() with the user's cookie from a page of another origin: what a browser permits, and what it keeps from the page."""
import json

import pytest

from harness import PASSWORDS, SITE
from pages import go

ALICE = {"username": "alice", "password": PASSWORDS["alice"]}
FETCH = """
const [url, method, data, headers, done] = arguments;
fetch(url, {method, credentials: "include", body: data === null ? undefined : JSON.stringify(data),
            headers: {Accept: "application/json", ...(data === null ? {} : {"Content-Type": "application/json"}), ...headers}})
  .then(async (r) => done({status: r.status, tag: r.headers.get("ETag"), body: await r.text()}), (e) => done({refused: String(e)}));
"""


@pytest.fixture(scope="module", params=["same site", "other site"])
def application(request, new_site):
    """The site of the sessions, and that of an application whose pages have another origin."""
    with new_site("https") as pages:
        pages.write("htdocs/page.html", "<title>application</title>")
        name = "intranet.example" if request.param == "same site" else "app.example"  # ports do not make another site
        more = "" if request.param == "same site" else "ManagedSessionCookieSameSite None\n"
        with new_site("https", f"ManagedSessionOrigin {pages.url('', name=name)}\n{more}{SITE}") as sessions:
            yield sessions, pages, name


@pytest.fixture
def fetch(application, browse):
    sessions, pages, name = application
    driver = browse()

    def call(path: str, method: str = "GET", data=None, headers=None, page: str = name) -> dict:
        if driver.current_url != pages.url("/page.html", name=page):
            go(driver, pages, "/page.html", name=page)
        return driver.execute_async_script(FETCH, sessions.url(path), method, data, headers or {})

    return call


def test_a_page_of_a_listed_origin_signs_in_lists_names_ends_and_signs_out(application, fetch):
    sessions, *_ = application
    refused = fetch("/sessions")
    assert refused["status"] == 401 and json.loads(refused["body"])["code"] == "not_signed_in", "a refusal is to be read, too"
    made = fetch("/login", "POST", ALICE)
    assert made["status"] == 200 and json.loads(made["body"])["user"] == "alice"
    other = sessions.sign_in()
    listed = fetch("/sessions")
    assert {s["id"] for s in json.loads(listed["body"])["sessions"]} == {json.loads(made["body"])["session"]["id"], other[:22]}
    assert listed["tag"] and fetch("/sessions", headers={"If-None-Match": listed["tag"]})["status"] == 200
    named = fetch("/sessions/current", "PATCH", {"name": "Kitchen tablet"})
    assert named["status"] == 200 and json.loads(named["body"])["name"] == "Kitchen tablet"
    assert fetch(f"/sessions/{other[:22]}", "DELETE")["status"] == 204 and sessions.get("/app/", other).status == 401
    assert fetch("/logout", "POST")["status"] == 204
    assert fetch("/sessions/current")["status"] == 401


def test_a_page_of_no_listed_origin_learns_and_changes_nothing(application, fetch):
    """Though the browser has the user's cookie, and the page's server is the same."""
    sessions, pages, name = application
    assert fetch("/login", "POST", ALICE)["status"] == 200
    other = sessions.sign_in()
    rows = sessions.sql("SELECT session_id, name, ended_at FROM managed_session ORDER BY session_id")
    for path, method, data in (("/sessions", "GET", None), ("/sessions/current", "GET", None), ("/sessions/current", "PATCH", {"name": "x"}),
                               (f"/sessions/{other[:22]}", "DELETE", None), ("/sessions?scope=all", "DELETE", None), ("/login", "POST", ALICE),
                               ("/logout", "POST", None), ("/logout", "DELETE", None)):
        assert "refused" in fetch(path, method, data, page="other.example"), path
    assert sessions.sql("SELECT session_id, name, ended_at FROM managed_session ORDER BY session_id") == rows
    assert fetch("/sessions/current")["status"] == 200, "the listed one still may"
