# SPDX-License-Identifier: Apache-2.0
"""What reaches an application in a request's headers: beside other modules, and on hosts that do not use the module."""
import base64

import pytest

import backends
from backends import HttpApplication, told
from harness import COOKIE, ORDERS, SITE, Server, free_port, get, random_token, request, sign_in

pytestmark = pytest.mark.sqlite


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# -- the administrator's credentials ---------------------------------------------------------------

ADMINS = basic("service", "of the administrator")
CLIENTS = [None, basic("admin", "guess"), basic("service", "guess"), 'Digest username="admin"', "Bearer token"]
CREDENTIALS = SITE + """
ProxyPass "/app" "http://127.0.0.1:@HTTP@/app"
ProxyPass "/optional" "http://127.0.0.1:@HTTP@/optional"
ProxyPass "/fallback" "http://127.0.0.1:@HTTP@/fallback"
ScriptAliasMatch "^/[a-z]+/cgi(/.*)?$" "@ROOT@/scripts/echo.cgi"
<Location "/optional">
    ManagedSession On
</Location>
<LocationMatch "/set$">
    RequestHeader set Authorization "@ADMINS@"
</LocationMatch>
<LocationMatch "/setifempty">
    RequestHeader setifempty Authorization "@ADMINS@"
</LocationMatch>
<LocationMatch "/fake">
    AuthBasicFake service "of the administrator"
</LocationMatch>
<Location "/">
    CGIPassAuth On
</Location>
<Location "/fallback">
    ManagedSession On
    AuthType Basic
    AuthName "fallback"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module", params=ORDERS)
def site(request):
    with HttpApplication() as application:
        config = CREDENTIALS.replace("@HTTP@", str(application.port)).replace("@ADMINS@", ADMINS)
        server = Server(config, neighbours="headers auth_basic", order=request.param)
        server.write("scripts/echo.cgi", backends.CGI_ECHO, 0o755)
        with server:
            server.token = sign_in(server)
            yield server


@pytest.mark.parametrize("client", CLIENTS, ids=str)
@pytest.mark.parametrize("way", ["set", "setifempty", "fake"])
@pytest.mark.parametrize("place", ["app", "optional", "app/cgi"])
def test_what_the_administrator_sets_reaches_the_application(site, place, way, client):
    headers = [("Authorization", client)] if client else []
    arrived = told(get(site, f"/{place}/{way}", site.token, headers), "HTTP_AUTHORIZATION")
    assert arrived == [client if way == "setifempty" and client == "Bearer token" else ADMINS]


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_what_the_administrator_sets_early_reaches_it_too(client):
    """For all locations, before the location of a request is known."""
    with HttpApplication() as application:
        config = SITE + f'ProxyPass "/app" "http://127.0.0.1:{application.port}/app"\nRequestHeader set Authorization "{ADMINS}" early\n'
        for order in ORDERS:
            with Server(config, neighbours="headers", order=order) as server:
                headers = [("Authorization", client)] if client else []
                assert told(get(server, "/app/x", sign_in(server), headers), "HTTP_AUTHORIZATION") == [ADMINS]


@pytest.mark.parametrize("place", ["app/x", "optional/x", "app/cgi"])
@pytest.mark.parametrize("client, passes", [(CLIENTS[1], False), (CLIENTS[3], False), ("Bearer token", True)])
def test_what_the_client_sends_does_not_reach_it_beside_a_session(site, place, client, passes):
    answer = get(site, f"/{place}", site.token, [("Authorization", client)])
    assert told(answer, "HTTP_AUTHORIZATION") == [client] * passes


def test_without_a_session_the_clients_credentials_are_the_applications_affair(site):
    assert told(get(site, "/optional/x", None, [("Authorization", CLIENTS[1])]), "HTTP_AUTHORIZATION") == [CLIENTS[1]]


def test_where_a_password_is_the_other_way_in_it_still_is(site):
    """AuthType Basic beside ManagedSession On: the application gets the credentials of who came in by them, and no others."""
    password = basic("bob", "builder")
    by_password = get(site, "/fallback", None, [("Authorization", password)])
    assert told(by_password, "HTTP_AUTHORIZATION") == [password]
    assert told(get(site, "/fallback", site.token, [("Authorization", password)]), "HTTP_AUTHORIZATION") == []
    site.expect("AH0161[78]")
    assert get(site, "/fallback", None, [("Authorization", basic("bob", "wrong"))]).status == 401
    assert get(site, "/fallback").status == 401


# -- all virtual hosts -----------------------------------------------------------------------------

HOSTS = """
Listen 127.0.0.1:@SECOND@
ProxyPass "/b/" "http://127.0.0.1:@HTTP@/"
<VirtualHost *:@PORT@>
    ServerName one.test
    ManagedSessionLoginLimit 0
    ProxyPass "/b/" "http://127.0.0.1:@HTTP@/"
    <Location "/login">
        SetHandler managed-session-login
        ManagedSessionAuthProvider file
        AuthUserFile "@ROOT@/passwords"
    </Location>
    <Location "/b">
        ManagedSession On
        ManagedSessionUserHeader X-Remote-User
    </Location>
    <Location "/b/shown">
        ManagedSessionHideCookie Off
    </Location>
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName two.test
    ManagedSessionCookieName session
    ManagedSessionCookieSecure Off
    ProxyPass "/b/" "http://127.0.0.1:@HTTP@/"
    <Location "/b">
        ManagedSession On
        ManagedSessionUserHeader X-Two
    </Location>
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName unused.test
    ProxyPass "/b/" "http://127.0.0.1:@HTTP@/"
