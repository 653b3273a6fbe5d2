#!/usr/bin/env bash
# Fuzzes every parser of outside input: the kept corpus, then 6 s each (ZONGJI_TIER=full: 600 s, or
# FUZZ_SECONDS), two at a time. What is new in the corpus lasts as long as tests/out/fuzz; a crash is
# kept there. The argument of ./test, its build folder, isn't used: clang builds in one of our own.
# Last line: N passed, N failed, one a target.
cd "$(dirname "$(readlink -f "$0")")" || exit 1
root=$(readlink -f ../..)
build=${FUZZ_BUILD:-$root/build-fuzz}
out=$root/tests/out/fuzz
case ${ZONGJI_TIER:-usual} in full) seconds=600 ;; *) seconds=6 ;; esac
stage=120 # that the whole may take, unless more was asked for
mkdir -p "$out"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

names=()
for c in *.c; do
  names+=("${c%.c}")
done

give_up() {
  tail -n 40 "$1"
  echo "0 passed, ${#names[@]} failed"
  exit 1
}

if [ ! -f "$build/build.ninja" ]; then
  CC=clang meson setup "$build" "$root" -Dfuzz=true -Db_sanitize=address,undefined \
    -Db_lundef=false -Ddebug=false -Doptimization=1 \
    -Dc_args='-fsanitize=fuzzer-no-link -gline-tables-only' >"$out/setup.log" 2>&1 ||
    give_up "$out/setup.log"
fi
ninja -C "$build" -j2 "${names[@]/#/tests/fuzz/fuzz_}" >"$out/build.log" 2>&1 ||
  give_up "$out/build.log"

# A slow machine that has built for long gets less of the fuzzing: the kept corpus is always run.
left=$(((stage - SECONDS) * 2 / ${#names[@]}))
[ "$seconds" -eq 6 ] && [ "$left" -lt 6 ] && seconds=$((left > 2 ? left : 2))
seconds=${FUZZ_SECONDS:-$seconds}

fuzz() {
  local name=$1 args=(-timeout=5 -rss_limit_mb=1024 -artifact_prefix="$out/$1-")
  mkdir -p "$out/corpus-$name"
  [ -f "corpus/$name.dict" ] && args+=(-dict="corpus/$name.dict")
  rm -f "$out/$name.ok"
  "$build/tests/fuzz/fuzz_$name" "${args[@]}" -runs=1 "corpus/$name"/* >"$out/$name.log" 2>&1 &&
    "$build/tests/fuzz/fuzz_$name" "${args[@]}" -max_total_time="$seconds" -max_len=65536 \
      -print_final_stats=1 -verbosity=0 "$out/corpus-$name" "corpus/$name" \
      >>"$out/$name.log" 2>&1 && touch "$out/$name.ok"
}

passed=0 failed=0
running=0
for name in "${names[@]}"; do
  [ "$running" -eq 2 ] && { wait -n; running=1; }
  fuzz "$name" &
  running=$((running + 1))
done
wait
for name in "${names[@]}"; do
  if [ -f "$out/$name.ok" ]; then
    passed=$((passed + 1))
    echo "$name: $(awk '/number_of_executed_units/ { print $2 }' "$out/$name.log") inputs, no finding"
  else
    failed=$((failed + 1))
    echo "$name: FAILED, the input is $(ls -t "$out/$name-"* 2>/dev/null | head -n 1)"
    grep -aE 'ERROR|SUMMARY|runtime error|libFuzzer' "$out/$name.log" | head -n 10
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
