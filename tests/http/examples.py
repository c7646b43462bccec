# SPDX-License-Identifier: Apache-2.0
"""The files of conf/examples as configurations of a test: unchanged, except for addresses and paths."""
import pathlib
import re
import subprocess

import databases
import harness
from harness import Server

FOLDER = pathlib.Path(__file__).parents[2] / "conf/examples"
USUAL = {"/var/lib/managed-session/sessions.db": "@DB@", "/etc/apache2/htpasswd": "@ROOT@/passwords"}
CERTIFICATES = {"/etc/ssl/certs/www.example.org.pem": "@ROOT@/site.pem", "/etc/ssl/private/www.example.org.key": "@ROOT@/site.pem",
                "/etc/ssl/certs/our-users-ca.pem": "@ROOT@/site.pem", "*:443": "*:@PORT@"}
README = (FOLDER.parents[1] / "README.md").read_text()
README_SITE = re.search(r"(?s)## Use it\n.*?```apache\n(.*?)```", README)[1]


def modules(name: str) -> list[str]:
    """The modules of the file's "Needs:" line, which must be enough for it."""
    return re.findall(r"mod_(\w+)", re.search(r"(?m)^# Needs:(.*)", (FOLDER / name).read_text())[1])


def missing(name: str) -> list[str]:
    return [m for m in modules(name)
            if f"mod_{m}.c" not in harness.BUILT_IN and not pathlib.Path(harness.MODULES_DIR, f"mod_{m}.so").exists()]


def example(name: str, places: dict[str, str] | None = None) -> str:
    """Its text with these places in place of others. A place that it does not name is a mistake of the test."""
    text = (FOLDER / name).read_text()
    usual = {there: here for there, here in USUAL.items() if there in text}
    for there, here in {**usual, **(places or {})}.items():
        assert there in text, f"{name} no longer says {there}"
        text = text.replace(there, here)
    return text


def server(name: str, places: dict[str, str] | None = None, more: str = "", mpm: str = "event", **options) -> Server:
    """A server with that file for its configuration."""
    wanted = [m for m in modules(name) if not (m == "cgi" and mpm != "prefork")]
    base = harness.BASE.replace("DBDriver sqlite3\n", "").replace('DBDParams "@DB@"\n', "")
    return Server(example(name, places) + more, base=base, modules=" ".join(wanted), mpm=mpm,
                  database=databases.Sqlite(), **options)


def add_certificate(path) -> None:
    """A key and its certificate, in one file."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=www.example.org", "-addext", "subjectAltName=DNS:www.example.org,IP:127.0.0.1", "-keyout", path,
                    "-out", f"{path}.certificate"], check=True, capture_output=True)
    with open(path, "a") as f, open(f"{path}.certificate") as certificate:
        f.write(certificate.read())
