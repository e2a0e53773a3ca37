"""The tools that bench/attribution holds against the truth, and how each one's rows are read."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kit.counting import missing
from kit.packages import Packages
from kit.running import Tool
from kit.tools import PEERS
from kit.truth import Seen, Subject, Value

_OWN: Final = "getaddrinfo"  # the host_source of what a process asked for itself


@dataclass(frozen=True, slots=True)
class Watcher:
    """One or more programs that together tell who connected where, by which name.

    `read`: their rows, by the folders that they wrote to, in the order of `tools`.
    """

    name: str
    tools: Sequence[Tool]
    read: Callable[[Sequence[Path]], list[Seen]]


def ours() -> Watcher:
    """sock-tui with the hook that it chooses; it waits for what timeouts end in."""
    tool = Tool(
        "sock-tui --json",
        lambda _folder: [sys.executable, "-m", "app.cli", "--json", "--no-asn", "--wait", "10"],
        lambda _out, err: "capturing: " in err,
        lost=lambda folder: missing(folder / "stderr"),
        rows=lambda _folder: 0,
    )
    return Watcher("sock-tui", [tool], lambda folders: from_json(folders[0] / "stdout"))


def from_json(path: Path) -> list[Seen]:
    """The rows of `--json`."""
    with path.open() as file:
        return [_row(json.loads(line)) for line in file]


def _row(row: Mapping[str, Any]) -> Seen:
    path = row["process"]
    latency = row.get("latency_ms")
    call = (row.get("call"), row.get("protocol"))
    said: dict[Subject, Value | None] = {
        Subject.NAME: row["comm"],
        # A thread's name, or a path that did not fit, is no path: it says so itself.
        Subject.PATH: None if path is None or path.startswith(("[", "…")) else path,
        Subject.ARGUMENTS: tuple(row["args"]) or None,
        Subject.HOST: row["host"],
        Subject.CALL: None if None in call else call,
        Subject.OUTCOME: row.get("outcome"),
        Subject.LATENCY: None if latency is None else float(latency),
    }
    return Seen(
        row["pid"],
        (row["address"], (row["port"] or 0) if row["address"] else 0),
        {subject: value for subject, value in said.items() if value is not None},
        row["host_source"] == _OWN,
    )


def bcc_tools(packages: Packages) -> Watcher:
    """BCC's tcpconnect, which adds names from DNS answers, and gethostlatency; as Debian has them.

    Raises PackageError.
    """
    scripts = packages.unpacked("bpfcc-tools") / "usr" / "sbin"
    modules = ":".join(
        str(packages.unpacked(name) / "usr" / "lib" / "python3" / "dist-packages")
        for name in ("python3-dnslib", "python3-cachetools")
    )

    def script(name: str, *options: str) -> list[str]:
        python = ["/usr/bin/python3", "-u", str(scripts / f"{name}-bpfcc")]
        return ["env", f"PYTHONPATH={modules}", *python, *options]

    tools = [
        _printer("tcpconnect", script("tcpconnect", "-d"), r"^PID .*QUERY"),
        _printer("gethostlatency", script("gethostlatency"), r"^TIME "),
    ]
    return Watcher("BCC: tcpconnect -d, gethostlatency", tools, _bcc_rows)


def bpftrace_tools() -> Watcher:
    """The same two as bpftrace has them."""
    tools = [
        _printer(name, ["bpftrace", f"/usr/sbin/{name}.bt"], r"^TIME ")
        for name in ("tcpconnect", "gethostlatency")
    ]
    return Watcher("bpftrace: tcpconnect.bt, gethostlatency.bt", tools, _bpftrace_rows)


def printing_tool() -> Watcher:
    """What BCC's tools do, on hooks that are there without kprobes."""
    command = [sys.executable, "-u", str(PEERS / "printing.py")]
    tool = Tool(
        "BCC, a line an event",
        lambda _folder: command,
        lambda _out, err: "capturing" in err,
        lost=lambda _folder: 0,
        rows=lambda _folder: 0,
    )
    return Watcher(tool.name, [tool], lambda folders: _printed_rows(folders[0] / "stdout"))


def _printer(name: str, command: list[str], header: str) -> Tool:
    """A tool that prints a header once it is attached."""
    found = re.compile(header, re.MULTILINE)
    return Tool(
        name,
        lambda _folder: command,
        lambda out, _err: found.search(out) is not None,
        lost=lambda _folder: 0,
        rows=lambda _folder: 0,
    )


# Their lines, and those of peers/printing.py.
_TCPCONNECT: Final = re.compile(
    r"^(?P<pid>\d+) +(?P<comm>.*?) +[46] +\S+ +(?P<address>[0-9a-f.:]+) +(?P<port>\d+)"
    r" +(?P<query>.*)$",
    re.MULTILINE,
)
_LATENCY: Final = re.compile(r"^[\d:]+ +(?P<pid>\d+) +.* +\d+(?:\.\d+)? (?P<host>\S+)$", re.M)
_BPFTRACE: Final = re.compile(
    r"^[\d:]+ (?P<pid>\d+) +(?P<comm>.*?) +\S+ +\d+ +(?P<address>[0-9a-f.:]+) +(?P<port>\d+) *$",
    re.MULTILINE,
)
_PRINTED: Final = re.compile(
    r"^(?P<pid>\d+) +\d+ +(?P<comm>.*?) +(?P<address>[0-9a-f.:]+) +(?P<port>\d+)$", re.M
)
_PRINTED_NAME: Final = re.compile(r"^(?P<pid>\d+) +.*? +\d+\.\d+ (?P<host>\S+)$", re.M)
_NO_QUERY: Final = "No DNS Query"


def _bcc_rows(folders: Sequence[Path]) -> list[Seen]:
    connects, lookups = (_text(folder) for folder in folders)
    return rows_by_lines(_TCPCONNECT.finditer(connects), _LATENCY.finditer(lookups))


def _bpftrace_rows(folders: Sequence[Path]) -> list[Seen]:
    connects, lookups = (_text(folder) for folder in folders)
    return rows_by_lines(_BPFTRACE.finditer(connects), _LATENCY.finditer(lookups))


def _printed_rows(path: Path) -> list[Seen]:
    text = path.read_text(errors="replace")
    return rows_by_lines(_PRINTED.finditer(text), _PRINTED_NAME.finditer(text))


def rows_by_lines(
    connects: Iterable[re.Match[str]], lookups: Iterable[re.Match[str]]
) -> list[Seen]:
    """Their rows as a person reads them: the nth connection of a PID to the nth name it asked for.

    A name that the line itself has comes first.
    """
    asked = defaultdict(list)
    for line in lookups:
        asked[line["pid"]].append(line["host"])
    found = []
    for line in connects:
        names = asked[line["pid"]]
        query = line.groupdict().get("query", "").partition(" (")[0].strip()
        host = names.pop(0) if names else None
        if query and query != _NO_QUERY:
            host = query
        facts: dict[Subject, Value] = {Subject.NAME: line["comm"]}
        if host is not None:
            facts[Subject.HOST] = host
        # They do not say how they know: whoever reads takes it for the process's own.
        there = (line["address"], int(line["port"]))
        found.append(Seen(int(line["pid"]), there, facts, own=host is not None))
    return found


def _text(folder: Path) -> str:
    return (folder / "stdout").read_text(errors="replace")
