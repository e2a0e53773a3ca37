"""Ranges of addresses made into a folder of AS data; its form stands in `probes.asn.store`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final

from probes.asn.store import MANIFEST, Manifest, Part
from probes.text import visible

MAX_PREFIXES: Final = 4_000_000  # five times the internet's of 2026
_PREFIXES_PER_SLICE: Final = 4096  # 3 ms and 0.8 MB once loaded
_NAMES_PER_SLICE: Final = 1024
_MAX_NAME: Final = 200  # characters; the longest real one has about 130
_BITS: Final = {4: 32, 6: 128}


class RangeError(Exception):
    """A range that cannot be used, or too many of them; the message says why."""


class BusyError(Exception):
    """Another process writes to the same folder."""


@dataclass(frozen=True, slots=True)
class AddressRange:
    """`first` to `last`, both included, as numbers; `version` 4 or 6; `number` and `name` the AS.

    Number 0 stands for addresses that nobody announces. `country`: where the AS is registered.
    """

    version: int
    first: int
    last: int
    number: int
    name: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. `overlaps`: ranges that lost what an earlier range already covered."""

    date: date
    ranges: int
    prefixes: int
    names: int
    overlaps: int


def split(version: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest prefixes that cover `first` to `last`: (first address, prefix length).

    None is longer than half the address space, since pyasn takes no prefix of length 0.
    """
    width = _BITS[version]
    while first <= last:
        aligned = (first & -first).bit_length() - 1 if first else width
        bits = min(aligned, (last - first + 1).bit_length() - 1, width - 1)
        yield first, width - bits
        first += 1 << bits


def tidy(name: str) -> str:
    """A holder's name fit to keep: on one line, without escapes, at most 200 characters."""
    # The registries' data has soft hyphens where hyphens were meant.
    name = visible(" ".join(name.split()).replace("\N{SOFT HYPHEN}", "-"))
    return name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "…"


def write(
    folder: Path, ranges: Iterable[AddressRange], day: date, origin: str, at_least: int
) -> Written:
    """Put the AS data made of `ranges` into `folder`, in one step or not at all.

    `ranges`: in the order of their addresses, IPv4 before IPv6. `day`: the date of the data.
    `at_least`: how many ranges with a system there must be.

    Raises:
        RangeError: the ranges are out of order, too few or too many.
        BusyError: another process is writing there.
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        for rest in folder.glob("*.part"):  # of a run that was killed
            rest.unlink()
        try:
            return _write(folder, ranges, day, origin, at_least)
        finally:
            for rest in folder.glob("*.part"):
                rest.unlink()


def _write(
    folder: Path, ranges: Iterable[AddressRange], day: date, origin: str, at_least: int
) -> Written:
    merged = _Merge(ranges)
    with (folder / "prefixes.part").open("wb") as file:
        prefixes = _SliceWriter(file, _PREFIXES_PER_SLICE)
        for block in merged:
            family = socket.AF_INET if block.version == 4 else socket.AF_INET6
            size = _BITS[block.version] // 8
            for first, length in split(block.version, block.first, block.last):
                address = socket.inet_ntop(family, first.to_bytes(size, "big"))
                prefixes.add(address, f"{address}/{length}\t{block.number}\n")
            if prefixes.count > MAX_PREFIXES:
                raise RangeError(f"there are more than {MAX_PREFIXES:,} prefixes")
        if merged.count < max(at_least, 1):
            raise RangeError(
                f"there are only {merged.count:,} ranges of systems, at least {at_least:,} belong"
            )
        prefix_part = prefixes.finish("prefixes", "txt.gz")
    with (folder / "names.part").open("wb") as file:
        names = _SliceWriter(file, _NAMES_PER_SLICE)
        last = max(merged.names)
        for number in sorted(merged.names):
            head = "{\n" if names.count == 0 else ""
            tail = "\n}\n" if number == last else ",\n"
            name, country = merged.names[number]
            holder = json.dumps([name, country] if country else name, ensure_ascii=False)
            names.add(str(number), f'{head}"{number}":{holder}{tail}')
        name_part = names.finish("names", "json.gz")
    manifest = Manifest(day, origin, prefix_part, name_part)
    with (folder / "manifest.part").open("w", encoding="utf-8") as text:
        text.write(manifest.dump())
        _settle(text.fileno())
    (folder / "prefixes.part").rename(folder / prefix_part.file)
    (folder / "names.part").rename(folder / name_part.file)
    (folder / "manifest.part").replace(folder / MANIFEST)
    for pattern in ("prefixes-*.txt.gz", "names-*.json.gz"):
        for old in folder.glob(pattern):
            if old.name not in (prefix_part.file, name_part.file):
                old.unlink()
    return Written(day, merged.count, prefix_part.count, name_part.count, merged.overlaps)


class _Merge:
    """Joins neighbouring ranges of one system, and cuts what an earlier range covers already."""

    def __init__(self, ranges: Iterable[AddressRange]) -> None:
        self._ranges = ranges
        self.count = 0
        self.overlaps = 0
        self.names: dict[int, tuple[str, str]] = {}  # with the country

    def __iter__(self) -> Iterator[AddressRange]:
        version, previous, covered = 0, 0, -1
        held: AddressRange | None = None
        for item in self._ranges:
            if item.version != version:
                if item.version < version:
                    raise RangeError("an IPv4 range stands after an IPv6 range")
                version, previous, covered = item.version, 0, -1
            if item.first > item.last:
                raise RangeError("the range ends before it begins")
            if item.first < previous:
                raise RangeError("the range begins before the one in front of it")
            previous = item.first
            if not item.number:
                continue
            self.count += 1
            self.names.setdefault(item.number, (tidy(item.name), item.country))
            first = max(item.first, covered + 1)
            self.overlaps += first != item.first
            if first > item.last:
                continue
            joins = (
                held is not None
                and held.version == version
                and held.number == item.number
                and first == covered + 1
            )
            covered = item.last
            if held is not None and not joins:
                yield held
            start = held.first if held is not None and joins else first
            held = AddressRange(version, start, item.last, item.number, "")
        if held is not None:
            yield held


class _SliceWriter:
    """Writes lines as gzip members of `per_slice` lines each; the same lines, the same bytes."""

    def __init__(self, file: BinaryIO, per_slice: int) -> None:
        self.count = 0
        self._file = file
        self._per_slice = per_slice
        self._lines: list[str] = []
        self._slices: list[tuple[str, int]] = []
        self._digest = hashlib.sha256()
        self._size = 0

    def add(self, key: str, line: str) -> None:
        if not self._lines:
            self._slices.append((key, self._size))
        self._lines.append(line)
        self.count += 1
        if len(self._lines) == self._per_slice:
            self._flush()

    def finish(self, stem: str, suffix: str) -> Part:
        self._flush()
        self._file.flush()
        _settle(self._file.fileno())
        checksum = self._digest.hexdigest()
        name = f"{stem}-{checksum[:12]}.{suffix}"
        return Part(name, self._size, checksum, self.count, tuple(self._slices))

    def _flush(self) -> None:
        if not self._lines:
            return
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)  # gzip, with no time and no name in it
        data = packer.compress("".join(self._lines).encode()) + packer.flush()
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)
        self._lines.clear()


def _settle(descriptor: int) -> None:
    """On the disk before the rename, so that a power cut leaves the old data or the new."""
    os.fchmod(descriptor, 0o644)
    os.fsync(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(f"another process is writing to {folder}") from error
        yield
        with suppress(OSError):  # some file systems cannot; the files themselves were
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
