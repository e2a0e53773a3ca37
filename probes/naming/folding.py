"""A resolver's own questions, folded under those of the programs that asked it.

dnsmasq, systemd-resolved, unbound, nscd and the like ask a server on behalf of a program, whose own
question is a row already. Theirs is left out, and counted, where it can be told that

- the process holds a socket where names are asked for (`probes.naming.resolvers`), and
- it connected to port 53 of a server, which answered within a second, and
- within a second the name in that answer, or one below it (RFC 9156 has a resolver ask for parents
  first), was asked for by another: either a server at another address answered for it, to which
  another process had connected at port 53 within the second before; or another process's
  getaddrinfo() returned with it.

Everything else stays a row: what nobody answered, and questions by TCP or TLS, in which no name can
be seen. One answer folds one connection.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from typing import Final, NamedTuple

from probes.event import FLAG_IN_LOOKUP, WHO, Connects
from probes.naming.dns import PORT

WINDOW_NS: Final = 1_000_000_000
"""Nanoseconds that a resolver's connection waits for it to be told who asked, at most."""

HELD_MAX: Final = 1024
"""Connections that wait; the oldest stay rows when there are more."""

# What is remembered meanwhile, whoever sends it.
_NAMES: Final = 8192
_SIGNS: Final = 256  # of a name
_SERVERS: Final = 512
_ANSWERS: Final = 512  # of a server
_CLIENTS: Final = 256  # of a server
_PORT: Final = array("H", [PORT]).tobytes()


class _Held:
    """A resolver's connection. `server`: where to; `row`: the columns of this one connection.

    `name`: what it asked for, once that was answered.
    """

    __slots__ = ("name", "pid", "row", "server", "ts_ns")

    def __init__(self, ts_ns: int, pid: int, server: bytes, row: Connects) -> None:
        self.ts_ns = ts_ns
        self.pid = pid
        self.server = server
        self.row = row
        self.name: bytes | None = None


class _Sign(NamedTuple):
    """That somebody asked for a name. `server`: whom; None where it was libc.

    `pid`: who; None where it was this program itself, or where the server does not say.
    """

    ts_ns: int
    server: bytes | None
    pid: int | None


