# shellcheck shell=bash
# The packages under test: where they are, and how they are made. To be sourced, after clean_system.sh.
#
# Needs: root, host (this system's suite) and build.
# shellcheck disable=SC2154

# suite_of MAJOR: prints the Debian suite that the packages for it are made on; for 16, which no suite has, this one.
suite_of() {
  case $1 in
    15) echo bookworm ;;
    16) echo "$host" ;;
    17) echo trixie ;;
    18) echo sid ;;
    *) die "no Debian suite has PostgreSQL $1" "Known: 15, 16, 17, 18." ;;
  esac
}

# own_major: prints the major that this system has.
own_major() {
  local major
  major=$(pg_buildext supported-versions 2>/dev/null | tail -n 1)
  echo "${major:-15}"
}

# made_of_these_sources DIR: whether what dpkg-buildpackage made there is whole, and of the sources as they are now. What
# is not committed is in no package, and does not count.
made_of_these_sources() {
  local work archive code=0
  # The list of changes is written last.
  compgen -G "$1/*.changes" >/dev/null || return
  work=$(mktemp -d)
  mkdir "$work/made" "$work/now"
  # Files, not archives: these also tell the time of the commit.
  archive=$("$root/tools/lib/package-source" "$build" "$work" --allow-dirty 2>"$work/log" | tail -n 1) &&
    tar -C "$work/now" -xf "$archive" && tar -C "$work/made" -xf "$1"/*.orig.tar.xz &&
    diff -qr "$work/made" "$work/now" >"$work/log" || code=1
  [ "$code" = 0 ] || sed "s|$work/||g; s/^/# /" "$work/log" >&2
  rm -rf "$work"
  return "$code"
}

# made_for MAJOR: prints the folder with what dpkg-buildpackage made for it; makes that first unless it is there, of these
# sources.
made_for() {
  local major=$1 suite dir log=$build/packages/deb-$1.log options=()
  suite=$(suite_of "$major") || return
  dir=$build/deb-$suite
  if [ "$major" = 16 ]; then
    dir=$build/deb-pg16
  elif [ "$suite" = "$host" ]; then
    dir=$build/deb
  else
    options=(--suite "$suite")
  fi
  if ! made_of_these_sources "$dir"; then
    echo "# making the packages for PostgreSQL $major" >&2
    if [ "$major" = 16 ]; then options=(--pg-config "$("$root/tools/lib/postgres-16" 16.2)") || return; fi
    mkdir -p "$build/packages"
    "$root/tools/package" --build "$build" deb "${options[@]}" >"$log" 2>&1 ||
      { tail -n 60 "$log" >&2; die "could not make the packages for PostgreSQL $major"; }
  fi
  echo "$dir"
}
