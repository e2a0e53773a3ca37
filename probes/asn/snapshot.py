"""Makes the bundled snapshot, `probes/asn/data`: `python -m probes.asn.snapshot [PACKAGE.tgz]`.

The data is that of the npm package `@ip-location-db/asn` (see NOTICE), fetched with `npm pack`
unless the package's file is given. The same version gives the same snapshot, byte for byte as
long as zlib is the same.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from probes.asn.store import address_key
from probes.asn.table import BUNDLED, AsnTable
from probes.asn.write import AddressRange, RangeError, write

PACKAGE: Final = "@ip-location-db/asn"
VERSION: Final = "2.3.2026061719"  # ends in year, month, day and hour of the data
SHA512: Final = (
    "PpqYi7wyEyWwunXBtl+y3Vi403SvNywotWwvmiYCOUtE0SVol/Sf492Ee+eErEznmGapxEQB2SAfrpXuZ9a+vQ=="
)
DATE: Final = date(2026, 6, 17)
_AT_LEAST: Final = 400_000


def fetch(folder: Path) -> Path:
    """The package's file, downloaded into `folder`.

    Raises:
        SystemExit: npm is missing or fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is missing: install it, or give the package's file.")
    command = [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"]
    if subprocess.run(command, cwd=folder, check=False).returncode:  # noqa: S603 - fixed words
        raise SystemExit(f"npm could not fetch {PACKAGE} {VERSION}; what it said stands above.")
    return next(folder.glob("*.tgz"))


def ranges(package: Path) -> Iterator[AddressRange]:
    """The package's ranges, IPv4 first.

    Raises:
        SystemExit: it is not the pinned version.
    """
    digest = hashlib.sha512(package.read_bytes()).digest()
    if base64.b64encode(digest).decode() != SHA512:
        raise SystemExit(f"{package} is not {PACKAGE} {VERSION}: its checksum differs.")
    with tarfile.open(package) as archive:
        for version in (4, 6):
            member = archive.extractfile(f"package/asn-ipv{version}.csv")
            if member is None:
                raise SystemExit(f"{package} holds no asn-ipv{version}.csv.")
            rows = csv.reader(io.TextIOWrapper(member, encoding="utf-8", newline=""))
            for first, last, number, name in rows:
                yield AddressRange(version, _number(first), _number(last), int(number), name)


def main(arguments: list[str]) -> int:
    """Write the snapshot, load it again, say what it holds; returns the exit status."""
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(arguments[0]) if arguments else fetch(Path(scratch))
        try:
            written = write(BUNDLED, ranges(package), DATE, f"{PACKAGE} {VERSION}", _AT_LEAST)
        except (OSError, RangeError) as error:
            raise SystemExit(f"The snapshot was not written: {error}.") from error
    table = AsnTable.load(BUNDLED)
    print(
        f"{BUNDLED}: {table.date}, {written.ranges:,} ranges in {table.prefix_count:,} prefixes, "
        f"{table.name_count:,} names; {written.overlaps} overlaps cut"
    )
    return 0


def _number(address: str) -> int:
    key = address_key(address)
    if key is None:
        raise RangeError(f"{address!r} is not an address")
    return int.from_bytes(key[1], "big")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
