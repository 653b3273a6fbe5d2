#!/usr/bin/env python3
"""Holds lang/ and the code to each other: three languages with the same keys and placeholders, a text for every
prompt, step and clause, no text for people in the code, no key used that isn't there. Keys that nobody
seems to use are listed, not failed. Closes with `N passed, N failed`."""
import json
import os
import re

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LANGS = ("zh-CN", "zh-TW", "en")
# Sounds that are no text: nothing, a pause, what a caller said, an operator's own greeting.
NO_TEXT = {"none", "silence", "recording", "operator.greeting", "mailbox.words", "mailbox.sound"}
# file -> reason: files that may hold Chinese in literals. pinyin.def is data: which characters are read how.
CJK_ALLOWED = {
    "src/speech/prompts.c": "punctuation that is silence, not text",
}
# Keys that are put together at run time, by the words they begin with.
BUILT = ("prompt.", "step.", "clause.", "digit.", "figure.")
CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
KEY = re.compile(r"^[a-z]+(\.[A-Za-z0-9_]+)+$")

passed, failed = 0, []


def check(ok, text):
    global passed
    if ok:
        passed += 1
    else:
        failed.append(text)
    return ok


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def sources(top, *endings):
    for folder, dirs, names in os.walk(os.path.join(ROOT, top)):
        dirs[:] = [d for d in dirs if d not in ("node_modules", "dist")]
        for n in sorted(names):
            if n.endswith(endings):
                yield os.path.relpath(os.path.join(folder, n), ROOT)


def once(pairs):
    for k in {k for k, _ in pairs if [p for p, _ in pairs].count(k) > 1}:
        check(False, f"{k}: twice in one file")
    return dict(pairs)


def literals(text):
    """String literals with their line; comments are not looked at. Characters and template strings count."""
    token = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`(?:\\.|[^`\\])*`'
    for m in re.finditer(token, text, re.S):
        if not m.group(0).startswith("/"):
            yield text.count("\n", 0, m.start()) + 1, m.group(0)[1:-1]


def jsx_text(text):
    """What stands between tags in TSX, comments taken out."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    for m in re.finditer(r">([^<>{}]*)<", text):
        yield text.count("\n", 0, m.start()) + 1, m.group(1)


def languages():
    texts = {lang: json.loads(read(f"lang/{lang}.json"), object_pairs_hook=once) for lang in LANGS}
    for key in sorted(set().union(*texts.values())):
        have = [lang for lang in LANGS if key in texts[lang]]
        if not check(len(have) == len(LANGS), f"{key}: only in {', '.join(have)}"):
            continue
        slots = [sorted(set(re.findall(r"\{[a-z0-9_]+\}", texts[lang][key]))) for lang in LANGS]
        check(slots[0] == slots[1] == slots[2], f"{key}: placeholders differ: {slots}")
        check(all(texts[lang][key].strip() for lang in LANGS), f"{key}: empty")
        check(not CJK.search(re.sub(r"[“”’]", "", texts["en"][key])) or key.startswith(("console.lang", "api.lang")),
              f"{key}: Chinese in en.json")
    return texts


def vocabularies(keys):
    for path, macro, prefix in (("src/exchange/phrases.def", "PHRASE", "prompt."),
                                ("src/exchange/steps.def", "STEP", "step.")):
        names = re.findall(macro + r'\(\w+,\s*"([^"]+)"', read(path))
        check(names, f"{path}: nothing found in it")
        for n in names:
            if prefix == "prompt." and n in NO_TEXT:
                continue
            check(prefix + n in keys, f"{path}: {n} has no text {prefix}{n}")
        for k in keys:
            if k.startswith(prefix):
                check(k[len(prefix):] in names, f"lang/: {k} is no entry of {path}")
    clauses = set()
    for path in sources("src/exchange", ".c", ".h", ".def"):
        clauses |= {t for _, t in literals(read(path)) if re.fullmatch(r"A[1-8](\.\d+)*", t)}
    for c in sorted(clauses):
        check("clause." + c in keys, f"clause {c} has no text clause.{c}")


def code(keys):
    used, prefixes = set(), set()
    groups = {k.split(".")[0] for k in keys}
    for path in list(sources("src", ".c", ".h", ".def")) + list(sources("console/src", ".ts", ".tsx")):
        text = read(path)
        if not path.endswith("pinyin.def"):
            chinese = [(n, t) for n, t in literals(text) if CJK.search(t)]
            if path.endswith(".tsx"):
                chinese += [(n, t) for n, t in jsx_text(text) if CJK.search(t)]
            for n, t in chinese:
                check(path in CJK_ALLOWED, f"{path}:{n}: text in the code: {t.strip()}")
            check(True, path)
        for n, t in literals(text):
            if t in keys:
                used.add(t)
            elif t.endswith(".") and t[:-1].split(".")[0] in groups:
                prefixes.add(t)  # a key is put together from here
            m = re.match(r"([a-z_]+(?:\.[a-z_]+)*\.)(?:%|\$\{)", t)
            if m and m.group(1).split(".")[0] in groups:
                prefixes.add(m.group(1))
        call = r'\b(?:catalogue_(?:text|format|has)|t)\s*\((?:[^()"]*,)?\s*(["\'])([^"\'\n]+)\1'
        for m in re.finditer(call, text):
            if KEY.match(m.group(2)):
                line = text.count("\n", 0, m.start()) + 1
                check(m.group(2) in keys, f"{path}:{line}: no text {m.group(2)}")
    unused = [k for k in keys if k not in used and not k.startswith(BUILT) and not k.startswith(tuple(prefixes))]
    if unused:
        print(f"{len(unused)} keys that nobody seems to use: {', '.join(unused)}")


texts = languages()
vocabularies(texts["zh-CN"])
code(texts["zh-CN"])
for f in failed:
    print(f)
print(f"{passed} passed, {len(failed)} failed")
raise SystemExit(1 if failed else 0)
