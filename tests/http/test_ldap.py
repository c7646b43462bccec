# SPDX-License-Identifier: Apache-2.0
"""Sign-in against a directory, as docs/guides/single-sign-on.md has it: Debian's slapd, over TLS."""
import pathlib
import shutil
import socket
import subprocess

import pytest

import databases
import examples
import guides
import harness
import processes

SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/libexec:/usr/bin")
pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(
    not SLAPD or not pathlib.Path(harness.MODULES_DIR, "mod_authnz_ldap.so").exists(), reason="slapd or mod_authnz_ldap is not installed")]
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile @ROOT@/slapd.pid
TLSCertificateFile @ROOT@/site.pem
TLSCertificateKeyFile @ROOT@/site.pem
security simple_bind=128
database mdb
suffix "dc=example,dc=org"
directory @ROOT@
rootdn "cn=httpd,dc=example,dc=org"
rootpw change-me
"""
PEOPLE = """
dn: dc=example,dc=org
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=carol,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: carol
cn: Carol
sn: Example
userPassword: cheshire
"""
HOST = "ldap.example.org"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def directory():
    """Its port and its certificate. It takes no password without TLS."""
    root, port = processes.make_folder("ldap"), databases.free_port()
    examples.add_certificate(root / "site.pem")
    (root / "slapd.conf").write_text(CONFIGURATION.replace("@ROOT@", str(root)))
    subprocess.run([SLAPD, "-T", "add", "-f", root / "slapd.conf"], input=PEOPLE, text=True, check=True, capture_output=True)
    slapd = processes.start([SLAPD, "-d", "0", "-f", root / "slapd.conf", "-h", f"ldap://127.0.0.1:{port}"])
    harness.eventually(lambda: listens(port), "slapd listens")
    yield port, root / "site.pem.certificate"
    processes.end(slapd)
    processes.remove_folder(root)


@pytest.fixture(scope="module")
def site(directory):
    port, certificate = directory
    block = guides.after("single-sign-on.md", "## LDAP").replace(HOST, f"127.0.0.1:{port}")
    rest = guides.blocks("single-sign-on.md", "apache")[0]
    # It is signed by no authority that the system knows.
    with harness.Server(rest + block + f"LDAPTrustedGlobalCert CA_BASE64 {certificate}\n", modules="ldap authnz_ldap") as server:
        yield server


def test_the_directorys_password_signs_in(site):
    assert harness.get(site, "/app/", harness.sign_in(site, "carol", "cheshire")).text == harness.PAGE


def test_every_spelling_that_the_directory_finds_is_one_user(site):
    harness.sign_in(site, "CAROL", "cheshire")
    assert site.sql("SELECT DISTINCT user_name FROM managed_session") == [("carol",)]


@pytest.mark.parametrize("user, password", [("carol", "x"), ("carol", ""), ("nemo", "cheshire"), ("*", "cheshire"), ("carol)(uid=*", "cheshire")])
def test_nothing_else_does(site, user, password):
    answer = harness.post(site, "/login", {"username": user, "password": password})
    assert answer.status == 401 and answer.token() is None
