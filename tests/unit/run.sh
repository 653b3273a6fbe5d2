#!/usr/bin/env bash
# Runs every meson test of the suite "unit" and counts the tests inside each (cmocka).
build=$1
log=$(mktemp)
meson test -C "$build" --suite unit --no-rebuild --num-processes 2 --print-errorlogs >"$log" 2>&1
status=$?
grep -vE '^ *[0-9]+/[0-9]+ .* OK ' "$log" | tail -n 60
text=$build/meson-logs/testlog.txt
passed=$(grep -cE '^\[       OK \]' "$text")
failed=$(grep -cE '^\[  FAILED  \] [a-z_0-9]+$' "$text")
bad=$(grep -cE '^ *[0-9]+/[0-9]+ .* (FAIL|TIMEOUT|ERROR)' "$log")
[ "$failed" -ge "$bad" ] || failed=$bad
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
rm -f "$log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
