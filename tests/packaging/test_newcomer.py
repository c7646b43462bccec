# SPDX-License-Identifier: Apache-2.0
"""The first hour: README word by word in a fresh Debian that has gcc, make and git, and the tests there and on the next release."""
import re
import textwrap

import pytest

import chroots

README = (chroots.ROOT / "README.md").read_text()
RELEASES = ["bookworm", "trixie"]


def block(heading: str, language: str) -> str:
    """The first code block of the language below the heading."""
    return re.search(rf"(?s)\n## {heading}\n.*?```{language}\n(.*?)```", README)[1]


def try_it(command: str) -> str:
    """A line of "Try it", which must be there."""
    assert re.search(rf"(?m)^{command}\b", block("Try it", "sh")), command
    return command


@pytest.fixture
def newcomer(request):
    """A fresh system with gcc, make and git, and a clone in /src."""
    if chroots.why_not():
        pytest.skip(chroots.why_not())
    with chroots.Chroot(getattr(request, "param", "bookworm")) as root:
        root.install("gcc", "libc6-dev", "make", "git", "ca-certificates")
        root.put_checkout()
        yield root


def test_the_demonstration_runs_on_a_fresh_system(newcomer):
    newcomer.run(f"""
        {try_it("make demo")} >/log 2>&1 || {{ tail -50 /log; exit 1; }}
        url=$(sed -n 's/^The demo is running: *//p' /log)
        /usr/bin/python3 -c "import urllib.request, sys; assert b'username' in urllib.request.urlopen(sys.argv[1] + 'login').read()" $url
        make demo-stop""", folder="/src")


def test_a_user_who_is_not_root_gets_the_command_that_installs_what_is_missing(newcomer):
    newcomer.run("useradd -m carol && chown -R carol /src && apt-get -qq update")
    refused = newcomer.run("make", user="carol", folder="/src", check=False)
    assert refused.returncode != 0
    command = re.search(r"(?m)^ *sudo (apt-get install .*)$", refused.stdout)[1]
    newcomer.run(command.replace("apt-get install", "apt-get install -y -qq", 1) + " >/dev/null")
    newcomer.run("make >/tmp/log 2>&1 || { tail -30 /tmp/log; exit 1; }; test -s build/mod_managed_session.so", user="carol", folder="/src")


@pytest.mark.parametrize("way", ["make deb", "make install"])
def test_the_site_of_the_readme_works_with_the_lines_of_the_readme(newcomer, way):
    """sudo, systemctl and the prompts of htpasswd and apt are replaced; nothing else."""
    newcomer.write("/etc/apache2/conf-available/app.conf", block("Use it", "apache"))
    if way == "make install":
        newcomer.install("apache2", "apache2-utils", "ssl-cert")
    lines = block("Use it", "sh")
    if way == "make install":
        assert "# or: sudo make install" in lines
        lines = re.sub(r"(?m)^make deb .*$", "sudo make install", lines)
    lines = lines.replace("apt install", "apt-get install -y -qq")
    lines = lines.replace("htpasswd -B -c /etc/apache2/htpasswd alice", "htpasswd -b -B -c /etc/apache2/htpasswd alice wonderland")
    first, rest = lines.split("\n", 1)
    shims = textwrap.dedent("""
        sudo() { "$@"; }
        systemctl() { apache2ctl "$1"; }
        """)
    newcomer.run(f"{shims}\n{{ {re.sub('#.*', '', first)}; }} >/log 2>&1 || {{ tail -40 /log; exit 1; }}", folder="/src")
    newcomer.install("curl", "python3")
    newcomer.run(f"""{shims}
        {rest}
        mkdir /shelf && echo "the shelf of alice" >/shelf/index.html
        python3 -m http.server -b 127.0.0.1 -d /shelf 3000 >/dev/null 2>&1 &
        for _ in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:3000/ && break; sleep 0.1; done
        for _ in $(seq 100); do curl -sk -o /dev/null https://localhost/ && break; sleep 0.1; done
        curl -sk -o /dev/null -H 'Accept: text/html' -w '%{{http_code}} %{{redirect_url}}\\n' https://localhost/app/ | grep '303 https://localhost/login'
        curl -sk -o /dev/null -c /jar -d username=alice -d password=wonderland https://localhost/login
        curl -sk -b /jar https://localhost/app/ | grep 'the shelf of alice'
        test "$(stat -c '%a %U' /var/lib/managed-session)" = '700 www-data'
        ! grep -E 'MS[0-9]{{4}}.*(error|cannot)' /var/log/apache2/error.log""", network=False)


@pytest.mark.parametrize("newcomer", RELEASES, indirect=True)
def test_it_builds_without_a_warning_and_passes_the_quick_tests(newcomer):
    newcomer.run(f"""
        apt-get -qq update
        make -j2 >/log 2>&1 || {{ tail -50 /log; exit 1; }}
        ! grep -i 'warning:' /log
        {try_it("make test").replace("make test", "make test-fast")} >/log 2>&1 || {{ tail -80 /log; exit 1; }}
        tail -1 /log""", folder="/src", timeout=3600)
