"""Groups as lines, some of them opened, in an order that holds still until it is asked for anew."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.session.leaders import LISTED
from app.session.listing import Listing
from app.session.members import Group, Measure, Members

Path = tuple[Hashable, ...]
"""The keys of a group and of those around it, from the outside; see `Place`."""

_LINES: Final = 3_000  # with groups on them; more are not looked through by anybody
_MORE: Final = "…"
_ROW: Final = "#"


class Source(Protocol):
    """Groups within groups; the innermost may have connections. `edits`: see `Counting`."""

    members: Members
    edits: int

    def listing(self, path: Path, group: Group, /) -> Listing | None:
        """The connections of a group, looked for from now on; None where it has groups."""

    def unlisted(self, path: Path, /) -> None:
        """Nobody looks at these connections any more."""


@dataclass(slots=True, eq=False)
class Node:
    """A group that has a line. `nodes`: those within, as they are held; empty while it is closed.

    `is_last`: for it and for each that it is in, whether nothing of the same follows it.
    """

    path: Path
    group: Group
    is_open: bool = False
    nodes: list[Node] = field(default_factory=list)
    listing: Listing | None = None
    is_last: tuple[bool, ...] = ()

    @property
    def can_open(self) -> bool:
        """Whether there is anything within."""
        return self.group.members is None or len(self.group.members) > 0


@dataclass(frozen=True, slots=True)
class More:
    """The line that stands for what is not listed within `node`, or outside of all for None."""

    node: Node | None
    hidden: int
    is_last: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A line: of a group, of a connection in it (its sequence number), or of what is left out.

    `path` is the same for as long as it stands for the same, wherever its line is.
    """

    path: Path
    node: Node | None
    row: int | None = None
    more: More | None = None


