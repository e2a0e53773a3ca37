"""`sock-tui open`: connections that were recorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.commands import values
from app.commands.configured import add_look, parse_configured
from app.commands.options import Parser, add_filters, add_output, wanted
from app.commands.watch import Watch, watch
from app.output.rights import give_up_root
from app.output.streams import fail
from app.output.target import calling_user
from app.session.playback import Playback
from probes.recordings.pace import Pace
from probes.recordings.replay import ReplaySource


@dataclass(frozen=True, slots=True)
class Open:
    """Show a recording. `speed`: times its own pace, None for as fast as can be."""

    watch: Watch
    recording: Path
    speed: float | None


def run(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; returns the exit status."""
    options = parse(arguments)
    record = options.watch.record
    if record is not None and os.path.exists(record) and record.samefile(options.recording):
        return fail(f"{record} is the recording itself; name another file", status=2)
    # What others may have made is taken apart with no more rights than that takes.
    give_up_root(calling_user(os.environ, os.geteuid()), [options.recording])
    playback = Playback(
        lambda pace: ReplaySource(options.recording, pace=pace),
        Pace(options.speed),
        options.watch.wanted,
    )
    return watch(options.watch, playback.source, playback)


def parser() -> Parser:
    """What may be given."""
    made = Parser("sock-tui open", "Show what --record kept, --json printed or --export wrote.")
    made.add_argument("recording", type=values.readable, metavar="FILE", help="the recording")
    made.add_argument(
        "--speed",
        type=values.positive,
        metavar="N",
        help="replay at N times its own pace, not as fast as can be",
    )
    add_output(made)
    # It may be another machine's recording, and is of other processes than those that run now.
    add_filters(made, pid=values.pid, user=values.user, port=values.port)
    add_look(made)
    return made


def parse(arguments: Sequence[str]) -> Open:
    """What the `arguments` behind `open` ask for; ends the process where they are wrong."""
    given, config = parse_configured(parser(), arguments)
    groups = [
        given.pid or [],
        given.user or [],
        given.port or [],
        [given.filter] if given.filter else [],
    ]
    return Open(Watch.of(given, wanted(groups), config), given.recording, given.speed)
