# SPDX-License-Identifier: Apache-2.0
"""A small OpenID provider for tests: one client, no password; ?as= names the user (OpenID Connect Core 1.0, 3.1)."""
import base64
import hashlib
import hmac
import http.server
import json
import secrets
import ssl
import threading
import time
import urllib.parse

import serving

CLIENT, SECRET = "example", "change-me"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class OpenIdProvider(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate):
        """certificate: a file with a certificate for TLS and its key, which clients are not to check."""
        super().__init__(("127.0.0.1", 0), Pages)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        self.user = "alice"
        self.codes: dict[str, tuple[str, str | None]] = {}
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)

    def id_token(self, user: str, nonce: str | None) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": user, "aud": CLIENT, "iat": now, "exp": now + 300, "preferred_username": user}
        if nonce:
            claims["nonce"] = nonce
        head = {"alg": "HS256", "typ": "JWT"}
        text = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
        return text + "." + encoded(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest())


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/authorize":
            code = secrets.token_urlsafe(16)
            self.server.codes[code] = (self.server.user, query.get("nonce"))
            back = urllib.parse.urlencode({"code": code, "state": query["state"]})
            self._answer(302, b"", [("Location", f"{query['redirect_uri']}?{back}")])
        elif url.path == "/keys":
            self._answer(200, b'{"keys": []}')
        else:
            self._answer(404, b"{}")

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        user, nonce = self.server.codes.pop(form.get("code"), (None, None))
        if user is None or self.headers.get("Authorization") != f"Basic {basic}":
            self._answer(400, b'{"error": "invalid_grant"}')
            return
        self._answer(200, json.dumps({"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300,
                                      "id_token": self.server.id_token(user, nonce)}).encode())

    def _answer(self, status: int, body: bytes, headers=()) -> None:
        self.send_response(status)
        for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
