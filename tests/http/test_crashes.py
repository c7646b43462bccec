# SPDX-License-Identifier: Apache-2.0
"""A child that crashes fails its test, with its stack; but for one crash that is httpd's own."""
import os
import signal

import pytest

import crashes
from harness import TOOL, Server, eventually

pytestmark = pytest.mark.sqlite

OF_HTTPD = """\
/tmp/crash-x/crash.so(+0x11cf)[0x7fe8a820a1cf]
/lib/x86_64-linux-gnu/libc.so.6(+0x3c050)[0x7fe8a7f51050]
/lib/x86_64-linux-gnu/libapr-1.so.0(apr_os_sock_get+0x0)[0x7fe8a811f180]
/usr/lib/apache2/modules/mod_mpm_event.so(+0x606c)[0x7fe8a7e4106c]
/usr/lib/apache2/modules/mod_mpm_event.so(+0x7507)[0x7fe8a7e42507]
/usr/sbin/apache2(ap_run_mpm+0x50)[0x56289d3af850]
/usr/sbin/apache2(main+0xab2)[0x56289d3a71c2]
"""
SOCKET = "/lib/x86_64-linux-gnu/libapr-1.so.0(apr_os_sock_get+0x0)[0x7fe8a811f180]\n"
CLOSED = """\
/lib/x86_64-linux-gnu/libapr-1.so.0(apr_pool_cleanup_kill+0x13)[0x7f06120e5663]
/lib/x86_64-linux-gnu/libapr-1.so.0(apr_pool_cleanup_run+0x11)[0x7f06120e5721]
"""
POOL = "/lib/x86_64-linux-gnu/libapr-1.so.0(apr_pool_destroy+0x10)[0x7fe8a811f180]\n"
OURS = "/build/mod_managed_session.so(+0x1234)[0x7fe8a7000234]\n"
MPM = "/usr/lib/apache2/modules/mod_mpm_event.so(+0x7507)[0x7fe8a7e42507]\n"

AT_ITS_START = """\
/tmp/crash-x/crash.so(+0x122c)[0x7f33eee7522c]
/lib/x86_64-linux-gnu/libc.so.6(+0x3c050)[0x7f33eebbb050]
/lib/x86_64-linux-gnu/libc.so.6(abort+0xd3)[0x7f33eeba5472]
/lib/x86_64-linux-gnu/libc.so.6(__libc_free+0x6f)[0x7f33eec18e8f]
/lib/x86_64-linux-gnu/libtasn1.so.6(+0xd0ae)[0x7f33ec1b50ae]
/lib/x86_64-linux-gnu/libgnutls.so.30(+0x6b500)[0x7f33ec43a500]
/lib64/ld-linux-x86-64.so.2(+0x112a)[0x7f33eee7e12a]
/lib/x86_64-linux-gnu/libc.so.6(+0x3e69a)[0x7f33eebbd69a]
/usr/lib/apache2/modules/mod_mpm_event.so(+0x5d00)[0x7f33eea0bd00]
/usr/lib/apache2/modules/mod_mpm_event.so(+0x5d2b)[0x7f33eea0bd2b]
/lib/x86_64-linux-gnu/libc.so.6(+0x3c050)[0x7f33eebbb050]
/lib/x86_64-linux-gnu/libc.so.6(+0x98154)[0x7f33eec17154]
/lib/x86_64-linux-gnu/libc.so.6(__libc_calloc+0x161)[0x7f33eec18b21]
/lib64/ld-linux-x86-64.so.2(+0x128b4)[0x7f33eee8f8b4]
/lib/x86_64-linux-gnu/libc.so.6(initgroups+0x7b)[0x7f33eec5463b]
/usr/sbin/apache2(+0x86088)[0x55e0f1d2f088]
/usr/sbin/apache2(ap_run_drop_privileges+0x4d)[0x55e0f1d2f9fd]
/usr/lib/apache2/modules/mod_mpm_event.so(+0x7631)[0x7f33eea0d631]
/usr/lib/apache2/modules/mod_mpm_event.so(+0x804f)[0x7f33eea0e04f]
/usr/sbin/apache2(ap_run_mpm+0x50)[0x55e0f1d00850]
/usr/sbin/apache2(main+0xab2)[0x55e0f1cf81c2]
"""
EXIT = "/usr/lib/apache2/modules/mod_mpm_event.so(+0x5d00)[0x7f33eea0bd00]\n"
FREED = "/lib/x86_64-linux-gnu/libtasn1.so.6(+0xd0ae)[0x7f33ec1b50ae]\n"
ALLOCATED = "/lib/x86_64-linux-gnu/libc.so.6(__libc_calloc+0x161)[0x7f33eec18b21]\n"


