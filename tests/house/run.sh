#!/usr/bin/env bash
# Every test of the house: each script closes with `N passed, N failed`, which are added up.
cd "$(dirname "$(readlink -f "$0")")" || exit 1
build=$1
passed=0 failed=0
for t in *.py *.sh; do
  [ "$t" = run.sh ] && continue
  case $t in *.py) out=$(/usr/bin/python3 "$t" "$build" 2>&1) ;; *) out=$(bash "$t" "$build" 2>&1) ;; esac
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' <<<"$out" | tail -n 1)
  if [ -z "$line" ]; then
    echo "$t: no result"; tail -n 20 <<<"$out"
    failed=$((failed + 1))
    continue
  fi
  echo "$t: $line"
  p=${line%% passed*} f=$(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")
  [ "$f" -eq 0 ] || tail -n 30 <<<"$out"
  passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
