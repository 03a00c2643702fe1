#!/usr/bin/env python3
"""What the compiler cannot see: names, words, sizes, and that every room has its page and its tests."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["core", "state", "checkpoint", "operators", "connectors", "runtime", "control", "testing"]
ELSEWHERE = {"testing"}  # tested by every test that uses it
LINES_MAX = 500
CODE = (".hpp", ".cpp", ".proto", ".py", ".cmake")
VAGUE = re.compile(r"\b\w*(Utils?|Helpers?|Common|Manager)\b|\b\w*_(utils?|helpers?|common|manager)\b")
VAGUE_FILE = re.compile(r"(^|[/_])(utils?|helpers?|common|manager)([/_.]|$)", re.IGNORECASE)
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE = re.compile(r"(?<![\w.~}])/(home|Users|root|work|mnt)/\w")
problems = []


def complain(path, message, line=None):
    problems.append(f"{path}{'' if line is None else f':{line}'}: {message}")


def check_lines(path, lines):
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            complain(path, "unfinished work: do it, or write an issue", number)
        if MACHINE.search(line):
            complain(path, "a path of one machine", number)
        if line != line.rstrip():
            complain(path, "blanks at the end of the line", number)
        if "\t" in line and path.name != "Makefile":
            complain(path, "a tab", number)
        if path.suffix in (".hpp", ".cpp") and (vague := VAGUE.search(line.split("//")[0])):
            complain(path, f"{vague.group()} says nothing: what do these things have in common?", number)


def check_file(path):
    if VAGUE_FILE.search(str(path)):
        complain(path, "the name says nothing: what does the file hold?")
    try:
        lines = (ROOT / path).read_text(encoding="utf-8").split("\n")
    except (UnicodeDecodeError, FileNotFoundError):
        return  # binary test data, or deleted and not yet committed
    check_lines(path, lines)
    if path.suffix in CODE and len(lines) > LINES_MAX:
        complain(path, f"{len(lines)} lines, more than {LINES_MAX}: which decision could leave?")
    if path.suffix == ".hpp" and lines[0] != "#pragma once":
        complain(path, "the first line is not #pragma once", 1)
    if path.suffix == ".hpp" and "include" in path.parts and not any("///" in line for line in lines):
        complain(path, "a public header without a doc comment")


def main():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if name != "LICENSE" and not name.startswith("tests/golden/v") and not (ROOT / name).is_symlink():
            check_file(pathlib.Path(name))
    for room in ROOMS:
        if not (ROOT / room / "README.md").exists():
            complain(room, "no README.md")
        if room not in ELSEWHERE and not list((ROOT / "tests" / room).glob("*_test.cpp")):
            complain(room, f"no tests in tests/{room}")
        if (ROOT / room / "src" / "placeholder.cpp").exists():
            complain(room, "still has src/placeholder.cpp")
    print("\n".join(problems) or "tidy")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
