#!/usr/bin/env bash
# Makes this checkout ready to run: system packages, then .venv. Safe to run again at any time: when
# nothing has changed it asks for nothing, fetches nothing and is done in milliseconds.
#
#   ./setup.sh run              what `sock-tui` needs, and .venv/bin/sock-tui
#   ./setup.sh dev              the same, and the Python packages that lint, check and test it
#   ./setup.sh test             the same, and what boots real kernels
#   ./setup.sh as-root COMMAND  COMMAND as root, by sudo where that is needed
#
# BCC comes from the distribution, built for the distribution's own Python, so .venv is made from
# /usr/bin/python3 and sees the system's packages. No kernel headers are needed.
set -euo pipefail

readonly system_python=/usr/bin/python3

# "project|why", from the package index; the others stand, with their reasons, in pyproject.toml.
readonly test_projects=(
  "virtme-ng|boots a kernel on this machine's own files"
)

say() { printf 'sock-tui: %s\n' "$*"; }

# What is wrong, then a line each for why and what to do.
die() {
  printf 'sock-tui: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '  %s\n' "$@" >&2
  exit 1
}

# Everything that needs root goes through as_root, so that each refusal is explained in one place.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    require_sudo
    # sudo passes on nothing else; these decide colours, language and what the tests insist on.
    sudo --preserve-env=COLORTERM,NO_COLOR,LANG,LC_ALL,LC_CTYPE,CI,SOCK_TUI_DEBIAN_MIRROR "$@"
  fi
}

require_sudo() {
  type -P sudo >/dev/null || die "root is needed, and this machine has no sudo." \
    "Run the same command as root, or install sudo."
  sudo -n true 2>/dev/null || { : </dev/tty; } 2>/dev/null || die \
    "root is needed: sudo wants a password, and there is no terminal to ask for it on." \
    "Run the same command in a terminal, or as root."
}

# What is written into the checkout belongs to the checkout's owner, also under sudo.
as_owner() {
  local uid gid entry
  uid=$(stat -c %u .) gid=$(stat -c %g .)
  if ((EUID != 0 || uid == 0)) || ! entry=$(getent passwd "$uid"); then
    "$@"
    return
  fi
  HOME=$(cut -d: -f6 <<<"$entry") setpriv --reuid "$uid" --regid "$gid" --init-groups "$@"
}

# A command of this checkout as root, without leaving root's files in a user's folder: bytecode,
# pytest's and Hypothesis's caches would be folders that their owner cannot remove.
checkout_as_root() {
  local settings=("PATH=$PWD/.venv/bin:$PATH")
  if (($(stat -c %u .) != 0)); then
    settings+=(PYTHONDONTWRITEBYTECODE=1 "PYTEST_ADDOPTS=-p no:cacheprovider"
      HYPOTHESIS_STORAGE_DIRECTORY=/root/.cache/sock-tui/hypothesis)
  fi
  as_root env "${settings[@]}" "$@"
}

# What .venv depends on: this place, this Python, these requirements.
key() {
  { printf '%s\n' "$PWD" && readlink -f "$system_python" &&
    cat pyproject.toml constraints.txt setup.sh .ci/packages.sh; } | sha256sum
}

# .venv/.ready-LEVEL holds the key, then the files whose loss undoes the work (BCC removed, say).
is_ready() {
  local stamp=() file
  [[ -r .venv/.ready-$1 ]] || return 1
  mapfile -t stamp <".venv/.ready-$1"
  [[ ${stamp[0]-} == "$(key)" ]] || return 1
  for file in "${stamp[@]:1}"; do
    [[ -e $file ]] || return 1
  done
}

mark_ready() {
  local files=(.venv/bin/sock-tui) tool
  mapfile -t -O 1 files < <(as_owner .venv/bin/python -c \
    'import bcc, pyasn; print(bcc.__file__, pyasn.__file__, sep="\n")')
  stamp run "${files[@]}"
  [[ $1 != run ]] || return 0
  files+=(.venv/bin/pytest)
  stamp dev "${files[@]}"
  [[ $1 != dev ]] || return 0
  files+=(.venv/bin/vng)
  for tool in qemu-system-x86_64 busybox curl tmux; do
    tool=$(type -P "$tool") || die "$tool is not on PATH although its package is installed."
    files+=("$tool")
  done
  stamp test "${files[@]}"
}

stamp() {
  { key && printf '%s\n' "${@:2}"; } | as_owner tee ".venv/.ready-$1" >/dev/null
}

