# SPDX-License-Identifier: Apache-2.0
"""Other ways to protect a page by a session or a password, each as its manual has it or, where that differs much, at its best."""
from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import pathlib
import shutil
import sqlite3
import ssl
import subprocess
import time
import urllib.parse

import fill
import measure
from measure import FILE, SERVER_CORES, Server, Variant, databases, harness, on
from openid_provider import CLIENT, SECRET, OpenIdProvider

SESSIONS = 100


def has_module(name: str) -> bool:
    return pathlib.Path(harness.MODULES_DIR, f"mod_{name}.so").exists()


def cookies_of(answer: http.client.HTTPResponse) -> dict[str, str]:
    pairs = [cookie.split(";")[0].partition("=") for cookie in answer.headers.get_all("Set-Cookie", [])]
    return {name: value for name, _, value in pairs}


def with_cookies(cookies: dict[str, str], host: str = "app.test") -> bytes:
    return measure.get(f"/app/{FILE}", "Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()), host=host)


# ---- mod_auth_form ----------------------------------------------------------------------------------

FORM = """
<Location "/app">
    AuthType Form
    AuthName "app"
    AuthFormProvider file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
    Session On
    SessionMaxAge 86400
    @SESSION@
</Location>
<Location "/login">
    SetHandler form-login-handler
    AuthFormLoginSuccessLocation "/"
    AuthName "app"
    AuthFormProvider file
    AuthUserFile "@ROOT@/passwords"
    Session On
    SessionMaxAge 86400
    @SESSION@
</Location>
"""
SESSION_DBD = """
DBDPrepareSQL "delete from session where key = %s" deletesession
DBDPrepareSQL "update session set value = %s, expiry = %lld, key = %s where key = %s" updatesession
DBDPrepareSQL "insert into session (value, expiry, key) values (%s, %lld, %s)" insertsession
DBDPrepareSQL "select value from session where key = %s and (expiry = 0 or expiry > %lld)" selectsession
DBDPrepareSQL "delete from session where expiry != 0 and expiry < %lld" cleansession
"""
DEFAULT_NOTE = "as the manual has it: the password (bcrypt) is checked with each request"
BEST_NOTE = "SessionExpiryUpdateInterval 60, AuthFormSitePassphrase"
DBD_COOKIE = "SessionDBDCookieName session path=/"
ENCRYPTED_COOKIE = 'SessionCookieName session path=/\n    SessionCryptoPassphrase "correct horse battery staple"'
# The password is not checked again with each request, and a session is written once a minute.
BEST = '\n    SessionExpiryUpdateInterval 60\n    AuthFormSitePassphrase "correct horse"'


class SessionTable(databases.Sqlite):
    def create(self, path) -> str:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE session (key TEXT PRIMARY KEY, value TEXT, expiry BIGINT)")
            connection.execute("CREATE INDEX session_expiry ON session (expiry)")
        owner = path.parent.stat()
        shutil.chown(path, owner.st_uid, owner.st_gid)
        return str(path)


def form_cookies(server: Server) -> list[dict[str, str]]:
    found = []
    body = urllib.parse.urlencode({"httpd_username": "alice", "httpd_password": harness.PASSWORDS["alice"]})
    for _ in range(SESSIONS):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("POST", "/login", body, {"Content-Type": "application/x-www-form-urlencoded"})
            found.append(cookies_of(connection.getresponse()))
    return found


def form(stack, name: str, session: str, modules: str, before: str = "", note: str = "") -> list[Variant]:
    server = stack.enter_context(Server(before + FORM.replace("@SESSION@", session), load_module=False, database=SessionTable(),
                                        modules=f"request auth_form session {modules}"))
    return [Variant(name, server, [with_cookies(cookies) for cookies in form_cookies(server)], stranger=measure.get(), note=note)]


def form_dbd(stack, name):
    return form(stack, name, DBD_COOKIE, "session_dbd", SESSION_DBD, DEFAULT_NOTE + ", and the session written")


def form_dbd_best(stack, name):
    return form(stack, name, DBD_COOKIE + BEST, "session_dbd", SESSION_DBD, BEST_NOTE)


def form_crypto(stack, name):
    return form(stack, name, ENCRYPTED_COOKIE, "session_cookie session_crypto", note=DEFAULT_NOTE)


def form_crypto_best(stack, name):
    return form(stack, name, ENCRYPTED_COOKIE + BEST, "session_cookie session_crypto", note=BEST_NOTE)


# ---- mod_auth_basic ---------------------------------------------------------------------------------

BASIC = """
<Location "/app">
    AuthType Basic
    AuthName "app"
    AuthBasicProvider @PROVIDERS@
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
"""


def basic(stack, name: str, config: str, modules: str, note: str) -> list[Variant]:
    server = stack.enter_context(Server(config, modules=modules, load_module=False))
    words = base64.b64encode(f"alice:{harness.PASSWORDS['alice']}".encode()).decode()
    request = measure.get(f"/app/{FILE}", f"Authorization: Basic {words}")
    return [Variant(name, server, [request], stranger=measure.get(), note=note)]


def basic_bcrypt(stack, name):
    return basic(stack, name, BASIC.replace("@PROVIDERS@", "file"), "", "bcrypt of cost 5, htpasswd's default")


def basic_socache(stack, name):
    config = BASIC.replace("@PROVIDERS@", "socache file").replace("    Require", "    AuthnCacheProvideFor file\n    Require")
    return basic(stack, name, 'AuthnCacheEnable\nAuthnCacheSOCache "shmcb:@ROOT@/run/authn(512000)"\n' + config,
                 "authn_socache socache_shmcb", "mod_authn_socache keeps the hash, and bcrypt is computed all the same")


# ---- mod_auth_openidc -------------------------------------------------------------------------------

OPENID = """
OIDCProviderIssuer "@PROVIDER@"
OIDCProviderAuthorizationEndpoint "@PROVIDER@/authorize"
OIDCProviderTokenEndpoint "@PROVIDER@/token"
OIDCProviderJwksUri "@PROVIDER@/keys"
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCSSLValidateServer Off
OIDCClientID "@CLIENT@"
OIDCClientSecret "@SECRET@"
OIDCIDTokenSignedResponseAlg HS256
OIDCRedirectURI "http://127.0.0.1:@PORT@/app/callback"
OIDCCookiePath "/"
OIDCCryptoPassphrase "change-me-too"
OIDCScope "openid"
OIDCRemoteUserClaim "preferred_username"
OIDCSessionInactivityTimeout 3600
OIDCCacheType @CACHE@
<Location "/app">
    AuthType openid-connect
    Require valid-user
</Location>
"""


def certificate(folder: pathlib.Path) -> pathlib.Path:
    path = folder / "provider.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-keyout", path, "-out", folder / "provider.crt"], check=True, capture_output=True)
    with open(path, "ab") as file:
        file.write((folder / "provider.crt").read_bytes())
    return path


