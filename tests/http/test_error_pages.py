# SPDX-License-Identifier: Apache-2.0
"""On an error page httpd keeps the user name that was only tried: it signs no user in and reaches no application."""
import base64

import pytest

from harness import SITE, Backend, Server, get

pytestmark = pytest.mark.sqlite
BASIC = 'AuthType Basic\n    AuthName "x"\n    AuthBasicProvider file\n    AuthUserFile "@ROOT@/passwords"\n'
CONFIG = SITE + f"""
<Location "/sso">
    SetHandler managed-session-login
    ManagedSessionSignIn On
    {BASIC}
    Require user bob
    ErrorDocument 401 "/sso/failed"
    ErrorDocument 403 "/sso/failed"
</Location>
ProxyPass "/be/" "http://127.0.0.1:@APP@/"
<Location "/be/">
    {BASIC}
    Require user bob
    ErrorDocument 401 "/be/failed"
    ErrorDocument 403 "/be/failed"
    ManagedSessionUserHeader X-User
</Location>
<Location "/anon/">
    AuthType Basic
    AuthName "x"
    AuthBasicProvider anon
    Anonymous "*"
    Anonymous_MustGiveEmail Off
    Anonymous_LogEmail Off
    Require valid-user
    ManagedSessionUserHeader X-User
</Location>
ProxyPass "/anon/" "http://127.0.0.1:@APP@/"
"""


@pytest.fixture(scope="module")
def site():
    with Backend() as application, Server(CONFIG.replace("@APP@", str(application.port)), modules="authn_anon") as server:
        yield server


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("user, password", [("bob", "wrong"), ("nobody", "x"), ("alice", "wonderland")])
def test_a_refused_user_is_not_signed_in_by_the_page_that_says_so(site, user, password):
    site.expect("AH016")
    answer = get(site, "/sso", headers=basic(user, password))
    assert not answer.cookies() and (not site.has_table() or site.rows() == 0)
    answer = get(site, "/sso", headers=basic("bob", "builder"))
    assert answer.status == 303 and answer.token()
    site.sql("DELETE FROM managed_session")


@pytest.mark.parametrize("user, password", [("bob", "wrong"), ("alice", "wonderland"),
                                            ("e\r\n\r\nDELETE /everything HTTP/1.0\r\n\r\n", "x")])
def test_nor_named_to_the_application_that_shows_it(site, user, password):
    site.expect("AH016")
    answer = get(site, "/be/", headers=basic(user, password))
    assert "x-user" not in dict(answer.json()) and "DELETE" not in str(dict(answer.json()).get("host"))
    assert dict(get(site, "/be/", headers=basic("bob", "builder")).json())["x-user"] == "bob"


@pytest.mark.parametrize("user", ["e\r\nX-Admin: 1", "a\nb", "a\x00b", " a", "a "])
def test_a_name_that_does_not_fit_a_header_is_not_passed_on(site, user):
    site.expect("AH0")
    answer = get(site, "/anon/", headers=basic(user, "x"))
    seen = dict(answer.json()) if answer.status == 200 else {}
    assert "x-admin" not in seen and seen.get("x-user") in (None, "a")
