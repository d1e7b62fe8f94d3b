# shellcheck shell=bash
# Shared by tools/sandbox and the test runners: the user that PostgreSQL runs as, a staged copy of the extension, and
# the settings that make a server use that copy. Nothing is installed into the system. To be sourced.
#
# Needs: root (the source tree) and pg_config (a path or command), set by the caller.
# shellcheck disable=SC2154

die() {
  printf '%s: error: %s\n' "${program:-${0##*/}}" "$1" >&2
  shift
  for line in "$@"; do printf '%s: hint: %s\n' "${program:-${0##*/}}" "$line" >&2; done
  exit 1
}

# server_init: asks pg_config, and finds the user to run as. Sets pg_bin, pg_pkglib, pg_share, pg_major, server_user
# (empty: as we are), build.
server_init() {
  command -v "$pg_config" >/dev/null || die "pg_config not found: \"$pg_config\"" \
    "Install PostgreSQL's server development package (Debian: postgresql-server-dev-all), or name it with --pg-config."
  pg_bin=$("$pg_config" --bindir)
  pg_pkglib=$("$pg_config" --pkglibdir)
  pg_share=$("$pg_config" --sharedir)
  pg_major=$("$pg_config" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
  [ -x "$pg_bin/initdb" ] || die "no PostgreSQL server in \"$pg_bin\"" \
    "Install the server that belongs to \"$pg_config\" (Debian: postgresql-$pg_major)."
  server_user=
  if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root.
    server_user=postgres
    if ! id "$server_user" >/dev/null 2>&1; then
      server_user=pg_kalam
      id "$server_user" >/dev/null 2>&1 ||
        useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin "$server_user" ||
        die "could not create user \"$server_user\" for the PostgreSQL server"
    fi
  fi
}

# as_server COMMAND...: runs it as the user of the server, in a directory that this user can enter.
as_server() {
  if [ -n "$server_user" ]; then
    (cd / && exec runuser -u "$server_user" -- "$@")
  else
    "$@"
  fi
}

# own PATH...: gives what we made as root to the user of the server.
own() {
  [ -z "$server_user" ] || chown -hR "$server_user:" "$@"
}

# stage_extension BUILD DIR: puts the built extension into DIR/stage under its final paths.
stage_extension() {
  local build=$1 stage=$2/stage file
  for file in "$build/src/extension/pg_kalam.so" "$root/src/extension/pg_kalam.control"; do
    [ -f "$file" ] || die "not built: \"$file\"" "Run: ninja -C $build"
  done
  rm -rf "$stage"
  mkdir -p "$stage$pg_pkglib" "$stage$pg_share/extension"
  cp "$build/src/extension/pg_kalam.so" "$stage$pg_pkglib/"
  cp "$root/src/extension/pg_kalam.control" "$root"/src/extension/sql/pg_kalam--*.sql "$stage$pg_share/extension/"
  chmod -R a+rX "$stage"
}

# stage_settings DIR: sets pg_settings to the postgresql.conf lines that make a server see DIR/stage. For servers that
# have no such setting DIR/prefix becomes a private copy of the installation, and pg_bin names the copy's programs.
stage_settings() {
  local stage=$1/stage
  # Names of preloaded libraries are searched here; '$libdir' in the control file is left out when there is a path.
  pg_settings="dynamic_library_path = '$stage$pg_pkglib:\$libdir'"
  if [ "$pg_major" -ge 18 ]; then
    pg_settings+=$'\n'"extension_control_path = '$stage$pg_share:\$system'"
  elif "$pg_bin/postgres" --describe-config | grep '^extension_destdir' >/dev/null; then
    # Debian's servers.
    pg_settings+=$'\n'"extension_destdir = '$stage'"
  else
    pg_settings=
    private_prefix "$1"
  fi
}

# private_prefix DIR: DIR/prefix = copy of a relocatable PostgreSQL with the staged extension in it.
private_prefix() {
  local prefix=$1/prefix base part
  base=$(dirname "$pg_bin")
  for part in "$pg_bin" "$pg_pkglib" "$pg_share"; do
    case $part in "$base"/*) ;; *)
      die "PostgreSQL $pg_major has no setting to use an extension that is not installed, and cannot be copied" \
        "\"$part\" is outside of \"$base\". Install the extension with: meson install -C build" ;;
    esac
  done
  if [ ! -d "$prefix" ]; then
    mkdir -p "$prefix"
    cp -a "$base/." "$prefix/"
  fi
  cp "$1/stage$pg_pkglib"/* "$prefix${pg_pkglib#"$base"}/"
  cp "$1/stage$pg_share/extension"/* "$prefix${pg_share#"$base"}/extension/"
  own "$prefix"
  pg_bin=$prefix${pg_bin#"$base"}
}

# free_port: prints a TCP port of the loopback interface that nobody uses now, outside the kernel's range for outgoing
# connections.
free_port() {
  local port try
  for try in $(seq 1 200); do
    port=$((20000 + (RANDOM * 32768 + RANDOM + try) % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return 0
    fi
  done
  return 1
}

# build_project BUILD TARGET...: configures the build folder when it is not there and builds what is missing.
build_project() {
  local build=$1 log
  shift
  log=$(mktemp)
  if [ ! -f "$build/build.ninja" ]; then
    meson setup "$build" "$root" -Dpg_config="$pg_config" >"$log" 2>&1 ||
      { cat "$log" >&2; rm -f "$log"; die "could not configure the build"; }
  fi
  ninja -C "$build" "$@" >"$log" 2>&1 ||
    { tail -n 60 "$log" >&2; rm -f "$log"; die "the build failed"; }
  rm -f "$log"
}

# skips <LOG: prints what was left out of a run and why, in the words of TAP, prove and Meson.
skips() { grep -E '# SKIP| SKIP | skipped: '; }
