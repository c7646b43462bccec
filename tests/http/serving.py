# SPDX-License-Identifier: Apache-2.0
"""Applications of the tests serve in a thread of this process, by socketserver. This is their end."""
import socketserver
import sys


def stop(server: socketserver.BaseServer) -> None:
    """A fixture that is left open, as one of a test that is repeated may be, is closed as late as Python itself ends. No thread runs
    any more by then, and the one that serves would be waited for without end."""
    if not sys.is_finalizing():
        server.shutdown()
    server.server_close()
