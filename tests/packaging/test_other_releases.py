# SPDX-License-Identifier: Apache-2.0
"""The module compiles without a warning, its unit tests pass and httpd loads it, on an older Debian.

Debian 11 has APR 1.7.0 and APR-util 1.6.1, the oldest that the module takes, and a C library with threads apart.
"""
import pytest

import chroots


@pytest.mark.parametrize("release", ["bullseye"])
def test_it_compiles_and_httpd_loads_it(release):
    if chroots.why_not():
        pytest.skip(chroots.why_not())
    with chroots.Chroot(release) as root:
        root.put_checkout()
        root.install("gcc", "libc6-dev", "make", "git", "ca-certificates", "apache2", "libcmocka-dev", "libaprutil1-dbd-sqlite3")
        root.run("""
            make -j2 >/log 2>&1 || { tail -50 /log; exit 1; }
            ! grep -i 'warning:' /log
            make -j2 test-unit >/log 2>&1 || { tail -50 /log; exit 1; }
            make install >/log 2>&1 || { tail -50 /log; exit 1; }
            a2enmod -q managed_session proxy_http
            apache2ctl configtest 2>&1 | grep 'Syntax OK' || { apache2ctl configtest; exit 1; }
            apache2ctl -M | grep managed_session
            apache2 -V | grep -E 'version|APR'""", folder="/src")
