#!/usr/bin/env python3
"""Writes the migrations of sql/<engine>/NNN_name.sql as C, so that the program carries them."""
import os
import re
import sys


def literal(text):
    out = []
    for line in text.splitlines():
        out.append('\t"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"')
    return "\n".join(out)


def main():
    target, *files = sys.argv[1:]
    lists = {"sqlite": [], "postgres": []}
    for path in sorted(files):
        engine = os.path.basename(os.path.dirname(path))
        name = os.path.basename(path)
        number = int(re.match(r"(\d{3})_[a-z0-9_]+\.sql$", name).group(1))
        if number != len(lists[engine]) + 1:
            sys.exit(f"{path}: migration {len(lists[engine]) + 1} is expected here")
        with open(path, encoding="utf-8") as f:
            lists[engine].append((number, name, f.read()))
    with open(target, "w", encoding="utf-8") as f:
        f.write('#include "store/store.h"\n')
        for engine, items in lists.items():
            f.write(f"static const struct store_migration {engine}[] = {{\n")
            for number, name, text in items:
                f.write(f'\t{{{number}, "{name}",\n{literal(text)}}},\n')
            f.write("};\n")
        f.write(
            "const struct store_migration *store_migrations(enum store_engine engine,"
            " unsigned *count)\n{\n"
            "\tconst struct store_migration *list = engine == STORE_SQLITE ? sqlite : postgres;\n"
            "\t*count = engine == STORE_SQLITE ? sizeof(sqlite) / sizeof(sqlite[0])\n"
            "\t\t: sizeof(postgres) / sizeof(postgres[0]);\n"
            "\treturn list;\n}\n"
        )


main()