def crash(stack: str, number: int = signal.SIGSEGV, pid: int = 7) -> crashes.Crash:
    return crashes.Crash(pid, number, stack)


def test_only_the_freed_socket_of_a_worker_is_httpds_own():
    assert crash(OF_HTTPD).is_httpds_own()
    assert crash(OF_HTTPD.replace("mod_mpm_event", "mod_mpm_worker")).is_httpds_own()
    assert crash(OF_HTTPD.replace(SOCKET, CLOSED)).is_httpds_own()
    assert not crash(OF_HTTPD, signal.SIGABRT).is_httpds_own()


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
def test_so_is_the_end_of_a_child_that_has_not_yet_dropped_its_privileges(number):
    assert crash(AT_ITS_START, number).is_httpds_own()
    assert not crash(AT_ITS_START, signal.SIGFPE).is_httpds_own()
    for other in (AT_ITS_START.replace(FREED, OURS), AT_ITS_START.replace(ALLOCATED, OURS), AT_ITS_START.replace(EXIT, ""),
                  AT_ITS_START.replace("ap_run_drop_privileges", "ap_run_child_init"), AT_ITS_START.replace("mod_mpm_event", "mod_mpm_prefork")):
        assert not crash(other, number).is_httpds_own()


@pytest.mark.parametrize("other", [
    "", OURS, OF_HTTPD.replace(SOCKET, POOL), OF_HTTPD.replace(SOCKET, OURS + SOCKET), OF_HTTPD.replace(SOCKET, SOCKET + OURS),
    OF_HTTPD.replace(SOCKET, SOCKET + POOL), OF_HTTPD.replace(SOCKET, CLOSED + POOL), OF_HTTPD.replace(SOCKET, ""),
    OF_HTTPD.replace(MPM, MPM + OURS), OF_HTTPD.replace("ap_run_mpm", "ap_run_handler"),
    OF_HTTPD.replace("mod_mpm_event", "mod_proxy")])
def test_any_other_crash_is_not(other):
    assert not crash(other).is_httpds_own()


def test_each_crash_of_a_process_counts():
    line = "AH00052: child pid 7 exit signal Segmentation fault (11)"
    found = crashes.read(f"crash of 7 by signal 11\n{OURS}\ncrash of 8 by signal 6\n{POOL}\ncrash of 7 by signal 11\n{OF_HTTPD}\n")
    assert found == [crash(OURS), crash(POOL, signal.SIGABRT, 8), crash(OF_HTTPD)]
    assert not crashes.is_line_of_httpds_own(line, found)
    assert crashes.is_line_of_httpds_own(line, found[1:])
    assert not crashes.is_line_of_httpds_own(line, [])
    assert not crashes.is_line_of_httpds_own("another line", found)
    assert crashes.read(f"crash of 7 by signal 11\n{OF_HTTPD}crash of 7 by signal 6\n{OURS}\n") == [crash(OF_HTTPD), crash(OURS, signal.SIGABRT)]


@pytest.mark.skipif(bool(TOOL), reason="the tool writes the stack")
def test_a_crash_fails_the_test_and_names_its_stack():
    with Server(without="cgid") as server:
        child = server.children()[0]
        server.expect("AH00052")  # a crash is none of what a test can expect
        os.kill(child, signal.SIGSEGV)
        eventually(lambda: f"child pid {child} exit signal Segmentation fault" in server.error_log(), "httpd notices")
        with pytest.raises(AssertionError, match=r"crashed by signal 11: .*libc\.so.*\(ap_run_mpm\+"):
            server.check()
        server.check()  # it fails one test of those that share a server


@pytest.mark.skipif(bool(TOOL), reason="the tool writes the stack")
def test_a_crash_without_a_line_in_the_log_fails_the_test():
    """Of httpd's parent, or of a child that has none any more."""
    with pytest.raises(AssertionError, match=r"crashed by signal 11: .*libc\.so"), Server(without="cgid") as server:
        crashes.file(server.root).touch()
        os.kill(server.process.pid, signal.SIGSEGV)
        server.process.wait()
