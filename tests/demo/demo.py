# SPDX-License-Identifier: Apache-2.0
"""make demo: a private httpd with the module, two users and a small application behind it.

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
ManagedSessionLandingURL "/app/"
RedirectMatch "^/$" "/app/"
<Location "/app">
    ManagedSessionUserHeader X-Remote-User
    ProxyPass "http://127.0.0.1:@APP@/"
</Location>
"""


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


def start() -> int:
    known = state()
    if known:
        print(f"The demo is running already: {known['url']}\nmake demo-stop ends it.")
        return 0
    stop_leftovers()
    port = harness.free_port()
    app = subprocess.Popen(["/usr/bin/python3", str(HERE / "app.py"), str(port)], start_new_session=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = harness.Server(harness.SITE + CONFIG.replace("@APP@", str(port)))
    try:
        server.start()
    except RuntimeError as error:
        app.kill()
        print(error, file=sys.stderr)
        return 1
    processes.let_go(server.process, server.root)
    url = f"http://127.0.0.1:{server.port}/"
    STATE.parent.mkdir(exist_ok=True)
    STATE.write_text(json.dumps({"httpd": server.process.pid, "app": app.pid, "root": str(server.root), "url": url}))
    users = ", ".join(f"{name} (password {password})" for name, password in harness.PASSWORDS.items())
    print(f"""
The demo is running:  {url}
Users:                {users}
Your sessions:        {url}sessions
Try this:             sign in from two browsers; end one of them from the other's list
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
