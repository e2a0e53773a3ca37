#!/usr/bin/env bash
# Tries the set-up where nothing of it is installed: a bare Debian in a folder, as a user with sudo.
#
#   tests/setup/clean_root.sh bookworm|trixie [FOLDER]
#
# What is committed is cloned there; the files of FOLDER, if given, are laid over the clone. Needs
# root, debootstrap and the network, takes some minutes and 1 to 2 GB under /var/tmp (TMPDIR), and
# is therefore not part of `make test`. The mirror is debootstrap's own or SOCK_TUI_DEBIAN_MIRROR.
# shellcheck disable=SC2016 # what stands in single quotes is for the inner shell
set -euo pipefail

release=${1:?usage: tests/setup/clean_root.sh bookworm|trixie [FOLDER]}
overlay=${2:+$(realpath -- "$2")}
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
if [[ ${SOCK_TUI_CLEAN_ROOT-} != mounted ]]; then
  # A mount namespace of its own: whatever happens, nothing stays mounted.
  SOCK_TUI_CLEAN_ROOT=mounted exec unshare --mount bash "tests/setup/${0##*/}" "$release" \
    ${overlay:+"$overlay"}
fi
# shellcheck source=.ci/root.sh
. .ci/root.sh
bare_root "$release"
inside useradd --create-home --shell /bin/bash alice
checkout="/home/alice/a checkout/sock-tui"
git clone --quiet . "$root$checkout"
[[ -z $overlay ]] || cp -r "$overlay/." "$root$checkout/"
inside chown -R alice:alice /home/alice
as_alice() {
  # A strange umask and locale and another folder, as a user may have them.
  inside setsid --wait runuser -u alice -- env HOME=/home/alice LANG=tr_TR.ISO-8859-9 "$@"
}
make_as_alice() { as_alice bash -c 'umask 077; cd /; exec make -C "$0" "$@"' "$checkout" "$@"; }

passed=0
# `step TITLE COMMAND...`: the command succeeds. `refused TITLE TEXT COMMAND...`: it fails, and says.
step() {
  local title=$1 start=${EPOCHREALTIME/./}
  printf '\n== %s\n' "$title"
  "${@:2}" || { printf 'FAILED: %s\n' "$title" >&2; exit 1; }
  printf 'ok, %d ms\n' $(((${EPOCHREALTIME/./} - start) / 1000))
  passed=$((passed + 1))
}
refused() {
  local said status=0
  printf '\n== %s\n' "$1"
  said=$("${@:3}" 2>&1) || status=$?
  printf '%s\n' "$said"
  [[ $status != 0 && $said == *"$2"* ]] || { printf 'FAILED: %s\n' "$1" >&2; exit 1; }
  passed=$((passed + 1))
}

refused "no sudo here, and a user" "this machine has no sudo" make_as_alice setup
inside apt-get -qq update
inside env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends sudo \
  >/dev/null 2>&1
inside sh -c 'echo "alice ALL=(ALL) ALL" >/etc/sudoers.d/alice'
refused "sudo wants a password, and no terminal" "no terminal to ask for it on" make_as_alice setup
inside sh -c 'echo "alice ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/alice'
refused "no network" "Without a network" unshare --net bash -c "$(declare -f as_alice inside \
  make_as_alice); $(declare -p root settings checkout); make_as_alice setup"
step "make setup" make_as_alice setup
step "nothing in the checkout belongs to root" \
  bash -c '[[ -z $(find "$0" -user root -print -quit) ]]' "$root/home/alice"
step "the program starts" as_alice "$checkout/.venv/bin/sock-tui" --version
step "it captures on this machine's kernel" make_as_alice -s run "ARGS=--json --duration 2"
step "make setup again" make_as_alice setup
step "make setup again, without a network" unshare --net bash -c "$(declare -f as_alice inside \
  make_as_alice); $(declare -p root settings checkout); make_as_alice setup"
step "make install" make_as_alice install
step "sudo sock-tui" as_alice sudo sock-tui --version
step "no installed file can be written by a user" bash -c \
  '[[ -z $(find "$0/usr/local" ! -type l \( ! -user root -o -perm /022 \) -print -quit) ]]' "$root"
mv "$root$checkout" "$root/home/alice/away"
step "sudo sock-tui without the checkout" as_alice sudo sock-tui --version
mv "$root/home/alice/away" "$root$checkout"
step "make uninstall" make_as_alice uninstall
step "nothing of it is left" bash -c \
  '[[ -z $(find "$0/usr/local" -name "*sock-tui*" -print -quit) ]]' "$root"
step "what make check needs, by sudo" as_alice sudo make -s -C "$checkout" dev
step "make check finds it" make_as_alice -s dev
step "what make test needs" as_alice "$checkout/setup.sh" test
step "nothing in the checkout belongs to root" \
  bash -c '[[ -z $(find "$0" -user root -print -quit) ]]' "$root/home/alice"
printf '\n%d passed on %s\n' "$passed" "$release"
