"""What is fuzzed: a parser each, what it may raise, and what must hold of what it gives.

A target takes any bytes. It fails by raising: an exception that the parser does not promise, or an
AssertionError where something reaches a terminal that could act there.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import Final

from app.asn.update import update
from app.filters.errors import QueryError
from app.filters.query import parse
from app.output.lines import plain_writer
from app.output.recorder import Recorder
from app.output.rows import csv_writer
from app.run import reading
from app.run.rules import RuleError
from app.session.capture import Progress
from app.settings.config import ConfigError, read_config
from app.settings.saved import SavedError, SavedFilters
from app.settings.state import State
from probes.asn.table import AsnDataError
from probes.connections import Connections
from probes.enrichment.enrich import Enricher
from probes.errors import ReplayError
from probes.event import Connects
from probes.hooks.elf import function_offsets
from probes.kernel.decode import decode
from probes.naming.dns import answers, record_ttl, response
from probes.naming.names import Names
from probes.naming.resolved import answers_in
from probes.processes.procfs import Processes
from probes.recordings.jsonl import json_writer
from probes.recordings.replay import ReplaySource
from probes.recordings.writer import Writer
from tests.connections import GITHUB, NETLINK
from tests.ring_recording import recorded
from tests.rows import items_of
from tests.told import Told

_LIBC: Final = Path("/lib/x86_64-linux-gnu/libresolv.so.2")
_LATEST_NS: Final = 1 << 62
_NOWHERE: Final = Path("/proc/self/fdinfo")  # a folder without processes
_TSV: Final = b"1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUD\n2001:db8::\t2001:db8::ff\t64500\tDE\tX\n"
_RULES: Final = b"""# what the tests may do
[[allow]]
process = "/usr/bin/curl"
host = ["*.debian.org", "example.com"]
system = 54113
port = [80, 443]

[[allow]]
net = "resolvers"

[[allow]]
filter = ["proc:=/usr/bin/make !port:22,8000-8999", '''
(host:*.org or as:"A B") result:refused''']
"""
_DNS: Final = bytes.fromhex(
    "1234818000010002000000000377777707657861" "6d706c6503636f6d0000010001"
    "c00c000500010000003c0006036364" "6ec010" "c02d000100010000003c00045db8d822"
)  # fmt: skip
_MONITOR: Final = json.dumps(
    {
        "state": "success",
        "question": [{"class": 1, "type": 1, "name": "example.com"}],
        "answer": [{"rr": {"key": {"type": 1, "name": "example.com"}, "address": [192, 0, 2, 1]}}],
    }
).encode()
_FILTERS: Final = (
    b"proc:curl port:443,8000-9000 !user:root",
    b'host:*.github.com or (net:10.0.0.0/8 as:13335) "a b" /x+/ since:5m',
    b"result:refused tree:1 =exact -not:this",
)


@dataclass(frozen=True, slots=True)
class Target:
    """`run`: takes any bytes. `seeds`: bytes to begin with, most of which make sense to it."""

    run: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]


def shown(rows: Iterable[Connections]) -> None:
    """Write rows in every form; nothing but printable characters may come of them."""
    for piece in rows:
        for writer in (plain_writer(full=True), json_writer(), csv_writer()):
            for line in written(writer, piece).splitlines():
                assert line.isprintable(), line


def said(error: Exception) -> None:
    """What an error says goes to the terminal."""
    assert str(error).isprintable()


def written(writer: Writer, rows: Connections) -> str:
    """All that the writer makes of the rows."""
    return "".join(block for block, _ in writer.blocks(rows))


def ring(data: bytes) -> None:
    """Records of the ring, from bytes to lines."""
    decoded = decode(data)
    # Times are the kernel's own, and so are those of the rings that this begins with.
    calls = (event for event in decoded.events if isinstance(event, Connects))
    if any(max(event.times) > _LATEST_NS for event in calls):
        return
    enricher = Enricher(Processes(_NOWHERE), Names(), None, outcomes=True)
    items = [*enricher.items(decoded.events), *enricher.rest()]
    shown(item for item in items if isinstance(item, Connections))


def dns(data: bytes) -> None:
    """A DNS answer, and a record of one as systemd-resolved hands it on."""
    response(data)
    record_ttl(data)
    assert all(len(answer.address) in (4, 16) for answer in answers(data))


def resolved(data: bytes) -> None:
    """A message of systemd-resolved's monitor."""
    with suppress(ValueError, RecursionError):  # whoever reads the socket takes these
        answers_in(json.loads(data))


