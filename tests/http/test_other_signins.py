# SPDX-License-Identifier: Apache-2.0
"""Sign-in by other modules, each as its example says: Basic with a database, client certificates, OpenID; and CORS."""
import base64
import http.client
import pathlib
import shutil
import ssl
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

import examples
from harness import COOKIE, DEADLINE, PASSWORDS, Answer, Backend, get, post, request, sign_in
from openid_provider import OpenIdProvider

pytestmark = pytest.mark.sqlite
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def skip_without(name: str) -> None:
    if examples.missing(name):
        pytest.skip("not installed: " + ", ".join(f"mod_{m}" for m in examples.missing(name)))


@pytest.fixture(scope="module")
def backend():
    with Backend() as running:
        yield running


def told(answer, name: str = "x-remote-user") -> list[str]:
    return [value for header, value in answer.json() if header == name]


# -- Basic, with passwords in the same database ----------------------------------------------------


@pytest.fixture(scope="module")
def with_passwords(backend):
    places = {"127.0.0.1:3000": f"127.0.0.1:{backend.port}"}
    server = examples.server("basic-dbd.conf", places, extra="DBDMin 1\nDBDKeep 1\nDBDMax 1\nMaxRequestWorkers 16\nMaxSpareThreads 16\n",
                             own_paths=("/logout", "/sessions"))  # the 401 of /login is mod_auth_basic's
    server.sql("CREATE TABLE users (name VARCHAR(255) PRIMARY KEY, password VARCHAR(255))")
    for line in (server.root / "passwords").read_text().split():
        server.sql("INSERT INTO users VALUES (?, ?)", *line.split(":", 1))
    if server.user:
        shutil.chown(server.db, server.user)
    with server:
        yield server


def test_whoever_passes_basic_at_the_sign_in_page_has_a_session(with_passwords):
    answer = get(with_passwords, "/app/x", headers=NAVIGATION)
    assert answer.status == 303 and answer.location == "/login?return=/app/x"
    assert get(with_passwords, answer.location).headers["WWW-Authenticate"] == 'Basic realm="app"'
    answer = get(with_passwords, answer.location, headers={**NAVIGATION, **basic("alice", "wonderland")})
    assert answer.status == 303 and answer.location == "/app/x"
    page = get(with_passwords, "/app/x", answer.token())
    assert told(page) == ["alice"] and told(page, "authorization") == []
    assert with_passwords.sql("SELECT auth_method FROM managed_session WHERE session_id = ?", answer.token()[:22]) == [("Basic",)]


def test_a_wrong_password_makes_none(with_passwords):
    with_passwords.expect("AH01617|AH01618")
    before = with_passwords.rows()
    for user, password in (("alice", "wrong"), ("nobody", "wonderland"), ("", "")):
        answer = get(with_passwords, "/login", headers=basic(user, password))
        assert answer.status == 401 and not answer.cookies()
    assert with_passwords.rows() == before


def test_a_password_alone_does_not_open_the_application(with_passwords):
    """T-56"""
    assert get(with_passwords, "/app/", headers=basic("bob", "builder")).status == 401
    page = get(with_passwords, "/app/", sign_in_by_basic(with_passwords, "alice"), basic("bob", "builder"))
    assert told(page) == ["alice"] and told(page, "authorization") == []


def sign_in_by_basic(server, user: str) -> str:
    return get(server, "/login", headers=basic(user, PASSWORDS[user])).token()


def test_one_connection_is_enough_for_many(with_passwords):
    """T-69: the provider keeps the connection for its request; ours is the same one."""
    with ThreadPoolExecutor(12) as visitors:
        tokens = list(visitors.map(lambda i: sign_in_by_basic(with_passwords, ("alice", "bob")[i % 2]), range(12), timeout=DEADLINE))
    assert all(tokens) and len(set(tokens)) == 12


