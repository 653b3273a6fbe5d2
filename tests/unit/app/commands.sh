#!/usr/bin/env bash
# zongji check, init, user and directory as a person types them.
set -u
z=$(readlink -f "$1")
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export LANG=en
failed=0 count=0

# want STATUS PATTERN COMMAND…: the exit status, and a line of the output
want() {
  local status=$1 pattern=$2 out rc
  shift 2
  count=$((count + 1))
  out=$("$@" 2>&1 </dev/null)
  rc=$?
  if [ "$rc" -ne "$status" ] || ! grep -qE -- "$pattern" <<<"$out"; then
    echo "FAILED: $* – status $rc, wanted $status and “$pattern”:"
    echo "$out"
    echo "[  FAILED  ] command_$count"
    failed=$((failed + 1))
  else
    echo "[       OK ] command_$count"
  fi
}

want 0 'usage: zongji check' "$z" check --help
want 2 'usage: zongji check' "$z" check
want 2 'usage: zongji check' "$z" check --nonsense
want 1 'cannot be read' "$z" check nowhere.yaml
want 0 'no errors' "$z" check "$ZONGJI_ROOT/config/sample/node.yaml"
want 0 '没有错误' "$z" check --lang zh-CN "$ZONGJI_ROOT/config/sample/mou-cheng/measures.yaml"
want 0 '# Configuration' "$z" check --reference

want 2 'usage: zongji init' "$z" init --nonsense
want 1 'company is missing' "$z" init --data new
want 1 'not 0.0.0.0' "$z" init --data new --company 华建 --gad-manager 李四 --listen 0.0.0.0
want 0 '' test ! -e new
want 0 'first phone' "$z" init --data new --company '华"建' --gad-manager 单雄信 \
  --listen 127.0.0.1 --trunk 192.0.2.1 --public-number 02155501234
want 0 'shan4 xiong2 xin4' cat new/directory/people.csv
want 0 'zongji.pem' ls new/tls
want 0 '' test "$(stat -c %a new/node.yaml new/tls/zongji.pem | tr '\n' ' ')" = '600 600 '
want 0 'IP Address:127.0.0.1' openssl x509 -in new/tls/zongji.pem -noout -ext subjectAltName
want 1 'there already' "$z" init --data new --company 华建 --gad-manager 李四
want 0 'no errors' "$z" check new/node.yaml
echo geheim >pw
want 0 '' "$z" init --data reg --company 华建 --gad-manager 李四 --listen 127.0.0.1 \
  --trunk sip.example --trunk-user 8675 --trunk-password-file pw
want 0 'registers: true' cat reg/node.yaml

d=(directory --data new)
want 2 'usage: zongji directory' "$z" directory
want 0 '6 added, 0 changed, 0 removed' "$z" "${d[@]}" import new/directory
want 0 '0 added, 0 changed, 0 removed' "$z" "${d[@]}" import new/directory
want 0 'written: out' "$z" "${d[@]}" export out
want 1 'File exists' "$z" "${d[@]}" export out
want 0 'written: out' "$z" "${d[@]}" --force export out
want 0 '单雄信' cat out/people.csv
want 0 '' "$z" "${d[@]}" check out
sed -i 's/,8001,/,9001,/; s/,city,/,town,/' out/extensions.csv
want 1 'extensions.csv:2:1: .*outside prefix' "$z" "${d[@]}" check out
want 1 'extensions.csv:3:1: class: “town” is not right' "$z" "${d[@]}" check out
want 1 'extensions.csv:3:1: class: “town” is not right' "$z" "${d[@]}" import out
want 0 'new password [a-z2-9]{14}' "$z" "${d[@]}" secret 8001
want 1 '' "$z" "${d[@]}" secret 8099
want 1 "isn't in the configuration" "$z" "${d[@]}" --org 7 import out

u=(user --data new)
want 2 'usage: zongji user' "$z" user
want 2 'usage: zongji user' "$z" "${u[@]}" add li --role king
want 0 'password of li: [a-z2-9]{14}' "$z" "${u[@]}" add li --role operator --generate
want 1 '' "$z" "${u[@]}" add li --role operator --generate
want 0 '' "$z" "${u[@]}" role li manager
want 0 'li +manager +1 +0 +enabled' "$z" "${u[@]}" list
want 0 '' "$z" "${u[@]}" disable li
want 0 'li +manager +1 +0 +disabled' "$z" "${u[@]}" list
want 1 '' "$z" "${u[@]}" password nobody --generate
want 1 '' "$z" "${u[@]}" password li
want 0 '' bash -c "echo 'correct horse battery' | '$z' user --data new password li"
first=$(sed -n '2s/,.*//p' out/people.csv)
want 0 "PIN of person $first: [0-9]{6}" "$z" "${u[@]}" pin "$first" --generate
want 0 '' bash -c "echo 2580 | '$z' user --data new pin $first"
want 1 'a PIN is 4 to 12 digits' bash -c "echo 1234 | '$z' user --data new pin $first"
want 1 'a PIN is 4 to 12 digits' bash -c "echo 258013579246801 | '$z' user --data new pin $first"
want 1 'No such file' "$z" "${u[@]}" pin 99999 --generate
want 2 'usage: zongji user' "$z" "${u[@]}" pin li

[ "$failed" -eq 0 ]