class Folding:
    """Holds back what may be folded. Times are nanoseconds since boot; addresses are packed."""

    def __init__(
        self,
        is_resolver: Callable[[int, int], bool],
        address_of: Callable[[bytes], bytes],
    ) -> None:
        """`is_resolver(pid, image)`: whether others ask it for names.

        `address_of`: the address in a `probes.event.WHERE`, in the form that `answered` gets.
        """
        self._is_resolver = is_resolver
        self._address_of = address_of
        self._held: deque[_Held] = deque()
        # By server, those that are not used up yet.
        self._answered: OrderedDict[bytes, deque[tuple[int, bytes]]] = OrderedDict()
        self._signs: OrderedDict[bytes, list[_Sign]] = OrderedDict()  # by name, parents included
        self._clients: OrderedDict[bytes, dict[int, int]] = OrderedDict()  # server: pid: when
        self._changed = False
        self._folded = 0
        self._dropped: list[tuple[int, int]] = []

    @property
    def folded(self) -> int:
        """How many connections were left out since the start."""
        return self._folded

    @property
    def is_waiting(self) -> bool:
        """Whether connections are held back."""
        return bool(self._held)

    def sift(self, connects: Connects) -> Connects:
        """Hold back the connections that may be folded, and give the others."""
        # A look at the bytes first: most runs have none.
        if _PORT not in connects.ports.tobytes():
            return connects
        kept = bytearray(b"\1") * len(connects.ports)
        for index in [index for index, port in enumerate(connects.ports) if port == PORT]:
            pid, _, _, image = WHO.unpack(connects.who[index])
            server, ts_ns = self._address_of(connects.where[index]), connects.times[index]
            # Who looks a name up for itself is a client of libc's, whatever it is else.
            own = connects.flags[index] & FLAG_IN_LOOKUP
            if not own and self._is_resolver(pid, image):
                kept[index] = 0
                self._held.append(_Held(ts_ns, pid, server, _picked(connects, [index])))
                self._changed = True
            else:
                self._note_client(server, pid, ts_ns)
        if all(kept):
            return connects
        return _picked(connects, list(compress(range(len(kept)), kept)))

    def answered(self, server: bytes, name: bytes, ts_ns: int) -> None:
        """A server answered somebody for `name`."""
        answers = self._answered.setdefault(server, deque(maxlen=_ANSWERS))
        answers.append((ts_ns, name))
        self._answered.move_to_end(server)
        if len(self._answered) > _SERVERS:
            self._answered.popitem(last=False)
        self._sign(name, _Sign(ts_ns, server, None))

    def asked(self, name: bytes, ts_ns: int, pid: int | None) -> None:
        """A process asked libc for `name` and got it; None: this program asks for it now.

        To be told in order with `sift`: what a resolver asks comes before what libc returns.
        """
        if pid is not None and not self._held:
            return
        self._sign(name.rstrip(b".").lower(), _Sign(ts_ns, None, pid))

    def settle(self, now_ns: int) -> Connects | None:
        """What can be told by now: fold it, and give what stays a row, if anything does."""
        held = self._held
        overdue = now_ns - WINDOW_NS
        if not held or not (self._changed or held[0].ts_ns <= overdue or len(held) > HELD_MAX):
            return None
        self._changed = False
        too_many = len(held) - HELD_MAX
        stay: list[Connects] = []
        self._held = deque()
        for index, one in enumerate(held):
            if self._can_be_told(one):
                self._folded += 1
                self._dropped.append((one.ts_ns, one.row.tids[0]))
            elif one.ts_ns <= overdue or index < too_many:
                stay.append(one.row)
            else:
                self._held.append(one)
        return joined(stay) if stay else None

    def dropped(self) -> list[tuple[int, int]]:
        """When and by which thread those were called that were folded since this was last asked."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def rest(self) -> Connects | None:
        """What is still held back, when there is nothing more to come."""
        rows = [one.row for one in self._held]
        self._held.clear()
        return joined(rows) if rows else None

    def _can_be_told(self, one: _Held) -> bool:
        name = one.name = one.name or self._answer_for(one)
        if name is None:
            return False
        return any(
            self._is_of_another(sign, one)
            for key in _with_search_domains_off(name)
            for sign in self._signs.get(key, ())
            # A name cut short counts only as what libc was asked for.
            if key == name or sign.server is None
        )

    def _answer_for(self, one: _Held) -> bytes | None:
        """The name in the oldest answer of its server that came after it; that is used up."""
        answers = self._answered.get(one.server)
        while answers:
            ts_ns, name = answers[0]
            if ts_ns > one.ts_ns + WINDOW_NS:
                return None
            answers.popleft()
            if ts_ns >= one.ts_ns:
                return name
        return None

    def _is_of_another(self, sign: _Sign, one: _Held) -> bool:
        if abs(sign.ts_ns - one.ts_ns) > WINDOW_NS or sign.pid == one.pid:
            return False
        if sign.server is None:
            return True
        if sign.server == one.server:
            return False
        clients = self._clients.get(sign.server, {})
        return any(
            0 <= sign.ts_ns - ts_ns <= WINDOW_NS for pid, ts_ns in clients.items() if pid != one.pid
        )

    def _sign(self, name: bytes, sign: _Sign) -> None:
        self._changed = True
        for key in _with_parents(name):
            signs = self._signs.setdefault(key, [])
            if len(signs) >= _SIGNS or (signs and sign.ts_ns - signs[0].ts_ns > 2 * WINDOW_NS):
                del signs[: len(signs) // 2 + 1]
            signs.append(sign)
            self._signs.move_to_end(key)
        while len(self._signs) > _NAMES:
            self._signs.popitem(last=False)

    def _note_client(self, server: bytes, pid: int, ts_ns: int) -> None:
        self._changed = True
        clients = self._clients.setdefault(server, {})
        clients.pop(pid, None)
        clients[pid] = ts_ns
        self._clients.move_to_end(server)
        if len(clients) > _CLIENTS:
            del clients[next(iter(clients))]
        if len(self._clients) > _SERVERS:
            self._clients.popitem(last=False)


def _with_parents(name: bytes) -> Iterator[bytes]:
    """The name and every domain that it is in."""
    while name:
        yield name
        name = name.partition(b".")[2]


def _with_search_domains_off(name: bytes) -> Iterator[bytes]:
    """The name, and what may have been asked for where resolv.conf(5) has search domains."""
    while name:
        yield name
        name = name.rpartition(b".")[0]


def joined(runs: Iterable[Connects]) -> Connects:
    """All of them in one run."""
    first, *others = runs
    columns = [column[:] for column in first]
    for run in others:
        for column, more in zip(columns, run, strict=True):
            column.extend(more)  # type: ignore[arg-type]
    return Connects(*columns)  # type: ignore[arg-type]


def _picked(connects: Connects, indexes: Sequence[int]) -> Connects:
    columns = [
        array(column.typecode, map(column.__getitem__, indexes))
        if isinstance(column, array)
        else [column[index] for index in indexes]
        for column in connects
    ]
    return Connects(*columns)  # type: ignore[arg-type]
