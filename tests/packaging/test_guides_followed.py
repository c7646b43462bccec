# SPDX-License-Identifier: Apache-2.0
"""docs/guides/debian.md and then uninstall.md, word by word, in a fresh Debian. sudo, systemctl and prompts are replaced; nothing else."""
import pathlib
import sys

import pytest

import chroots

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http"))
guides = pytest.importorskip("guides")

SHIMS = """
sudo() { "$@"; }
systemctl() { apache2ctl "$1"; sleep 1; }
apt() { apt-get -y -qq "$@" >/log 2>&1 || { tail -40 /log; exit 1; }; }
htpasswd() { command htpasswd -b "$@" wonderland; }
eventually() { for _ in $(seq 100); do if "$@"; then return 0; fi; sleep 0.1; done; "$@"; }
"""
VISIT = """
mkdir /shelf && echo "the shelf of alice" >/shelf/index.html
python3 -m http.server -b 127.0.0.1 -d /shelf 3000 >/dev/null 2>&1 &
eventually curl -s -o /dev/null http://127.0.0.1:3000/
eventually curl -sk -o /dev/null https://localhost/
sign_in() { curl -sk -o /dev/null -c /$1 -d username=alice -d password=wonderland https://localhost/login; }
sign_in first; sign_in second
curl -sk -b /first https://localhost/app/ | grep 'the shelf of alice'
test "$(curl -sk -b /first -H 'Accept: application/json' https://localhost/sessions | grep -o '"current":' | wc -l)" = 2
curl -sk -b /first -X DELETE -H 'Sec-Fetch-Site: same-origin' 'https://localhost/sessions?scope=others' | grep '"revoked": *1'
curl -sk -o /dev/null -b /second -w '%{http_code}' https://localhost/app/ | grep 401
curl -sk -o /dev/null -b /first -w '%{http_code}' https://localhost/app/ | grep 200
"""
CLOSED = """
eventually curl -sk -o /dev/null https://localhost/
curl -sk -o /dev/null -w '%{http_code}' https://localhost/app/ | grep 401
curl -sk -u alice:wonderland -w '%{http_code}' https://localhost/app/ | grep 404
! apache2ctl -M 2>/dev/null | grep managed_session
"""


def test_five_minutes_on_debian_and_away_again(chroot, package):
    for file in package.glob("*.deb"):
        if "dbgsym" not in file.name:
            chroot.put(file, f"/src/build/deb/{file.name}")
    install, prepare, start = guides.blocks("debian.md", "sh")[:3]
    search, other, away = guides.blocks("uninstall.md", "sh")[:3]
    assert install.startswith("make deb\n")
    chroot.run(SHIMS + "apt-get -qq update\n" + install.removeprefix("make deb\n") + prepare, folder="/src")
    chroot.install("curl", "python3")
    chroot.write("/etc/apache2/conf-available/app.conf", guides.blocks("debian.md", "apache")[0])
    chroot.run(SHIMS + start + VISIT + "apache2ctl stop; sleep 1", network=False)
    found = chroot.run(search).stdout
    assert found and all(line.startswith("/etc/apache2/conf-enabled/app.conf:") for line in found.splitlines())
    chroot.write("/etc/apache2/conf-available/app.conf", guides.after("uninstall.md", "with the same password file"))
    chroot.run(SHIMS + other + away + CLOSED + "apache2ctl stop; sleep 1", network=False)
    chroot.run("apt-get -y -qq purge libapache2-mod-managed-session >/dev/null 2>&1; apache2ctl configtest; ! ls -d /var/lib/managed-session")


@pytest.mark.parametrize("name", ["debian.md", "uninstall.md"])
def test_it_has_the_blocks_that_are_followed(name):
    assert len(guides.blocks(name, "sh")) == 3 and guides.blocks(name, "apache")
    assert chroots.ROOT == guides.FOLDER.parents[1]
