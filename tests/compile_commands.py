#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write compile_commands.json (https://clang.llvm.org/docs/JSONCompilationDatabase.html) for editors and clang's tools.

Reads what make would run, "make -n", from standard input; its last argument is the file to write. Nothing is compiled.
"""
import json
import pathlib
import shlex
import sys


def entries(lines, folder):
    for line in lines:
        words = shlex.split(line)
        for source in (w for w in words if w.endswith(".c")):
            if "-o" in words:
                yield {"directory": folder, "file": source, "output": words[words.index("-o") + 1], "arguments": words}


commands = [line for line in sys.stdin if " -o " in line and ".c" in line and line.split()[0].endswith(("cc", "clang"))]
found = list(entries(commands, str(pathlib.Path.cwd())))
pathlib.Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n")
print(f"{sys.argv[1]}: {len(found)} files")
