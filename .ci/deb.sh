#!/usr/bin/env bash
# Makes the .deb of one of Debian's releases, from the wheel and the sdist that are in dist/:
#
#   .ci/deb.sh bookworm|trixie
#
# In a bare root of that release: what is compiled in there (google-re2) is for that release's Python,
# so each release has a .deb of its own. The other wheels that go into it are fetched in there too, as
# constraints.txt locks them. Its bill of materials is in it, and in dist/ beside it. Run by dist.sh,
# as root, with SOURCE_DATE_EPOCH set. DEBFULLNAME and DEBEMAIL say who releases it, as for Debian's
# own tools.
# shellcheck disable=SC2016 # what stands in single quotes is for the inner shell
set -euo pipefail
# shellcheck source=setup.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../setup.sh"
umask 022
export LC_ALL=C.UTF-8

release=${1:?usage: .ci/deb.sh bookworm|trixie}
if [[ ${SOCK_TUI_CLEAN_ROOT-} != mounted ]]; then
  SOCK_TUI_CLEAN_ROOT=mounted exec unshare --mount "$BASH" .ci/deb.sh "$release"
fi
# shellcheck source=.ci/root.sh
. .ci/root.sh

wheel=$(echo dist/*.whl)
sdist=$(echo dist/*.tar.gz)
version=${wheel#*-}
version=${version%%-*}
bare_root "$release" "$release-build"
apt "$release" debhelper dh-python lintian python3 python3-pip
# Of the release, so that a newer one's package counts as newer.
number=$(inside sh -c '. /etc/os-release && echo "$VERSION_ID"')
package=$version-1~deb$number
architecture=$(inside dpkg --print-architecture)
name=sock-tui_${package}_$architecture
spared=()

build=$root/build/sock-tui-$version
mkdir -p "$build" "$root/build/wheels"
tar -C "$build" --strip-components=1 --no-same-owner -xf "$sdist"
cp -r "$build/.ci/debian" "$build/debian"

# What Debian has is not bundled; the same list as in debian/control.
readonly from_debian=(python3-bpfcc python3-lark python3-pyasn)
fetch=()
while IFS='|' read -r requirement _; do
  [[ " ${from_debian[*]} " == *" python3-${requirement%%[!a-z0-9-]*} "* ]] || fetch+=("$requirement")
done < <(cd "$build" && requirements dependencies)
say "$release: fetching ${fetch[*]}"
inside python3 -m pip --disable-pip-version-check --quiet download --only-binary :all: \
  --constraint "/build/sock-tui-$version/constraints.txt" --dest /build/wheels "${fetch[@]}" ||
  die "pip could not fetch what the .deb bundles: its own lines above say why."

systems=()
for each in "${from_debian[@]}"; do
  systems+=("$each=$(inside apt-cache show --no-all-versions "$each" | sed -n 's/^Version: //p')")
done
python() { PYTHONDONTWRITEBYTECODE=1 .venv/bin/python "$@"; }
python .ci/bill.py "$wheel" "$root/build/wheels" "$build/debian/$name.cdx.json" \
  --release "debian-$number" --package "$package" --system "${systems[@]}"
python .ci/copyright.py "$build/.ci/debian/copyright" "$root/build/wheels" >"$build/debian/copyright"
maintainer="${DEBFULLNAME:-sock-tui} <${DEBEMAIL:-sock-tui@localhost}>"
sed -i "s/@MAINTAINER@/${maintainer//\//\\/}/" "$build/debian/control"
cat >"$build/debian/changelog" <<END
sock-tui ($package) $release; urgency=medium

  * Version $version, for Debian $number: see the upstream changelog.

 -- $maintainer  $(date --utc --rfc-email --date "@$SOURCE_DATE_EPOCH")
END
cp "$wheel" "$root/build/wheels/"
say "$release: building $name.deb"
# -d: nothing is compiled, so no compiler has to be there.
inside env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" LC_ALL=C.UTF-8 sh -c \
  "cd /build/sock-tui-$version && dpkg-buildpackage -b -d -us -uc" >"$root/build/log" 2>&1 || {
  tail -n 20 "$root/build/log" >&2
  die "the .deb could not be built: the lines above say why."
}
# Whoever makes it public has an address; who only tries it needs none.
[[ -n ${DEBEMAIL-} ]] ||
  spared=(--suppress-tags 'bogus-mail-host,bogus-mail-host-in-debian-changelog')
inside lintian --allow-root --fail-on warning "${spared[@]}" "/build/$name.deb" ||
  die "lintian finds faults in $name.deb: the lines above say which."
as_owner cp "$root/build/$name.deb" "$build/debian/$name.cdx.json" dist/
drop_root
