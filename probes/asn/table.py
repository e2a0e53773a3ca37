"""Which autonomous system an address belongs to: a thin layer on pyasn."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final, Protocol

from probes.asn.store import (
    MANIFEST,
    AddressKey,
    AsnDataError,
    DamageError,
    Manifest,
    Slices,
    address_key,
    read,
)
from probes.record import AutonomousSystem
from probes.text import visible

__all__ = ["BUNDLED", "UPDATED", "AsnDataError", "AsnTable"]

BUNDLED: Final = Path(__file__).parent / "data"
"""The snapshot that ships with the program."""

UPDATED: Final = Path("/var/lib/sock-tui/asn")
"""Where `sock-tui asn update` puts newer data, which then wins over the snapshot."""

_CACHED: Final = 16_384  # addresses remembered, some 200 bytes each

# IPv6 addresses that carry the peer's IPv4 address in their last four bytes: IPv4-mapped
# (::ffff:0:0/96, RFC 4291 section 2.5.5.2), and NAT64's own (64:ff9b::/96, RFC 6052).
_CARRIES_IPV4: Final = (bytes(10) + b"\xff\xff", b"\0\x64\xff\x9b" + bytes(8))

# No system's own: the special-purpose registries of RFC 6890 as IANA keeps them, and multicast.
# The data names systems for Teredo and 6to4, whose relays say nothing of the peer.
_SPECIAL: Final = {
    4: [
        ip_network(prefix)
        for prefix in (
            "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 "
            "192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 "
            "203.0.113.0/24 224.0.0.0/3"
        ).split()
    ],
    6: [
        ip_network(prefix)
        for prefix in (
            "::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:2::/48 2001:10::/28 2001:20::/28 "
            "2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
        ).split()
    ],
}


class _Radix(Protocol):
    """What is used of pyasn.pyasn."""

    def lookup(self, address: str, /) -> tuple[int | None, str | None]: ...


class AsnTable:
    """The autonomous systems of the internet, by address.

    `date`: of the data. `source`: "bundled", or the folder that it was read from.
    `prefix_count`, `name_count`: how many there are.
    `damage`: None, or what was wrong with a part of the data whose checksum was right, and which
    only a lookup could find; the lookups that need that part give None.
    """

    def __init__(
        self,
        manifest: Manifest,
        prefixes: Slices[AddressKey],
        names: Slices[int],
        radix: Callable[[str], _Radix],
        source: str,
    ) -> None:
        self.date: date = manifest.date
        self.source = source
        self.prefix_count = manifest.prefixes.count
        self.name_count = manifest.names.count
        self.damage: AsnDataError | None = None
        self._prefixes = prefixes
        self._names = names
        self._new_radix = radix
        self._radixes: dict[int, _Radix | None] = {}
        self._name_slices: dict[int, dict[str, tuple[str, str]]] = {}
        self._systems: dict[int, AutonomousSystem] = {}
        self._cached = lru_cache(maxsize=_CACHED)(self._find)

    @classmethod
    def load(cls, folder: Path | None = None) -> AsnTable:
        """The table in `folder`; without one the updated copy, or else the bundled snapshot.

        Takes some 15 ms: the files are read and their checksums verified. A lookup unpacks the
        slice that it needs, 4 ms the first time, so no pause is long enough to be seen.

        Raises:
            AsnDataError: the data or pyasn is missing or damaged.
        """
        try:
            from pyasn import pyasn  # 20 ms, and the program works without it
        except ImportError as error:
            raise AsnDataError(
                "The AS data cannot be read",
                f"Python finds no pyasn ({visible(str(error))})",
                "Run make setup again, or start with --no-asn",
            ) from error
        try:
            if folder is None:
                folder = UPDATED if (UPDATED / MANIFEST).exists() else BUNDLED
            manifest, prefixes, names = read(folder)
        except FileNotFoundError as error:
            raise AsnDataError(
                "The AS data is missing",
                f"there is no {visible(str(error.filename))}",
                _remedy(folder),
            ) from error
        except OSError as error:
            raise AsnDataError(
                "The AS data cannot be read",
                visible(f"{error.filename or folder}: {error.strerror or error}"),
                _remedy(folder),
            ) from error
        except DamageError as error:
            raise AsnDataError(
                "The AS data is damaged", visible(str(error)), _remedy(folder)
            ) from error
        source = "bundled" if folder == BUNDLED else visible(str(folder))
        return cls(manifest, prefixes, names, lambda text: pyasn(None, ipasn_string=text), source)

    def lookup(self, address: str) -> AutonomousSystem | None:
        """The system that announces an IPv4 or IPv6 address; None where none does.

        None too for special addresses (private, loopback, documentation …) and for any text
        that is no address. IPv4 inside IPv6 (mapped, or NAT64) is looked up as IPv4. The same
        system is always the same object. Takes 0.2 µs for an address seen before, else 12 µs.
        """
        return self._cached(address)

    def prefix(self, address: str) -> str | None:
        """The prefix with which the table has the address, such as `140.82.112.0/20`, or None."""
        return self._search(address)[1]

    def _find(self, address: str) -> AutonomousSystem | None:
        number, _ = self._search(address)
        return None if number is None else self._system(number)

    def _search(self, address: str) -> tuple[int | None, str | None]:
        """Number and prefix of the system that announces the address."""
        key = address_key(address)
        if key is None:
            return None, None
        if key[1].startswith(_CARRIES_IPV4):
            key = 4, key[1][12:]
        parsed = ip_address(key[1])
        radix = None if _is_special(parsed) else self._radix(self._prefixes.find(key))
        if radix is None:
            return None, None
        text = socket.inet_ntop(socket.AF_INET if key[0] == 4 else socket.AF_INET6, key[1])
        return radix.lookup(text)

    def _radix(self, index: int) -> _Radix | None:
        if index < 0:
            return None
        if index not in self._radixes:
            radix = None
            try:
                radix = self._new_radix(self._prefixes.text(index))
            except (DamageError, RuntimeError, ValueError) as error:
                self._damaged("prefixes", error)
            self._radixes[index] = radix
        return self._radixes[index]

    def _system(self, number: int) -> AutonomousSystem:
        system = self._systems.get(number)
        if system is None:
            known = self._name_slice(self._names.find(number))
            name, country = known.get(str(number), ("", ""))
            # Escaped here too, not only where it was written: the folder may be anyone's.
            system = AutonomousSystem(number, visible(name), visible(country))
            system = self._systems.setdefault(number, system)
        return system

    def _name_slice(self, index: int) -> dict[str, tuple[str, str]]:
        if index < 0:
            return {}
        if index not in self._name_slices:
            names: dict[str, tuple[str, str]] = {}
            try:
                body = self._names.text(index).strip().removeprefix("{").removesuffix("}")
                loaded = json.loads("{" + body.rstrip(",\n") + "}")
                names = {key: found for key, value in loaded.items() if (found := _holder(value))}
            except (DamageError, ValueError, RecursionError) as error:
                self._damaged("names", error)
            self._name_slices[index] = names
        return self._name_slices[index]

    def _damaged(self, part: str, error: Exception) -> None:
        self.damage = AsnDataError(
            "The AS data is damaged",
            f"a slice of its {part} cannot be read ({visible(str(error))})",
            _remedy(None),
        )


def _holder(value: object) -> tuple[str, str] | None:
    """Name and country, of which there is only the name where no country is known."""
    match value:
        case str(name):
            return name, ""
        case [str(name), str(country)]:
            return name, country
    return None


def _is_special(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in _SPECIAL[address.version])


def _remedy(folder: Path | None) -> str:
    if folder in (None, UPDATED, BUNDLED):
        return "Run sudo sock-tui asn update, or start with --no-asn"
    return "Name another folder with --asn-dir, or start with --no-asn"
