"""Which name a process meant by an address: what lookups and DNS answers told, remembered."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from probes.record import Host, HostSource

KEPT: Final = 65_536  # addresses by process, and addresses at all

# Seconds that an answer serves at least: whoever was told that it must not be kept connects all
# the same, a moment later.
_TTL_MIN: Final = 5
_TTL_MAX: Final = 7 * 86400  # RFC 8767, 4

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Answer(NamedTuple):
    """`until`: by the clock of `Names`."""

    host: Host
    until: float


class Names:
    """Names by (pid, address), and by address alone for a guess. The newest one counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, for how long a DNS answer holds."""
        self._clock = clock
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._own: OrderedDict[tuple[int, str], Host] = OrderedDict()
        self._any: OrderedDict[str, Host] = OrderedDict()

    def __contains__(self, address: str | None) -> bool:
        """Whether `find` may have an answer for `address`; where not, nobody gets one."""
        return address in self._any or address in self._answers

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
        self._answers.pop(address, None)  # it led to this, or is older
        return is_new

    def answered(self, address: str, name: str, ttl: int) -> None:
        """A DNS answer said that `name` has `address`, and holds for `ttl` seconds."""
        if is_numeric(name):
            return
        until = self._clock() + min(max(ttl, _TTL_MIN), _TTL_MAX)
        known = self._answers.get(address)
        host = known.host if known and known.host.name == name else Host(name, HostSource.DNS)
        _put(self._answers, address, _Answer(host, until))

    def find(self, pid: int, address: str) -> Host | None:
        """The name that `pid` asked for; else the newest that anybody did, as a guess."""
        own = self._own.get((pid, address))
        if own is not None:
            return own
        answer = self._answers.get(address)
        if answer is not None:
            if self._clock() < answer.until:
                return answer.host
            del self._answers[address]
        return self._any.get(address)


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


def _put(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    known = kept.get(key)
    kept[key] = known if known is not None and known == value else value
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
