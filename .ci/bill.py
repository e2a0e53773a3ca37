"""Writes the bill of materials of a wheel or a .deb: CycloneDX 1.6, as JSON.

    bill.py OUR-WHEEL FOLDER OUT --release debian-12 [--package VERSION] --system NAME[=VERSION]...

FOLDER holds the wheels that the .deb of that version bundles or, without one, that pip fetches. The
packages after --system are the distribution's, on which it stands. The same input gives the same
bytes: SOURCE_DATE_EPOCH is the time, and the serial number comes from what is described.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name
from wheels import Wheel, read_all

# What in our wheel is not under the program's own licence.
_PARTS: Final = (
    ("probes/bpf/", "GPL-2.0-only", "a kernel program", ComponentType.FILE),
    ("probes/asn/data/", "CC-BY-4.0", "of whom: see NOTICE", ComponentType.DATA),
)


def main() -> None:
    """Read the wheels, write OUT."""
    asked = _asked()
    ours = Wheel.read(asked.wheel)
    wheels = read_all(asked.folder)
    whole = _whole(ours, asked.package, asked.release)
    bom = Bom()
    bom.metadata.component = whole
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    bundled = asked.package is not None
    by_name = {wheel.name: _library(wheel, bundled=bundled) for wheel in wheels}
    system = [_system(*each.partition("=")[::2], asked.release) for each in asked.system]
    parts = _parts(ours.path)
    for component in (*parts, *by_name.values(), *system):
        bom.components.add(component)
    asked_for = [each for wheel in (ours, *wheels) for each in wheel.requires if each.extras]
    bom.register_dependency(whole, [*parts, *_those(by_name, ours.needs()), *system])
    for wheel in wheels:
        extras = {
            extra
            for each in asked_for
            if canonicalize_name(each.name) == wheel.name
            for extra in each.extras
        }
        bom.register_dependency(by_name[wheel.name], _those(by_name, wheel.needs(extras)))
    described = sorted(str(each.bom_ref.value) for each in (whole, *bom.components))
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(described))
    asked.out.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n")


def _those(components: dict[str, Component], names: set[str]) -> list[Component]:
    return [components[name] for name in sorted(names & components.keys())]


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser("bill.py")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--package", help="the .deb's version")
    parser.add_argument("--release", required=True, help="Debian's release, as debian-12")
    parser.add_argument("--system", nargs="*", default=[], metavar="NAME[=VERSION]")
    return parser.parse_args()


def _whole(ours: Wheel, package: str | None, release: str) -> Component:
    """What the bill is of; a wheel is told by its hash, a .deb cannot tell its own."""
    if package:
        purl = PackageURL("deb", ours.name, ours.name, package, {"distro": release})
        hashes = []
    else:
        purl = PackageURL("pypi", None, ours.name, ours.version)
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=ours.sha256)]
    return Component(
        type=ComponentType.APPLICATION,
        name=ours.name,
        version=package or ours.version,
        description=ours.summary,
        licenses=[LicenseFactory().make_from_string(ours.licence)],
        hashes=hashes,
        purl=purl,
        bom_ref=purl.to_string(),
    )


def _parts(wheel: Path) -> list[Component]:
    """Of our own files those under another licence; one by one, so that each has its hash."""
    with ZipFile(wheel) as opened:
        return [
            Component(
                type=kind,
                name=name,
                description=about,
                licenses=[LicenseFactory().make_with_id(licence)],
                hashes=[_hash(opened.read(name))],
                scope=ComponentScope.REQUIRED,
                bom_ref=name,
            )
            for folder, licence, about, kind in _PARTS
            for name in sorted(opened.namelist())
            if name.startswith(folder)
        ]


def _library(wheel: Wheel, *, bundled: bool) -> Component:
    purl = PackageURL("pypi", None, wheel.name, wheel.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=wheel.name,
        version=wheel.version,
        description=wheel.summary,
        licenses=[LicenseFactory().make_from_string(wheel.licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        scope=ComponentScope.REQUIRED,
        purl=purl,
        properties=[
            Property(name="sock-tui:file", value=wheel.path.name),
            Property(name="sock-tui:bundled", value="yes" if bundled else "no: pip fetches it"),
        ],
        bom_ref=purl.to_string(),
        components=[
            Component(
                type=ComponentType.LIBRARY,
                name=each.name,
                version=each.version or None,
                description="compiled into it",
                licenses=[LicenseFactory().make_from_string(each.licence)],
                purl=PackageURL("generic", None, each.name, each.version or None),
                bom_ref=f"{purl.to_string()}#{each.name}",
            )
            for each in wheel.linked
        ],
    )


def _system(name: str, version: str, release: str) -> Component:
    purl = PackageURL("deb", "debian", name, version or None, {"distro": release})
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version or None,
        scope=ComponentScope.REQUIRED,
        purl=purl,
        properties=[Property(name="sock-tui:bundled", value="no: the distribution's")],
        bom_ref=purl.to_string(),
    )


def _hash(content: bytes) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
