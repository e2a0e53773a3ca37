"""A report as text, Markdown or HTML."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Final

from app.run.report import Report
from app.run.tables import Table

_SHORT: Final = 10  # rows of a table in the short form
_STYLE: Final = """\
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent);
  overflow-wrap: anywhere; }
th { font-weight: 600; }
.bad { color: light-dark(#b00020, #ff8a80); }
.note { opacity: .75; }
"""


def plain(report: Report, *, short: bool = False) -> str:
    """Lines for a terminal; `short` leaves out what comes after the first rows of each table."""
    lines = [report.title, report.total, *report.notes]
    for table in report.tables():
        lines += ["", *_columns(table, _SHORT if short else len(table.rows))]
    return "\n".join(lines) + "\n"


def _columns(table: Table, most: int) -> list[str]:
    rows = table.rows[:most]
    shown = [tuple(table.columns), *rows]
    # The last column is as long as it is.
    widths = [max(len(row[at]) for row in shown) for at in range(len(table.columns) - 1)]
    lines = [f"{table.title}:"]
    for row in shown:
        cells = [
            f"{cell:>{width}}" if cell.isdecimal() else f"{cell:<{width}}"
            for cell, width in zip(row, widths, strict=False)
        ]
        lines.append("  " + "  ".join([*cells, row[-1]]))
    if len(table.rows) > most:
        lines.append(f"  and {len(table.rows) - most} more")
    return lines


def markdown(report: Report) -> str:
    """For a pull request or a job's summary."""
    lines = [f"# {_markdown(report.title)}", "", _markdown(report.total)]
    lines += [f"\n*{_markdown(note)}*" for note in report.notes]
    for table in report.tables():
        lines += ["", f"## {table.title}", ""]
        lines += [_row(table.columns), _row(["---"] * len(table.columns))]
        lines += [_row([_markdown(cell) for cell in row]) for row in table.rows]
    return "\n".join(lines) + "\n"


def _row(cells: object) -> str:
    assert isinstance(cells, tuple | list)
    return f"| {' | '.join(cells)} |"


def _markdown(text: str) -> str:
    """As it is, whatever Markdown or HTML it could be taken for."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]<>()#+-.!|~&@:" else char for char in text)


def web_page(report: Report) -> str:
    """A page that needs no other file, and runs nothing."""
    escaped = html.escape
    bad = " class=bad" if report.outside else ""
    parts = [
        "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>",
        '<meta name=viewport content="width=device-width">',
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">",
        f"<title>{escaped(report.title)}</title>\n<style>\n{_STYLE}</style>",
        f"<h1>{escaped(report.title)}</h1>\n<p{bad}>{escaped(report.total)}</p>",
        *(f"<p class=note>{escaped(note)}</p>" for note in report.notes),
    ]
    for table in report.tables():
        head = "".join(f"<th>{escaped(column)}" for column in table.columns)
        rows = "\n".join(
            "<tr>" + "".join(f"<td>{escaped(cell)}" for cell in row) for row in table.rows
        )
        parts.append(f"<h2>{escaped(table.title)}</h2>\n<table>\n<tr>{head}\n{rows}\n</table>")
    return "\n".join(parts) + "\n</html>\n"


FORMS: Final[Mapping[str, Callable[[Report], str]]] = {
    ".json": lambda report: report.to_json() + "\n",
    ".md": markdown,
    ".html": web_page,
    ".txt": plain,
}


def form_of(path: PurePath) -> Callable[[Report], str] | None:
    """What writes a report of that file's kind; None where there is none."""
    return FORMS.get(path.suffix.lower())
