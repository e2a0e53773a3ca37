"""The programs that are measured."""

from __future__ import annotations

import re
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kit.compiled import compiled
from kit.counting import AS_JSON, BY_PEERS, EXPORTED, PRINTED, matches, missing, titled, total
from kit.machine import REPOSITORY, with_tracefs
from kit.running import Tool
from kit.screen import without_escapes
from kit.storm import PORT
from probes.kernel.requirements import libc_path

PEERS: Final = REPOSITORY / "bench" / "peers"
NO_BPFTRACE: Final = "bpftrace is not installed (apt-get install bpftrace) and was not measured"

_SOCK_TUI: Final = (sys.executable, "-m", "app.cli", "--hook", "tracepoint")

_FORMS: Final = {
    "--plain": ("stdout", PRINTED),
    "--json": ("stdout", AS_JSON),
    "--export": ("session.csv", EXPORTED),
}
_LOST: Final = re.compile(rb"\blost (\d+)")
_SEEN: Final = re.compile(rb"\bseen (\d+)")
_OTHERS: Final = re.compile(rb"\bothers (\d+)")


def sock_tui(form: str, *options: str) -> Tool:
    """sock-tui without a screen. `form`: --plain, --json or --export."""
    file, row = _FORMS[form]

    def command(folder: Path) -> list[str]:
        # Nobody, who root becomes, could not write there.
        target = [str(folder / file), "--keep-root"] if form == "--export" else []
        return [*_SOCK_TUI, form, *target, *options]

    return Tool(
        f"sock-tui {form}",
        command,
        lambda _out, err: "capturing:" in err,
        lost=lambda folder: missing(folder / "stderr"),
        rows=lambda folder: matches(folder / file, row),
    )


def dashboard(*options: str) -> Tool:
    """sock-tui on a screen. Its rows are all that its table's title counts."""
    return Tool(
        "sock-tui, the dashboard",
        lambda _folder: [*_SOCK_TUI, *options],
        lambda out, _err: b"sys_enter_connect" in without_escapes(out.encode()),
        lost=lambda folder: missing(folder / "stdout"),
        rows=lambda folder: titled(folder / "stdout"),
        on_screen=True,
    )


def mapped(way: str, programs: Path) -> Tool:
    """C on sock-tui's own ring buffer; `way`: store or print. `programs`: where it is compiled."""
    program = compiled("peers/mapped.c", programs)
    prints = way == "print"
    return Tool(
        "C, the same buffer, a line an event" if prints else "C, the same buffer, stored",
        lambda _folder: [sys.executable, str(PEERS / "mapped.py"), str(program), way, str(PORT)],
        lambda _out, err: "capturing" in err,
        lost=lambda folder: total(folder / "stderr", _LOST),
        rows=lambda folder: (
            matches(folder / "stdout", BY_PEERS) if prints else total(folder / "stderr", _SEEN)
        ),
    )


def strangers(folder: Path) -> int:
    """Connections that were not the generator's, by what `mapped` left in its folder."""
    return total(folder / "stderr", _OTHERS)


def printing_tool() -> Tool:
    """A BCC tool that prints a line for each event, as tcpconnect does."""
    return Tool(
        "BCC, a line an event",
        lambda _folder: [sys.executable, str(PEERS / "printing.py")],
        lambda _out, err: "capturing" in err,
        lost=lambda folder: total(folder / "stderr", _LOST),
        rows=lambda folder: matches(folder / "stdout", BY_PEERS),
    )


def bpftrace(buffer: str = "line") -> Tool | None:
    """The same in a few lines of bpftrace; None where that is not installed.

    `buffer`: what it writes at once, as its -B says. A line is what it does when it is not told.
    """
    if shutil.which("bpftrace") is None:
        return None
    # As many as fill what it writes at once.
    sees = _sees("127.0.0.1", 1 if buffer == "line" else 1_000)
    return Tool(
        "bpftrace, a line an event" if buffer == "line" else f"bpftrace -B {buffer}",
        _script("connects.bt", "-B", buffer),
        sees,
        lost=lambda folder: total(folder / "stdout", re.compile(rb"Lost (\d+) events")),
        rows=lambda folder: matches(folder / "stdout", BY_PEERS),
    )


def counting_bpftrace() -> Tool | None:
    """Counters at sock-tui's places in bpftrace: the least that watching can cost there."""
    if shutil.which("bpftrace") is None:
        return None
    return Tool(
        "the least: bpftrace, counters",
        _script("counts.bt"),
        _sees("@connects: ", 1),
        lost=lambda _folder: 0,
        rows=lambda _folder: 0,
    )


def _script(name: str, *options: str) -> Callable[[Path], list[str]]:
    def command(folder: Path) -> list[str]:
        program = (PEERS / name).read_text().replace("LIBC", libc_path())
        (folder / name).write_text(program)
        return with_tracefs(["bpftrace", *options, str(folder / name)])

    return command


def _sees(said: str, calls: int) -> Callable[[str, str], bool]:
    """Whether it has said so of a connection: more are made for it to see, `calls` at a time."""

    def sees(out: str, _err: str) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(calls):
                sock.connect(("127.0.0.1", 9))
        return said in out

    return sees
