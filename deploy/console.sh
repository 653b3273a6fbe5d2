#!/usr/bin/env bash
# Builds console/dist when a source is newer than it.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../console"
[ -f package.json ] || exit 0
exec 9>.build.lock # who comes meanwhile waits, and finds it built
flock 9
stamp=$(cat package-lock.json $(find src ../lang ../api index.html vite.config.* tsconfig*.json -type f 2>/dev/null | LC_ALL=C sort) | sha256sum)
[ -f dist/.stamp ] && [ "$(cat dist/.stamp)" = "$stamp" ] && exit 0
lock=$(sha256sum package-lock.json)
if [ "$(cat node_modules/.lock 2>/dev/null)" != "$lock" ]; then
  npm ci --no-audit --no-fund --loglevel=error >&2
  printf %s "$lock" >node_modules/.lock
fi
npm run -s build >&2
printf %s "$stamp" >dist/.stamp
