#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Check the protocol of the look-up cache and the feed with spin: it must hold, and without any one of its parts it must fail."""
import pathlib
import re
import subprocess
import sys
import tempfile
import time

MODEL = pathlib.Path(__file__).with_name("lookup_cache.pml").resolve()
HERE, SLOT, FEED = (), ("SLOT",), ("FEED",)
RIGHT = {"ends through this host": HERE, "a slot in words": SLOT, "ends elsewhere, and the feed": FEED}
NAIVE = {
    "NOTHING_AFTER": (HERE, "counters are not raised after the statement"),
    "TICKET_FIRST": (HERE, "the ticket is compared before the generation is loaded"),
    "USER_FIRST": (HERE, "the user's counter is raised first"),
    "TWO_WRITERS": (SLOT, "a slot is taken from a writer that lives"),
    "READ_WITHOUT_STATE": (SLOT, "a slot is read without its state"),
    "PUBLISH_THE_END": (FEED, "a poll publishes when it ended"),
    "PUBLISH_FIRST": (FEED, "a poll publishes before it has raised the counters"),
    "NO_OVERLAP": (FEED, "the cursor goes on from the last clock, without an overlap"),
    "NO_AGE": (FEED, "an entry lives its life, however old the last poll is"),
    "NO_FORGETTING": (FEED, "the first poll keeps the entries of before"),
    "READ_AT_LATE": (FEED, "an entry's age counts from after the query"),
}


def explore(folder: str, switches: tuple[str, ...]) -> tuple[int, int]:
    """The number of errors (the search ends at the first), and of states."""
    subprocess.run(["spin", "-a", *(f"-D{s}" for s in switches), MODEL], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=6000", "-o", "pan", "pan.c"], cwd=folder, check=True)
    out = subprocess.run(["./pan", "-m1000000"], cwd=folder, check=True, capture_output=True, text=True).stdout
    found = re.search(r"errors: (\d+)\s+(\d\S*) states, stored", out)
    if not found or "Search not completed" in out and found[1] == "0" or "max search depth" in out:
        sys.exit(f"{' '.join(switches)}: the search did not end:\n{out}")
    return int(found[1]), int(float(found[2]))


def main() -> int:
    runs = [(words, switches, 0) for words, switches in RIGHT.items()]
    runs += [(words, (*switches, f"NAIVE_{name}"), 1) for name, (switches, words) in NAIVE.items()]
    wrong = 0
    for words, switches, expected in runs:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            errors, states = explore(folder, switches)
        wrong += errors != expected
        verdict = "as it must" if errors == expected else "WRONG"
        print(f"{words}: {'fails' if errors else 'holds'}, {verdict} ({states:,} states, {time.monotonic() - began:.1f} s)", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
