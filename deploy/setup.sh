#!/usr/bin/env bash
# Installs what packages.txt names for the given purposes, when something of it is missing.
#   deploy/setup.sh run test
set -eu
here=$(dirname "$(readlink -f "$0")")
wanted=()
for purpose in "$@"; do
  mapfile -t -O "${#wanted[@]}" wanted < <(awk -v p="$purpose" '$1 == p { print $2 }' "$here/packages.txt")
done
# node may be there without Debian's package
have_node() { command -v node >/dev/null && command -v npm >/dev/null; }
missing=()
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }')
for p in "${wanted[@]}"; do
  case $p in nodejs | npm) have_node && continue ;; esac
  grep -qxF "$p" <<<"$installed" || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "missing packages: ${missing[*]} (run as root, or install sudo)" >&2; exit 1; }
  sudo=(sudo)
fi
echo "installing ${#missing[@]} packages: ${missing[*]}" >&2
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { "${sudo[@]}" apt-get update -q && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "installing packages failed; the whole output: $log" >&2
  exit 1
fi
rm -f "$log"
