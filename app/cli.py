"""The command: options in, exit status out. 0 done, 1 it could not be, 2 wrong use."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Final

from app.options import UpdateSystems, Watch, parse_options
from app.output.export import ExportError, Losses, calling_user, write_csv
from app.output.headless import Headless, summary
from app.output.lines import plain_header, plain_writer
from app.output.streams import prepare, say
from app.screens import terminal
from app.session.capture import Capture
from app.session.store import Store
from probes.errors import SourceError
from probes.jsonl import json_writer
from probes.live import LiveSource
from probes.record import Hook, HookKind
from probes.replay import ReplaySource
from probes.requirements import check_kernel, check_privilege
from probes.source import Source
from probes.text import visible

# Every event leaves objects behind, and hardly any of them in a circle: with Python's own
# thresholds (700, 10, 10) the collector takes a sixth of what an event costs.
_COLLECT_EVERY: Final = (50_000, 20, 50)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `arguments` (without the program's name; None takes the process's own)."""
    prepare()
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    try:
        if isinstance(options, UpdateSystems):
            from app.asn.update import run

            return run(options.origin)
        return _watch(options)
    except (SourceError, ExportError) as error:
        return _fail(error)
    except KeyboardInterrupt:  # ahead of a capture, or at a question
        return _fail("interrupted", status=130)


def _watch(options: Watch) -> int:
    gc.set_threshold(*_COLLECT_EVERY)
    on_screen = not (options.plain or options.json or options.export) and sys.stdout.isatty()
    if on_screen and (refusal := terminal.refusal()):
        return _fail(refusal)
    source = _source(options)
    capture = Capture(source, wanted=options.wanted)
    return _dashboard(options, capture) if on_screen else _lines(options, capture)


def _source(options: Watch) -> Source:
    if options.recording is not None:
        hook = Hook(HookKind.RECORDING, options.recording.name)
        return ReplaySource(options.recording, hook=hook, speed=options.speed)
    # Told at once, and not from behind a screen that has just opened.
    check_kernel()
    check_privilege()
    from probes.asn import AsnTable

    return LiveSource(
        hook=options.hook,
        names=options.names,
        include_self=options.include_self,
        selection=options.selection,
        systems=AsnTable.load if options.systems else None,
    )


def _dashboard(options: Watch, capture: Capture) -> int:
    terminal.draw_on_stdout()
    # The compiler works beside the import of the screen, which takes as long as half of it.
    capture.start()
    from app.screens.dashboard import Dashboard

    dashboard = Dashboard(capture, max_rows=options.max_rows, duration=options.duration)
    try:
        dashboard.run()
    finally:
        capture.stop()
    if capture.progress.watching is not None:
        say(summary(capture.progress, dashboard.session.store.first))
    if capture.failure is not None:
        return _report(capture.failure)
    return dashboard.return_code or 0


def _lines(options: Watch, capture: Capture) -> int:
    replace = options.replace
    if options.export is not None and not replace and options.export.exists():
        replace = _agreed(f"{options.export} exists. Replace it? [y/N] ")
        if not replace:
            return _fail(f"{options.export} exists and is left as it is. Add --replace", status=2)
    writer = json_writer() if options.json else plain_writer(full=options.everything)
    header = None if options.json else plain_header(full=options.everything)
    prints = options.plain or options.json or options.export is None
    store = Store(options.max_rows) if options.export is not None else None
    headless = Headless(
        capture,
        writer=writer if prints else None,
        header=header if prints else None,
        store=store,
        duration=options.duration,
        output=sys.stdout,
        say=say,
    )
    failure = headless.run()
    progress = capture.progress
    if progress.watching is None:
        return _report(failure) if failure is not None else 0
    if options.export is not None and store is not None:
        exported = write_csv(
            options.export,
            store.rows(),
            replace=replace,
            owner=calling_user(os.environ, os.geteuid()),
            losses=Losses(progress.lost, progress.overflowed, store.first),
        )
        say(str(exported))
    say(summary(progress, store.first if store is not None else 0))
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
        return _fail(failure)
    if isinstance(failure, OSError):
        return _fail(f"standard output cannot be written: {failure.strerror}")
    raise failure


def _fail(message: object, status: int = 1) -> int:
    lines = "\n".join(visible(line) for line in str(message).splitlines())
    say(f"sock-tui: {lines}")
    return status


if __name__ == "__main__":
    sys.exit(main())
