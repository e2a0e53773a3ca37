"""The files of the AS data: what lies where, and how a part of them is read alone.

A folder of AS data holds three files, all text:

- the prefixes: gzipped lines `PREFIX<tab>AS number`, in the order of their addresses, IPv4 first;
  prefixes never overlap. pyasn reads the file as it is.
- the names: a gzipped JSON object, AS number to holder's name, in the order of the numbers.
- `asn.json`, the manifest: the date, where the data came from, and for each of the two files its
  name, size, SHA-256 and slices.

Each gzip file is a row of gzip members (RFC 1952, section 2.2), the slices: one can be read
without the others, so the program keeps some 5 MB in memory and unpacks what it is asked for,
where the whole table would take 150 MB and 0.6 s. The manifest is the only file that is ever
replaced; the others carry their checksum in their name, so a change is one rename.
"""

from __future__ import annotations

import hashlib
import json
import socket
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final, Generic, TypeVar

from probes.errors import SourceError

MANIFEST: Final = "asn.json"
FORMAT: Final = 1
_MAX_MANIFEST: Final = 4 << 20  # bytes; a real one has some 15 KB
_MAX_PART: Final = 64 << 20  # bytes; a real one has some 3 MB
_MAX_SLICE: Final = 4 << 20  # bytes unpacked; a real one has some 100 KB

AddressKey = tuple[int, bytes]
"""Length and bytes of a packed address: orders all of IPv4 before all of IPv6."""

K = TypeVar("K", AddressKey, int)


class AsnDataError(SourceError):
    """The AS data cannot be used. As text: what and why, then on a second line what to do."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}: {why}.\n{remedy}.")


class DamageError(Exception):
    """The content of a file is not what it should be; the message says how."""


@dataclass(frozen=True, slots=True)
class Part:
    """One gzip file. `slices`: the first key of each slice as text, and its offset in bytes."""

    file: str
    size: int
    sha256: str
    count: int
    slices: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder of AS data holds; `date` is the data's own, `origin` where it came from."""

    date: date
    origin: str
    prefixes: Part
    names: Part

    def dump(self) -> str:
        """The manifest as JSON; `parse` reads it back."""
        content = {"format": FORMAT, **asdict(self), "date": self.date.isoformat()}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """The manifest that `text` holds.

        Raises:
            DamageError: it is not JSON, or not of this form.
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DamageError("it is not JSON") from error
        fields = _mapping(content)
        if fields.get("format") != FORMAT:
            raise DamageError(f"its format is {fields.get('format')!r}, not {FORMAT}")
        try:
            day = date.fromisoformat(_text(fields, "date"))
        except ValueError as error:
            raise DamageError("its date is not a date") from error
        return cls(day, _text(fields, "origin"), _part(fields, "prefixes"), _part(fields, "names"))


class Slices(Generic[K]):
    """The gzip members of one part, found by key and unpacked one at a time."""

    __slots__ = ("_data", "_firsts", "_offsets")

    def __init__(self, data: bytes, firsts: Sequence[K], offsets: Sequence[int]) -> None:
        self._data = memoryview(data)
        self._firsts: Sequence[K] = firsts
        self._offsets = [*offsets, len(data)]

    def find(self, key: K) -> int:
        """The number of the slice that holds `key` if any does; -1 where all begin after it."""
        return bisect_right(self._firsts, key) - 1

    def text(self, index: int) -> str:
        """The slice's text.

        Raises:
            DamageError: it is not one whole gzip member of text.
        """
        packed = self._data[self._offsets[index] : self._offsets[index + 1]]
        unpacker = zlib.decompressobj(wbits=31)
        try:
            text = unpacker.decompress(packed, _MAX_SLICE).decode("utf-8")
        except (zlib.error, UnicodeDecodeError) as error:
            raise DamageError(str(error)) from error
        if not unpacker.eof or unpacker.unused_data:
            raise DamageError("a slice is not one gzip member")
        return text


def address_key(address: str) -> AddressKey | None:
    """The key of an IPv4 or IPv6 address; None for any other text."""
    try:
        packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except (OSError, ValueError):  # not an address; a null character or a lone surrogate in it
        return None
    return len(packed), packed


def read(folder: Path) -> tuple[Manifest, Slices[AddressKey], Slices[int]]:
    """The manifest, the prefixes and the names in `folder`, their checksums verified.

    Raises:
        DamageError: a file is cut short, changed, or not of this form.
        OSError: a file is missing or cannot be read.
    """
    try:
        manifest = Manifest.parse(_contents(folder / MANIFEST, _MAX_MANIFEST).decode("utf-8"))
    except (DamageError, UnicodeDecodeError) as error:
        raise DamageError(f"{folder / MANIFEST} is damaged ({error})") from error
    addresses = [address_key(first) for first, _ in manifest.prefixes.slices]
    try:
        numbers = [int(first) for first, _ in manifest.names.slices]
    except ValueError as error:
        raise DamageError(f"{folder / MANIFEST} is damaged (a slice begins nowhere)") from error
    keys = [key for key in addresses if key is not None]
    if len(keys) < len(addresses) or keys != sorted(keys) or numbers != sorted(numbers):
        raise DamageError(f"{folder / MANIFEST} is damaged (its slices are out of order)")
    return (
        manifest,
        Slices(_verified(folder, manifest.prefixes), keys, _offsets(manifest.prefixes)),
        Slices(_verified(folder, manifest.names), numbers, _offsets(manifest.names)),
    )


def _offsets(part: Part) -> list[int]:
    return [offset for _, offset in part.slices]


def _contents(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise DamageError(f"{path} is larger than {limit >> 20} MB")
    return data


def _verified(folder: Path, part: Part) -> bytes:
    path = folder / part.file
    data = _contents(path, _MAX_PART)
    if len(data) != part.size:
        raise DamageError(f"{path} has {len(data):,} bytes where {part.size:,} belong")
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise DamageError(f"{path} does not match its checksum")
    return data


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DamageError("an object is missing")
    return value


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise DamageError(f"{name} is missing")
    return value


def _number(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    if type(value) is not int or value <= 0:
        raise DamageError(f"{name} is missing or not a positive number")
    return value


def _part(content: Mapping[str, object], name: str) -> Part:
    fields = _mapping(content.get(name))
    file, size = _text(fields, "file"), _number(fields, "size")
    if Path(file).name != file or "\0" in file:  # else a manifest could point anywhere
        raise DamageError(f"{file!r} is not the name of a file beside it")
    slices = fields.get("slices")
    if not isinstance(slices, list) or not slices:
        raise DamageError(f"{name} has no slices")
    previous = -1
    pairs: list[tuple[str, int]] = []
    for pair in slices:
        match pair:
            case [str(first), int(offset)] if previous < offset < size:
                pairs.append((first, offset))
                previous = offset
            case _:
                raise DamageError(f"{name} has a slice that lies outside it")
    return Part(file, size, _text(fields, "sha256"), _number(fields, "count"), tuple(pairs))