def follow(url: str, cookies: dict[str, str]) -> str | None:
    """One step of a sign-in: where to go next."""
    to = urllib.parse.urlsplit(url)
    if to.scheme == "https":
        connection = http.client.HTTPSConnection(to.hostname, to.port, timeout=20, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(to.hostname, to.port, timeout=20)
    headers = {"Accept": "text/html"}
    if to.scheme == "http":
        headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
    with contextlib.closing(connection):
        connection.request("GET", to.path + ("?" + to.query if to.query else ""), headers=headers)
        answer = connection.getresponse()
        if to.scheme == "http":
            cookies.update({k: v for k, v in cookies_of(answer).items() if v})
        return answer.headers.get("Location")


def openid_cookies(server: Server) -> dict[str, str]:
    cookies: dict[str, str] = {}
    start = url = f"http://127.0.0.1:{server.port}/app/{FILE}"
    for _ in range(4):
        url = follow(url, cookies)
        if url is None or url == start:
            break
    return {name: value for name, value in cookies.items() if "state" not in name}


def openid(stack, name: str, cache: str, note: str, others=()) -> list[Variant]:
    if not has_module("auth_openidc"):
        return []
    server = Server("", load_module=False, modules="auth_openidc socache_shmcb")
    provider = stack.enter_context(OpenIdProvider(certificate(server.root)))
    config = OPENID
    for mark, value in (("@CACHE@", cache), ("@PROVIDER@", provider.url), ("@CLIENT@", CLIENT), ("@SECRET@", SECRET)):
        config = config.replace(mark, value)
    path = server.root / "httpd.conf"
    path.write_text(path.read_text() + server.fill(config))
    stack.enter_context(server)
    requests = [with_cookies(openid_cookies(server), f"127.0.0.1:{server.port}") for _ in range(SESSIONS)]
    return [Variant(name, server, requests, others=list(others), stranger=measure.get(), note=note)]


def oidc_shm(stack, name):
    return openid(stack, name, "shm", "its default: sessions in shared memory")


class Memcached:
    def __init__(self):
        self.port = databases.free_port()

    def __enter__(self):
        self.process = subprocess.Popen([*on(SERVER_CORES), "memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(self.port)])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def oidc_memcache(stack, name):
    if not shutil.which("memcached"):
        return []
    memcached = stack.enter_context(Memcached())
    cache = f'memcache\nOIDCMemCacheServers "127.0.0.1:{memcached.port}"'
    return openid(stack, name, cache, "sessions in memcached", [lambda: [memcached.process.pid]])


# ---- mod_auth_tkt -----------------------------------------------------------------------------------

TKT = """
TKTAuthSecret "0123456789abcdef0123456789abcdef"
<Location "/app">
    AuthType Basic
    AuthName "app"
    TKTAuthLoginURL "http://127.0.0.1/login"
    TKTAuthIgnoreIP On
    TKTAuthTimeout 1d
    Require valid-user
</Location>
"""


def ticket(user: str, now: int) -> str:
    """As mod_auth_tkt's manual has it, with MD5, its default; the address is 0.0.0.0 by TKTAuthIgnoreIP."""
    secret = b"0123456789abcdef0123456789abcdef"
    text = bytes(4) + now.to_bytes(4, "big") + secret + user.encode() + b"\0" + b"\0"
    digest = hashlib.md5(hashlib.md5(text).hexdigest().encode() + secret).hexdigest()
    return f"{digest}{now:08x}{user}!"


def tkt(stack, name):
    if not has_module("auth_tkt"):
        return []
    server = stack.enter_context(Server(TKT, load_module=False, modules="auth_tkt"))
    requests = [measure.get(f"/app/{FILE}", f"Cookie: auth_tkt={ticket(f'user{i}', int(time.time()))}") for i in range(SESSIONS)]
    return [Variant(name, server, requests, stranger=measure.get(),
                    note="a signed ticket (MD5); nothing is stored, nothing can be ended")]


# ---- nginx ------------------------------------------------------------------------------------------

NGINX = """
daemon off;
worker_processes @WORKERS@;
pid @ROOT@/nginx.pid;
error_log @ROOT@/logs/nginx.log;
@USER@
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    default_type text/html;
    client_body_temp_path @ROOT@/run/body;
    proxy_temp_path @ROOT@/run/proxy;
    fastcgi_temp_path @ROOT@/run/fastcgi;
    uwsgi_temp_path @ROOT@/run/uwsgi;
    scgi_temp_path @ROOT@/run/scgi;
    upstream sessions {
        server 127.0.0.1:@SERVICE@;
        keepalive 64;
        keepalive_requests 1000000000;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root @ROOT@/htdocs;
        location /app/ { auth_request /check; }
        location = /check {
            internal;
            proxy_pass http://sessions/auth;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
    }
}
"""


CHECK = """
<Location "/auth">
    SetHandler managed-session-check
    ManagedSessionCheckPeers 127.0.0.1
    AuthType ManagedSession
    Require valid-user
</Location>
"""


class Nginx:
    """An nginx that serves the files of an httpd, and queries it for each request whether the user may have them."""

    def __init__(self, service: Server):
        self.service, self.port = service, databases.free_port()
        text = NGINX
        user = f"user {service.user} {service.user if service.user != 'nobody' else 'nogroup'};" if service.user else ""
        for mark, value in (("@ROOT@", service.root), ("@PORT@", self.port), ("@SERVICE@", service.port), ("@USER@", user),
                            ("@WORKERS@", len(SERVER_CORES))):
            text = text.replace(mark, str(value))
        self.config = service.write("nginx.conf", text)

    def __enter__(self):
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        self.process = subprocess.Popen([*on(SERVER_CORES), nginx, "-c", str(self.config), "-p", str(self.service.root)],
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                measure.ask(self.port, measure.get("/"))
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, (self.service.root / "logs/nginx.log").read_text()
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def nginx(stack, name):
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        return []
    service = Server(measure.PROTECTED + CHECK, database=fill.FilledSqlite(10_000))
    stack.enter_context(service)
    proxy = stack.enter_context(Nginx(service))
    requests = [measure.with_cookie(token) for token in fill.some_tokens(10_000, SESSIONS)]
    plain = [request.replace(b"/app/", b"/") for request in requests]
    return [Variant(f"{name}-unprotected", proxy, plain, note="nginx alone, the same file"),
            Variant(name, proxy, requests, others=[lambda: [service.process.pid]], stranger=measure.get(),
                    note="auth_request to managed-session-check in an httpd beside it, over kept connections")]


ALL = {"form-dbd": form_dbd, "form-dbd-best": form_dbd_best, "form-crypto": form_crypto, "form-crypto-best": form_crypto_best,
       "basic-bcrypt": basic_bcrypt, "basic-socache": basic_socache, "oidc-shm": oidc_shm, "oidc-memcache": oidc_memcache,
       "tkt": tkt, "nginx": nginx}