class Outline:
    """Lines of the groups of a source. `arrange` puts them in order, `refresh` keeps them there.

    Groups that come stand behind all others of their kind until the next `arrange`; those without
    connections leave. So nothing moves but for what a person asks for.
    """

    def __init__(self, source: Source, measure: Measure, *, opened: bool) -> None:
        """`measure`: what groups are sorted by. `opened`: whether they are until they are closed.

        Lines come with the first `arrange`.
        """
        self.measure = measure
        self._source = source
        self._opened = opened
        self._turned: set[Path] = set()  # opened, or closed where groups are open by themselves
        self._edits = source.edits
        self._nodes: list[Node] = []
        self._room = 0
        self._entries: list[Node | More] = []
        self._starts: list[int] = []  # the line of each
        self._lines = 0
        self._known: dict[Path, int] = {}

    def __len__(self) -> int:
        """How many lines there are."""
        return self._lines

    def __getitem__(self, index: int) -> Place:
        """The line at `index`, the first at 0; raises IndexError."""
        if not 0 <= index < self._lines:
            raise IndexError(index)
        at = bisect_right(self._starts, index) - 1
        entry, beyond = self._entries[at], index - self._starts[at]
        if isinstance(entry, More):
            path = entry.node.path if entry.node else ()
            return Place((*path, _MORE), entry.node, more=entry)
        if not beyond:
            return Place(entry.path, entry)
        assert entry.listing is not None
        row = entry.listing.numbers[beyond - 1]
        return Place((*entry.path, _ROW, row), entry, row=row)

    @property
    def largest(self) -> int:
        """The most connections that any of the outermost groups has; 1 at the least."""
        return max((node.group.count for node in self._nodes), default=1)

    def index(self, path: Path) -> int | None:
        """The line of a `Place.path`; None where it has none."""
        if len(path) > 2 and path[-2] == _ROW:
            line = self._known.get(path[:-2])
            node = None if line is None else self[line].node
            if line is None or node is None or node.listing is None or not node.is_open:
                return None
            numbers = node.listing.numbers[: self._listed(node)]
            return line + 1 + numbers.index(path[-1]) if path[-1] in numbers else None
        return self._known.get(path)

    def attach(self, source: Source) -> None:
        """Show the groups of another source; what was open stays so. To be arranged next."""
        self._source = source
        self._edits = source.edits

    def arrange(self) -> None:
        """Put all in order, with whatever is new."""
        self._room = _LINES
        for node in self._walk(self._nodes):
            if node.listing is not None and node.is_open:
                node.listing.catch_up()
        self._nodes = self._within((), self._source.members)
        self._grow(self._nodes)
        self.refresh()

    def refresh(self) -> None:
        """Let what is gone leave, and what is new follow all others."""
        edited, self._edits = self._edits != self._source.edits, self._source.edits
        self._room = _LINES - len(self._entries)
        self._nodes = self._kept((), self._source.members, self._nodes, edited)
        self._lay_out()

    def turn(self, path: Path, *, is_open: bool | None = None) -> bool:
        """Open or close a group, None for the other way; whether that changed anything."""
        line = self._known.get(path)
        node = None if line is None else self[line].node
        if node is None or node.path != path or node.is_open == is_open or not node.can_open:
            return False
        self._turned ^= {path}
        node.is_open = not node.is_open
        if node.is_open:
            self._room = _LINES - len(self._entries)
            self._grow([node])
        else:
            self._empty(node)
        self._lay_out()
        return True

    def _within(self, path: Path, members: Members) -> list[Node]:
        """The foremost groups, as far as there is room for them."""
        nodes: list[Node] = []
        for group in members.foremost(self.measure):
            if self._room <= 0:
                break
            nodes.append(self._new(path, group))
        return nodes

    def _new(self, path: Path, group: Group) -> Node:
        path = (*path, group.key)
        self._room -= 1
        return Node(path, group, is_open=(path in self._turned) != self._opened)

    def _grow(self, nodes: Iterable[Node]) -> None:
        """Give open groups what is within; what is nearer to the outside has room first."""
        waiting = deque(nodes)
        while waiting:
            node = waiting.popleft()
            if not node.is_open:
                continue
            if node.group.members is None:
                node.listing = self._source.listing(node.path, node.group)
            else:
                node.nodes = self._within(node.path, node.group.members)
                waiting += node.nodes

    def _empty(self, node: Node) -> None:
        for inner in self._walk([node]):
            if inner.listing is not None:
                self._source.unlisted(inner.path)
            if inner.group.members is not None:
                inner.group.members.unwatched()
        node.nodes, node.listing = [], None

    def _kept(self, path: Path, members: Members, nodes: list[Node], edited: bool) -> list[Node]:
        kept = [node for node in nodes if node.group.count > 0]
        if len(kept) < len(nodes):
            for node in nodes:
                if node.group.count <= 0:
                    self._empty(node)
        for node in kept:
            if node.listing is not None and edited:
                node.listing.prune()
            if node.is_open and node.group.members is not None:
                node.nodes = self._kept(node.path, node.group.members, node.nodes, edited)
        new: list[Node] = []
        for group in members.fresh():
            if self._room > 0 and len(kept) + len(new) < 2 * LISTED:
                new.append(self._new(path, group))
        self._grow(new)
        return kept + new

    def _lay_out(self) -> None:
        """Say which line everything is on."""
        self._entries, self._starts, self._known, self._lines = [], [], {}, 0
        self._add(self._nodes, None, self._source.members, ())

    def _add(
        self, nodes: list[Node], around: Node | None, members: Members, is_last: tuple[bool, ...]
    ) -> None:
        hidden = len(members) - len(nodes)
        for number, node in enumerate(nodes, 1):
            node.is_last = (*is_last, number == len(nodes) and hidden <= 0)
            self._known[node.path] = self._lines
            self._put(node, 1 + self._listed(node))
            if node.is_open and node.group.members is not None:
                self._add(node.nodes, node, node.group.members, node.is_last)
        if hidden > 0:
            self._known[*(around.path if around else ()), _MORE] = self._lines
            self._put(More(around, hidden, (*is_last, True)), 1)

    def _put(self, entry: Node | More, lines: int) -> None:
        self._entries.append(entry)
        self._starts.append(self._lines)
        self._lines += lines

    def _listed(self, node: Node) -> int:
        return len(node.listing.numbers) if node.listing is not None and node.is_open else 0

    def _walk(self, nodes: list[Node]) -> Iterator[Node]:
        for node in nodes:
            yield node
            yield from self._walk(node.nodes)
