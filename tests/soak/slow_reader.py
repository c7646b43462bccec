# SPDX-License-Identifier: Apache-2.0
"""A program for ManagedSessionEventLog that writes what it reads to a file, and does not read while another file is there.

  slow_reader.py EVENTS PAUSE
"""
import os
import sys
import time

with open(sys.argv[1], "ab", buffering=0) as events:
    while part := os.read(0, 65536):
        events.write(part)
        while os.path.exists(sys.argv[2]):
            time.sleep(0.05)