</VirtualHost>
<VirtualHost *:@SECOND@>
    ServerName one.test
    ProxyPass "/b/" "http://127.0.0.1:@HTTP@/"
    DocumentRoot "@ROOT@/other"
    <Directory "@ROOT@/other">
        Require all granted
        AllowOverride All
        Options +ExecCGI
        AddHandler cgi-script .cgi
    </Directory>
</VirtualHost>
"""


@pytest.fixture(scope="module")
def hosts():
    second = free_port()
    with HttpApplication() as application:
        server = Server(HOSTS.replace("@HTTP@", str(application.port)).replace("@SECOND@", str(second)), own_paths=("/login",))
        server.write("other/weak/.htaccess", "ManagedSessionUserHeader none\n")
        server.write("other/weak/echo.cgi", backends.CGI_ECHO, 0o755)
        server.write("other/off/.htaccess", "ManagedSessionHideCookie Off\n")
        server.write("other/off/echo.cgi", backends.CGI_ECHO, 0o755)
        server.first, server.second, server.application = server.port, second, application
        with server:
            yield server


def ask(server, host: str, *headers, path="/b/x", second=False):
    server.port = server.second if second else server.first
    try:
        return request(server, "GET", path, [("Host", host), *headers])
    finally:
        server.port = server.first


EVERYWHERE = [("one.test", False), ("two.test", False), ("unused.test", False), ("main.test", False), ("one.test", True)]


@pytest.mark.parametrize("host, second", EVERYWHERE)
@pytest.mark.parametrize("spelling", ["X-Remote-User", "x_remote_user", "X.Remote.User", "X-Two", "_x_two_"])
def test_no_host_passes_a_user_header_of_any_host(hosts, host, second, spelling):
    assert "admin" not in ask(hosts, host, (spelling, "admin"), second=second).text


@pytest.mark.parametrize("host, second", EVERYWHERE)
@pytest.mark.parametrize("name", [COOKIE, "session"])
def test_no_host_passes_a_session_cookie_of_any_host(hosts, host, second, name):
    """Browsers send a cookie to all ports of a host."""
    token = random_token()
    arrived = told(ask(hosts, host, ("Cookie", f"a=1; {name}={token}; b=2"), second=second), "HTTP_COOKIE")
    assert arrived == ["a=1; b=2"]
    assert told(ask(hosts, host, ("Cookie", f"{name}={token}"), second=second), "HTTP_COOKIE") == []


@pytest.mark.parametrize("host, second", [e for e in EVERYWHERE if e[0] != "two.test"])
def test_a_cookie_of_that_name_with_another_value_is_the_applications_own(hosts, host, second):
    """Flask's and Starlette's cookie is called "session"."""
    own = "a=1; session=eyJfcGVybWFuZW50Ijp0cnVlfQ.ZzZz.abc-def; b=2"
    assert told(ask(hosts, host, ("Cookie", own), second=second), "HTTP_COOKIE") == [own]


def test_where_the_cookie_is_shown_it_is_this_hosts_alone(hosts):
    own, other = random_token(), random_token()
    arrived = told(ask(hosts, "one.test", ("Cookie", f"{COOKIE}={own}; session={other}"), path="/b/shown/x"), "HTTP_COOKIE")
    assert arrived == [f"{COOKIE}={own}"]


def test_no_htaccess_file_weakens_that(hosts):
    told_there = ask(hosts, "one.test", ("X-Remote-User", "admin"), ("Cookie", f"{COOKIE}={random_token()}"),
                     path="/weak/echo.cgi", second=True)
    assert told(told_there, "HTTP_X_REMOTE_USER") == [] == told(told_there, "HTTP_COOKIE")
    hosts.expect("ManagedSessionHideCookie Off is not allowed in .htaccess", status_5xx=True)
    assert ask(hosts, "one.test", path="/off/echo.cgi", second=True).status == 500


def test_other_headers_stay_in_their_order(hosts):
    sent = [("X-One", "1"), ("X_Remote_User", "admin"), ("X-Three", "3"), ("X-Three", "4"), ("X-Two", "admin"), ("X-Four", "5")]
    hosts.application.requests.clear()
    ask(hosts, "unused.test", *sent)
    arrived = [pair for pair in hosts.application.requests[-1] if pair[0] in dict(sent)]
    assert arrived == [("X-One", "1"), ("X-Three", "3, 4"), ("X-Four", "5")]
