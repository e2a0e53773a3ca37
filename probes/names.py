"""Which name a process meant by an address: what getaddrinfo() told, remembered."""

from __future__ import annotations

import ipaddress
import socket
from collections import OrderedDict
from typing import Final, TypeVar

from probes.record import Host, HostSource

KEPT: Final = 65_536  # addresses by process, and addresses at all

_Key = TypeVar("_Key")


class Names:
    """Names by (pid, address), and by address alone for a guess. The newest one counts."""

    def __init__(self) -> None:
        self._own: OrderedDict[tuple[int, str], Host] = OrderedDict()
        self._any: OrderedDict[str, Host] = OrderedDict()

    def __contains__(self, address: str | None) -> bool:
        """Whether `find` has an answer for `address`, whoever asks."""
        return address in self._any

    def learn(self, pid: int, address: str, name: str) -> bool:
        """`pid` asked for `name` and got `address`.

        Returns whether `pid` has a name for it now and had none before. An address in numbers is
        no name.
        """
        if is_numeric(name):
            return False
        is_new = (pid, address) not in self._own
        _put(self._own, (pid, address), Host(name, HostSource.GETADDRINFO))
        _put(self._any, address, Host(name, HostSource.OTHER_PROCESS))
        return is_new

    def find(self, pid: int, address: str) -> Host | None:
        """The name that `pid` asked for; else the newest that any process did, as a guess."""
        return self._own.get((pid, address)) or self._any.get(address)


def is_numeric(name: str) -> bool:
    """Whether `name` is an IP address written out, with or without a zone (`fe80::1%eth0`).

    So are the short and hexadecimal forms of inet_aton(3), which getaddrinfo() reads: `127.1`.
    """
    try:
        # inet_aton() stops at white space and takes what stands before it.
        if not any(map(str.isspace, name)):
            socket.inet_aton(name)
            return True
    except (OSError, ValueError):
        pass
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _put(kept: OrderedDict[_Key, Host], key: _Key, host: Host) -> None:
    known = kept.get(key)
    kept[key] = known if known == host else host
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
