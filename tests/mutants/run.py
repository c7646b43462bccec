# SPDX-License-Identifier: Apache-2.0
"""Makes the module wrong in one small way after another (table.py), and runs the tests that must notice.

  run.py [--jobs 2] [--changed COMMIT] [--most N] [--figures FILE] [--check] [WORDS]

WORDS: only the mutants whose names have one of them; --changed: only those of files that differ from this commit; --most: that
many of them at most, other ones each day; --check: only whether the table fits the sources. Each job
has a copy of the tree and of its build. Fails if a mutant survives without a reason in the table, if one with a reason does
not, if the text that a mutant replaces does not stand in its file exactly once, and if a test fails without any mutant.
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading

from table import MUTANTS, Mutant

ROOT = pathlib.Path(__file__).parents[2]
NOTICED, SURVIVED, BROKEN = "noticed", "survived", "broken"
PYTEST_OK, PYTEST_FAILED = 0, 1
# Kinds of tests that are not pytest's: what make makes, of which source, and the arguments: seconds.
PROGRAMS = {"unit": ("build/unit/test_{}", "tests/unit/test_{}.c"), "stress": ("build/stress/{}", "tests/stress/{}.c", "20")}


class Tree:
    """A copy of the tree in which one job works."""

    def __init__(self, folder: str):
        self.root = pathlib.Path(folder)
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        for name in filter(None, files):
            if (ROOT / name).exists():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        if (ROOT / "build").exists():
            shutil.copytree(ROOT / "build", self.root / "build", symlinks=True, ignore=shutil.ignore_patterns("debian-apache2", "figures", "chroots", "asan", "tsan", "blind", "soak", "deb", "fuzz", "coverage", "screenshots", "bench", "manual", "demo"))
        self.sound: dict[str, bool] = {}  # whether these tests pass without any mutant

    def make(self, *targets: str) -> bool:
        compiler = "ccache cc" if shutil.which("ccache") else "cc"
        done = subprocess.run(["make", f"CC={compiler}", "WERROR=", *targets], cwd=self.root, capture_output=True, text=True,
                              env={**os.environ, "CCACHE_NOHASHDIR": "1"})
        self.said = done.stderr
        return done.returncode == 0

    def run(self, tests: str) -> int:
        """0: they pass, 1: they fail, else: there are none, or they cannot be run."""
        kind, name, *words = tests.split()
        if kind in PROGRAMS:
            target = PROGRAMS[kind][0].format(name)
            if not self.make(target):
                return 2
            return min(1, abs(subprocess.run([self.root / target, *PROGRAMS[kind][2:]], cwd=self.root, capture_output=True, timeout=300).returncode))
        selected = ["-k", " or ".join(words)] if words else []
        done = subprocess.run(["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-x", f"tests/http/test_{name}.py", *selected],
                              cwd=self.root, capture_output=True, text=True, timeout=900,
                              env={**os.environ, "MS_CACHE": "off" if kind == "uncached" else "on", "MS_MODULE": str(self.root / "build/mod_managed_session.so")})
        self.said = done.stdout
        return done.returncode

    def is_sound(self, tests: str) -> bool:
        if tests not in self.sound:
            # Twice: others may keep the machine busy.
            self.sound[tests] = self.make("build/mod_managed_session.so") and any(self.run(tests) == PYTEST_OK for _ in range(2))
        return self.sound[tests]


def change(tree: Tree, file: str, text: str) -> None:
    (tree.root / file).write_text(text)  # and make sees a file that is new


def try_one(tree: Tree, mutant: Mutant) -> tuple[str, str]:
    """What came of it, and which tests noticed it or what is wrong."""
    before = (tree.root / mutant.file).read_text() if (tree.root / mutant.file).exists() else ""
    if before.count(mutant.old) != 1:
        return BROKEN, f"its text stands {before.count(mutant.old)} times in {mutant.file}"
    for tests in mutant.tests:
        if not tree.is_sound(tests):
            return BROKEN, f'without it, "{tests}" does not pass:\n{tree.said[-600:]}'
    change(tree, mutant.file, before.replace(mutant.old, mutant.new))
    try:
        if not tree.make("build/mod_managed_session.so"):
            return BROKEN, "it does not compile:\n" + tree.said[-600:]
        for tests in mutant.tests:
            if tree.run(tests) == PYTEST_FAILED:
                return NOTICED, tests
        return SURVIVED, mutant.survives
    finally:
        change(tree, mutant.file, before)


def work(tree: Tree, todo: "queue.SimpleQueue[Mutant]", done: list[tuple[Mutant, str, str]]) -> None:
    while True:
        try:
            mutant = todo.get_nowait()
        except queue.Empty:
            return
        try:
            came, why = try_one(tree, mutant)
        except subprocess.TimeoutExpired:
            came, why = NOTICED, "in vain: the tests did not end"
        done.append((mutant, came, why))
        print(f"{came:8} {mutant.name}: {why or 'WITHOUT A REASON'}", flush=True)


def choose(options) -> list[Mutant]:
    chosen = [m for m in MUTANTS if not options.words or any(word in m.name for word in options.words)]
    if options.changed:
        files = subprocess.run(["git", "diff", "--name-only", options.changed], cwd=ROOT, capture_output=True, text=True)
        if files.returncode:
            print(f"there is no {options.changed} here to compare with: {files.stderr.strip()}")
        chosen = [m for m in chosen if m.file in files.stdout.split()]
    if options.most:
        today = datetime.date.today().toordinal()
        chosen = random.Random(today).sample(chosen, min(options.most, len(chosen)))
    return chosen


def misfits() -> list[str]:
    """Mutants whose text does not stand in its file exactly once, or whose tests are not there."""
    found = []
    for mutant in MUTANTS:
        file = ROOT / mutant.file
        times = file.read_text().count(mutant.old) if file.exists() else 0
        if times != 1:
            found.append(f"{mutant.name}: its text stands {times} times in {mutant.file}")
        for kind, name, *_ in map(str.split, mutant.tests):
            test = ROOT / (PROGRAMS[kind][1] if kind in PROGRAMS else "tests/http/test_{}.py").format(name)
            if not test.exists():
                found.append(f"{mutant.name}: there is no {test.relative_to(ROOT)}")
    return found


def run_all(mutants: list[Mutant], jobs: int) -> list[tuple[Mutant, str, str]]:
    todo: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    done: list[tuple[Mutant, str, str]] = []
    for mutant in mutants:
        todo.put(mutant)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        os.chmod(folder, 0o755)  # httpd's children are another user
        trees = [Tree(f"{folder}/{i}") for i in range(jobs)]
        workers = [threading.Thread(target=work, args=(tree, todo, done)) for tree in trees]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--changed", metavar="COMMIT")
    parser.add_argument("--most", type=int)
    parser.add_argument("--figures", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    if options.check:
        wrong = misfits()
        print("\n".join(wrong), end="\n" if wrong else "")
        return 1 if wrong else 0
    done = run_all(choose(options), options.jobs)
    count = collections.Counter(came for _, came, _ in done)
    wrong = [m.name for m, came, _ in done if came == BROKEN or (came == SURVIVED) != bool(m.survives)]
    print(f"mutants: {len(done)} tried, {count[NOTICED]} noticed, {count[SURVIVED]} survived, {count[BROKEN]} broken")
    if options.figures:
        options.figures.parent.mkdir(parents=True, exist_ok=True)
        options.figures.write_text(json.dumps({"tried": len(done), "noticed": count[NOTICED]}))
    for name in wrong:
        print(f"not as the table has it: {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
