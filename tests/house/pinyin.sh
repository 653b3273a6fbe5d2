#!/usr/bin/env bash
# Compares the syllables that are spoken with an npm pinyin library's. usage: pinyin.sh [BUILD]
# BUILD (default: build) must have tests/unit/speech/pinyin_of.
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
	echo "$tool is not built: nothing to compare with"
	echo "0 passed, 1 failed"
	exit 1
fi
exec node compare.mjs "$tool"
