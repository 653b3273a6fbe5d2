#!/usr/bin/env bash
# No function of ours has the name of one that libre exports: the library would call ours. Named
# exceptions are what stands in for the library on purpose (docs/decisions/002, 010), and two
# functions of its log.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
build=${1:?build folder}
libre=$(ldd "$build/zongji" | awk '/libre\.so/ { print $3 }')
[ -n "$libre" ] || { echo "libre isn't linked"; echo "0 passed, 1 failed"; exit 1; }
theirs=$(nm -D --defined-only "$libre" | awk '$2 ~ /[TW]/ { sub(/@.*/, "", $3); print $3 }' | sort -u)
ours=$(nm --defined-only "$build/zongji" | awk '$2 == "T" { print $3 }' | sort -u)
both=$(comm -12 <(echo "$theirs") <(echo "$ours") | grep -vE '^(tmr_[a-z_]+|udp_listen|rand_u32|re_printf|re_fprintf|_init|_fini)$')
passed=$(wc -l <<<"$ours") failed=0
if [ -n "$both" ]; then
  echo "names that libre has too:"
  echo "$both"
  failed=$(wc -l <<<"$both")
fi
grep -q '^tmr_start$' <<<"$ours" || { echo "the timer heap isn't in the program"; failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
