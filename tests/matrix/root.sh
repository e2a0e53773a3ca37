#!/usr/bin/env bash
# A bare Debian with this checkout in it, set up as `make run` sets it up: a virtual machine's root.
#
#   tests/matrix/root.sh RELEASE MODULES [again]
#
# RELEASE: bookworm, trixie, sid. MODULES: the folder lib/modules/VERSION of the kernel that is to
# run on it. `again`: in the root that an earlier run left, where there is one. The last line that is
# printed is a JSON object: the root's folder, its versions of Python, BCC and clang, and the seconds
# that the set-up took. Needs root, debootstrap and the network; leaves 1.5 GB under /var/tmp (TMPDIR).
# shellcheck disable=SC2016 # what stands in single quotes is for the inner shell
set -euo pipefail

release=${1:?usage: tests/matrix/root.sh RELEASE MODULES [again]} modules=$2 again=${3-}
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
if [[ ${SOCK_TUI_MATRIX-} != mounted ]]; then
  SOCK_TUI_MATRIX=mounted exec unshare --mount bash "tests/matrix/${0##*/}" "$@"
fi
# shellcheck source=.ci/root.sh
. .ci/root.sh

readonly checkout=/opt/sock-tui
# What virtme-ng's first process and the scenarios take, once the set-up has shown that it does without.
readonly tools=(kmod udev iproute2 util-linux-extra gcc libc6-dev curl)

name=matrix-$release
if [[ $again && -d $roots/$name$checkout ]]; then
  root=$roots/$name
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
else
  bare_root "$release" "$name" >&2
fi
mkdir -p "$root$checkout"
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- |
  tar -C "$root$checkout" -x --no-same-owner

began=$SECONDS
inside make -s -C "$checkout" setup >&2
took=$((SECONDS - began))
inside env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
  "${tools[@]}" >/dev/null
mkdir -p "$root/lib/modules"
[[ -d $root/lib/modules/${modules##*/} ]] || cp -r "$modules" "$root/lib/modules/"
inside "$checkout/.venv/bin/python" -c '
import json, platform, sys
sys.path.insert(0, sys.argv[1])
from probes.kernel import compiler
bcc, clang = compiler.versions()
print(json.dumps({"folder": sys.argv[2], "python": platform.python_version(), "bcc": bcc,
                  "clang": clang, "setup_s": int(sys.argv[3])}))
' "$checkout" "$root" "$took"
