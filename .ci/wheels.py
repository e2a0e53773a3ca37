"""What a wheel says of itself: who it is, under which licence, and what it needs."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Where the metadata name no licence, or only its family: read off the text that lies beside them.
_KNOWN: Final = {"google-re2": "BSD-3-Clause"}
_CLASSIFIERS: Final = {"License :: OSI Approved :: MIT License": "MIT"}
# What may be linked into the compiled files without a word in the metadata, told by its symbols;
# where those have a version, it is the pattern's group.
_LINKED: Final = (
    ("abseil-cpp", "Apache-2.0", "The Abseil Authors", rb"\d+absl\d+lts_(\d{8})"),
    ("pybind11", "BSD-3-Clause", "2016 Wenzel Jakob <wenzel.jakob@epfl.ch>", rb"\d+pybind11\d+()"),
)
_TEXTS: Final = re.compile(r"(?:^|/)(?:LICEN[CS]E|COPYING|NOTICE)[^/]*$")
_COPYRIGHT: Final = re.compile(r"(?m)^\W*Copyright[^\S\n]+(?:\([Cc]\)|©)?[^\S\n]*(\S.*)$")


@dataclass(frozen=True, slots=True)
class Linked:
    """A library that is inside another project's compiled file. `version`: empty if not told."""

    name: str
    version: str
    licence: str
    holder: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel.

    `licence`: an SPDX expression; `texts`: its licences in full; `folders`: what it puts into
    site-packages beside its metadata; `requires`: as it says, extras' included; `linked`: what its
    compiled files hold of others.
    """

    path: Path
    name: str
    version: str
    summary: str
    licence: str
    texts: tuple[str, ...]
    folders: tuple[str, ...]
    requires: tuple[Requirement, ...]
    linked: tuple[Linked, ...]

    @property
    def sha256(self) -> str:
        """Of the file, in hexadecimal: what the package index names too."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def holders(self) -> list[str]:
        """Whose copyright its licences name, in their order."""
        return list(dict.fromkeys(line for text in self.texts for line in _COPYRIGHT.findall(text)))

    @classmethod
    def read(cls, path: Path) -> Wheel:
        """Raises ValueError where it names no licence: that has to be looked up, and told here."""
        with ZipFile(path) as opened:
            names = opened.namelist()
            info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
            said = HeaderParser().parsestr(opened.read(f"{info}/METADATA").decode())
            compiled = b"".join(opened.read(name) for name in names if name.endswith(".so"))
            texts = [opened.read(name).decode() for name in names if _TEXTS.search(name)]
        name = canonicalize_name(said["Name"])
        licence = _KNOWN.get(name) or _licence(said)
        if not licence:
            raise ValueError(f"{path.name} names no licence: look it up, and add it to {__file__}")
        tops = {name.split("/")[0] for name in names} - {info}
        folders = tuple(sorted(top for top in tops if not top.endswith((".data", ".dist-info"))))
        return cls(
            path=path,
            name=name,
            version=said["Version"],
            summary=said.get("Summary", ""),
            licence=licence,
            texts=tuple(texts),
            folders=folders,
            requires=tuple(map(Requirement, said.get_all("Requires-Dist", []))),
            linked=tuple(_linked(compiled)),
        )

    def needs(self, extras: Iterable[str] = ()) -> set[str]:
        """The projects that it requires here, those of `extras` of it included."""
        return {
            canonicalize_name(each.name)
            for each in self.requires
            if each.marker is None
            or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        }


def read_all(folder: Path) -> list[Wheel]:
    """All of a folder, by name. Ends the program where one cannot be described."""
    try:
        return sorted(map(Wheel.read, folder.glob("*.whl")), key=lambda wheel: wheel.name)
    except ValueError as error:
        sys.exit(f"sock-tui: {error}")


def _linked(compiled: bytes) -> Iterator[Linked]:
    for name, licence, holder, pattern in _LINKED:
        if found := re.search(pattern, compiled):
            yield Linked(name, found[1].decode(), licence, holder)


def _licence(said: Message) -> str:
    if found := said["License-Expression"] or said["License"]:
        return str(found)
    classifiers = said.get_all("Classifier", [])
    return next((_CLASSIFIERS[each] for each in classifiers if each in _CLASSIFIERS), "")
