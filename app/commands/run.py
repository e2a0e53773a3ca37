"""`sock-tui run`: a command, watched from its first instruction, and judged."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.commands import values
from app.commands.configured import add_look, home_of, look_of, parse_configured
from app.commands.options import Parser, add_asn, add_hook, add_keep_root, add_names
from app.commands.watch import COLLECT_EVERY
from app.output.rights import becoming, check_folder, needed_to_load
from app.output.streams import fail, say
from app.run.caller import Caller
from app.run.command import Command, CommandError
from app.run.contacts import Contacts
from app.run.files import RuleFileError, check_writable, parsed, read_rules, read_text
from app.run.forms import FORMS, form_of
from app.run.headless import HeadlessRun
from app.run.judging import Judging
from app.run.patterns import resolvers
from app.run.ran import Ran
from app.run.report import Report
from app.run.rules import Rules
from app.run.signals import Signals
from app.screens import terminal
from app.session.capture import Capture
from app.session.store import MAX_ROWS
from app.settings.config import Config
from app.settings.look import NO_LOOK, Look
from probes.kernel.capabilities import Capability
from probes.kernel.requirements import check_kernel, check_privilege
from probes.live import LiveSource
from probes.record import HookKind
from probes.rights.privileges import Privileges
from probes.selection import Selection

_DESCRIPTION: Final = """\
Run a command and watch where it connects: it, all that it starts, and nothing else.

It runs as whoever called sudo. On a terminal the dashboard shows it live, with the command's
output in a pane. Otherwise its output is untouched, and a report follows on standard error."""
_EPILOG: Final = """\
exit status:
  the command's own, 128 and the signal's number where one ended it; 126 and 127 where it cannot
  be run; 3 with --check where anything was not allowed, whatever the command's own; 2 for wrong
  use or a wrong file of rules; 1 where it cannot be watched

examples:
  sudo sock-tui run -- curl https://example.org
  sudo sock-tui run --learn allow.toml -- make test
  sudo sock-tui run --check allow.toml -- make test
"""
WRONG_USE: Final = 2


@dataclass(frozen=True, slots=True)
class Run:
    """Run `words`. `checks`: files of rules that allow; `learn`: one that is added to.

    `report`: a file whose suffix says its form. Others as in `app.commands.live.Live`.
    """

    words: tuple[str, ...]
    plain: bool
    json: bool
    report: Path | None
    learn: Path | None
    checks: tuple[Path, ...]
    hook: HookKind | None
    names: bool
    systems: bool
    max_rows: int
    keep_root: bool
    look: Look = NO_LOOK
    config: Config | None = field(default=None, compare=False)


def run(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; returns the exit status."""
    options = parse(arguments)
    gc.set_threshold(*COLLECT_EVERY)
    on_screen = not (options.plain or options.json or options.report) and sys.stdout.isatty()
    if on_screen and (refusal := terminal.refusal()):
        return fail(refusal)
    check_kernel()
    check_privilege()
    caller = Caller.of(os.environ, os.geteuid())
    kept = options.keep_root
    privileges = Privileges(None if kept else becoming(os.environ, os.geteuid()), kept=kept)
    try:
        judging = _judging(options, caller, short=on_screen)
        for path in filter(None, (options.report, options.learn)):
            if (reason := check_writable(path, caller)) is not None:
                return fail(reason, status=WRONG_USE)
            check_folder(path, privileges.identity)
        left: list[int] = []
        ran = _run(*(options, caller, privileges, judging.contacts), on_screen=on_screen, left=left)
        if ran.capture.failure is not None:
            raise ran.capture.failure
        if not ran.released:
            return fail("interrupted", status=ran.status)
        report = Report(
            words=options.words,
            user=caller.name,
            seconds=ran.seconds,
            status=ran.status,
            contacts=ran.contacts,
            progress=ran.capture.progress,
            left=sum(left),
        )
        return judging.end(report, caller, say)
    except RuleFileError as error:
        return fail(error, status=WRONG_USE)
    except CommandError as error:
        return fail(error, status=error.status)


