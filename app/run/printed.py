r"""What a command prints, made fit for a pane: lines of text in colours, and nothing that acts.

Its terminal is ours, but what it writes never reaches the one that we draw on. Colours and the like
(SGR: ECMA-48, 8.3.117) are kept, and a carriage return, a backspace and a tab do what they do; all
other control sequences are left out, and what else could act is shown as an escape.
"""

from __future__ import annotations

import codecs
import re
from itertools import groupby
from operator import itemgetter
from typing import Final

from rich.text import Text

from probes.text import visible

LINE_MAX: Final = 2_000
"""Characters of a line; what is longer goes on in the next."""
_TAB: Final = 8
_PENDING_MAX: Final = 4_096  # characters of a sequence that has not ended; then it is none

# ECMA-48, 5.4: CSI, parameters, intermediates, final. Strings (OSC, DCS, PM, APC, SOS) end with ST,
# and OSC with BEL as well.
_TOKEN: Final = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-Z\\`-~]"
    r"|(?P<control>[\n\r\b\t])"
    r"|[\x07\x0e\x0f\x00]",
)
_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?)\Z")
# Not 5 and 6, which blink, nor 8, which hides.
_STYLES: Final = frozenset(
    {0, 1, 2, 3, 4, 7, 9, *range(21, 30), *range(30, 50), *range(90, 98), *range(100, 108)}
)


class Printed:
    """Turns bytes into lines. What it remembers is bounded."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._pending = ""
        self._chars: list[str] = []
        self._styles: list[str] = []  # of each character
        self._at = 0
        self._style = ""

    @property
    def current(self) -> Text:
        """The line that has not ended."""
        return self._line()

    def feed(self, data: bytes) -> list[Text]:
        """What was printed next; the lines that end in it."""
        text = self._pending + self._decode(data)
        self._pending = ""
        unfinished = _UNFINISHED.search(text, max(0, len(text) - _PENDING_MAX))
        if unfinished is not None:
            self._pending, text = unfinished[0], text[: unfinished.start()]
        lines: list[Text] = []
        end = 0
        for token in _TOKEN.finditer(text):
            self._write(text[end : token.start()], lines)
            end = token.end()
            if token["control"]:
                self._control(token["control"], lines)
            elif token["final"]:
                self._sequence(token["parameters"], token["final"])
        self._write(text[end:], lines)
        return lines

    def _write(self, text: str, lines: list[Text]) -> None:
        text = visible(text)
        while text:
            if self._at >= LINE_MAX:
                self._end(lines)
            begin, piece = self._at, text[: LINE_MAX - self._at]
            self._at, text = begin + len(piece), text[len(piece) :]
            self._chars[begin : self._at] = piece
            self._styles[begin : self._at] = [self._style] * len(piece)

    def _control(self, char: str, lines: list[Text]) -> None:
        match char:
            case "\n":
                self._end(lines)
            case "\r":
                self._at = 0
            case "\b":
                self._at = max(0, self._at - 1)
            case _:
                self._write(" " * (_TAB - self._at % _TAB), lines)

    def _sequence(self, parameters: str, final: str) -> None:
        if final == "m":
            self._style = _style(self._style, parameters)
        elif final == "K" and parameters in ("", "0"):  # EL: to the line's end
            del self._chars[self._at :], self._styles[self._at :]
        elif final == "K" and parameters == "2":  # all of it
            self._chars, self._styles = [" "] * self._at, [""] * self._at

    def _end(self, lines: list[Text]) -> None:
        lines.append(self._line())
        self._chars, self._styles, self._at = [], [], 0

    def _line(self) -> Text:
        if not any(self._styles):
            return Text("".join(self._chars))
        parts = []
        for style, cells in groupby(zip(self._styles, self._chars, strict=True), itemgetter(0)):
            parts += [f"\x1b[0{style}m", *(char for _, char in cells)]
        return Text.from_ansi("".join(parts))


def _style(before: str, parameters: str) -> str:
    """The style that holds after an SGR: `;`-joined parameters that begin with `;`."""
    style = before
    numbers = [int(one) if one.isdecimal() and len(one) < 4 else 0 for one in parameters.split(";")]
    at = 0
    while at < len(numbers):
        number = numbers[at]
        if number in (38, 48) and numbers[at + 1 : at + 2] in ([5], [2]):
            size = 3 if numbers[at + 1] == 5 else 5
            colour = numbers[at : at + size]
            if len(colour) == size and max(colour[2:]) < 256:
                style += "".join(f";{one}" for one in colour)
            at += size
            continue
        if number == 0:
            style = ""
        elif number in _STYLES and number not in (38, 48):
            style += f";{number}"
        at += 1
    # What was set long ago and never taken back is forgotten, and not kept for ever.
    return style if len(style) <= 200 else style[style.index(";", len(style) - 100) :]
