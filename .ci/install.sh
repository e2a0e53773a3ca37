#!/usr/bin/env bash
# Puts sock-tui where sudo finds it, or takes it away again:
#
#   .ci/install.sh install      PREFIX/lib/sock-tui and PREFIX/bin/sock-tui, and under PREFIX/share the
#                               manual page, an example configuration and the shells' completions
#   .ci/install.sh uninstall    removes them, and the compiled probes in /var/cache/sock-tui
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
readonly share=${DESTDIR-}$prefix/share
readonly page=$share/man/man1/sock-tui.1
readonly completions=(
  "bash|$share/bash-completion/completions/sock-tui"
  "zsh|$share/zsh/site-functions/_sock-tui"
  "fish|$share/fish/vendor_completions.d/sock-tui.fish"
)
readonly example=$share/doc/sock-tui/config.toml
readonly shared=("$page" "$example" "${completions[@]#*|}")
# Only what carries this is ever replaced or removed.
readonly mark="Made by sock-tui's make install, removed by make uninstall."

is_ours() { [[ -f $1 && ! -L $1 ]] && grep -qF "$mark" "$1"; }
lib_is_ours() { [[ -f $lib/MADE-BY ]]; }

require_ours() {
  local file
  for file in "$bin" "${shared[@]}"; do
    [[ ! -e $file && ! -L $file ]] || is_ours "$file" || die \
      "$file is there and was not made by make install." \
      "Nothing was changed: move it away, or give another PREFIX."
  done
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
  local new=$lib.new python pair
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
  for pair in "${completions[@]}"; do
    { "$new/bin/python3" -I "$new/bin/sock-tui" completions "${pair%%|*}" &&
      printf '# %s\n' "$mark"; } >"$new/completion.${pair%%|*}"
  done
  { cat manual/config.toml && printf '\n# %s\n' "$mark"; } >"$new/config.toml"
  { cat manual/sock-tui.1 && printf '.\\" %s\n' "$mark"; } >"$new/sock-tui.1"
  rm -rf -- "$lib"
  mv -- "$new" "$lib"
  mv -- "$bin.new" "$bin"
  for pair in "${completions[@]}"; do
    mkdir -p -- "$(dirname -- "${pair#*|}")"
    mv -- "$lib/completion.${pair%%|*}" "${pair#*|}"
  done
  mkdir -p -- "${page%/*}" "${example%/*}"
  mv -- "$lib/config.toml" "$example"
  mv -- "$lib/sock-tui.1" "$page"
}

remove() {
  require_ours
  rm -rf -- "$lib"
  rm -f -- "$bin" "${shared[@]}"
  [[ ! -d ${example%/*} ]] || rmdir --ignore-fail-on-non-empty -- "${example%/*}"
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
    say "removed $lib and $bin, the manual page and the completions"
    ;;
  place) place "$2" ;;
  remove) remove ;;
  *) die "usage: .ci/install.sh install | uninstall" ;;
esac
