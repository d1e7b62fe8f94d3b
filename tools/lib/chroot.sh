# shellcheck shell=bash
# Debian suites other than the host's, as directories to chroot into: for tests with their compilers, servers and
# libraries, and for trying packages. To be sourced, as root.
#
# Needs: root (the source tree) and die(), from tools/lib/server.sh. chroot_base: where they live; they are kept and
# used again, whoever made them.
# Names in single quotes are for apt, dpkg and the shells that these start.
# shellcheck disable=SC2154,SC2016
chroot_base=${KALAM_CHROOTS:-/var/tmp/kalam-chroots}

# chroot_mirror: prints the address that this host's apt takes its packages from.
chroot_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" |
    head -n 1
}

# chroot_make NAME SUITE [SUITE...]: makes the directory unless it is there. From further suites only such packages are
# taken as are asked for or pinned.
chroot_make() {
  local name=$1 suite=$2 dir=$chroot_base/$1 mirror further
  shift 2
  [ -f "$dir/etc/pg_kalam-chroot" ] && return 0
  [ "$(id -u)" = 0 ] || { echo "a chroot can be made by root only" >&2; return 1; }
  command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing (Debian: mmdebstrap)" >&2; return 1; }
  mirror=$(chroot_mirror)
  [ -n "$mirror" ] || { echo "apt does not say where packages come from" >&2; return 1; }
  if [ ! -e "$dir" ]; then
    mkdir -p "$chroot_base"
    # Beside its final place: what was interrupted is not taken for a whole one. Suites that are not released answer
    # with an expired Release file; its signature is checked all the same.
    rm -rf "$dir.new"
    local lines=("deb $mirror $suite main")
    for further in "$@"; do lines+=("deb $mirror $further main"); done
    mmdebstrap --quiet --mode=root --variant=apt --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
      --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      --essential-hook='mkdir -p "$1"/etc/postgresql-common; echo "create_main_cluster = false" >"$1"/etc/postgresql-common/createcluster.conf' \
      --include=ca-certificates,passwd "$suite" "$dir.new" "${lines[@]}" || return
    printf '#!/bin/sh\nexit 101\n' >"$dir.new/usr/sbin/policy-rc.d"
    chmod 755 "$dir.new/usr/sbin/policy-rc.d"
    mv "$dir.new" "$dir"
  fi
  chroot "$dir" id tester >/dev/null 2>&1 ||
    { chroot_install "$name" passwd && chroot "$dir" useradd --create-home --shell /bin/bash tester; } || return
  echo "$name: $suite $*" >"$dir/etc/pg_kalam-chroot"
}

# chroot_pin NAME SOURCE SUITE: takes all packages of a source package, by glob, from SUITE.
chroot_pin() {
  printf 'Package: src:%s\nPin: release a=%s\nPin-Priority: 990\n' "$2" "$3" \
    >"$chroot_base/$1/etc/apt/preferences.d/$(printf '%s' "$2" | tr -c 'a-z0-9\n' _)"
}

# chroot_install NAME PACKAGE...: installs what is missing.
chroot_install() {
  local name=$1 dir=$chroot_base/$1 package missing=()
  shift
  for package in "$@"; do
    [ "$(chroot "$dir" dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  # A folder for temporary files is this system's.
  chroot_update "$name" &&
    chroot_enter "$dir" 0:0 env --unset=TMPDIR DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# chroot_pg_major NAME: prints the major of PostgreSQL that its suite has.
chroot_pg_major() {
  local dir=$chroot_base/$1 major
  # A new chroot has no package lists.
  chroot "$dir" apt-cache show postgresql >/dev/null 2>&1 || chroot_update "$1" >&2
  major=$(chroot "$dir" apt-cache depends postgresql | sed -nE 's/^ *Depends: postgresql-([0-9]+)$/\1/p')
  [ -n "$major" ] && echo "$major"
}

# chroot_update NAME: the newest package lists.
chroot_update() {
  cp /etc/resolv.conf "$chroot_base/$1/etc/resolv.conf"
  chroot_enter "$chroot_base/$1" 0:0 apt-get update -q
}

# chroot_sources NAME FOLDER: copies the sources, as git knows them and as they are now, to FOLDER in tester's home.
# Build folders in it stay, files that did not change keep their times. Others get the time of the copy: one that was
# edited while the copy before was built is older than what was made of that.
chroot_sources() {
  local target=$chroot_base/$1/home/tester/$2
  mkdir -p "$target.new"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
  done | tar --null -T - -cf -) | tar -C "$target.new" -xf - || return
  if [ -d "$target" ]; then
    local file
    (cd "$target.new" && find . -type f -print0) | while IFS= read -r -d '' file; do
      if cmp -s "$target.new/$file" "$target/$file"; then
        touch -r "$target/$file" "$target.new/$file"
      else
        touch "$target.new/$file"
      fi
    done
    find "$target" -mindepth 1 -maxdepth 1 -name 'build*' -exec mv -t "$target.new" {} + || return
    rm -rf "$target"
  fi
  mv "$target.new" "$target"
  chroot "$chroot_base/$1" sh -c "chown -R tester: ~tester/$2"
}

# chroot_enter DIR USER:GROUP COMMAND...: with a /proc that nobody else sees. Some packages' scripts want it, and so do
# sanitizers and our own tools.
chroot_enter() {
  unshare --mount --propagation private sh -c '
    dir=$1; user=$2; shift 2
    mount -t proc proc "$dir/proc" && exec chroot --userspec="$user" "$dir" "$@"' sh "$@"
}

# chroot_run NAME COMMAND...: as user tester, in an environment of its own. Rows differ in their folders only, so ccache
# does not look at these; its folder is named because dh gives each build a home of its own.
chroot_run() {
  local dir=$chroot_base/$1 home=/home/tester
  shift
  chroot_enter "$dir" tester:tester env -i -C "$home" HOME="$home" USER=tester PATH=/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 TZ=UTC CCACHE_DIR="$home/.cache/ccache" CCACHE_NOHASHDIR=1 "$@"
}
