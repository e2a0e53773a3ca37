"""TOML as a person writes it: read with the place of each key, and of each mistake."""

from __future__ import annotations

import re
from typing import Any

from probes.text import visible


class TomlError(Exception):
    """A text is not what is expected. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def read_toml(text: str) -> dict[str, Any]:
    """What a text says; raises TomlError."""
    import tomllib  # 3 ms, which whoever has no such file does not wait

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlError("values are nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = re.search(r" \(at line (\d+), column (\d+)\)$", said)
        if found is not None:
            message = visible(said[: found.start()])
            raise TomlError(message, int(found[1]), int(found[2])) from None
        lines = text.splitlines() or [""]
        message = re.sub(r" \(at end of document\)$", " at the end", said)
        raise TomlError(visible(message), len(lines), len(lines[-1]) + 1) from None


def place(text: str, key: str) -> tuple[int, int]:
    """Line and column of a key or table, as far as it stands at the start of a line."""
    pattern = re.compile(rf"\s*(?:\[+\s*)?([\"']?){re.escape(key)}\1\s*[=.\]]")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return number, len(line) - len(line.lstrip()) + 1
    return 1, 1


def string(text: str) -> str:
    r"""A TOML basic string of printable text: `"` and `\` are all that is to be escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