def elf(data: bytes) -> None:
    """What a process has mapped under the name of a libc."""
    with _held(data) as path, suppress(ValueError):
        function_offsets(path, ["getaddrinfo", "freeaddrinfo"])


def query(data: bytes) -> None:
    """A filter: what is read of it is written so that it is read alike, and can be asked."""
    try:
        found = parse(data.decode("utf-8", "surrogateescape"))
    except QueryError as error:
        said(error)
        return
    assert parse(str(found)) == found
    assert len(found.mask(Connections.of([GITHUB, NETLINK]))) == 2


def rule_file(data: bytes) -> None:
    """A file of rules."""
    with suppress(RuleError):
        reading.parse(data.decode("utf-8", "replace"))


def saved(data: bytes) -> None:
    """The file of saved filters."""
    with _held(data) as path, suppress(SavedError):
        SavedFilters(Path(path)).load()


def configuration(data: bytes) -> None:
    """The configuration, and how the dashboard was left."""
    with _held(data) as path:
        State(Path(path), None).load()
        try:
            read_config(Path(path), None, must_exist=True)
        except ConfigError as error:
            said(error)


def table(data: bytes) -> None:
    """A table of autonomous systems."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, suppress(AsnDataError):
        file = Path(folder, "ranges.tsv")
        file.write_bytes(data)
        update(str(file), Path(folder, "made"), lambda *_: None, at_least=1)


def recording(data: bytes) -> None:
    """A recorded session, JSON lines, or a CSV, whichever it takes it for."""
    told = Told()
    with _held(data) as path:
        try:
            ReplaySource(Path(path)).run(told, Event())
        except ReplayError as error:
            said(error)
    shown(item for item in told.items if isinstance(item, Connections))


class _held:  # noqa: N801 - used as a function is
    """A file that holds `data`, by a path that lasts as long as the block."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __enter__(self) -> str:
        descriptor, self._path = tempfile.mkstemp(dir="/dev/shm")
        with open(descriptor, "wb") as file:
            file.write(self._data)
        return self._path

    def __exit__(self, *_: object) -> None:
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(f"{self._path}{ending}")


@lru_cache(maxsize=1)
def _recordings() -> Sequence[bytes]:
    rows = Connections.of([GITHUB, NETLINK])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kept.db")
        recorder = Recorder(path, replace=False, owner=None)
        recorder.start(Progress)
        recorder.take(items_of([GITHUB, NETLINK]))
        recorder.stop()
        session = path.read_bytes()
    header = Path(__file__).parents[1] / "data" / "session.jsonl"
    return (
        session,
        written(json_writer(), rows).encode(),
        header.read_bytes()[:4000],
        written(csv_writer(), rows).encode(),
    )


_CONFIGURATION: Final = Path(__file__).parents[2] / "manual" / "config.toml"
TARGETS: Final[Mapping[str, Target]] = {
    "ring": Target(ring, lambda: [case.ring[:4096] for case in recorded()]),
    "dns": Target(dns, lambda: [_DNS]),
    "resolved": Target(resolved, lambda: [_MONITOR]),
    "elf": Target(elf, lambda: [_LIBC.read_bytes()] if _LIBC.exists() else [b"\x7fELF"]),
    "filter": Target(query, lambda: _FILTERS),
    "rules": Target(rule_file, lambda: [_RULES]),
    "saved": Target(saved, lambda: [b'[filters]\nweb = "port:80,443"\n']),
    "configuration": Target(
        configuration, lambda: [re.sub(rb"(?m)^#(?! )", b"", _CONFIGURATION.read_bytes())]
    ),
    "systems": Target(table, lambda: [_TSV]),
    "recording": Target(recording, _recordings),
}
"""By name."""
