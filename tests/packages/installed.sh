#!/bin/bash
# installed.sh MAJOR DIR: runs as root inside a clean system, with the packages of two versions in DIR: extension.deb and
# stub.deb, and next.deb, the extension's upgrade; server.deb where the system has no such PostgreSQL. Installs, uses, upgrades and purges them. Prints TAP.
set -uo pipefail

major=$1 dir=$2
number=0 failed=0
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PGUSER=postgres
extension=postgresql-$major-pg-kalam
# shellcheck source=tests/packages/inside.sh
. "$(dirname "$0")/inside.sh"

install() { apt-get install -q -y --no-install-recommends "$@"; }
field() { dpkg-deb -f "$1" "$2"; }

create_cluster() {
  pg_createcluster "$major" test -- --auth-local=trust &&
    echo "session_preload_libraries = 'pg_kalam'" >>"/etc/postgresql/$major/test/postgresql.conf" &&
    pg_ctlcluster "$major" test start && as_postgres createdb kalam
}

# Nothing with the product's name is left on the disk, but in the logs and lists of apt and dpkg.
nothing_left() {
  local left
  left=$(find / -xdev \( -path /proc -o -path /tmp -o -path "$dir" -o -path /var/log -o -path /var/lib/apt -o -path /var/cache/apt \) -prune \
    -o -iname '*kalam*' ! -name pg_kalam-chroot -print)
  left+=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' '*kalam*' 2>/dev/null | grep -v ' not-installed$')
  [ -z "$left" ] || { echo "$left"; return 1; }
}

libraries_found() {
  local missing
  missing=$(ldd "/usr/lib/postgresql/$major/lib/pg_kalam.so" /usr/bin/kalam-stub | grep 'not found')
  [ -z "$missing" ] || { echo "$missing"; return 1; }
}

servers=()
[ ! -f "$dir/server.deb" ] || servers=("$dir/server.deb")
apt-get update -q >/tmp/update.log 2>&1 || cat /tmp/update.log
test_that 'nothing of the product is there at first' nothing_left
test_that "apt-get install ./$extension ./pg-kalam-stub" install "$dir/extension.deb" "$dir/stub.deb" "${servers[@]}"
test_that 'no library that the module or the stub needs is missing' libraries_found
test_that 'a cluster starts' create_cluster
test_that "the package's stub starts" start_stub /usr/bin/kalam-stub
test_that 'CREATE EXTENSION, SERVER, USER MAPPING' create_objects
version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "/usr/share/postgresql/$major/extension/pg_kalam.control")
test_that 'the version is that of the package' sql_is \
  "SELECT extversion FROM pg_extension WHERE extname = 'pg_kalam'" "$(field "$dir/extension.deb" Version | sed 's/-.*//')"
test_that 'kalam_ping answers' as_postgres psql -X -v ON_ERROR_STOP=1 -d kalam -c "SELECT kalam_ping('kalam_server')"
test_that "the tutorial's statements" tutorial "/usr/share/doc/$extension/tutorial.md"
test_that 'a table to live through the upgrade' sql_is "CREATE SCHEMA app;
  CREATE TABLE app.kept (id bigint PRIMARY KEY, what text NOT NULL) USING kalamdb;
  INSERT INTO app.kept VALUES (1, 'tea'), (2, 'bread'); SELECT count(*) FROM app.kept" 2

test_that 'apt-get install of the next version' install "$dir/next.deb"
next=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "/usr/share/postgresql/$major/extension/pg_kalam.control")
test_that 'it has another number' test "$next" != "$version"
test_that 'the new library serves the objects of the old version' sql_is "INSERT INTO app.kept VALUES (3, 'honey');
  SELECT string_agg(what, ',' ORDER BY id) FROM app.kept; SELECT extversion FROM pg_extension WHERE extname = 'pg_kalam'" \
  "tea,bread,honey
$version"
test_that 'ALTER EXTENSION UPDATE' sql_is "ALTER EXTENSION pg_kalam UPDATE;
  SELECT extversion FROM pg_extension WHERE extname = 'pg_kalam'" "$next"
test_that 'the table is the same after it' sql_is "UPDATE app.kept SET what = 'rye' WHERE id = 2;
  SELECT string_agg(what, ',' ORDER BY id) FROM app.kept" tea,rye,honey

preload() {
  sed -i "s/^session_preload_libraries = 'pg_kalam'/shared_preload_libraries = 'pg_kalam'/" \
    "/etc/postgresql/$major/test/postgresql.conf" && pg_ctlcluster "$major" test restart
}
test_that 'the cluster restarts with shared_preload_libraries' preload
test_that 'and reads the table' sql_is 'SELECT count(*) FROM app.kept' 3
test_that 'DROP EXTENSION' sql_is 'SET client_min_messages = warning; DROP TABLE app.kept; DROP EXTENSION pg_kalam CASCADE' ''
test_that 'the log of the cluster has no crash' log_is_clean "/var/log/postgresql/postgresql-$major-test.log"

pkill -x kalam-stub || true
pg_dropcluster --stop "$major" test
test_that 'apt-get purge' apt-get purge -q -y "$extension" pg-kalam-stub
test_that 'purge leaves nothing' nothing_left
echo "1..$number"
[ "$failed" = 0 ]
