# shellcheck shell=bash
# A bare Debian in a folder, to build or try something where nothing of it is installed. Sourced, as
# root and in a mount namespace of its own (unshare --mount): whatever happens, nothing stays mounted.
#
#   bare_root RELEASE [NAME]   a fresh one: then it is $root
#   inside COMMAND...          a command in there, as its root
#   apt RELEASE PACKAGE...     installs them in there
#   drop_root                  it is no longer needed
#
# The first of a release is kept as a tar, under /var/tmp (TMPDIR). The mirror is debootstrap's own or
# SOCK_TUI_DEBIAN_MIRROR.
# shellcheck disable=SC2016 # what stands in single quotes is for the inner shell

readonly roots=${TMPDIR:-/var/tmp}/sock-tui-clean
in_use=
mapfile -t settings < <(env | grep -E '^(PIP_(CERT|DEFAULT_TIMEOUT|INDEX_URL)|https?_proxy|SSL_CERT_FILE)=')

bare_root() {
  local release=$1 tar=$roots/$1.tar making=$roots/$1.making
  root=$roots/${2:-$1}
  mkdir -p "$roots"
  exec {in_use}>"$root.lock"
  flock --nonblock "$in_use" || {
    printf 'sock-tui: %s is in use by another run of this: wait for that to end.\n' "$root" >&2
    exit 1
  }
  if [[ ! -f $tar ]]; then
    rm -rf --one-file-system "$making"
    debootstrap --variant=minbase --include=make,git,ca-certificates "$release" "$making" \
      ${SOCK_TUI_DEBIAN_MIRROR:+"$SOCK_TUI_DEBIAN_MIRROR"} >"$roots/$release.log" || {
      printf 'sock-tui: debootstrap could not make %s: %s says why.\n' \
        "$release" "$roots/$release.log" >&2
      exit 1
    }
    tar -C "$making" -cf "$tar.new" .
    mv "$tar.new" "$tar"
    rm -rf --one-file-system "$making"
  fi
  rm -rf --one-file-system "$root"
  mkdir "$root"
  tar -C "$root" -xf "$tar"

  # What this machine needs to reach its mirrors: names, certificates, apt's dates and proxies.
  cp /etc/resolv.conf /etc/hosts "$root/etc/"
  [[ ! -f /etc/pip.conf ]] || cp /etc/pip.conf "$root/etc/"
  cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
  apt-config dump | grep -E '^Acquire::(Check-|https?::Proxy)' >"$root/etc/apt/apt.conf.d/99host" || true
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  inside update-ca-certificates >/dev/null 2>&1
}

# Not by chroot: in one, BCC 0.26 looks for libc under the path that the folder has outside.
inside() {
  unshare --mount bash -ec 'cd "$0"; pivot_root . mnt; umount -l /mnt; cd /; exec env -i "$@"' "$root" \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "${settings[@]}" "$@"
}

drop_root() {
  umount --lazy --recursive "$root"
  rm -rf --one-file-system "$root"
  exec {in_use}>&-
}

# Packages in there; what was downloaded once is kept for the next root of that release.
apt() {
  local release=$1 errors
  mkdir -p "$roots/$release.archives/partial"
  mount --bind "$roots/$release.archives" "$root/var/cache/apt/archives"
  errors=$({ inside apt-get -qq update && inside env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "${@:2}"; } 2>&1 >/dev/null </dev/null) || {
    printf '%s\n' "$errors" >&2
    printf 'sock-tui: apt-get could not install %s: its lines above say why.\n' "${*:2}" >&2
    exit 1
  }
}
