#!/usr/bin/env python3
"""Counts tests: prints "PASSED FAILED SKIPPED".

    count_tests.py meson FILE     Meson's testlog.json: GoogleTest and TAP outputs are counted inside, all else is one
    count_tests.py tap FILE       TAP of one program
    count_tests.py prove FILE     output of prove
    count_tests.py conformance FILE   closing lines of the conformance runner
"""

import json
import re
import sys


def tap(text):
    """Top-level test lines; a plan that does not fit what ran counts as a failure."""
    passed = failed = skipped = 0
    plan = None
    for line in text.splitlines():
        match = re.match(r"1\.\.(\d+)(.*)", line)
        if match:
            plan = int(match.group(1))
            if plan == 0 and "skip" in match.group(2).lower():
                return 0, 0, 1
        match = re.match(r"(not )?ok\b(.*)", line)
        if match:
            directive = re.search(r"#\s*(skip|todo)\b", match.group(2), re.I)
            if directive:
                skipped += 1
            elif match.group(1):
                failed += 1
            else:
                passed += 1
    if plan is None or plan != passed + failed + skipped:
        failed += 1
    return passed, failed, skipped


def gtest(text):
    """The closing lines of a GoogleTest program, or None."""
    if not re.search(r"^\[==========\] \d+ tests? from .* ran\.", text, re.M):
        return None

    def number(word):
        match = re.search(rf"^\[  {word} *\] (\d+) tests?", text, re.M)
        return int(match.group(1)) if match else 0

    return number("PASSED"), number("FAILED"), number("SKIPPED")


def meson(text):
    total = [0, 0, 0]
    for line in text.splitlines():
        if not line.strip():
            continue
        entry = json.loads(line)
        out = entry.get("stdout") or ""
        good = entry["result"] in ("OK", "EXPECTEDFAIL")
        if entry["result"] == "SKIP":
            counts = (0, 0, 1)
        elif re.search(r"^1\.\.\d+", out, re.M):
            counts = tap(out)
        else:
            counts = gtest(out) or ((1, 0, 0) if good else (0, 1, 0))
        if not good and entry["result"] != "SKIP" and counts[1] == 0:
            counts = (counts[0], 1, counts[2])  # it ended badly after its last test
        total = [a + b for a, b in zip(total, counts)]
    return total


def prove(text):
    """Prove's own summary counts files and tests; a file that ended badly without a failed test is one failure."""
    ran = sum(int(n) for n in re.findall(r"^Files=\d+, Tests=(\d+)", text, re.M))
    tests = files = 0
    # The summary has a line for each file that something is to be said about, and the details below it.
    for wait, count, details in re.findall(r"^\S.*\(Wstat: (\d+) .*Failed: (\d+)\)\n((?:  .*\n?)*)", text, re.M):
        tests += int(count)
        files += count == "0" and (wait != "0" or "Parse errors:" in details)
    if tests + files == 0 and not re.search(r"^Result: (PASS|NOTESTS)$", text, re.M):
        files = 1
    # With --timer a line begins with the time.
    skipped = len(re.findall(r"^(?:\[[\d:]+\] )?\S+ \.+.* skipped:", text, re.M))
    return max(ran - tests, 0), tests + files, skipped


def conformance(text):
    match = re.findall(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", text)
    return tuple(int(n or 0) for n in match[-1]) if match else (0, 1, 0)


def main():
    kind, path = sys.argv[1:3]
    with open(path, encoding="utf-8", errors="replace") as file:
        print(*{"meson": meson, "tap": tap, "prove": prove, "conformance": conformance}[kind](file.read()))


if __name__ == "__main__":
    main()
