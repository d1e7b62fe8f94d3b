# shellcheck shell=bash
# What the tests of packages share, in clean systems and outside. To be sourced; the caller sets number and failed.

# test_that NAME COMMAND...: one test; what a failed command wrote is shown.
test_that() {
  local name=$1 out
  shift
  number=$((number + 1))
  if out=$("$@" 2>&1 </dev/null); then
    echo "ok $number - $name"
  else
    echo "not ok $number - $name"
    printf '%s\n' "$out" | tail -n 60 | cut -c1-300 | sed 's/^/# /'
    failed=$((failed + 1))
  fi
}

as_postgres() { (cd / && exec runuser -u postgres -- "$@"); }

# sql_is SQL WANTED: what psql answers, in one session.
sql_is() {
  local got
  got=$(printf '%s\n' "$1" | as_postgres psql -X -A -t -q -v ON_ERROR_STOP=1 -d kalam 2>&1) || { echo "$got"; return 1; }
  [ "$got" = "$2" ] || { printf 'wanted: %s\ngot:    %s\n' "$2" "$got"; return 1; }
}

# start_stub PROGRAM: not as root.
start_stub() {
  runuser -u nobody -- "$1" --listen 127.0.0.1:0 --port-file /tmp/stub.port >/tmp/stub.log 2>&1 &
  local tries=400
  until [ -s /tmp/stub.port ]; do
    tries=$((tries - 1))
    if [ $tries = 0 ] || ! kill -0 $!; then cat /tmp/stub.log; return 1; fi
    sleep 0.05
  done
}

# create_objects: the extension, and a server and user mapping for the stub.
create_objects() {
  local address
  address=$(cat /tmp/stub.port)
  as_postgres psql -X -q -v ON_ERROR_STOP=1 -d kalam <<SQL
CREATE EXTENSION pg_kalam;
CREATE SERVER kalam_server FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '127.0.0.1', port '${address##*:}');
CREATE USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (auth_header 'Bearer bridge-token-0123456789');
SQL
}

# tutorial FILE: the statements of the tutorial that the package brings, with the answers that t/007_documents.pl asks for.
tutorial() {
  local out answer
  perl -0777 -ne 'print join "\n", /^```sql\n(.*?)^```$/msg' "$1" >/tmp/tutorial.sql
  [ -s /tmp/tutorial.sql ] || { echo "no statements in $1"; return 1; }
  out=$(as_postgres psql -X -A -t -q -v ON_ERROR_STOP=1 -d kalam -f /tmp/tutorial.sql 2>&1) || { echo "$out"; return 1; }
  for answer in 'bob\|tea\|1\|4\.20' 'bob\|bread\|2\|8\.36' '2\|12\|[0-9]+\|carol' '2\|4\.18'; do
    grep -Eqx "$answer" <<<"$out" || { printf 'missing: %s\n%s\n' "$answer" "$out"; return 1; }
  done
}

# log_is_clean FILE: no crash in a server's log.
log_is_clean() {
  local bad
  bad=$(grep -E 'PANIC|terminated by signal|terminate called|WARNING' "$1")
  [ -z "$bad" ] || { echo "$bad"; return 1; }
}
