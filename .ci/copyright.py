"""Prints a .deb's debian/copyright: ours, and then each bundled wheel's own licences in full.

    copyright.py OUR-PART FOLDER

FOLDER holds the wheels. The form: Debian's machine-readable copyright file, 1.0.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from wheels import Wheel, read_all

_PRIVATE: Final = "usr/lib/sock-tui"
_ELSEWHERE: Final = (
    "Where these are licences by three clauses, they are those above, each in its authors' name.",
    "On Debian systems the text of Apache-2.0 is in /usr/share/common-licenses/Apache-2.0.",
)


def main() -> None:
    """Print it."""
    ours, folder = map(Path, sys.argv[1:])
    print(ours.read_text().rstrip())
    for wheel in read_all(folder):
        print(f"\n{_paragraph(wheel)}")


def _paragraph(wheel: Wheel) -> str:
    """Its folders and whose they are. The texts stand here, since no two are quite the same."""
    info = f"{_PRIVATE}/{wheel.path.name.split('-')[0]}-*.dist-info/*"
    files = [*(f"{_PRIVATE}/{top}" + ("" if "." in top else "/*") for top in wheel.folders), info]
    holders = wheel.holders or [f"the authors of {wheel.name}"]
    holders += [each.holder for each in wheel.linked]
    licences = " and ".join(
        dict.fromkeys([wheel.licence, *(each.licence for each in wheel.linked)])
    )
    texts = dict.fromkeys(text.strip() for text in wheel.texts)
    lines = [line for text in texts for line in (*text.splitlines(), "")][:-1]
    if wheel.linked:
        within = ", ".join(f"{each.name} ({each.licence})" for each in wheel.linked)
        lines += ["", f"Its compiled file holds {within}.", *_ELSEWHERE]
    return "\n".join(
        [
            *_field("Files", files),
            *_field("Copyright", holders),
            f"License: {' and '.join(licences)}",
            *(f" {line.rstrip()}" if line.strip() else " ." for line in lines),
        ]
    )


def _field(name: str, values: list[str]) -> list[str]:
    return [f"{name}: {values[0]}", *(f" {value}" for value in values[1:])]


if __name__ == "__main__":
    main()
