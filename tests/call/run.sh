#!/usr/bin/env bash
# The call tests, on the build given: real SIP and RTP against the product.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
export ZONGJI_BUILD=${1:-$PWD/build} ZONGJI_ROOT=$PWD
zongji=$ZONGJI_BUILD/zongji
mkdir -p tests/out
"$zongji" prompts tests/out/prompts >/dev/null || { echo "the prompts can't be written"; echo "0 passed, 1 failed"; exit 1; }
exec /usr/bin/python3 tests/call/run.py
