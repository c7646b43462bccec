# SPDX-License-Identifier: Apache-2.0
"""A user whom another authentication module lets in at the sign-in page gets a session: by a password in the
browser's own window, a client certificate or an OpenID provider. And what scripts of other origins get."""
from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import pathlib
import shutil
import sqlite3
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest

import backends
import examples
import guides
import harness
import serving
from harness import COOKIE, Answer, Backend, Server, check_answer, free_port, get, post, request, sign_in

pytestmark = pytest.mark.sqlite
NO_OIDC = "mod_auth_openidc is not installed (Debian package libapache2-mod-auth-openidc)"
NOT_LOGIN = ("/logout", "/sessions")  # what is turned away at /login is turned away by the other module
has_oidc = pathlib.Path(harness.MODULES_DIR, "mod_auth_openidc.so").exists()


def basic(user: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def of_the_guide(heading: str, places: dict[str, str], backend: Backend) -> str:
    """Both blocks of docs/guides/single-sign-on.md that make this site, with these places in place of others, and an application."""
    text = guides.blocks("single-sign-on.md", "apache")[0] + guides.after("single-sign-on.md", heading)
    for there, here in places.items():
        assert there in text, f"single-sign-on.md no longer says {there}"
        text = text.replace(there, here)
    return text + f"""
<Location "/app">
    ManagedSessionUserHeader X-Remote-User
    ProxyPass "http://127.0.0.1:{backend.port}/"
</Location>
"""


def methods(server: Server) -> list[tuple]:
    return server.sql("SELECT user_name, auth_method FROM managed_session ORDER BY created_at")


class Client:
    """A browser that goes to several places: keeps cookies by name and port, follows nothing by itself."""

    def __init__(self, server: Server | None = None, context: ssl.SSLContext | None = None):
        self.server, self.context = server, context
        self.jars: dict[int, dict[str, str]] = {}

    def go(self, url: str, method: str = "GET", headers: dict | None = None, body: bytes | None = None) -> Answer:
        to = urllib.parse.urlsplit(url)
        connection = (http.client.HTTPSConnection(to.hostname, to.port, timeout=harness.DEADLINE, context=self.context)
                      if to.scheme == "https" else http.client.HTTPConnection(to.hostname, to.port, timeout=harness.DEADLINE))
        jar = self.jars.setdefault(to.port, {})
        cookies = {"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())} if jar else {}
        target = to.path + (f"?{to.query}" if to.query else "")
        with contextlib.closing(connection):
            connection.request(method, target, body, {"Accept": "text/html", **cookies, **(headers or {})})
            answer = Answer(connection.getresponse())
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.split(";")[0].partition("=")
            jar.update({name: value}) if value else jar.pop(name, None)
        return answer

    def own(self, url: str, **more) -> Answer:
        """As go(), for responses of the server itself, with the checks that hold for all of them."""
        answer = self.go(url, **more)
        check_answer(self.server, urllib.parse.urlsplit(url).path, answer)
        return answer


# -- Basic ------------------------------------------------------------------------------------------

BASIC_FILE = """
ManagedSessionLoginURL "/login"
<Location "/login">
    SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName "app"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
<Location "/logout">
    SetHandler managed-session-logout
</Location>
<Location "/sessions">
    SetHandler managed-session-list
</Location>
<Location "/app">
    AuthType ManagedSession
    AuthName "app"
    Require valid-user
</Location>
<Location "/app/bob">
    Require user bob
</Location>
"""


@pytest.fixture(scope="module")
def by_file():
    with Server(BASIC_FILE, own_paths=NOT_LOGIN) as server:
        yield server


def with_users(server: Server, users: dict[str, str]) -> Server:
    """Their table in the sessions' database, which must be there before httpd starts."""
    with contextlib.closing(sqlite3.connect(server.db)) as db, db:
        db.execute("CREATE TABLE users (name VARCHAR(255) PRIMARY KEY, password VARCHAR(255))")
        for name, password in users.items():
            line = subprocess.run(["htpasswd", "-niB", "-C", "4", name], input=password, text=True, check=True, capture_output=True)
            db.execute("INSERT INTO users VALUES (?, ?)", (name, line.stdout.strip().partition(":")[2]))
    if server.user:
        shutil.chown(server.db, server.user)
    return server


@pytest.fixture(scope="module")
def by_dbd():
    """The example, and one connection in each child for password and session alike."""
    with Backend() as backend:
        server = examples.server("basic-dbd.conf", {"127.0.0.1:3000": f"127.0.0.1:{backend.port}"},
                                 extra="DBDMin 1\nDBDKeep 1\nDBDMax 1\n", own_paths=NOT_LOGIN)
        with with_users(server, {"alice": "wonderland", "bob": "builder"}):
            yield server


@pytest.fixture(params=["by_file", "by_dbd"])
def by_basic(request):
    return request.getfixturevalue(request.param)


def test_a_password_window_begins_a_session_that_needs_no_password(by_basic):
    asked = get(by_basic, "/login?return=/app/")
    assert asked.status == 401 and asked.headers["WWW-Authenticate"].startswith("Basic ") and not asked.cookies()
    answer = get(by_basic, "/login?return=/app/", headers=[basic("alice", "wonderland")])
    assert answer.status == 303 and answer.location == "/app/"
    assert get(by_basic, "/app/", answer.token()).status == 200
    assert get(by_basic, "/app/", headers=[basic("alice", "wonderland")]).status == 401
    listed = get(by_basic, "/sessions", answer.token(), [("Accept", "application/json")]).json()
    assert listed["user"] == "alice" and listed["sessions"][0]["method"] == "Basic"


@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("nobody", "wonderland"), ("", ""), ("alice' OR '1'='1", "x")])
def test_a_wrong_password_begins_nothing(by_basic, user, password):
    by_basic.expect("AH01617|AH01618|AH01663")
    before = by_basic.rows()
    answer = get(by_basic, "/login", headers=[basic(user, password)])
    assert answer.status == 401 and not answer.cookies() and by_basic.rows() == before


