# shellcheck shell=bash
# The system's packages: which are needed and why, installed with apt-get on Debian and its family,
# named on the others. Sourced by setup.sh, whose system_python, say, die and as_root it uses.

: "${system_python:?this file is sourced by setup.sh}"

# "package|why", on Debian and its family.
readonly run_packages=(
  "python3|the system's own Python, which BCC is built for"
  "python3-venv|makes .venv, so that nothing of the system's Python changes"
  "python3-bpfcc|BCC: compiles the probes and attaches them to the kernel"
  "python3-pyasn|finds the autonomous system of an address"
)
readonly test_packages=(
  "qemu-system-x86|the virtual machine in which the tests boot real kernels"
  "busybox-static|the first program inside that machine"
  "kmod|indexes and loads the kernels' modules"
  "udev|names that machine's devices"
  "zstd|unpacks the kernels' modules"
  "cpio|packs that machine's first file system"
  "file|tells virtme-ng how a kernel is packed"
  "debian-archive-keyring|checks the signatures of the kernels that are downloaded"
  "curl|a real client whose connections the tests capture"
  "tmux|the terminal in which the tests drive the dashboard"
  "iproute2|network namespaces, where test traffic stays"
  "gcc|compiles the programs that the tests watch, and the load of the measurements"
  "libc6-dev|its headers, and a C library to link statically"
  "bpftrace|what the measurements compare with"
)

is_debian() {
  # shellcheck source=/dev/null
  [[ -r /etc/os-release ]] && type -P apt-get dpkg-query >/dev/null &&
    (. /etc/os-release && [[ " ${ID-} ${ID_LIKE-} " =~ \ (debian|ubuntu)\  ]])
}

# Every package that the level (run, dev, test) needs is there when this returns.
system_packages() {
  if is_debian; then
    [[ ! -x $system_python ]] || require_python
    install_packages "$1"
    require_python
  else
    require_packages "$1"
  fi
}

python_is_new_enough() {
  "$system_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

require_python() {
  python_is_new_enough || die \
    "Python 3.11 or newer is needed, and $system_python is $("$system_python" -V)." \
    "BCC works with the system's own Python only: Debian 12, Ubuntu 24.04 or newer have one."
}

install_packages() {
  local wanted=("${run_packages[@]}") line present missing=()
  [[ $1 != test ]] || wanted+=("${test_packages[@]}")
  # dpkg-query fails where it does not know one of them at all: then that one is not in its answer.
  present=$(dpkg-query -W -f '/${Package}/${db:Status-Status}/\n' "${wanted[@]%%|*}" 2>&1) || true
  for line in "${wanted[@]}"; do
    [[ $present == *"/${line%%|*}/installed/"* ]] || missing+=("$line")
  done
  ((${#missing[@]})) || return 0
  say "installing these packages with apt-get, which can take a minute or two:"
  for line in "${missing[@]}"; do printf '  %-22s %s\n' "${line%%|*}" "${line#*|}"; done
  ((EUID == 0)) || require_sudo
  # Lists older than a day name files that the mirror may have dropped.
  if [[ -z $(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -print -quit 2>/dev/null) ||
    -z $(find /var/lib/apt/lists/partial -maxdepth 0 -mtime -1 2>/dev/null) ]]; then
    apt_get update || say "the package lists could not be renewed; going on with those there are"
  fi
  apt_get install -y --no-install-recommends "${missing[@]%%|*}" || die \
    "apt-get could not install ${missing[*]%%|*}: its lines above say why." \
    "Without a network they cannot be fetched. On Ubuntu they are in the component universe."
}

# Quiet unless it fails, and then its first lines: without a network it has one for each file.
# Other programs' locks are waited for; no service is restarted.
apt_get() {
  local errors more
  errors=$(as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" 2>&1 >/dev/null </dev/null) &&
    return
  head -n 4 <<<"$errors" >&2
  more=$(($(wc -l <<<"$errors") - 4))
  ((more <= 0)) || echo "... and $more lines more" >&2
  return 1
}

# Elsewhere nothing is installed for the user: the packages are named, and once what they bring is
# there the set-up goes on. pyasn is in none of those distributions, so it is compiled.
require_packages() {
  local missing=() fedora="" arch="" suse="" list
  [[ -x $system_python ]] && python_is_new_enough || missing+=("Python 3.11")
  "$system_python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("Python's venv")
  "$system_python" -c 'from bcc import BPF' 2>/dev/null || missing+=("BCC")
  "$system_python" -c 'import pyasn' 2>/dev/null || type -P gcc >/dev/null ||
    missing+=("a C compiler for pyasn")
  if [[ $1 == test ]]; then
    type -P qemu-system-x86_64 busybox depmod udevadm zstd cpio file curl tmux ip >/dev/null ||
      missing+=("what the kernel tests need")
    fedora=" qemu-system-x86-core busybox kmod systemd-udev zstd cpio file curl tmux iproute bpftrace"
    arch=" qemu-system-x86 busybox kmod systemd zstd cpio file curl tmux iproute2 bpftrace"
    suse=" qemu-x86 busybox-static kmod udev zstd cpio file curl tmux iproute2 bpftrace"
  fi
  ((${#missing[@]})) || return 0
  list=$(printf ', %s' "${missing[@]}")
  die "missing: ${list:2}. This script installs packages on Debian and its family only." \
    "Install these, then run the same command again:" \
    "Fedora    sudo dnf install python3 python3-bcc python3-devel gcc$fedora" \
    "Arch      sudo pacman -S python python-bcc gcc$arch" \
    "openSUSE  sudo zypper install python3 python3-bcc python3-devel gcc$suse"
}
