"""Which name a process meant by an address: what lookups and DNS answers told, remembered."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from probes.addresses import are_one_place, is_local, is_numeric
from probes.naming.asked import Asker, Known, Own
from probes.naming.recent import Answer, Recent
from probes.record import Host, HostSource

KEPT: Final = 65_536  # addresses by process, and addresses at all

# Seconds that an answer serves at least: whoever was told that it must not be kept connects all
# the same, a moment later.
_TTL_MIN: Final = 5
_TTL_MAX: Final = 7 * 86400  # RFC 8767, 4
# A name that is asked for again and again is one object for so long: rows share it, and whoever
# asks how old it is does not mind.
_SAME_NS: Final = 1_000_000_000

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Tree(Protocol):
    """Who descends from whom; `probes.naming.parents.Parents` is one."""

    def generations(self, ancestor: Asker, of: Asker) -> int | None:
        """How far above `of` it stands: 1 for its parent; None where it does not."""


class Names:
    """Names by thread, process, process tree, and by address alone. The newest of each counts.

    Of DNS answers, which are told ahead of the connections of their time, the newest that came
    before the connection. `ts_ns` everywhere: nanoseconds since boot (CLOCK_MONOTONIC).
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, tree: Tree | None = None
    ) -> None:
        """`clock`: seconds, for how long a DNS answer holds. `tree`: None knows no relatives."""
        self._clock = clock
        self._tree = tree
        self._turn = 0
        self._own: OrderedDict[tuple[Asker, str], Own] = OrderedDict()
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._kin_looked_for = 0
        self._answers: OrderedDict[str, Recent] = OrderedDict()
        self._answers_in: OrderedDict[tuple[str, int], Recent] = OrderedDict()
        self._reverse: OrderedDict[str, Host] = OrderedDict()

    def __contains__(self, address: str | None) -> bool:
        """Whether `find` may have an answer for `address`; where not, nobody gets one."""
        return address in self._known or address in self._answers or address in self._reverse

    def learn(
        self,
        asker: Asker,
        tid: int,
        address: str,
        name: str,
        now_ns: int,
        *,
        ts_ns: int,
        netns: int | None = None,
    ) -> bool:
        """Thread `tid` of `asker` asked for `name` and got `address`, at `now_ns` since the epoch.

        `ts_ns`: the same time since boot. `netns`: the inode of its network namespace, as far as it
        is known. Returns whether the process has a name for it now and had none before. An address
        in numbers is no name.
        """
        if is_numeric(name):
            return False
        own, known = self._own.get((asker, address)), self._known.get(address)
        if known is None:
            known = Known()
        before = own and (own.threads or {}).get(tid, own.host)
        host = _host(before or None, name, HostSource.GETADDRINFO, now_ns)
        is_new = own is None
        if own is None:
            own = Own(host, tid)
        else:
            own.ask(host, tid)
        _put(self._own, (asker, address), own)
        known.host = _host(known.host, name, HostSource.OTHER_PROCESS, now_ns)
        self._turn += 1
        known.since = ts_ns, self._turn
        if is_local(address):
            known.named_in(netns or 0)
        if host is not before or asker not in known.askers:
            known.kin.clear()
        known.asked_by(asker)
        _put(self._known, address, known)
        return is_new

    def answered(
        self,
        address: str,
        name: str,
        ttl: int,
        now_ns: int,
        *,
        ts_ns: int,
        source: HostSource = HostSource.DNS,
        netns: int | None = None,
    ) -> bool:
        """A DNS answer said that `name` has `address`, and holds for `ttl` seconds.

        `ts_ns`: when it came; `now_ns`: since the epoch, when it was heard, or a little later.
        `netns`: the network namespace that it was heard in. Returns whether nobody had a name for
        the address before.
        """
        if is_numeric(name):
            return False
        is_new = address not in self
        until = self._clock() + min(max(ttl, _TTL_MIN), _TTL_MAX)
        told = self._answers.get(address) or Recent()
        host = _host(told.host_called(name), name, source, now_ns)
        self._turn += 1
        answer = Answer((ts_ns, self._turn), host, until, netns)
        told.add(answer)
        _put(self._answers, address, told)
        if netns is not None:
            told = self._answers_in.get((address, netns)) or Recent()
            told.add(answer)
            _put(self._answers_in, (address, netns), told)
        return is_new

    def reversed(self, address: str, name: str, now_ns: int) -> bool:
        """The address's owner calls it `name`; whether nobody had a name for it before."""
        if is_numeric(name):
            return False
        is_new = address not in self
        _put(self._reverse, address, Host(name, HostSource.PTR, now_ns))
        return is_new

    def find(
        self, asker: Asker, tid: int, address: str, ts_ns: int, netns: int | None = None
    ) -> Host | None:
        """The name that thread `tid` of `asker` asked for; else that any thread of it did.

        Else that a process did which it descends from, or which descends from it: the nearest
        one's. Else, as a guess, the newest that anybody did or that a DNS answer told, its own
        network namespace's first; of an address that is another machine in each namespace (see
        `is_local`) only that. Else the address's own name. `ts_ns`: when it connected; where all
        DNS answers came later, the first of them, since what is told of times is not always exact.
        """
        own = self._own.get((asker, address))
        if own is not None:
            return own.threads.get(tid, own.host) if own.threads else own.host
        known = self._known.get(address)
        if known is not None and (kin := self._of_kin(asker, address, known)):
            return kin
        answer = self._answer(address, ts_ns, netns)
        if answer is not None and (known is None or known.since < answer.since):
            return answer.host
        guess = known.host if known is not None else None
        if known is not None and netns is not None and known.places:
            guess = known.places.get(netns) or known.places.get(0)
        return guess or (answer.host if answer else self._reverse.get(address))

    def _of_kin(self, asker: Asker, address: str, known: Known) -> Host | None:
        if self._tree is None:
            return None
        if asker in known.kin:
            return known.kin[asker]
        host = None
        nearest = 1 << 30
        for other in reversed(known.askers):
            apart = self._tree.generations(other, asker) or self._tree.generations(asker, other)
            if apart and apart < nearest and (own := self._own.get((other, address))):
                nearest = apart
                host = Host(own.host.name, HostSource.PROCESS_TREE, own.host.learned_ns)
        self._kin_looked_for += 1
        if self._kin_looked_for > KEPT:
            self._kin_looked_for = 0
            for other_address in self._known.values():
                other_address.kin.clear()
        known.kin[asker] = host
        return host

    def _answer(self, address: str, ts_ns: int, netns: int | None) -> Answer | None:
        now = self._clock()
        if netns is not None and (told := self._answers_in.get((address, netns))):
            answer = told.at(ts_ns)
            if now < answer.until:
                return answer
            if now >= told.until:
                del self._answers_in[address, netns]
        if told := self._answers.get(address):
            answer = told.at(ts_ns)
            if now >= answer.until:
                if now >= told.until:
                    del self._answers[address]
            elif are_one_place(address, netns, answer.netns):
                return answer
        return None


def _host(known: Host | None, name: str, source: HostSource, now_ns: int) -> Host:
    """`known` itself where it says the same and is not a second old."""
    if known is not None and (known.name, known.source) == (name, source):
        learned_ns = known.learned_ns
        if learned_ns is not None and 0 <= now_ns - learned_ns < _SAME_NS:
            return known
    return Host(name, source, now_ns)


def _put(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