def test_many_sign_in_at_once_over_one_connection(by_dbd):
    """The provider keeps that connection until its request ends: the request must not wait for a second one."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: get(by_dbd, "/login", headers=[basic("bob", "builder")]), range(24)))
    assert [a.status for a in answers] == [303] * 24
    assert all(get(by_dbd, "/app/", a.token()).status == 200 for a in answers)


def test_signing_in_as_another_ends_the_session_of_that_browser(by_file):
    alice = get(by_file, "/login", headers=[basic("alice", "wonderland")]).token()
    bob = get(by_file, "/login", alice, [basic("bob", "builder")]).token()
    assert get(by_file, "/sessions", bob, [("Accept", "application/json")]).json()["user"] == "bob"
    assert get(by_file, "/app/", alice).status == 401


def test_a_session_is_not_swayed_by_a_password(by_file):
    """The user of the session is the user, also if the request carries other credentials."""
    by_file.expect("AH01630")
    token = get(by_file, "/login", headers=[basic("alice", "wonderland")]).token()
    assert get(by_file, "/sessions", token, [("Accept", "application/json"), basic("bob", "builder")]).json()["user"] == "alice"
    assert get(by_file, "/app/bob", token, [basic("bob", "builder")]).status == 403
    assert get(by_file, "/app/", headers=[basic("bob", "builder")]).status == 401


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}])
def test_an_image_or_a_frame_of_another_site_signs_no_user_in(by_file, headers):
    """The browser sends the password by itself."""
    before = by_file.rows()
    answer = get(by_file, "/login", headers=[basic("alice", "wonderland"), *headers.items()])
    assert answer.status == 403 and not answer.cookies() and by_file.rows() == before


def test_head_or_a_post_across_sites_signs_no_user_in(by_file):
    before = by_file.rows()
    assert request(by_file, "HEAD", "/login", [basic("alice", "wonderland")]).status == 204
    assert post(by_file, "/login", {}, None, [basic("alice", "wonderland"), ("Sec-Fetch-Site", "cross-site")]).status == 403
    assert by_file.rows() == before


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/%0d%0aX: y"])
def test_leads_nowhere_else(by_file, back):
    answer = get(by_file, "/login?return=" + urllib.parse.quote(back, ""), headers=[basic("alice", "wonderland")])
    assert answer.status == 303 and answer.location == "/"


def test_the_form_asks_the_same_table():
    """As in the example's comment."""
    text = examples.example("basic-dbd.conf", {"127.0.0.1:3000": "127.0.0.1:9"})
    login = text[text.index('<Location "/login">'):]
    form = login[:login.index("</Location>")]
    lines = [line for line in form.splitlines() if not line.strip().startswith(("Auth", "Require", "#")) or "AuthDBD" in line]
    text = text.replace(form, "\n".join([*lines, "    ManagedSessionAuthProvider dbd", ""]))
    base = harness.BASE.replace('DBDriver sqlite3\nDBDParams "@DB@"\n', "")
    server = Server(text, base=base, modules="authn_dbd", extra=harness.CROWD + "DBDMin 1\nDBDKeep 1\nDBDMax 1\n")
    with with_users(server, {"alice": "wonderland"}):
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            assert all(pool.map(lambda _: sign_in(server), range(12)))
        assert post(server, "/login", {"username": "alice", "password": "x"}).status == 401


