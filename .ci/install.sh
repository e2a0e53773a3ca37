#!/usr/bin/env bash
# Puts sock-tui where sudo finds it, or takes it away again:
#
#   .ci/install.sh install      PREFIX/lib/sock-tui and PREFIX/bin/sock-tui
#   .ci/install.sh uninstall    removes both, and the compiled probes in /var/cache/sock-tui
#
# PREFIX is /usr/local. DESTDIR, empty by default, is put before it, for packagers and tests.
# The installed copy is complete and belongs to root: root then runs no file that a user can write,
# which .venv in a checkout cannot promise.
set -euo pipefail
# shellcheck source=setup.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../setup.sh"
umask 022
export LC_ALL=C.UTF-8

readonly prefix=${PREFIX:-/usr/local}
readonly lib=${DESTDIR-}$prefix/lib/sock-tui
readonly bin=${DESTDIR-}$prefix/bin/sock-tui
# Only what carries this is ever replaced or removed.
readonly mark="Made by sock-tui's make install, removed by make uninstall."

is_ours() { [[ -f $bin ]] && grep -qF "$mark" "$bin"; }
lib_is_ours() { [[ -f $lib/MADE-BY ]]; }

require_ours() {
  [[ ! -e $bin && ! -L $bin ]] || is_ours || die "$bin is there and was not made by make install." \
    "Nothing was changed: move it away, or give another PREFIX."
  [[ ! -e $lib ]] || lib_is_ours || die "$lib is there and was not made by make install." \
    "Nothing was changed: move it away, or give another PREFIX."
}

# This script again, as root unless the caller may write there anyway.
for_writing() {
  local folder=${DESTDIR-}$prefix
  until [[ -e $folder/ ]]; do folder=${folder%/*}; done
  if [[ -w $folder/ ]]; then
    "$BASH" .ci/install.sh "$@"
  else
    as_root env PREFIX="$prefix" DESTDIR="${DESTDIR-}" "$BASH" .ci/install.sh "$@"
  fi
}

install_from_checkout() {
  local built
  prepare run
  require_ours
  built=$(as_owner mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf -- $(printf %q "$built")" EXIT
  as_owner rm -rf build # what setuptools left there of files since deleted would be packed too
  as_owner .venv/bin/python -m pip --disable-pip-version-check --quiet \
    wheel --no-deps --no-build-isolation --wheel-dir "$built" . ||
    die "sock-tui could not be built: pip's own lines above say why."
  say "installing $lib and $bin"
  for_writing place "$built"/*.whl
}

# Everything is made beside its place first, so a failure leaves an earlier installation working.
place() {
  local new=$lib.new python
  require_ours
  mkdir -p -- "${lib%/*}" "${bin%/*}"
  rm -rf -- "$new"
  # shellcheck disable=SC2064
  trap "rm -rf -- $(printf %q "$new") $(printf %q "$bin.new")" EXIT
  "$system_python" -m venv --system-site-packages "$new" ||
    die "$system_python could not make $new: its own lines above say why."
  "$new/bin/python3" -I -m pip --disable-pip-version-check --quiet --no-cache-dir --retries 2 \
    install --constraint constraints.txt "$1" || die \
    "pip could not install what sock-tui stands on: its own lines above say why." \
    "Without a network it cannot be fetched; behind a proxy, set https_proxy."
  "$new/bin/python3" -I -m pip --quiet uninstall --yes pip # an installed copy is never changed
  # The scripts there name a folder that is about to be renamed; only ours is ever called, by path.
  find "$new/bin" -mindepth 1 ! -name 'python*' ! -name sock-tui -delete
  printf '%s\n' "$mark" >"$new/MADE-BY"
  python=$(readlink -f "$new/bin/python3")
  cat >"$bin.new" <<END
#!/bin/sh
# $mark
lib='$prefix/lib/sock-tui'
if [ "\$(readlink -f "\$lib/bin/python3")" != '$python' ]; then
  echo "sock-tui: the system's Python is no longer ${python##*/}, which this was installed for." >&2
  echo "  Run make install in the checkout again." >&2
  exit 1
fi
exec "\$lib/bin/python3" -I "\$lib/bin/sock-tui" "\$@"
END
  chmod 755 "$bin.new"
  rm -rf -- "$lib"
  mv -- "$new" "$lib"
  mv -- "$bin.new" "$bin"
}

remove() {
  require_ours
  rm -rf -- "$lib"
  rm -f -- "$bin"
  rm -rf -- "${DESTDIR-}/var/cache/sock-tui" # the compiled probes
}

[[ $prefix == /* && ${DESTDIR:-/} == /* ]] ||
  die "PREFIX and DESTDIR must be absolute paths, and are: $prefix and ${DESTDIR:-empty}"
[[ $prefix != *[\'$'\n']* ]] || die "PREFIX must not contain quotes or line breaks: $prefix"

case ${1-} in
  install)
    install_from_checkout
    say "installed. Now: sudo sock-tui"
    ;;
  uninstall)
    if [[ ! -e $bin && ! -e $lib ]]; then
      say "nothing is installed under ${DESTDIR-}$prefix"
      exit 0
    fi
    require_ours
    for_writing remove
    say "removed $lib and $bin"
    ;;
  place) place "$2" ;;
  remove) remove ;;
  *) die "usage: .ci/install.sh install | uninstall" ;;
esac