# The requirements in one list of pyproject.toml as "requirement|why", the why from its comment.
requirements() {
  sed -n "/^$1 = \[\$/,/^\]/s/^  \"\([^\"]*\)\",\? *#\? *\(.*\)/\1|\2/p" pyproject.toml
}

make_venv() {
  local place
  place=$(printf '%s\n' "$PWD" "$(readlink -f "$system_python")")
  [[ $(cat .venv/.place 2>/dev/null) != "$place" ]] || return 0
  [[ ! -e .venv ]] || say "replacing .venv, which was made in another place or by another Python"
  as_owner rm -rf .venv || die ".venv cannot be removed: remove it yourself (sudo rm -r .venv)."
  as_owner "$system_python" -m venv --system-site-packages .venv ||
    die "$system_python could not make .venv: its own lines above say why."
  as_owner tee .venv/.place >/dev/null <<<"$place"
}

fill_venv() {
  local wanted=() line
  mapfile -t wanted < <(requirements dependencies)
  [[ $1 == run ]] || mapfile -t -O "${#wanted[@]}" wanted < <(requirements dev)
  [[ $1 != test ]] || wanted+=("${test_projects[@]}")
  say "installing these, and what they stand on, into .venv and nowhere else:"
  for line in "${wanted[@]}"; do printf '  %-28s %s\n' "${line%%|*}" "${line#*|}"; done
  # setuptools first and no build isolation: an isolated build fetches an unlocked one of its own.
  pip_install setuptools
  pip_install --no-build-isolation --editable . "${wanted[@]%%|*}"
  as_owner .venv/bin/python -m compileall -q app probes widgets
}

# pip in .venv, as the owner, every version as locked.
pip_install() {
  as_owner .venv/bin/python -m pip --disable-pip-version-check --quiet --retries 2 \
    install --constraint constraints.txt "$@" || die \
    "pip could not install them: its own lines above say why." \
    "Without a network they cannot be fetched; behind a proxy, set https_proxy."
}

# The package index has another project named bcc; in BCC's place it would only confuse.
require_bcc() {
  local found
  found=$(as_owner .venv/bin/python -c '
try:
    import bcc
    print("" if hasattr(bcc, "BPF") else bcc.__file__ or list(bcc.__path__)[0])
except Exception as error:
    print("!", error)') || die "Python does not start from .venv: remove .venv and try again."
  case $found in
    "") ;;
    "!"*) die "BCC is installed but does not load:${found#!}" \
      "Install it again: sudo apt-get install --reinstall python3-bpfcc libbpfcc" ;;
    *) die "$found is not the BPF Compiler Collection but another project named bcc." \
      "Remove it: pip uninstall bcc. BCC itself is the distribution's python3-bpfcc." ;;
  esac
}

prepare() {
  ! is_ready "$1" || return 0
  umask 022 # root runs what is made here, and may be neither its owner nor its group
  ((EUID == 0)) || [[ -w . && (! -e .venv || -w .venv) ]] || die \
    "$PWD/.venv cannot be written by you." \
    "Use a checkout of your own, or have this one's owner run this."
  # shellcheck source=.ci/packages.sh
  . .ci/packages.sh
  system_packages "$1"
  make_venv
  require_bcc
  fill_venv "$1"
  mark_ready "$1"
  say "ready: .venv/bin/sock-tui"
}

unset CDPATH
here=${BASH_SOURCE[0]%/*}
[[ $here == "${BASH_SOURCE[0]}" ]] || cd -- "$here"

# .ci/install.sh sources this file for the functions.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1-} in
    run | dev | test)
      export LC_ALL=C.UTF-8 # names in any script; and what is read here is plain English
      prepare "$1"
      ;;
    fuzz)
      prepare dev
      .venv/bin/python -c 'import atheris' 2>/dev/null || {
        mapfile -t wanted < <(requirements fuzz)
        pip_install "${wanted[@]%%|*}"
      }
      ;;
    dist)
      prepare run
      .venv/bin/python -c 'import build, cyclonedx' 2>/dev/null || {
        mapfile -t wanted < <(requirements dist)
        pip_install "${wanted[@]%%|*}"
      }
      ;;
    as-root) checkout_as_root "${@:2}" ;;
    *) die "usage: ./setup.sh run | dev | test | fuzz | dist | as-root COMMAND..." ;;
  esac
fi
