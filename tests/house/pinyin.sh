#!/usr/bin/env bash
# Compares the syllables that are spoken with an npm pinyin library's. usage: pinyin.sh [BUILD]
# Without a build that has tests/unit/speech/pinyin_of, the hard lists are left out and it says so.
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build}" 2>/dev/null && pwd)
tool=$build/tests/unit/speech/pinyin_of
cd "$here/pinyin" || exit 1
if ! cmp -s package-lock.json node_modules/.from-lock; then
	log=$(mktemp)
	if ! npm ci --no-audit --no-fund >"$log" 2>&1; then
		tail -n 20 "$log"
		rm -f "$log"
		echo "0 passed, 1 failed"
		exit 1
	fi
	rm -f "$log"
	cp package-lock.json node_modules/.from-lock
fi
if [ ! -x "$tool" ]; then
	echo "no $tool: our own derivation is not compared"
	tool=
fi
exec node compare.mjs $tool
