# SPDX-License-Identifier: Apache-2.0
"""The guides in docs/guides: their blocks of configuration and commands, unchanged."""
from __future__ import annotations

import pathlib
import re
import textwrap

FOLDER = pathlib.Path(__file__).parents[2] / "docs/guides"
NAMES = sorted(path.name for path in FOLDER.glob("*.md"))
BLOCK = re.compile(r"(?ms)^( *)(?:\d+\. )?```(\w+)\n(.*?)^ *```$")


def blocks(name: str, language: str) -> list[str]:
    return [textwrap.dedent(text) for _, of, text in BLOCK.findall((FOLDER / name).read_text()) if of == language]


def after(name: str, words: str, language: str = "apache") -> str:
    """The first block of configuration, or of another language, below these words."""
    text = (FOLDER / name).read_text()
    found = next(block for block in BLOCK.finditer(text, text.index("\n", text.index(words))) if block[2] == language)
    return textwrap.dedent(found[3])


def modules(name: str) -> set[str]:
    """What the guide enables."""
    return {module for line in re.findall(r"(?m)^ *(?:sudo )?a2enmod (.*)$", "\n".join(blocks(name, "sh"))) for module in line.split()}
