#!/usr/bin/env bash
# Runs every meson test of the suite "unit" and counts the tests inside each (cmocka). A program that
# failed while the machine was busy is run once more, alone.
build=$1
log=$(mktemp)
run() { meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 4 "$@" >"$log" 2>&1; }
bad() { sed -nE 's/^ *[0-9]+\/[0-9]+ (.*[^ ]) +(FAIL|TIMEOUT|ERROR|INTERRUPT).*/\1/p' "$log" | sort -u; }
count() { grep -cE "$1" "$build/meson-logs/testlog.txt"; }

run --suite unit --num-processes 2
status=$?
passed=$(count '^\[       OK \]')
failed=0
if [ "$status" -ne 0 ]; then
  mapfile -t again < <(bad)
  tail -n 80 "$log"
  [ ${#again[@]} -gt 0 ] || failed=1
  for t in "${again[@]}"; do
    t=${t##* }
    if run "$t"; then
      echo "$t: run alone it passed"
      passed=$((passed + 1))
    else
      echo "$t: failed again"
      tail -n 60 "$log"
      n=$(count '^\[  FAILED  \] [a-z_0-9]+$')
      failed=$((failed + (n > 0 ? n / 2 + n % 2 : 1)))
    fi
  done
fi
rm -f "$log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
