#!/bin/bash
# installed_rpm.sh MAJOR DIR NUMBER: runs as root inside a clean system that has PostgreSQL under /usr/pgsql-MAJOR. In DIR
# are extension.rpm, extension.src.rpm, kalam-stub, and what stands for packages that the system has: system.rpm to use the
# extension, tools.rpm to build it. Prints TAP, from test NUMBER + 1 on.
set -uo pipefail

major=$1 dir=$2 number=$3 failed=0
export LC_ALL=C.UTF-8 PGUSER=postgres PGHOST=/tmp
# shellcheck source=tests/packages/inside.sh
. "$(dirname "$0")/inside.sh"
home=/usr/pgsql-$major
data=/var/lib/pgsql/$major/data
package=pg_kalam_$major
PATH=$home/bin:$PATH

# Debian's rpm advises against itself.
rpm() { command rpm --force-debian "$@"; }

# From files alone. One of Debian's plugins copies what was installed, with a program that Debian does not bring along.
dnf() { command dnf --assumeyes --releasever=1 --disableplugin=local "$@"; }

# refused PATTERN COMMAND...: it fails, and says so.
refused() {
  local pattern=$1 out
  shift
  if out=$("$@" 2>&1); then
    printf 'not refused:\n%s\n' "$out"
    return 1
  fi
  grep -Eq "$pattern" <<<"$out" || { echo "$out"; return 1; }
}

silent() {
  local out
  out=$("$@" 2>&1) || { echo "$out"; return 1; }
  [ -z "$out" ] || { echo "$out"; return 1; }
}

create_cluster() {
  mkdir -p "${data%/data}" && chown -R postgres: /var/lib/pgsql &&
    as_postgres "$home/bin/initdb" -D "$data" -U postgres --auth-local=trust --no-sync &&
    printf '%s\n' "session_preload_libraries = 'pg_kalam'" "unix_socket_directories = '/tmp'" "listen_addresses = ''" \
      >>"$data/postgresql.conf" &&
    as_postgres "$home/bin/pg_ctl" -D "$data" -l "$data/../log" -w start &&
    as_postgres createdb kalam
}

preload() {
  sed -i "s/^session_preload_libraries/shared_preload_libraries/" "$data/postgresql.conf" &&
    as_postgres "$home/bin/pg_ctl" -D "$data" -l "$data/../log" -w restart
}

libraries_found() {
  local missing
  missing=$(ldd "$home/lib/pg_kalam.so" | grep 'not found')
  [ -z "$missing" ] || { echo "$missing"; return 1; }
}

damaged() {
  printf x >>"$home/lib/pg_kalam.so"
  refused "^S\.5.* $home/lib/pg_kalam\.so$" rpm -V "$package"
}

# No file with the product's name, but logs and what the test brought.
nothing_left() {
  local left
  left=$(find / -xdev \( -path /proc -o -path /tmp -o -path "$dir" -o -path /var/log \) -prune \
    -o -iname '*kalam*' ! -name pg_kalam-chroot -print)
  [ -z "$left" ] || { echo "$left"; return 1; }
  refused 'not installed' rpm -q "$package"
}

rpm --initdb
test_that 'nothing of the product is there at first' nothing_left
test_that 'rpm -i is refused without the server' refused "postgresql$major-server is needed by $package" rpm -i "$dir/extension.rpm"
test_that 'a package stands for what the system has' rpm -i "$dir/system.rpm"
test_that 'rpm -i, with all that the package requires' silent rpm -i "$dir/extension.rpm"
test_that 'rpm -V finds nothing' silent rpm -V "$package"
test_that 'a document is known as such' grep -qx "/usr/share/doc/$package/tutorial.md" <(rpm -qd "$package")
test_that 'the licence is known as such' grep -qx "/usr/share/licenses/$package/LICENSE" <(rpm -qL "$package")
test_that 'no library that the module needs is missing' libraries_found
test_that 'a cluster starts' create_cluster
test_that 'the stub starts' start_stub "$dir/kalam-stub"
test_that 'CREATE EXTENSION, SERVER, USER MAPPING' create_objects
test_that 'the version is that of the package' sql_is \
  "SELECT extversion FROM pg_extension WHERE extname = 'pg_kalam'" "$(rpm -q --qf '%{VERSION}' "$package")"
test_that "the tutorial's statements" tutorial "/usr/share/doc/$package/tutorial.md"
test_that 'the cluster restarts with shared_preload_libraries' preload
test_that 'a table is made, filled and read' sql_is "CREATE SCHEMA app;
  CREATE TABLE app.kept (id bigint PRIMARY KEY, what text NOT NULL) USING kalamdb;
  INSERT INTO app.kept VALUES (1, 'tea'), (2, 'bread'); SELECT string_agg(what, ',' ORDER BY id) FROM app.kept" tea,bread
test_that 'DROP EXTENSION' sql_is 'SET client_min_messages = warning; DROP TABLE app.kept; DROP EXTENSION pg_kalam CASCADE' ''
test_that 'the log of the cluster has no crash' log_is_clean "$data/../log"
as_postgres "$home/bin/pg_ctl" -D "$data" -m fast -w stop >/dev/null
pkill -x kalam-stub || true

test_that 'rpm -e of the server is refused while the extension is there' refused "is needed by .*$package" rpm -e system
test_that 'rpm -V finds a file that was changed' damaged
test_that 'rpm -i --replacepkgs puts it right' silent rpm -i --replacepkgs "$dir/extension.rpm"
test_that 'rpm -V finds nothing any more' silent rpm -V "$package"
test_that 'rpm -e' silent rpm -e "$package"
test_that 'it leaves nothing' nothing_left

rpm -e system
test_that 'dnf install is refused without the server' refused "nothing provides postgresql$major-server" dnf install "$dir/extension.rpm"
test_that 'dnf install of what stands for the system' dnf install "$dir/system.rpm"
test_that 'dnf install' dnf install "$dir/extension.rpm"
test_that 'rpm -V finds nothing after it' silent rpm -V "$package"
test_that 'dnf check finds nothing' silent dnf check
test_that 'dnf remove' dnf remove "$package"
test_that 'it leaves nothing, too' nothing_left
test_that 'dnf builddep is refused without the headers' refused "postgresql$major-devel" dnf builddep "$dir/extension.src.rpm"
test_that 'dnf install of what stands for the tools' dnf install "$dir/tools.rpm"
test_that 'dnf builddep' dnf builddep "$dir/extension.src.rpm"
echo "1..$number"
[ "$failed" = 0 ]
