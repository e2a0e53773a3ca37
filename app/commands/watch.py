"""Connections to a screen, to lines or to a file: what `sock-tui` and `sock-tui open` share."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from app.commands.configured import home_of, look_of
from app.commands.options import Wanted
from app.output.export import ExportError, Losses, calling_user, write_csv
from app.output.headless import Headless, summary
from app.output.lines import plain_header, plain_writer
from app.output.rights import check_folder, needed_to_load
from app.output.streams import fail, say
from app.screens import terminal
from app.session.capture import Capture
from app.session.playback import Playback
from app.session.store import Store
from app.settings.config import Config
from app.settings.look import NO_LOOK, Look
from probes.errors import SourceError
from probes.recordings.jsonl import json_writer
from probes.source import Source
from probes.text import visible

if TYPE_CHECKING:
    from app.settings.saved import SavedFilters
    from probes.rights.privileges import Identity, Privileges

# Every event leaves objects behind, and hardly any of them in a circle: with Python's own
# thresholds (700, 10, 10) the collector takes a sixth of what an event costs. The second and third
# are what it takes; the first is how much is looked through at once, and keys wait meanwhile.
COLLECT_EVERY: Final = (10_000, 100, 50)


@dataclass(frozen=True, slots=True)
class Watch:
    """How connections are shown. `wanted`: what is kept of them; None keeps them all.

    `duration`: seconds. `wait`: seconds that a line of JSON waits for its outcome. `look`: as the
    flags have it; `config`: what is set for good, None without that and what is remembered.
    """

    plain: bool
    json: bool
    everything: bool
    export: Path | None
    record: Path | None
    replace: bool
    wanted: Wanted | None
    duration: float | None
    wait: float
    max_rows: int
    look: Look = NO_LOOK
    config: Config | None = field(default=None, compare=False)

    @classmethod
    def of(cls, given: argparse.Namespace, wanted: Wanted | None, config: Config | None) -> Self:
        """What the flags of `options.add_output` and `configured.add_look` say."""
        return cls(
            plain=given.plain,
            json=given.json,
            everything=given.all,
            export=given.export,
            record=given.record,
            replace=given.replace,
            wanted=wanted,
            duration=given.duration,
            wait=getattr(given, "wait", 0.0),  # a recording has its outcomes
            max_rows=given.max_rows,
            look=look_of(given),
            config=config,
        )


def watch(
    options: Watch,
    source: Callable[[], Source],
    playback: Playback | None = None,
    privileges: Privileges | None = None,
) -> int:
    """Show what `source` gives, as `options` say; returns the exit status.

    `playback`: how that plays a recording, if it does. `privileges`: what is given up, by all
    threads but the capture's, as soon as that has begun; None for nothing.

    Raises:
        SourceError: there is no such source.
        ExportError: the file cannot be written.
    """
    gc.set_threshold(*COLLECT_EVERY)
    on_screen = not (options.plain or options.json or options.export) and sys.stdout.isatty()
    if on_screen and (refusal := terminal.refusal()):
        return fail(refusal)

    identity = privileges.identity if privileges else None
    kept = needed_to_load(identity)

    def started() -> None:
        if privileges:
            privileges.give_up(kept)

    for path in filter(None, (options.export, options.record)):
        check_folder(path, identity)
    saved = _saved_by(identity)

    def show(capture: Capture) -> int:
        if on_screen:
            return _dashboard(options, capture, playback, saved)
        return _lines(options, capture)

    if options.record is None:
        return show(Capture(source(), wanted=options.wanted, started=started))
    if os.path.exists(options.record) and not options.replace:
        return fail(f"{options.record} exists and is left as it is. Add --replace", status=2)
    made = source()
    from app.output.recorder import Recorder  # sqlite3 takes 5 ms to load

    owner = identity[:2] if identity else calling_user(os.environ, os.geteuid())
    recorder = Recorder(options.record, replace=options.replace, owner=owner)
    capture = Capture(made, wanted=options.wanted, keeper=recorder, started=started)
    recorder.start(lambda: capture.progress)
    try:
        return show(capture)
    finally:
        began = capture.progress.watching is not None
        recorder.stop(keep=began)
        if began:
            say(str(recorder))


def _dashboard(
    options: Watch,
    capture: Capture,
    playback: Playback | None,
    saved: Callable[[], SavedFilters | None],
) -> int:
    terminal.draw_on_stdout()
    # As who started it: once there is a capture, this may be nobody's.
    home = home_of(options.look, options.config)
    # The compiler works beside the import of the screen, which takes as long as half of it.
    capture.start()
    from app.screens.dashboard import Dashboard
    from app.screens.lookups import Lookups
    from probes.asn.table import AsnTable

    dashboard = Dashboard(
        capture,
        playback=playback,
        max_rows=options.max_rows,
        duration=options.duration,
        lookups=Lookups(prefixes=AsnTable.load),
        saved=saved(),
        look=home.look,
    )
    try:
        dashboard.run()
    finally:
        capture = dashboard.session.capture  # a recording may have been played again
        capture.stop()
    if capture.progress.watching is not None:
        # What came before it was left, and was not shown any more.
        while capture.waiting:
            dashboard.session.advance()
        store = dashboard.session.store
        say(summary(capture.progress, store.first, len(store)))
    for word in dashboard.last_words:
        say(word)
    if (note := home.leave(dashboard.arrived, dashboard.look)) is not None:
        say(note)
    if capture.failure is not None:
        return _report(capture.failure)
    return dashboard.return_code or 0


def _saved_by(identity: Identity | None) -> Callable[[], SavedFilters | None]:
    """Gives the filters of who called sudo; none for one who is nobody, and has no folder.

    Who that is, is found out now: it can no longer be told when root was given up.
    """
    try:
        owner = calling_user(os.environ, os.geteuid())
    except ExportError:  # it is not known whose they would be
        return lambda: None
    if identity is not None and owner != identity[:2]:
        return lambda: None

    def saved() -> SavedFilters:
        from app.settings.saved import saved_filters

        return saved_filters(os.environ, owner)

    return saved


def _lines(options: Watch, capture: Capture) -> int:
    replace = options.replace
    if options.export is not None and not replace and os.path.exists(options.export):
        replace = _agreed(f"{options.export} exists. Replace it? [y/N] ")
        if not replace:
            return fail(f"{options.export} exists and is left as it is. Add --replace", status=2)
    writer = json_writer() if options.json else plain_writer(full=options.everything)
    header = None if options.json else plain_header(full=options.everything)
    prints = options.plain or options.json or not (options.export or options.record)
    store = Store(options.max_rows) if options.export is not None else None
    headless = Headless(
        capture,
        writer=writer if prints else None,
        header=header if prints else None,
        store=store,
        duration=options.duration,
        wait=options.wait if options.json else 0.0,
        output=sys.stdout,
        say=say,
    )
    failure = headless.run()
    progress = capture.progress
    if progress.watching is None:
        return _report(failure) if failure is not None else 0
    if options.export is not None and store is not None:
        try:
            exported = write_csv(
                options.export,
                store.rows(),
                replace=replace,
                owner=calling_user(os.environ, os.geteuid()),
                losses=Losses(progress.lost, progress.overflowed, store.first),
            )
        except ExportError:
            say(summary(progress, store.first, headless.kept))
            raise
        say(str(exported))
    say(summary(progress, store.first if store is not None else 0, headless.kept))
    return _report(failure) if failure is not None else 0


def _agreed(question: str) -> bool:
    """Ask a person; where there is none, the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(visible(question), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _report(failure: BaseException) -> int:
    """Say why a capture ended early. What no user can cause is raised, as the bug it is."""
    if isinstance(failure, SourceError):
        return fail(failure)
    if isinstance(failure, OSError):
        return fail(f"standard output cannot be written: {failure.strerror}")
    raise failure