# -- client certificates --------------------------------------------------------------------------------


class Authority:
    """A certificate authority that openssl keeps in a folder."""

    def __init__(self, folder: pathlib.Path, name: str):
        self.folder, self.name = folder, name
        folder.mkdir(exist_ok=True)
        self.openssl("req", "-x509", "-subj", f"/CN={name}", "-days", "2", *self.new_key(name), "-out", f"{name}.pem",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def openssl(self, *command: str) -> None:
        subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)

    @staticmethod
    def new_key(name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]

    def issue(self, name: str, subject: str, more: str = "", days: str = "2") -> tuple[pathlib.Path, pathlib.Path]:
        self.openssl("req", "-subj", subject, *self.new_key(name), "-out", f"{name}.csr")
        (self.folder / "more").write_text(f"basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n{more}")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                     "-CAcreateserial", "-days", days, "-extfile", "more", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


CERTIFICATE_PLACES = {"/etc/ssl/certs/www.example.org.pem": "@ROOT@/ca/site.pem",
                      "/etc/ssl/private/www.example.org.key": "@ROOT@/ca/site.key",
                      "/etc/ssl/certs/our-users-ca.pem": "@ROOT@/ca/users-ca.pem"}


class CertificateSite:
    """The example or the guide with a site's certificate and an authority of its own."""

    def __init__(self, stack: contextlib.ExitStack, source: str):
        self.tls = free_port()
        backend = stack.enter_context(Backend())
        places = {**CERTIFICATE_PLACES, "*:443": f"127.0.0.1:{self.tls}"}
        options = {"extra": f"Listen 127.0.0.1:{self.tls}\n", "own_paths": NOT_LOGIN}
        if source == "guide":
            self.server = Server(of_the_guide("## Client certificates", places, backend), modules="ssl", **options)
        else:
            places["127.0.0.1:3000"] = f"127.0.0.1:{backend.port}"
            self.server = examples.server("client-certificate.conf", places, **options)
        self.authority = Authority(self.server.root / "ca", "users-ca")
        self.authority.issue("site", "/CN=www.example.org", "subjectAltName=IP:127.0.0.1\n")
        stack.enter_context(self.server)

    def client(self, certificate=None, version=ssl.TLSVersion.TLSv1_3) -> Client:
        context = ssl.create_default_context(cafile=self.server.root / "ca/users-ca.pem")
        context.minimum_version = context.maximum_version = version
        if certificate:
            context.load_cert_chain(*certificate)
        return Client(self.server, context)

    def url(self, target: str) -> str:
        return f"https://127.0.0.1:{self.tls}{target}"

    def users(self) -> list[str]:
        return [u for u, _ in methods(self.server)]


@pytest.fixture(scope="module", params=["example", "guide"])
def certificates(request):
    with contextlib.ExitStack() as stack:
        yield CertificateSite(stack, request.param)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_begins_a_session_of_its_common_name(certificates, version):
    site = certificates
    browser = site.client(site.authority.issue("alice", "/O=Wonderland/CN=alice"), version)
    sent = browser.own(site.url("/app/x"))
    assert sent.status == 303 and sent.location == "/login?return=/app/x"
    answer = browser.own(site.url(sent.location))
    assert answer.status == 303 and answer.location == "/app/x" and answer.token()
    assert ["x-remote-user", "alice"] in browser.own(site.url("/app/x")).json()
    assert browser.own(site.url("/sessions"), headers={"Accept": "application/json"}).json()["user"] == "alice"


