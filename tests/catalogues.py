#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keep src/pages/lang in step with the messages: --check lists what is missing; without it the files are brought up to date.

Messages stand in the pages as {{_ text}} or {{_n count|one|many}}, and in C as arguments of the functions below.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
LANG = ROOT / "src/pages/lang"
TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
IN_C = [
    rf"ms_page_message\(\s*r,\s*[\w ?:]+,\s*{TEXT},\s*{TEXT}\)", rf"ms_page_message\(\s*r,\s*[\w ?:]+,\s*{TEXT},",
    rf"ms_page_set_heading\(\s*r,\s*model,\s*{TEXT}\)", rf"MESSAGE\(\s*{TEXT}\)", rf"ms_language_text\(\s*language,\s*{TEXT}\)", rf"ms_messages_format\(\s*p,\s*language,\s*{TEXT},",
]
COUNTED = rf"counted\(\s*p,\s*language,\s*{TEXT},\s*{TEXT},"


def joined(literal: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal)).encode().decode("unicode_escape")


def messages() -> dict[str, str | None]:
    """Each message, with its plural if it has one."""
    found: dict[str, str | None] = {}
    for page in sorted((ROOT / "src/pages/html").glob("*.html")):
        for text in re.findall(r"\{\{_(.*?)\}\}", page.read_text()):
            text = text.strip()
            counted = re.fullmatch(r"n \w+\|(.*)\|(.*)", text)
            found[counted[1] if counted else text] = counted[2] if counted else None
    for source in sorted((ROOT / "src").rglob("*.c")):
        code = source.read_text()
        for pattern in IN_C:
            for match in re.finditer(pattern, code):
                found.update({joined(literal): None for literal in match.groups() if literal})
        for one, many in re.findall(COUNTED, code):
            found[joined(one)] = joined(many)
        table = re.search(r"months\[\] = \{(.*?)\}", code, re.S)
        found.update({month: None for month in re.findall(r'"(\w+)"', table[1])} if table else {})
    return found


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def template() -> str:
    lines = ['msgid ""', 'msgstr ""', '"Content-Type: text/plain; charset=UTF-8\\n"', ""]
    for one, many in messages().items():
        lines += [f"msgid {quoted(one)}"]
        lines += [f"msgid_plural {quoted(many)}", 'msgstr[0] ""', 'msgstr[1] ""', ""] if many else ['msgstr ""', ""]
    return "\n".join(lines)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\[(\w+)\]", text))


def problems(path: pathlib.Path) -> list[str]:
    wrong = []
    entries = path.read_text().split("\n\n")
    said: dict[str, list[str]] = {}
    for entry in entries:
        keys = {key: joined(value) for key, value in re.findall(rf'^(msgid(?:_plural)?|msgstr(?:\[\d\])?) {TEXT}', entry, re.M)}
        if keys.get("msgid"):
            said[keys["msgid"]] = [value for key, value in keys.items() if key.startswith("msgstr")]
        if "#, fuzzy" in entry:
            wrong.append(f"{path.name}: to be looked at again: {keys.get('msgid')!r}")
    for one, many in messages().items():
        forms = said.pop(one, None)
        if not forms or not all(forms):
            wrong.append(f"{path.name}: not translated: {one!r}")
        elif any(placeholders(form) - placeholders(many or one) for form in forms):
            wrong.append(f"{path.name}: a placeholder that is not there: {one!r}")
    return wrong + [f"{path.name}: not used any more: {message!r}" for message in said]


def update(path: pathlib.Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".pot") as pot:
        pot.write(template())
        pot.flush()
        subprocess.run(["msgmerge", "--quiet", "--update", "--backup=none", "--no-wrap", path, pot.name], check=True)
    subprocess.run(["msgattrib", "--no-obsolete", "--no-wrap", "-o", path, path], check=True)


def main() -> int:
    files = sorted(LANG.glob("*.po"))
    if "--list" in sys.argv:
        print(template())
        return 0
    if "--check" not in sys.argv:
        for path in files:
            update(path)
    wrong = [problem for path in files for problem in problems(path)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
