# SPDX-License-Identifier: Apache-2.0
"""make demo: a private httpd with the module, a user, an administrator and a small application behind it.

Everything is in a temporary folder and on loopback; nothing of the system's Apache is touched."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))
import harness  # noqa: E402  (the tests' way of starting a private httpd)
import processes  # noqa: E402

STATE = pathlib.Path(os.environ.get("MS_DEMO_STATE", HERE.parents[1] / "build/demo.json"))

CONFIG = """
LogLevel warn managed_session:info
ManagedSessionTitle "Demo"
# Over plain http some clients (curl, Safari) do not send Secure cookies back, not even to this machine.
ManagedSessionCookieSecure Off
ManagedSessionLoginLimit 5 1m
# The defaults, which the tests' configuration switches off: what is open ends soon after its session.
ManagedSessionCacheTTL 1s
ManagedSessionCacheLife 5m
ManagedSessionScript On
RedirectMatch "^/$" "/app/"
<Location "/app">
    ManagedSessionUserHeader X-Remote-User
    ProxyPass "http://127.0.0.1:@APP@" upgrade=websocket
</Location>
<Location "/admin/sessions">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "administration"
    Require user bob
</Location>
"""

# Sessions of alice from elsewhere: browser, address (of the blocks for documentation), place, and how many hours ago.
ELSEWHERE = (
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
     "203.0.113.24", "Lisbon, Portugal", 3),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "198.51.100.7", "City library", 26),
    ("Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
     "2001:db8:7::12", "Home", 50),
)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return True
    except OSError:
        return False


def state() -> dict | None:
    """What is running, or None."""
    if not STATE.exists():
        return None
    known = json.loads(STATE.read_text())
    return known if alive(known["httpd"]) else None


def prepare(server) -> None:
    """The sessions of alice that are there from the beginning."""
    for agent, address, place, hours in ELSEWHERE:
        answer = harness.post(server, "/login", {"username": "alice", "password": harness.PASSWORDS["alice"], "remember": "1"},
                              headers=[("User-Agent", agent)])
        server.sql("UPDATE managed_session SET created_ip = ?, last_ip = ?, label = ?, created_at = created_at - ?, "
                   "last_seen_at = last_seen_at - ? WHERE session_id = ?",
                   address, address, place, hours * 3600 + 600, hours * 3600, answer.token("managed_session")[:22])


def start() -> int:
    known = state()
    if known:
        print(f"The demo is running already: {known['url']}\nmake demo-stop ends it.")
        return 0
    stop_leftovers()
    port = harness.free_port()
    app = subprocess.Popen(["/usr/bin/python3", str(HERE / "app.py"), str(port), "demo"], start_new_session=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = harness.Server(harness.SITE + CONFIG.replace("@APP@", str(port)))
    try:
        server.start()
        prepare(server)
    except RuntimeError as error:
        app.kill()
        print(error, file=sys.stderr)
        return 1
    processes.let_go(server.process, server.root)
    url = f"http://127.0.0.1:{server.port}/"
    STATE.parent.mkdir(exist_ok=True)
    STATE.write_text(json.dumps({"httpd": server.process.pid, "app": app.pid, "root": str(server.root), "url": url}))
    passwords = harness.PASSWORDS
    print(f"""
The demo is running:  {url}
Sign in as:           alice (password {passwords["alice"]}), or bob (password {passwords["bob"]}), who is the administrator
Your sessions:        {url}sessions, where alice has three from elsewhere
All sessions:         {url}admin/sessions (bob)
An open WebSocket:    {url}app/live: open it, and end its session from another browser
The sign-in limit:    after five wrong passwords a minute the form says how long to wait
The table:            sqlite3 {server.db} 'SELECT session_id, user_name, created_ip, user_agent FROM managed_session'
Configuration, logs:  {server.root}
To stop:              make demo-stop
""")
    return 0


def stop_leftovers() -> None:
    if not STATE.exists():
        return
    known = json.loads(STATE.read_text())
    for name, sign in (("httpd", signal.SIGTERM), ("app", signal.SIGTERM)):
        if alive(known[name]):
            os.killpg(known[name], sign)
    end = time.monotonic() + 10
    while any(alive(known[name]) for name in ("httpd", "app")) and time.monotonic() < end:
        time.sleep(0.05)
    shutil.rmtree(known["root"], ignore_errors=True)
    STATE.unlink()


def stop() -> int:
    print("The demo has been stopped." if state() else "The demo is not running.")
    stop_leftovers()
    return 0


if __name__ == "__main__":
    sys.exit({"start": start, "stop": stop}[sys.argv[1]]())
