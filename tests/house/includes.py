#!/usr/bin/env python3
"""Holds the house to the include table of docs/ARCHITECTURE.md and to the sizes of the style guide.
Prints what is wrong and closes with `N passed, N failed`."""
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

MAY_INCLUDE = {
    "base": set(),
    "measures": {"base"},
    "exchange": {"base", "measures"},
    "sip": {"base"},
    "media": {"base"},
    "speech": {"base"},
    "store": {"base"},
    "records": {"base", "measures", "store"},
    "deliver": {"base"},
    "http": {"base"},
}
PURE = ("measures", "exchange")
PURE_HEADERS = {"stdbool.h", "stddef.h", "stdint.h", "string.h", "errno.h", "assert.h", "limits.h",
                "inttypes.h"}
FUNCTION_LINES, FILE_LINES, COLUMNS, COMPLEXITY = 70, 800, 100, 15
# file:function -> reason. Empty by default.
EXCEPTIONS = {}

passed, failed = 0, []


def check(ok, text):
    global passed
    if ok:
        passed += 1
    else:
        failed.append(text)


def sources(*endings):
    for top in ("src", "tests", "bench", "console/src"):
        for folder, dirs, names in os.walk(os.path.join(ROOT, top)):
            dirs[:] = [d for d in dirs if d not in ("node_modules", "dist", "out", "corpus")]
            for n in sorted(names):
                if n.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, n), ROOT)


def strip(text):
    """Comments and literals blanked, line structure kept."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def includes(path, text):
    room = path.split("/")[1]
    if room == "app":
        return
    for m in re.finditer(r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.M):
        kind, name = m.groups()
        if kind == '"':
            other = name.split("/")[0]
            ok = other == room or other in MAY_INCLUDE[room] or "/" not in name
            check(ok, f"{path}: {room} may not include {name}")
        elif room in PURE:
            check(name in PURE_HEADERS, f"{path}: a pure room may not include <{name}>")


def functions(text):
    """(name, first line, body) of each function; a body opens and closes in the first column."""
    lines = strip(text).split("\n")
    start = None
    for i, line in enumerate(lines):
        if line.startswith("{"):
            start = i
        elif line.startswith("}") and start is not None:
            head = start
            while head > 0 and lines[head - 1].strip() and not lines[head - 1].startswith(("}", "#")) \
                    and not lines[head - 1].rstrip().endswith(";"):
                head -= 1
            m = re.search(r"(\w+)\s*\(", " ".join(lines[head:start]))
            if m and line.rstrip() == "}":
                yield m.group(1), head + 1, lines[head:i + 1]
            start = None


def sizes(path, text):
    n = text.count("\n")
    check(n <= FILE_LINES, f"{path}: {n} lines, at most {FILE_LINES}")
    for i, line in enumerate(text.split("\n"), 1):
        width = len(line.expandtabs(8))
        if width > COLUMNS and path.endswith((".c", ".h")):
            check(False, f"{path}:{i}: {width} columns, at most {COLUMNS}")
    if not path.endswith(".c"):
        return
    for name, line, body in functions(text):
        key = f"{path}:{name}"
        if key in EXCEPTIONS:
            continue
        check(len(body) <= FUNCTION_LINES, f"{path}:{line}: {name} has {len(body)} lines, at most {FUNCTION_LINES}")
        joined = "\n".join(body)
        points = 1 + len(re.findall(r"\b(?:if|for|while|case)\b|&&|\|\||\?", joined))
        # a table-like switch counts as one decision
        cases = len(re.findall(r"\bcase\b", joined))
        points -= max(0, cases - len(re.findall(r"\bswitch\b", joined)))
        check(points <= COMPLEXITY, f"{path}:{line}: {name} has complexity {points}, at most {COMPLEXITY}")


for p in sources(".c", ".h", ".ts", ".tsx"):
    with open(os.path.join(ROOT, p), encoding="utf-8") as f:
        source = f.read()
    if p.startswith("src/") and p.endswith((".c", ".h")):
        includes(p, source)
    sizes(p, source)

for line in failed:
    print(line)
print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed else 0)