def test_without_a_certificate_no_user_signs_in(certificates):
    site = certificates
    site.server.expect("AH01629|AH01630|AH0166|AH02033|client denied")
    before = site.users()
    for pair in [(), basic("alice", "password"), basic("/CN=alice", "password"), basic("/O=Wonderland/CN=alice", "password")]:
        answer = site.client().own(site.url("/login"), headers=dict([pair] if pair else []))
        assert answer.status in (401, 403) and not answer.cookies(), pair
    assert site.users() == before


def test_a_certificate_counts_and_not_a_password_sent_beside_it(certificates):
    site = certificates
    browser = site.client(site.authority.issue("carol", "/CN=carol"))
    browser.own(site.url("/login"), headers=dict([basic("alice", "wonderland")]))
    assert site.users()[-1] == "carol"


def test_the_certificate_of_another_authority_signs_no_user_in(certificates, tmp_path):
    site = certificates
    before = site.users()
    stranger = site.client(Authority(tmp_path, "stranger").issue("alice", "/CN=alice"))
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        stranger.go(site.url("/login"))
    assert site.users() == before


def test_the_session_lasts_without_the_certificate_and_ends_with_a_click(certificates):
    site = certificates
    browser = site.client(site.authority.issue("dave", "/CN=dave"))
    browser.own(site.url("/login"))
    browser.context = site.client().context
    assert browser.own(site.url("/app/")).status == 200
    assert browser.own(site.url("/logout"), method="POST", headers={"Sec-Fetch-Site": "same-origin"}).status == 303
    assert browser.own(site.url("/app/")).status == 303


# -- OpenID Connect -------------------------------------------------------------------------------------


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider(http.server.ThreadingHTTPServer):
    """An OpenID provider whose only user is signed in already; it signs with RS256 by the openssl command."""

    daemon_threads = True

    def __init__(self, folder: pathlib.Path, user: str = "alice"):
        super().__init__(("127.0.0.1", 0), ProviderHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.key, self.user, self.nonces, self.forge = folder / "provider.key", user, {}, None
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True, capture_output=True, text=True)
        self.modulus = bytes.fromhex(modulus.stdout.strip().partition("=")[2])
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)

    def metadata(self) -> dict:
        return {"issuer": self.url, "authorization_endpoint": self.url + "/authorize", "token_endpoint": self.url + "/token",
                "jwks_uri": self.url + "/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"], "token_endpoint_auth_methods_supported": ["client_secret_basic"]}

    def keys(self) -> dict:
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "e": "AQAB", "n": b64url(self.modulus)}]}

    def id_token(self, nonce: str | None) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": "1", "aud": "example", "iat": now, "exp": now + 60, "preferred_username": self.user}
        claims |= {"nonce": nonce} if nonce else {}
        text = ".".join(b64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, claims))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True, capture_output=True)
        return text + "." + b64url(b"\0" * 256 if self.forge else signature.stdout)


class ProviderHandler(http.server.BaseHTTPRequestHandler):
    def answer(self, value: dict) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/authorize":
            asked = dict(urllib.parse.parse_qsl(url.query))
            code = b64url(str(len(self.server.nonces)).encode())
            self.server.nonces[code] = asked.get("nonce")
            self.send_response(302)
            self.send_header("Location", asked["redirect_uri"] + "?" + urllib.parse.urlencode({"code": code, "state": asked["state"]}))
            self.end_headers()
        else:
            self.answer(self.server.keys() if url.path == "/keys" else self.server.metadata())

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.answer({"access_token": "a", "token_type": "Bearer", "id_token": self.server.id_token(self.server.nonces.pop(form["code"]))})

    def log_message(self, *_):
        pass


def openid_server(source: str, provider: Provider, backend: Backend) -> Server:
    places = {"https://id.example.org": provider.url}
    if source == "guide":
        return Server(of_the_guide("## OpenID Connect", places, backend), modules="auth_openidc", own_paths=NOT_LOGIN)
    return examples.server("openid-connect.conf", {**places, "127.0.0.1:3000": f"127.0.0.1:{backend.port}"}, own_paths=NOT_LOGIN)


@pytest.fixture(scope="module", params=["example", "guide"])
def openid(request, tmp_path_factory):
    if not has_oidc:
        pytest.skip(NO_OIDC)
    with Provider(tmp_path_factory.mktemp("provider")) as provider, Backend() as backend:
        with openid_server(request.param, provider, backend) as server:
            yield server, provider


NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}


def walk(client: Client, url: str, until, headers=NAVIGATION) -> tuple[str, Answer]:
    """Follow redirects, at the provider too, as a browser does that has come from another site."""
    for _ in range(8):
        answer = client.go(url, headers=headers)
        if until(answer) or not answer.location:
            return url, answer
        url = urllib.parse.urljoin(url, answer.location)
    raise AssertionError(f"still redirected, to {url}")


def test_an_openid_provider_begins_a_session(openid):
    server, provider = openid
    client = Client(server)
    start = f"http://127.0.0.1:{server.port}/app/x?a=b&c=d"
    url, answer = walk(client, start, lambda a: a.token() is not None)
    assert url.startswith(f"http://127.0.0.1:{server.port}/login?return=")
    assert answer.status == 303 and answer.location == "/app/x?a=b&c=d"
    told = client.own(start).json()
    assert ["x-remote-user", "alice"] in told
    assert methods(server)[-1] == ("alice", "openid-connect")


def test_the_session_lives_when_the_providers_cookie_is_gone_and_ends_when_it_is_not(openid):
    server, _ = openid
    client, home = Client(server), f"http://127.0.0.1:{server.port}"
    walk(client, home + "/login", lambda a: a.token() is not None)
    theirs = {k: v for k, v in client.jars[server.port].items() if k != COOKIE}
    assert theirs  # mod_auth_openidc's own
    client.jars[server.port] = {COOKIE: client.jars[server.port][COOKIE]}
    assert client.own(home + "/app/").status == 200
    client.jars[server.port].update(theirs)
    assert client.own(home + "/logout", method="POST", headers={"Sec-Fetch-Site": "same-origin"}).status == 303
    assert client.own(home + "/app/").status == 303


@pytest.mark.parametrize("target", ["/login/callback?code=x&state=y", "/login/callback?error=access_denied", "/login/callback"])
def test_an_invented_response_of_the_provider_signs_no_user_in(openid, target):
    server, _ = openid
    server.expect("auth_openidc:error")
    before = server.rows()
    answer = Client(server).go(f"http://127.0.0.1:{server.port}{target}", headers=NAVIGATION)
    assert not answer.cookies() and answer.location is None and server.rows() == before


def test_a_forged_token_signs_no_user_in(openid):
    server, provider = openid
    server.expect("auth_openidc:error")
    before, provider.forge = server.rows(), True
    try:
        _, answer = walk(Client(server), f"http://127.0.0.1:{server.port}/login", lambda a: a.token() is not None)
    finally:
        provider.forge = None
    told = "OpenID Connect Provider error" in answer.text or answer.status == 400  # 2.4.12, 2.4.16
    assert not answer.cookies() and told and server.rows() == before


# -- scripts, of this origin and of others -------------------------------------------------------------------

ORIGIN = ("Origin", "https://app.example.org")


@pytest.fixture(scope="module")
def api():
    with backends.HttpApplication() as application:
        with examples.server("spa-api.conf", {"127.0.0.1:3000": f"127.0.0.1:{application.port}"}) as server:
            yield server, application


def test_a_preflight_is_answered_without_a_session_and_without_the_application(api):
    """It carries no cookie."""
    server, application = api
    before = len(application.requests)
    server.forget_statements()
    answer = request(server, "OPTIONS", "/api/things", [ORIGIN, ("Access-Control-Request-Method", "PUT"),
                                                        ("Access-Control-Request-Headers", "content-type"), ("X-Remote-User", "alice")])
    assert answer.status == 204 and answer.body == b"" and len(application.requests) == before
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"] and server.statements() == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_script_of_the_other_origin_with_the_cookie_reaches_the_application(api, method):
    server, application = api
    answer = request(server, method, "/api/things", [ORIGIN, ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors"),
                                                     ("Cookie", f"{COOKIE}={sign_in(server)}")], b"" if method != "GET" else None)
    assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert ("X-Remote-User", "alice") in application.requests[-1]


