"""Connections read back from the rows of CSV that `app.output.rows` writes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from probes.recordings.fields import FIELDS, Field, Kind

FORMULA: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet takes for the start of a formula; East Asian ones take the wide forms too."""

GUARDED: Final = re.compile(rf"'*[{re.escape(FORMULA)}]")
"""Text that gets an apostrophe in front; so does what begins as if it had one already."""

LOSSES: Final = ("lost", "overflow", "evicted")
"""The columns behind those of `FIELDS`: what the session is missing, the same in each row."""

START: Final = f"{FIELDS[0].name},{FIELDS[1].name},{FIELDS[2].name},"
"""How each such file begins."""

# Of an argument as shlex.quote writes it: plain, in quotes, or a quote.
_PIECE: Final = re.compile(r"""([^\s'"\\]+)|'([^']*)'|"([^"]*)\"""")
# By what they are said to be, so that kinds that are added are among them.
_NUMBERS: Final = frozenset(
    kind for kind in Kind if kind.value.startswith(("a whole number", "a number", "a port"))
)
_KEPT: Final = 4096  # arguments of so many processes are taken apart once: 50 µs each
_SHORT: Final = 4096  # characters of each of them, at most
_LISTS: Final = frozenset(kind for kind in Kind if kind.value.startswith("a list of"))


class CsvError(ValueError):
    """A file is not such CSV; the message says what was expected."""


class CsvReader:
    """Reads lines of a CSV file, the first of which names the columns.

    `missing`: what the session had lost when it was written, once a row was read.
    """

    def __init__(self, lines: Iterable[str], longest: int) -> None:
        """`lines`: with their ends. `longest`: characters that a cell may have."""
        csv.field_size_limit(longest)
        self._rows = csv.reader(lines, strict=True)
        self.missing = 0

    @property
    def line(self) -> int:
        """How many lines have been read."""
        return self._rows.line_num

    def rows(self) -> Iterator[Mapping[str, object]]:
        """The rows' values by name, as a JSON line has them; those of unknown columns are left.

        Raises CsvError.
        """
        try:
            names = next(self._rows, [])
            fields = [(field, names.index(field.name)) for field in FIELDS if field.name in names]
            losses = [names.index(name) for name in LOSSES if name in names]
            for cells in self._rows:
                if len(cells) != len(names):
                    raise CsvError(f"expected {len(names)} cells, not {len(cells)}")
                self.missing = sum(_count(cells[place]) for place in losses)
                yield {field.name: _value(field, cells[place]) for field, place in fields}
        except csv.Error as error:
            raise CsvError(f"expected CSV: {error}") from None


def _value(field: Field, cell: str) -> object:
    if not cell and field.nullable:
        return None
    if field.kind in _NUMBERS:
        return _number(cell)
    # What stood there begins with what one apostrophe was put in front of.
    text = cell[1:] if cell.startswith("'") and GUARDED.match(cell, 1) else cell
    if field.kind not in _LISTS:
        return text
    return _known_words(text) if len(text) < _SHORT else list(_words(text))


def _words(text: str) -> Iterator[str]:
    """What `shlex.join` joined; `shlex.split` takes minutes where arguments are long."""
    place = 0
    word: list[str] | None = None
    while place < len(text):
        if text[place] == " ":
            if word is not None:
                yield "".join(word)
            word = None
            place += 1
            continue
        piece = _PIECE.match(text, place)
        if piece is None:
            raise CsvError("expected arguments that a shell could read")
        word = word or []
        word.append(piece[piece.lastindex or 0])
        place = piece.end()
    if word is not None:
        yield "".join(word)


_known_words = lru_cache(maxsize=_KEPT)(lambda text: list(_words(text)))


def _count(cell: str) -> int:
    return int(cell) if _is_number(cell) else 0


def _number(cell: str) -> object:
    """The number that a cell says; a cell that says none stays what it is."""
    if _is_number(cell):
        return int(cell)
    whole, _, rest = cell.partition(".")
    return float(cell) if _is_number(whole) and _is_number(rest) else cell


def _is_number(cell: str) -> bool:
    return cell.isascii() and cell.isdecimal() and len(cell) <= 20
