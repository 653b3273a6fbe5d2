#!/usr/bin/env bash
# The console's own tests, then the console in Chromium:
#   tests/browser/run.sh [BUILD-DIR | BASE-URL NAME PASSWORD]
# A build directory (build-test unless given): pages against fake servers beside pages against the
# real program with calls going on. A URL is a real one. PICTURES=DIR makes the handbooks' pictures
# there. These tests are about moments and sound: a program in which one failed is run once more,
# alone, and what fails then has failed.
root=$(dirname "$(readlink -f "$0")")/../..
out=$root/tests/out/browser
where=${1:-$root/build-test}
[[ $where == http* ]] || where=$(readlink -f "$where")
passed=0 failed=0
mkdir -p "$out"
export ZONGJI_ROOT=$root

result() { grep -E '^[0-9]+ passed, [0-9]+ failed' "$out/$1.log" 2>/dev/null | tail -n 1; }
add() {
  local line=${1:-0 passed, 1 failed}
  passed=$((passed + ${line%% passed*}))
  failed=$((failed + $(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")))
}
# step NAME COMMAND…: passes or fails as a whole; counted: closes with a count.
step() {
  local name=$1
  shift
  if "$@" >"$out/$name.log" 2>&1; then echo "1 passed, 0 failed" >>"$out/$name.log"
  else echo "0 passed, 1 failed" >>"$out/$name.log"; fi
}
counted() {
  local name=$1
  shift
  "$@" >"$out/$name.log" 2>&1
}
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

real() { # NAME: against the real program; a sanitized one shares its cores with the pages' sound
  ZONGJI_BUILD=$where RELOAD_MS=6000 LOST_MS=8000 counted "$1" timeout 400 node "$root/tests/browser/$1.mjs" "$out"
}
page() { # NAME: a program that has a fake server of its own
  counted "$1" timeout 400 node "$root/tests/browser/$1.mjs" "$out"
}
fake() { # NAME [ARG…]: against the fake server in C
  local name=$1
  shift
  counted "$name" timeout 400 node "$root/tests/browser/$name.mjs" "http://127.0.0.1:$port" "$@"
}
one() {
  case $1 in
    console-types) step "$1" npx --no-install tsc --noEmit ;;
    console-lint) step "$1" npx --no-install eslint . ;;
    console-format) step "$1" npx --no-install prettier --check . ;;
    console-unit) step "$1" npx --no-install vitest run ;;
    shapes) fake shapes manager sesame-manager ;;
    browser) fake browser "$out" ;;
    pages | desk) page "$1" ;;
    *) real "$1" ;;
  esac
}

step console-build "$root/deploy/console.sh"
add "$(result console-build)"
[ "$failed" -eq 0 ] || { tail -n 20 "$out/console-build.log"; finish; }
if [[ $where == http* ]]; then
  for name in browser shapes; do
    args=("$2" "$3")
    [ "$name" = browser ] && args=("$out" "${args[@]}")
    counted "$name" timeout 600 node "$root/tests/browser/$name.mjs" "${where%/}" "${args[@]}"
    cat "$out/$name.log"
    add "$(result "$name")"
  done
  finish
fi

cd "$root/console" || exit 1
step prompts "$where/zongji" prompts "$root/tests/out/prompts" # what is said is recognised by its sound
add "$(result prompts)"
"$root/tests/browser/fixture.py" >"$out/picture.json"
"$where/tests/unit/http/fake_server" 0 "$out/picture.json" "$root/console/dist" "$root/lang" \
  >"$out/port" 2>"$out/server.log" &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null' EXIT
for _ in $(seq 100); do [ -s "$out/port" ] && break; sleep 0.2; done
port=$(cat "$out/port")
[ -n "$port" ] || { cat "$out/server.log"; add; finish; }

quiet=(console-types console-lint console-format console-unit pages records staff)
sounding=(real headset breaks)
[ "${ZONGJI_TIER:-}" = full ] && sounding+=(three shift)
lane() { for name in "$@"; do one "$name"; done; }
lane "${quiet[@]}" &
lanes=($!)
lane shapes desk &
lanes+=($!)
lane "${sounding[@]}" browser
wait "${lanes[@]}"
for name in "${quiet[@]}" shapes browser desk "${sounding[@]}"; do
  line=$(result "$name")
  if [[ $line != *" 0 failed" ]]; then
    grep -vE '^ok ' "$out/$name.log" | tail -n 30
    one "$name"
    line=$(result "$name")
    echo "$name, run once more, alone: ${line:-no result}"
    [[ $line == *" 0 failed" ]] || grep -vE '^ok ' "$out/$name.log" | tail -n 30
  fi
  echo "$name: ${line:-no result}"
  add "$line"
done
kill "$pid"
wait "$pid"
grep -q 'runtime error\|AddressSanitizer\|LeakSanitizer' "$out/server.log" && { cat "$out/server.log"; add; }
finish
