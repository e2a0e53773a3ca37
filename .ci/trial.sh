#!/usr/bin/env bash
# Installs what is in dist/ where nothing of it is installed, and runs the main job from it (seen.py):
#
#   .ci/trial.sh bookworm|trixie [wheel] [sdist] [deb]      all three by default
#
# Each in a bare root of its own, with what its users are told to install first. From the sdist the
# unit tests are run as well; the .deb is removed again. Run by dist.sh, as root.
# shellcheck disable=SC2016 # what stands in single quotes is for the inner shell
set -euo pipefail
# shellcheck source=setup.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../setup.sh"
umask 022
export LC_ALL=C.UTF-8

release=${1:?usage: .ci/trial.sh bookworm|trixie [wheel] [sdist] [deb]}
if [[ ${SOCK_TUI_CLEAN_ROOT-} != mounted ]]; then
  SOCK_TUI_CLEAN_ROOT=mounted exec unshare --mount "$BASH" .ci/trial.sh "$@"
fi
# shellcheck source=.ci/root.sh
. .ci/root.sh
# shellcheck source=.ci/packages.sh
. .ci/packages.sh

step() {
  local title="$release: $1" start=${EPOCHREALTIME/./}
  printf '\n== %s\n' "$title"
  "${@:2}" || die "failed: $title"
  printf 'ok, %d ms\n' $(((${EPOCHREALTIME/./} - start) / 1000))
}

# A root with these packages in it, and dist/ and seen.py in /dist.
root_with() {
  bare_root "$release" "$release-trial"
  (($# == 0)) || apt "$release" "$@"
  mkdir "$root/dist"
  cp dist/*.whl dist/*.tar.gz dist/*"~deb${numbers[$release]}_"*.deb .ci/seen.py constraints.txt "$root/dist"
}
declare -A numbers=([bookworm]=12 [trixie]=13)

main_job() { inside python3 -I /dist/seen.py "$1"; }

# As README says to install a wheel: BCC and pyasn are Debian's.
install_by_pip() {
  inside sh -ec 'python3 -m venv --system-site-packages /opt/sock-tui
    PIP_CONSTRAINT=/dist/constraints.txt /opt/sock-tui/bin/python -m pip --quiet \
      --disable-pip-version-check install /dist/'"$1"
}

licences_of_pip() {
  inside sh -ec 'cd /opt/sock-tui; licences=$(echo lib/python3*/site-packages/sock_tui-*.dist-info/licenses)
    ls -l $licences/LICENSE $licences/NOTICE $licences/probes/bpf/LICENSE \
      share/doc/sock-tui/SECURITY.md share/man/man1/sock-tui.1'
}

try_wheel() {
  root_with "${run_packages[@]%%|*}"
  step "install the wheel" install_by_pip '*.whl'
  step "the main job from the wheel" main_job /opt/sock-tui/bin/sock-tui
  step "licences, promises and the manual are there" licences_of_pip
  drop_root
}

try_sdist() {
  root_with "${run_packages[@]%%|*}"
  step "install the sdist" install_by_pip '*.tar.gz'
  step "the main job from the sdist" main_job /opt/sock-tui/bin/sock-tui
  step "licences, promises and the manual are there" licences_of_pip
  step "make it ready for its tests" inside sh -ec 'mkdir /src
    tar -C /src --strip-components=1 -xf /dist/*.tar.gz
    cd /src && ls -l LICENSE NOTICE SECURITY.md probes/bpf/LICENSE && ./setup.sh dev'
  step "its unit tests" inside sh -c 'cd /src && .venv/bin/python -m pytest -q -n auto \
    -m "not native and not guest and not pictures" tests/unit'
  drop_root
}

try_deb() {
  root_with man-db
  step "what the .deb asks for can be had" inside sh -ec 'DEBIAN_FRONTEND=noninteractive apt-get -qq \
    satisfy -y --no-install-recommends "$(dpkg-deb --field /dist/*.deb Depends)" >/dev/null 2>&1'
  files >"$roots/$release.before"
  step "install the .deb" inside sh -ec 'dpkg --install /dist/*.deb; dpkg --status sock-tui | head -n 10'
  step "the main job from the .deb" main_job /usr/bin/sock-tui
  step "a user may run it" inside setpriv --reuid 1000 --regid 1000 --clear-groups sock-tui --version
  step "its manual and completions are there" inside sh -ec '
    MANWIDTH=80 man sock-tui | head -n 4
    bash -ec ". /usr/share/bash-completion/completions/sock-tui; complete -p sock-tui"
    ls -l /usr/share/zsh/vendor-completions/_sock-tui \
      /usr/share/fish/vendor_completions.d/sock-tui.fish'
  step "licences, promises and its bill of materials are there" inside sh -ec '
    cd /usr/share/doc/sock-tui
    ls -l copyright NOTICE SECURITY.md config.toml ./*.cdx.json /usr/lib/sock-tui/probes/bpf/LICENSE'
  step "running it changed none of its files" inside dpkg --verify sock-tui
  step "remove it" inside dpkg --purge sock-tui
  files >"$roots/$release.after"
  step "nothing is left behind" diff "$roots/$release.before" "$roots/$release.after"
  drop_root
}

# All but what Debian's own tools write down or keep of any package that comes and goes.
files() {
  (cd "$root" && find . -xdev \( -path ./var/cache/apt -o -path ./var/cache/man -o -path ./var/log \
    -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./tmp \) -prune -o -print | sort)
}

wanted=("${@:2}")
((${#wanted[@]})) || wanted=(wheel sdist deb)
for each in "${wanted[@]}"; do "try_$each"; done
