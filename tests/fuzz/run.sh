#!/usr/bin/env bash
# Fuzzes every parser of outside input: the kept corpus, then 10 s each (ZONGJI_TIER=full: 600 s, or
# FUZZ_SECONDS). A crash is kept in tests/out/fuzz. Last line: N passed, N failed.
cd "$(dirname "$(readlink -f "$0")")" || exit 1
root=$(readlink -f ../..)
build=${FUZZ_BUILD:-$root/build-fuzz}
out=$root/tests/out/fuzz
case ${ZONGJI_TIER:-usual} in full) seconds=600 ;; *) seconds=10 ;; esac
seconds=${FUZZ_SECONDS:-$seconds}
mkdir -p "$out"

if [ ! -f "$build/build.ninja" ]; then
  CC=clang meson setup "$build" "$root" -Dfuzz=true -Db_sanitize=address,undefined \
    -Db_lundef=false -Doptimization=1 -Dc_args=-fsanitize=fuzzer-no-link >"$out/setup.log" 2>&1 ||
    { tail -n 20 "$out/setup.log"; echo "0 passed, 1 failed"; exit 1; }
fi
names=()
for c in *.c; do
  grep -q "^ *'${c%.c}':" meson.build && names+=("${c%.c}")
done
if ! ninja -C "$build" -j2 "${names[@]/#/tests/fuzz/fuzz_}" >"$out/build.log" 2>&1; then
  tail -n 40 "$out/build.log"
  echo "0 passed, ${#names[@]} failed"
  exit 1
fi

passed=0 failed=0
for name in "${names[@]}"; do
  fresh=$(mktemp -d)
  args=(-max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536
    -artifact_prefix="$out/$name-" -print_final_stats=1 -verbosity=0)
  [ -f "corpus/$name.dict" ] && args+=(-dict="corpus/$name.dict")
  if UBSAN_OPTIONS=halt_on_error=1 "$build/tests/fuzz/fuzz_$name" "${args[@]}" "$fresh" \
    "corpus/$name" >"$out/$name.log" 2>&1; then
    passed=$((passed + 1))
    echo "$name: $(awk '/number_of_executed_units/ { print $2 }' "$out/$name.log") inputs, no finding"
  else
    failed=$((failed + 1))
    echo "$name: FAILED, the input is $(ls -t "$out/$name-"* 2>/dev/null | head -n 1)"
    grep -E 'ERROR|SUMMARY|runtime error|libFuzzer' "$out/$name.log" | head -n 10
  fi
  rm -rf "$fresh"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