@pytest.mark.parametrize("how", [
    {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "same-origin"}, {"Sec-Fetch-Mode": "no-cors", "Accept": "text/html"},
    {"Accept": "application/json"}, {"Accept": "*/*"}, {}, {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_a_script_signed_out_gets_401_that_it_can_read_and_no_redirect(api, how, method):
    server, application = api
    before = len(application.requests)
    answer = request(server, method, "/api/things", [ORIGIN, *how.items()], b"{}" if method in ("POST", "PUT") else None)
    assert answer.status == 401 and answer.location is None and not answer.cookies()
    assert answer.headers["WWW-Authenticate"] == 'ManagedSession realm="api"'
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert len(application.requests) == before


def test_a_window_signs_in_and_is_led_back_to_the_application(api):
    server, _ = api
    browser = server.browser()
    browser.go("/login?return=/home")
    assert browser.submit({"username": "alice", "password": "wonderland"}, follow=False).location == "/home"
    answer = Client().go(f"http://127.0.0.1:{server.port}/home")
    assert answer.status == 302 and answer.location == "https://app.example.org/"


@pytest.mark.parametrize("target", ["/login", "/logout", "/sessions"])
@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_the_modules_own_pages_take_nothing_from_another_origin(api, target, site):
    server, _ = api
    token = sign_in(server)
    rows = server.rows()
    for headers in ([ORIGIN, ("Sec-Fetch-Site", site)], [ORIGIN]):
        answer = post(server, target, {"username": "bob", "password": "builder", "action": "revoke-all"}, token, headers)
        assert answer.status == 403 and not answer.cookies()
    assert server.rows() == rows and get(server, "/api/x", token).status == 200


@pytest.mark.parametrize("target", ["/login", "/logout", "/sessions"])
def test_the_modules_own_pages_answer_no_preflight(api, target):
    server, _ = api
    answer = request(server, "OPTIONS", target, [ORIGIN, ("Access-Control-Request-Method", "POST")])
    assert answer.status in (401, 405)
    assert not [h for h in answer.headers if h.lower().startswith("access-control-")]


PLAIN = """
<Location "/api">
    AuthType ManagedSession
    AuthName "api"
    Require valid-user
</Location>
<Location "/except">
    AuthType ManagedSession
    AuthName "api"
    <LimitExcept OPTIONS>
        Require valid-user
    </LimitExcept>
    ManagedSessionUserHeader X-Remote-User
</Location>
ProxyPass "/api" "http://127.0.0.1:@BACKEND@/api"
ProxyPass "/except" "http://127.0.0.1:@BACKEND@/except"
"""


@pytest.fixture(scope="module")
def plain():
    with backends.HttpApplication() as application:
        with Server(harness.SITE + PLAIN.replace("@BACKEND@", str(application.port))) as server:
            yield server, application


def test_a_preflight_is_turned_away_where_nothing_lets_it_through(plain):
    server, application = plain
    answer = request(server, "OPTIONS", "/api/x", [ORIGIN, ("Access-Control-Request-Method", "PUT")])
    assert answer.status == 401 and answer.location is None and application.requests == []


def test_a_preflight_let_through_to_the_application_has_no_user(plain):
    server, application = plain
    assert request(server, "OPTIONS", "/except/x", [ORIGIN, ("X-Remote-User", "alice"), ("X_Remote_User", "alice")]).status == 200
    assert not [n for n, _ in application.requests[-1] if "remote" in n.lower()]
    assert get(server, "/except/x").status == 401


def test_the_form_of_a_visitor_whose_session_ended_is_answered_401_and_not_sent_on(plain):
    """After a redirect it would arrive as a GET, without the text of the user."""
    server, application = plain
    before = len(application.requests)
    answer = post(server, "/api/x", {"text": "long " * 20000}, harness.random_token(), {**NAVIGATION, "Sec-Fetch-Site": "same-origin"})
    assert answer.status == 401 and answer.location is None and answer.headers["Connection"] == "close"
    assert answer.headers["WWW-Authenticate"] == 'ManagedSession realm="api"' and answer.clears()
    assert len(application.requests) == before


def test_what_the_application_says_of_other_origins_is_left_as_it_is(plain):
    server, _ = plain
    token = sign_in(server)
    assert "Access-Control-Allow-Origin" not in get(server, "/api/x", token, [("Origin", "https://evil.example")]).headers
    answer = get(server, "/api/x?Access-Control-Allow-Origin=https://good.example", token, [("Origin", "https://evil.example")])
    assert answer.headers["Access-Control-Allow-Origin"] == "https://good.example"
