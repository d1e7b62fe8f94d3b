# shellcheck shell=bash
# Clean systems to install packages into: copies of a minimal system of a Debian suite, to be thrown away. To be sourced,
# as root.
#
# Needs: root (the source tree). Sets host, the suite of this system.
# shellcheck disable=SC2154
# shellcheck source=tools/lib/chroot.sh
. "$root/tools/lib/chroot.sh"
host=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

# clean_system SUITE DIR: a fresh copy of a minimal system of that suite.
clean_system() {
  local name=clean-$1
  (
    flock 9
    chroot_make "$name" "$1" || exit
    if [ "$1" = "$host" ]; then
      # shellcheck disable=SC2016
      # Updates and security fixes too: the packages were built with what these brought.
      apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' \
        >"$chroot_base/$name/etc/apt/sources.list.d/host.list"
    fi
    cp -a --reflink=auto "$chroot_base/$name" "$2" && cp /etc/resolv.conf "$2/etc/resolv.conf"
  ) 9>"/tmp/chroot-$name.lock"
}

# in_clean_system DIR COMMAND...: runs it as root in there. It has a process namespace of its own: whatever was started
# ends with it.
in_clean_system() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private --pid --fork --kill-child sh -c '
    dir=$1; shift
    mount -t proc proc "$dir/proc" &&
      exec chroot "$dir" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 "$@"' sh "$@"
}
