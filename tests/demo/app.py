# SPDX-License-Identifier: Apache-2.0
"""A small application without sessions of its own: it greets the user that X-Remote-User names,
and keeps notes for each user. Run as: app.py PORT"""
import html
import http.server
import sys
import urllib.parse

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Notes</title></head>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem">
<h1>Hello, {user}</h1>
<p><a href="/sessions">Where you are signed in</a></p>
<form method="post" action="/logout"><button>Sign out</button></form>
<h2>Your notes</h2>
<ul>{notes}</ul>
<form method="post"><label>A new note <input name="note" required></label> <button>Keep it</button></form>
</body></html>"""


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

    def do_GET(self):
        items = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes.get(self.user(), ()))
        self.answer(200, PAGE.format(user=html.escape(self.user()), notes=items))

    def do_POST(self):
        length = min(int(self.headers.get("Content-Length", 0)), 10_000)
        fields = urllib.parse.parse_qs(self.rfile.read(length).decode("utf-8", "replace"))
        self.notes.setdefault(self.user(), []).extend(fields.get("note", []))
        self.answer(303, Location="/app/")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Notes).serve_forever()
