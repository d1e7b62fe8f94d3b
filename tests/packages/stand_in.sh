# shellcheck shell=bash
# PostgreSQL 16 for systems whose suite has none: what tools/lib/postgres-16 has, as a package in the layout of Debian's
# own. To be sourced; needs patchelf.

# stand_in PREFIX VERSION DEB: makes package postgresql-16 of that version from the installation in PREFIX; with pg_regress,
# which Debian has in postgresql-server-dev-16.
stand_in() {
  local prefix=$1 version=$2 tree home file
  tree=$(mktemp -d)
  home=$tree/usr/lib/postgresql/16
  mkdir -p "$tree/DEBIAN" "$home" "$tree/usr/share/postgresql"
  cp -a "$prefix/bin" "$prefix/lib" "$home/"
  cp -a "$prefix/share/postgresql" "$tree/usr/share/postgresql/16"
  # The server looks for its modules in lib/postgresql, for its files in share/postgresql beside its own folder. Debian
  # has them elsewhere; modules that look for a library one folder up find it in their own then.
  find "$home/lib/postgresql" -maxdepth 1 -name '*.so' | while IFS= read -r file; do
    # The text is for the dynamic linker.
    # shellcheck disable=SC2016
    [ "$(patchelf --print-rpath "$file")" != '$ORIGIN/..' ] || patchelf --set-rpath '$ORIGIN' "$file"
  done
  cp -a "$home/lib/postgresql/." "$home/lib/"
  rm -rf "$home/lib/postgresql"
  ln -s . "$home/lib/postgresql"
  mkdir "$home/share"
  ln -s ../../../../share/postgresql/16 "$home/share/postgresql"
  chmod -R u=rwX,go=rX "$tree"
  cat >"$tree/DEBIAN/control" <<CONTROL
Package: postgresql-16
Version: $version-1
Architecture: $(dpkg --print-architecture)
Maintainer: pg_kalam maintainers <maintainers@pg-kalam.invalid>
Depends: postgresql-common, libxml2, zlib1g
Provides: postgresql-server-dev-16
Description: PostgreSQL 16 to test packages with
CONTROL
  dpkg-deb --root-owner-group -Znone -b "$tree" "$3" >/dev/null
  rm -rf "$tree"
}
