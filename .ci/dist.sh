#!/usr/bin/env bash
# Makes what is released, into dist/, and tries each piece where nothing else of it is installed:
#
#   .ci/dist.sh [bookworm] [trixie]      a .deb for each; both by default
#
# The wheel, the sdist and their bill of materials come from what is committed, and so do the .debs
# (deb.sh); the same commit gives the same bytes. Then each is installed in a bare Debian and watches a
# connection (trial.sh). Needs debootstrap, root and the network, takes ten minutes or more for each
# release and 2 GB under /var/tmp (TMPDIR), and is therefore not part of `make test`.
set -euo pipefail
# shellcheck source=setup.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../setup.sh"
umask 022
export LC_ALL=C.UTF-8

releases=("$@")
((${#releases[@]})) || releases=(bookworm trixie)
for release in "${releases[@]}"; do
  [[ $release == bookworm || $release == trixie ]] ||
    die "there is no .deb for $release, only for bookworm and trixie." \
      "Usage: .ci/dist.sh [bookworm] [trixie]"
done
type -P debootstrap >/dev/null || [[ -x /usr/sbin/debootstrap ]] ||
  die "debootstrap is missing: each artefact is tried in a bare Debian, which it makes." \
    "Install it: sudo apt-get install debootstrap"
as_owner git rev-parse --verify --quiet HEAD >/dev/null 2>&1 ||
  die "this is no git checkout: what is released is what is committed."
((EUID == 0)) || require_sudo

commit=$(as_owner git log -1 --format='%h of %cs')
SOURCE_DATE_EPOCH=$(as_owner git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
[[ -z $(as_owner git status --porcelain) ]] ||
  say "what is not committed is left out: this is $commit"
./setup.sh dist

work=$(as_owner mktemp -d)
# shellcheck disable=SC2064
trap "rm -rf -- $(printf %q "$work")" EXIT
as_owner mkdir "$work/source" "$work/wheels"
as_owner git archive HEAD | as_owner tar -x -C "$work/source"
as_owner rm -rf dist
as_owner mkdir dist
say "building the sdist, and the wheel from that"
as_owner .venv/bin/python -m build --no-isolation --outdir "$work" "$work/source" \
  >"$work/log" 2>&1 || {
  tail -n 20 "$work/log" >&2
  die "they could not be built: the lines above say why."
}
as_owner cp "$work"/*.whl dist/

# setuptools writes down who built it, and when.
sdist=$(basename -- "$work"/*.tar.gz)
name=${sdist%.tar.gz}
as_owner tar -x -C "$work" -f "$work/$sdist"
as_owner tar -c -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=go-w \
  --format=posix --pax-option=delete=atime,delete=ctime --mtime="@$SOURCE_DATE_EPOCH" "$name" |
  gzip -9 --no-name | as_owner tee "dist/$sdist" >/dev/null

say "fetching what pip installs beside the wheel, for its bill of materials"
# But for pyasn, which is not there for every Python: Debian's serves.
mapfile -t wanted < <(cd "$work/source" && requirements dependencies | grep -v '^pyasn')
as_owner .venv/bin/python -m pip --disable-pip-version-check --quiet download \
  --only-binary :all: --constraint "$work/source/constraints.txt" --dest "$work/wheels" "${wanted[@]%%|*}" ||
  die "pip could not fetch what the wheel stands on: its own lines above say why."
as_owner env PYTHONDONTWRITEBYTECODE=1 .venv/bin/python .ci/bill.py dist/*.whl "$work/wheels" \
  "dist/$name.cdx.json" --release debian --system python3-bpfcc python3-pyasn

for release in "${releases[@]}"; do
  as_root env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" DEBFULLNAME="${DEBFULLNAME-}" \
    DEBEMAIL="${DEBEMAIL-}" "$BASH" .ci/deb.sh "$release"
done
for release in "${releases[@]}"; do
  as_root "$BASH" .ci/trial.sh "$release"
done
sums=$(cd dist && sha256sum -- *)
as_owner tee dist/SHA256SUMS <<<"$sums"
say "made from $commit, installed and tried on ${releases[*]}: dist/"
