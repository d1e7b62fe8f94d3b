#!/bin/bash
# contained.sh MAJOR: runs as root inside a clean system with a container's recipe beside it: run, user, stop, command.
# Prints TAP.
set -uo pipefail

major=$1
here=$(dirname "$0")
user=$(cat "$here/user")
number=0 failed=0
export DEBIAN_FRONTEND=noninteractive

# shellcheck source=tests/packages/inside.sh
. "$here/inside.sh"

as_user() { (cd / && exec runuser -u "$user" -- "$@"); }
sql() { as_user psql -X -A -t -q -v ON_ERROR_STOP=1 -c "$1"; }
is() { [ "$1" = "$2" ] || { printf 'wanted: %s\ngot:    %s\n' "$2" "$1"; return 1; }; }

nothing_left() { is "$(find /tmp /var/lib/apt/lists -type f)" ''; }

# wait_for COMMAND...: polls until it succeeds; not for ever.
wait_for() {
  local tries=600
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.05
  done
}

start_server() {
  # A group of processes of its own, which can be asked to end.
  setsid runuser -u "$user" -- sh -c "exec $(cat "$here/command")" >/opt/server.log 2>&1 &
  wait_for ready || { cat /opt/server.log; return 1; }
}
ready() { as_user pg_isready -q; }

install_stub() {
  apt-get update -q && apt-get install -q -y --no-install-recommends /opt/stub.deb && start_stub kalam-stub
}

round_trip() {
  local address
  address=$(cat /tmp/stub.port)
  is "$(sql "CREATE EXTENSION pg_kalam;
    CREATE SERVER kalam_server FOREIGN DATA WRAPPER pg_kalam OPTIONS (host '127.0.0.1', port '${address##*:}');
    CREATE USER MAPPING FOR PUBLIC SERVER kalam_server OPTIONS (auth_header 'Bearer bridge-token-0123456789');
    CREATE SCHEMA app;
    CREATE TABLE app.products (id bigint PRIMARY KEY, name text NOT NULL) USING kalamdb;
    INSERT INTO app.products VALUES (1, 'tea'), (2, 'bread');
    SELECT string_agg(name, ',' ORDER BY id) FROM app.products")" tea,bread
}

stop_server() {
  kill -s "$(cat "$here/stop")" "$(head -n 1 "/var/lib/postgresql/$major/main/postmaster.pid")"
  wait_for test ! -e "/var/lib/postgresql/$major/main/postmaster.pid"
}

# What is in a RUN line, as the engine runs it.
test_that 'the commands' sh -c "$(cat "$here/run")"
test_that 'leave no package file and no list of packages' nothing_left
test_that 'the server starts' start_server
test_that 'it has loaded the library' is "$(sql 'SHOW shared_preload_libraries')" pg_kalam
test_that "the package's stub starts" install_stub
test_that 'a table in KalamDB is made, filled and read' round_trip
test_that 'the signal ends the server' stop_server
echo "1..$number"
[ "$failed" = 0 ]