def parser() -> Parser:
    """What may be given."""
    made = Parser("sock-tui run", _DESCRIPTION, _EPILOG)
    made.usage = "sock-tui run [flags] [--] COMMAND [ARGUMENT ...]"
    made.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to run")
    group = made.add_argument_group("output")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--plain", action="store_true", help="no screen: a report as text")
    form.add_argument("--json", action="store_true", help="no screen: a report as a line of JSON")
    group.add_argument(
        "--report",
        type=_report,
        metavar="FILE",
        help=f"no screen: write a report to FILE ({', '.join(FORMS)}), replacing what is there",
    )
    group.add_argument(
        "--max-rows", type=values.count, default=MAX_ROWS, metavar="N", help=argparse.SUPPRESS
    )
    group = made.add_argument_group("rules")
    rules = group.add_mutually_exclusive_group()
    rules.add_argument(
        "--learn",
        type=Path,
        metavar="FILE",
        help="add to FILE, as rules, what was seen and is not allowed by it yet",
    )
    rules.add_argument(
        "--check",
        type=Path,
        action="append",
        metavar="FILE",
        help="end with 3 where anything is not allowed by FILE, or any FILE of several",
    )
    group = made.add_argument_group("capture")
    add_hook(group)
    add_names(group)
    add_asn(group)
    add_keep_root(group)
    add_look(made)
    return made


def parse(arguments: Sequence[str]) -> Run:
    """What the `arguments` behind `run` ask for; ends the process where they are wrong."""
    made = parser()
    given, config = parse_configured(made, arguments)
    words = given.words[1:] if given.words[:1] == ["--"] else given.words
    if not words:
        made.error("a command to run is needed: sock-tui run -- COMMAND")
    return Run(
        words=tuple(words),
        plain=given.plain,
        json=given.json,
        report=given.report,
        learn=given.learn,
        checks=tuple(given.check or ()),
        hook=given.hook,
        names=given.names,
        systems=given.asn,
        max_rows=given.max_rows,
        keep_root=given.keep_root,
        look=look_of(given),
        config=config,
    )


def _report(text: str) -> Path:
    path = Path(text)
    if form_of(path) is None:
        raise argparse.ArgumentTypeError(f"'{text}' ends in none of {', '.join(FORMS)}")
    return path


def _judging(options: Run, caller: Caller, *, short: bool) -> Judging:
    """Read what is to be read before the command runs. Raises RuleFileError."""
    rules = read_rules(list(options.checks), caller) if options.checks else None
    if rules is not None and rules.name_systems and not options.systems:
        raise RuleFileError("the rules name autonomous systems: they cannot be checked --no-asn")
    learned = Rules()
    if options.learn is not None and (text := read_text(options.learn, caller)) is not None:
        learned = Rules(parsed(options.learn, text), resolvers())
    return Judging(
        *(options.learn, rules, options.checks, options.report, short, options.json), learned
    )


def _run(
    options: Run,
    caller: Caller,
    privileges: Privileges,
    contacts: Contacts,
    *,
    on_screen: bool,
    left: list[int],
) -> Ran:
    """Run the command; `left` gets the number of threads that outlive it."""

    def capture_of(pid: int) -> Capture:
        return _capture(options, pid, privileges, left)

    if on_screen:
        from app.run.screen import show

        return show(
            options.words,
            caller,
            capture_of,
            contacts,
            max_rows=options.max_rows,
            home=home_of(options.look, options.config),
        )
    signals = Signals()
    command = Command(options.words, caller, mask=signals.was)
    capture = capture_of(command.pid)
    return HeadlessRun(capture, command, signals, contacts, max_rows=options.max_rows).run()


def _capture(options: Run, pid: int, privileges: Privileges, left: list[int]) -> Capture:
    """Of a process and what descends from it; `left` gets the threads that outlive it."""
    # The command's process is there already, and may become root as ever.
    privileges.prepare(names=options.names)
    kept = needed_to_load(privileges.identity) | {Capability.CAP_KILL}
    from probes.asn.table import AsnTable

    return Capture(
        LiveSource(
            hook=options.hook,
            names=options.names,
            selection=Selection(trees=frozenset({pid})),
            systems=AsnTable.load if options.systems else None,
            left=lambda threads: left.append(len(threads)),
            privileges=privileges,
        ),
        # So that a signal can be passed on to a command that became root, by sudo for example.
        started=lambda: privileges.give_up(kept),
    )
