#!/usr/bin/env bash
# The exchange explored, simulated, and with planted faults. Usage: tests/sim/run.sh BUILD
# ZONGJI_TIER=full simulates 10^7 calls instead of 10^6 and explores the desk further. Closes with `N passed, N failed`.
build=$1
bin=$build/tests/sim
passed=0 failed=0
slow=100000 fast=1000000 kept=100000
[ "${ZONGJI_TIER:-}" = full ] && slow=1000000 fast=10000000 kept=300000

# Adds up what a program closes with.
add() {
  local line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$1" | tail -n 1)
  if [ -z "$line" ]; then
    failed=$((failed + 1))
    echo "no result: it ended before its time"
    return
  fi
  passed=$((passed + ${line%% passed*}))
  failed=$((failed + $(sed -E 's/.*, ([0-9]+) failed/\1/' <<<"$line")))
}

simulate() {
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

out=$("$bin/explore" 2>&1)
grep -vE '^[0-9]+ passed' <<<"$out"
awk '/ states /{for (i = 2; i <= NF; i++) {if ($i == "states") s += $(i - 1)
  if ($i == "moves") m += $(i - 1)}; n++
  if (!/frontier empty/) b++} END {print "explored", n, "scenes,", s, "states,", m, "moves;", n - b, "emptied,", b + 0, "bounded"}' <<<"$out"
add "$out"
simulate "$bin/simulate" "$slow"
simulate "$bin/simulate_fast" "$fast"
out=$("$bin/sim_figures" "$kept" "${ZONGJI_SEED:-$RANDOM}" 2>&1)
grep -vE '^[0-9]+ passed' <<<"$out"
add "$out"
out=$("$bin/faults" 2>&1)
grep -vE '^[0-9]+ passed' <<<"$out"
add "$out"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
