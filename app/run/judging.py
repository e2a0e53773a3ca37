"""What is done with what was seen, once a command has ended: learned, checked, reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from app.run.caller import Caller
from app.run.contacts import Contacts
from app.run.files import RuleFileError, parsed, read_text, write_text
from app.run.forms import form_of, plain
from app.run.learning import merged, rules_for
from app.run.passing import Passing
from app.run.patterns import resolvers
from app.run.report import Report
from app.run.rules import RuleError, Rules
from probes.text import visible

OUTSIDE: Final = 3
"""The exit status where something was seen that no rule allows, or could not be seen."""


@dataclass(frozen=True, slots=True)
class Judging:
    """What was asked for. `rules`: what is allowed, of the files `checks`; None checks nothing.

    `learned`: what the file `learn` allows already. `short`, `as_json`: the form of what is said.
    """

    learn: Path | None
    rules: Rules | None
    checks: tuple[Path, ...]
    report: Path | None
    short: bool
    as_json: bool
    learned: Rules = field(default_factory=Rules)

    @property
    def contacts(self) -> Contacts:
        """What is seen is to be counted in there, where the rules' filters are asked."""
        rules = self.learned if self.rules is None else self.rules
        return Contacts(Passing(rules.filtered, rules.resolvers) if rules.filtered else None)

    def end(self, report: Report, caller: Caller, say: Callable[[str], object]) -> int:
        """Say and write what was asked for; returns the exit status.

        Raises:
            ExportError: a file cannot be written.
            RuleFileError: the file to learn into is damaged meanwhile.
        """
        if self.rules is not None:
            report = replace(report, outside=self.rules.outside(report.contacts))
        say(report.to_json() if self.as_json else plain(report, short=self.short).rstrip("\n"))
        status = self._checked(report, say)
        if self.report is not None:
            form = form_of(self.report)
            assert form is not None
            write_text(self.report, form(report), caller, private=True)
            say(f"report written to {visible(str(self.report))}")
        if self.learn is not None:
            self._learn(self.learn, report, caller, say)
        return status

    def _checked(self, report: Report, say: Callable[[str], object]) -> int:
        if self.rules is None or report.outside is None:
            return report.status
        files = " and ".join([visible(str(path)) for path in self.checks])
        if report.outside:
            missing = rules_for(report.outside, self.rules.resolvers)
            if not self.as_json:
                say(f"\nnot allowed by {files}; these rules would allow it:\n")
                say("\n".join(missing).rstrip("\n"))
            return OUTSIDE
        if report.missing:
            say(f"not all was seen, so it cannot be said that {files} allows all of it")
            return OUTSIDE
        if not self.as_json:
            say(f"all of it is allowed by {files}")
        return report.status

    def _learn(
        self, path: Path, report: Report, caller: Caller, say: Callable[[str], object]
    ) -> None:
        # Read anew: somebody may have written to it while the command ran.
        text = read_text(path, caller)
        rules = Rules(parsed(path, text) if text is not None else (), resolvers())
        if rules.filtered != self.learned.filtered:
            raise RuleFileError(
                f"{visible(str(path))}: rules with filters were changed while the command ran, and "
                "cannot be asked any more what they allow of it; run it again"
            )
        added = len(rules_for(rules.outside(report.contacts), rules.resolvers))
        try:
            made = merged(text, report.contacts, rules, date.today())
        except RuleError as error:
            raise RuleFileError(f"{visible(str(path))}: {error}") from None
        if made != text:
            write_text(path, made, caller, private=False)
        what = "rule" if added == 1 else "rules"
        say(f"{added} {what} added to {visible(str(path))}")
        if report.missing:
            say("not all was seen, so some rules may be missing")
