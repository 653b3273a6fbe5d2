#!/usr/bin/env bash
# The API's description against the route table of the build in $1.
root=$(dirname "$(readlink -f "$0")")/../..
build=${1:-$root/build}
"$root/deploy/console.sh" || { echo "0 passed, 1 failed"; exit 1; }
routes=$(mktemp)
trap 'rm -f "$routes"' EXIT
"$build/tests/unit/http/fake_server" --routes >"$routes" || { echo "0 passed, 1 failed"; exit 1; }
node "$root/tests/house/openapi.mjs" "$routes"
