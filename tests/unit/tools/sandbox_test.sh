#!/usr/bin/env bash
# tools/sandbox writes into a directory of its own only: not into one that somebody else has prepared in a place that
# everybody can write to. Prints TAP.
set -uo pipefail

sandbox=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/pg_kalam-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
number=0

check() {
  local result=ok name=$1
  shift
  number=$((number + 1))
  "$@" || result='not ok'
  echo "$result $number - $name"
}

# refused PATTERN VERB DIR: fails, and says why.
refused() {
  local pattern=$1 verb=$2 dir=$3 options=()
  [ "$verb" != start ] || options=(--no-build)
  if "$sandbox" "$verb" --dir "$dir" "${options[@]}" >"$work/out" 2>&1 </dev/null; then return 1; fi
  grep -q "error: .*$pattern" "$work/out" || { sed 's/^/# /' "$work/out"; return 1; }
}
is_gone() { [ ! -e "$1" ]; }

mkdir "$work/elsewhere"
echo precious >"$work/elsewhere/precious"
ln -s "$work/elsewhere" "$work/link"
ln -s "$work/nowhere" "$work/dangling"
for verb in start env psql stop; do
  check "$verb follows no link" refused 'is a symbolic link' "$verb" "$work/link"
  check "$verb follows no link with a slash behind it" refused 'is a symbolic link' "$verb" "$work/link/"
done
check 'a link to nothing is not followed' refused 'is a symbolic link' start "$work/dangling"
check 'nothing is made behind it' is_gone "$work/nowhere"
check 'what is behind a link stays as it is' test "$(ls "$work/elsewhere")" = precious

mkdir "$work/open"
chmod 777 "$work/open"
check 'a place is refused in which everybody can exchange the directory' refused 'everybody may write to' start "$work/open/mine"
check 'nothing is made there' is_gone "$work/open/mine"

if [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1; then
  mkdir "$work/other"
  printf 'pg_bin=%s\n' "$work/elsewhere" >"$work/other/state"
  chown -R nobody "$work/other"
  for verb in start env psql stop; do
    check "$verb leaves another user's directory alone" refused 'belongs to user "nobody"' "$verb" "$work/other"
  done
  check 'what is in it stays' test -f "$work/other/state"
fi
echo "1..$number"