def test_an_image_of_another_site_signs_nobody_in(with_passwords):
    """The browser sends the password by itself, so the page must have been gone to."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", **basic("alice", "wonderland")}
    answer = get(with_passwords, "/login", headers=headers)
    assert answer.status == 403 and not answer.cookies()


# -- client certificates ---------------------------------------------------------------------------


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: pathlib.Path, name: str):
        self.folder, self.name = folder, name
        self.certificate = folder / f"{name}.crt"
        self._openssl("req", "-x509", *self._new_key(name), "-subj", f"/CN={name}", "-days", "2", "-out", self.certificate)

    def _openssl(self, *arguments) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def _new_key(self, name: str) -> list:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.folder / f"{name}.key"]

    def issue(self, subject: str, name: str) -> pathlib.Path:
        """A certificate and its key in one file."""
        self._openssl("req", *self._new_key(name), "-subj", subject, "-out", self.folder / "request")
        self._openssl("x509", "-req", "-in", self.folder / "request", "-CA", self.certificate, "-CAkey",
                      self.folder / f"{self.name}.key", "-CAcreateserial", "-days", "2", "-out", self.folder / "answer")
        path = self.folder / f"{name}.pem"
        path.write_bytes((self.folder / "answer").read_bytes() + (self.folder / f"{name}.key").read_bytes())
        return path


@pytest.fixture(scope="module")
def with_certificates(backend, tmp_path_factory):
    skip_without("client-certificate.conf")
    folder = tmp_path_factory.mktemp("ca")
    ours, other = Authority(folder, "ours"), Authority(folder, "other")
    site = ours.issue("/CN=www.example.org", "site")
    places = {"/etc/ssl/certs/www.example.org.pem": str(site), "/etc/ssl/private/www.example.org.key": str(site),
              "/etc/ssl/certs/our-users-ca.pem": str(ours.certificate), "*:443": "*:@PORT@",
              "127.0.0.1:3000": f"127.0.0.1:{backend.port}"}
    with examples.server("client-certificate.conf", places) as server:
        server.alice, server.stranger = ours.issue("/O=Library/CN=alice", "alice"), other.issue("/CN=alice", "stranger")
        server.authority = ours.certificate
        yield server


def ask_securely(server, target: str, certificate=None, headers=None) -> Answer:
    context = ssl.create_default_context(cafile=server.authority)
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=DEADLINE, context=context)
    try:
        connection.request("GET", target, headers={"Host": "www.example.org", **(headers or {})})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def test_the_name_on_the_certificate_is_signed_in(with_certificates):
    answer = ask_securely(with_certificates, "/login?return=/app/", with_certificates.alice)
    assert answer.status == 303 and answer.location == "/app/"
    page = ask_securely(with_certificates, "/app/", headers={"Cookie": f"{COOKIE}={answer.token()}"})
    assert told(page) == ["alice"] and told(page, "authorization") == []


@pytest.mark.parametrize("claims", [{}, basic("alice", "password"), basic("/O=Library/CN=alice", "password"), basic("x", "y")])
def test_without_a_certificate_nobody_is_whatever_she_says(with_certificates, claims):
    with_certificates.expect("AH0")
    answer = ask_securely(with_certificates, "/login", headers=claims)
    assert answer.status in (401, 403) and not answer.cookies()
    assert ask_securely(with_certificates, "/app/", headers=claims).status in (401, 403)


def test_the_certificate_wins_over_what_its_owner_says(with_certificates):
    answer = ask_securely(with_certificates, "/login", with_certificates.alice, basic("bob", "password"))
    assert answer.status == 303
    assert told(ask_securely(with_certificates, "/app/", headers={"Cookie": f"{COOKIE}={answer.token()}"})) == ["alice"]


def test_a_certificate_of_another_authority_signs_nobody_in(with_certificates):
    with_certificates.expect("AH0")
    try:
        answer = ask_securely(with_certificates, "/login", with_certificates.stranger)
    except (ssl.SSLError, OSError):
        return  # turned away before any request
    assert answer.status in (401, 403) and not answer.cookies()


# -- OpenID ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def openid(backend, tmp_path_factory):
    skip_without("openid-connect.conf")
    certificate = Authority(tmp_path_factory.mktemp("provider"), "authority").issue("/CN=127.0.0.1", "provider")
    with OpenIdProvider(certificate) as provider:
        static = "\n".join([f'OIDCProviderIssuer "{provider.url}"', f'OIDCProviderAuthorizationEndpoint "{provider.url}/authorize"',
                            f'OIDCProviderTokenEndpoint "{provider.url}/token"', "OIDCProviderTokenEndpointAuth client_secret_basic",
                            f'OIDCProviderJwksUri "{provider.url}/keys"', "OIDCIDTokenSignedResponseAlg HS256",
                            "OIDCSSLValidateServer Off"])
        places = {'OIDCProviderMetadataURL "https://id.example.org/.well-known/openid-configuration"': static,
                  "127.0.0.1:3000": f"127.0.0.1:{backend.port}"}
        with examples.server("openid-connect.conf", places) as server:
            server.provider = provider
            yield server


UNCHECKED = ssl._create_unverified_context()


class Wanderer:
    """A browser that follows redirects between the site and the provider."""

    def __init__(self, server):
        self.server, self.jar = server, {}

    def go(self, url: str) -> Answer:
        for _ in range(10):
            parts = urllib.parse.urlsplit(url)
            here = not parts.netloc or parts.port == self.server.port
            connection = (http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=DEADLINE) if here else
                          http.client.HTTPSConnection("127.0.0.1", parts.port, timeout=DEADLINE, context=UNCHECKED))
            headers = {**NAVIGATION, "Accept": "text/html,*/*;q=0.8", "Host": f"127.0.0.1:{self.server.port}"}
            if here and self.jar:
                headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.jar.items())
            connection.request("GET", (parts.path or "/") + ("?" + parts.query if parts.query else ""), headers=headers)
            answer = Answer(connection.getresponse())
            connection.close()
            for cookie in answer.headers.get_all("Set-Cookie", []) if here else []:
                name, _, value = cookie.split(";")[0].partition("=")
                self.jar[name] = value
            if answer.status not in (302, 303):
                return answer
            url = answer.location
        raise AssertionError("redirects without end")


def test_whoever_the_provider_says_is_signed_in(openid):
    for user in ("alice", "bob"):
        openid.provider.user = user
        browser = Wanderer(openid)
        page = browser.go("/app/page?a=1")
        assert page.status == 200 and told(page) == [user]
        assert openid.sql("SELECT user_name, auth_method FROM managed_session WHERE session_id = ?",
                          browser.jar[COOKIE][:22]) == [(user, "openid-connect")]


def test_ended_here_it_is_ended(openid):
    browser = Wanderer(openid)
    browser.go("/app/")
    token = browser.jar[COOKIE]
    assert post(openid, "/logout", cookie=token).status == 303 and get(openid, "/app/", token).status == 401


def test_a_call_gets_401_and_no_redirect_to_the_provider(openid):
    answer = get(openid, "/app/", headers={"Sec-Fetch-Mode": "cors", "Accept": "application/json"})
    assert answer.status == 401 and answer.location is None


# -- single-page applications on another host ------------------------------------------------------

ORIGIN = {"Origin": "https://app.example.org"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type",
             "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture(scope="module")
def api(backend):
    with examples.server("spa-api.conf", {"127.0.0.1:3000": f"127.0.0.1:{backend.port}"}) as server:
        yield server


def test_a_preflight_is_answered_without_a_session(api):
    """T-58"""
    answer = request(api, "OPTIONS", "/api/things", PREFLIGHT)
    assert answer.status == 204 and answer.body == b"" and api.statements() == []
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_a_preflight_elsewhere_is_not_let_through(api):
    for target in ("/login", "/logout", "/sessions"):
        answer = request(api, "OPTIONS", target, PREFLIGHT)
        assert answer.status in (401, 405) and not any("access-control" in name.lower() for name in answer.headers)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_call_without_a_session_gets_401_that_the_application_may_read(api, method):
    answer = request(api, method, "/api/things", {**ORIGIN, "Sec-Fetch-Mode": "cors"}, b"{}" if method[0] == "P" else None)
    assert answer.status == 401 and answer.location is None
    assert answer.headers["WWW-Authenticate"] == 'ManagedSession realm="api"'
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"


def test_a_call_with_one_reaches_the_application(api):
    answer = get(api, "/api/things", sign_in(api), {**ORIGIN, "Sec-Fetch-Mode": "cors"})
    assert told(answer) == ["alice"] and answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert {"Origin", "Cookie"} <= {v.strip() for v in answer.headers["Vary"].split(",")}


def test_the_window_comes_back_to_the_application(api):
    answer = post(api, "/login", {"username": "alice", "password": "wonderland", "return": "/home"})
    assert answer.location == "/home"
    api.expects_5xx = True
