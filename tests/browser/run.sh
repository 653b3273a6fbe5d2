#!/usr/bin/env bash
# The console's own tests, then the console in Chromium:
#   tests/browser/run.sh [BUILD-DIR | BASE-URL NAME PASSWORD]
# A build directory (build-test unless given): the fake server, then the real program with calls
# going on. A URL is a real one. PICTURES=DIR makes the handbooks' pictures there.
root=$(dirname "$(readlink -f "$0")")/../..
out=$root/tests/out/browser
where=${1:-$root/build-test}
[[ $where == http* ]] || where=$(readlink -f "$where")
passed=0 failed=0
mkdir -p "$out"

add() {
  local line=$1
  passed=$((passed + ${line%% passed*}))
  failed=$((failed + $(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")))
}
step() { # a command that passes or fails as a whole
  local name=$1
  shift
  if "$@" >"$out/$name.log" 2>&1; then echo "ok     $name"; add "1 passed, 0 failed"
  else echo "FAILED $name"; tail -n 20 "$out/$name.log"; add "0 passed, 1 failed"; fi
}
counted() { # one that closes with a count
  local name=$1 line
  shift
  "$@" 2>&1 | tee "$out/$name.log"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$out/$name.log" | tail -n 1)
  add "${line:-0 passed, 1 failed}"
}
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

step console-build "$root/deploy/console.sh"
[ "$failed" -eq 0 ] || finish
if [[ $where == http* ]]; then
  counted browser timeout 600 node "$root/tests/browser/browser.mjs" "${where%/}" "$out" "$2" "$3"
  counted shapes node "$root/tests/browser/shapes.mjs" "${where%/}" "$2" "$3"
  finish
fi

cd "$root/console" || exit 1
step console-types npx --no-install tsc --noEmit
step console-lint npx --no-install eslint .
step console-format npx --no-install prettier --check .
step console-unit npx --no-install vitest run

# What is said is recognised by its sound.
prompts() { "$where/zongji" prompts "$root/tests/out/prompts"; }
ZONGJI_ROOT=$root step prompts prompts
ZONGJI_BUILD=$where counted real timeout 300 node "$root/tests/browser/real.mjs" "$out"
# a sanitized program shares its cores with three pages' sound
ZONGJI_BUILD=$where RELOAD_MS=6000 counted headset timeout 300 node "$root/tests/browser/headset.mjs" "$out"

"$root/tests/browser/fixture.py" >"$out/picture.json"
"$where/tests/unit/http/fake_server" 0 "$out/picture.json" "$root/console/dist" "$root/lang" \
  >"$out/port" 2>"$out/server.log" &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null' EXIT
for _ in $(seq 100); do [ -s "$out/port" ] && break; sleep 0.2; done
port=$(cat "$out/port")
[ -n "$port" ] || { cat "$out/server.log"; add "0 passed, 1 failed"; finish; }
counted shapes node "$root/tests/browser/shapes.mjs" "http://127.0.0.1:$port" manager sesame-manager
counted browser timeout 600 node "$root/tests/browser/browser.mjs" "http://127.0.0.1:$port" "$out"
counted pages timeout 600 node "$root/tests/browser/pages.mjs" "$out"
kill "$pid"
wait "$pid"
grep -q 'runtime error\|AddressSanitizer\|LeakSanitizer' "$out/server.log" && { cat "$out/server.log"; add "0 passed, 1 failed"; }
finish
