"""The recorded ring: what a kernel wrote while the scenarios were performed (see record_ring)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "data" / "ring.jsonl"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A scenario. `rows`: what must be seen, in JSON's fields; `ring`: records, byte for byte."""

    scenario: str
    pids: list[int]
    rows: list[Mapping[str, object]]
    ring: bytes


def recorded() -> Iterator[Recorded]:
    """All scenarios of the recording, in their order."""
    for line in FILE.read_text().splitlines():
        found = json.loads(line)
        yield Recorded(**{**found, "ring": base64.b64decode(found["ring"])})
