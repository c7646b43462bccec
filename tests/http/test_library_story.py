# SPDX-License-Identifier: Apache-2.0
"""A user signs in on a library computer, leaves in a hurry, and is not sure to have signed out."""
import pytest


@pytest.mark.valgrind
def test_the_library_computer(server):
    library = server.browser(agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0")
    home = server.browser(agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
                                "(KHTML, like Gecko) Version/17.0 Safari/605.1.15")

    # In the library: the protected page redirects to the sign-in page, and sign-in leads back.
    assert library.go("/app/").status == 200 and library.url.startswith("/login?return=")
    page = library.submit({"username": "alice", "password": "wonderland"})
    assert page.text == "protected page\n" and library.url == "/app/"

    # At home: the list shows both, this one first and marked, and which is which.
    home.sign_in(remember="1")
    sessions = home.fetch("/sessions").json()["sessions"]
    assert [s["device"] for s in sessions] == ["Safari on macOS", "Firefox on Windows"]
    assert [s["current"] for s in sessions] == [True, False]

    # At home, the session in the library is ended.
    home.go("/sessions")
    assert home.submit(action="revoke", id=library.token[:22]).status == 200
    assert [s["device"] for s in home.fetch("/sessions").json()["sessions"]] == ["Safari on macOS"]

    # The next request from the library is signed out, and its browser forgets the cookie.
    assert library.go("/app/").status == 200 and library.url.startswith("/login?return=")
    assert library.token is None
    assert home.go("/app/").text == "protected page\n"
