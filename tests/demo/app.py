# SPDX-License-Identifier: Apache-2.0
"""A small application without sessions of its own: it greets the user that X-Remote-User names,
keeps notes for each user, and has a page with an open WebSocket. Run as: app.py PORT,
or app.py PORT demo with links to what only make demo has."""
import base64
import hashlib
import html
import http.server
import sys
import time
import urllib.parse

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Notes</title></head>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem">
<h1>Hello, {user}</h1>
<p><a href="/sessions">Where you are signed in</a>{more}</p>
<form method="post" action="/logout"><button>Sign out</button></form>
<h2>Your notes</h2>
<ul>{notes}</ul>
<form method="post"><label>A new note <input name="note" required></label> <button>Keep it</button></form>
</body></html>"""


MORE = """ · <a href="/app/live">An open connection</a>
 · <a href="/admin/sessions">All sessions</a> (for the administrator)"""
LIVE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>An open connection</title></head>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem">
<h1>An open connection</h1>
<p>This page holds a WebSocket. End this session from another browser, or as the administrator: the connection is cut within a second.</p>
<p id="state" role="status">Connecting ...</p>
<p><a href="/sessions">Where you are signed in</a> · <a href="/app/">Your notes</a></p>
<script>
  const state = document.getElementById("state");
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/app/socket");
  socket.onmessage = message => { state.textContent = `Open: message ${message.data}`; };
  socket.onclose = () => { state.textContent = "The connection was cut. Reload the page to see whether the session has ended."; };
</script>
</body></html>"""
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Notes(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    notes: dict[str, list[str]] = {}

    def user(self) -> str:
        """UTF-8, as the web server sends it; http.server reads headers as Latin-1."""
        return self.headers.get("X-Remote-User", "stranger").encode("latin-1").decode("utf-8", "replace")

    def answer(self, status: int, body: str = "", **headers: str) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def serve_socket(self) -> None:
        """RFC 6455: the handshake, and a text message each second until the other side is gone."""
        key = base64.b64encode(hashlib.sha1(self.headers.get("Sec-WebSocket-Key", "").encode() + MAGIC).digest()).decode()
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + key.encode() + b"\r\n\r\n")
        self.close_connection = True
        try:
            for n in range(1, 86400):
                text = str(n).encode()
                self.wfile.write(bytes([0x81, len(text)]) + text)
                time.sleep(1)
        except OSError:
            pass

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self.serve_socket()
            return
        if self.path.rstrip("/").endswith("live"):
            self.answer(200, LIVE)
            return
        items = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes.get(self.user(), ()))
        self.answer(200, PAGE.format(user=html.escape(self.user()), notes=items, more=MORE if sys.argv[2:] else ""))

    def do_POST(self):
        length = min(int(self.headers.get("Content-Length", 0)), 10_000)
        fields = urllib.parse.parse_qs(self.rfile.read(length).decode("utf-8", "replace"))
        self.notes.setdefault(self.user(), []).extend(fields.get("note", []))
        self.answer(303, Location="/app/")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Notes).serve_forever()
