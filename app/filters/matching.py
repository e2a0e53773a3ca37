"""The terms of a filter as tests on connections, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import and_, or_
from typing import Final

from app.filters.parts import Answers
from app.filters.terms import Key, Term
from probes.connections import Connections, Endpoint
from probes.family import family_name
from probes.record import Host, Process
from probes.text import visible

Mask = Sequence[bool]
"""For each of many connections, whether it is meant."""

Test = Callable[[Connections], Mask]


def compiled(terms: tuple[Term, ...]) -> Test:
    """Make the one test that holds where every term does."""
    tests = [_TESTS[term.key](term.value) for term in terms]
    if not tests:
        return lambda rows: [True] * len(rows)
    if len(tests) == 1:
        return tests[0]

    def all_of(rows: Connections) -> Mask:
        mask = tests[0](rows)
        for test in tests[1:]:
            if any(mask):
                mask = list(map(and_, mask, test(rows)))
        return mask

    return all_of


def _process(test: Callable[[Process], bool]) -> Test:
    answers = Answers(test)
    return lambda rows: answers(rows.processes)


def _endpoint(test: Callable[[Endpoint], bool]) -> Test:
    answers = Answers(test)
    return lambda rows: answers(rows.endpoints)


def _pid(value: str) -> Test:
    number = int(value)
    return _process(lambda process: process.pid == number)


def _port(value: str) -> Test:
    number = int(value)  # never 0, which stands for none
    return lambda rows: [port == number for port in rows.ports]


def _user(value: str) -> Test:
    return _process(lambda process: value in (visible(process.user), str(process.uid)))


def _proc(value: str) -> Test:
    word = value.casefold()
    return _process(
        lambda process: _holds(word, process.executable or "") or _holds(word, process.comm)
    )


def _host(value: str) -> Test:
    word = value.casefold()

    def test(host: Host | None) -> bool:
        return host is not None and _holds(word, host.label)

    answers = Answers(test)
    return lambda rows: answers(rows.hosts)


def _as(value: str) -> Test:
    if value.isascii() and value.isdigit():
        number = int(value)
        return _endpoint(lambda end: end.system is not None and end.system.number == number)
    word = value.casefold()
    return _endpoint(lambda end: end.system is not None and _holds(word, end.system.name))


def _word(value: str) -> Test:
    word = value.casefold()

    def process_holds(process: Process) -> bool:
        return any(_holds(word, cell) for cell in (process.label, process.comm, process.user))

    def endpoint_holds(end: Endpoint) -> bool:
        return (end.system is not None and _holds(word, end.system.label)) or _holds(
            word, family_name(end.family)
        )

    tests = [_process(process_holds), _host(value), _endpoint(endpoint_holds)]
    # Most words have a letter that no destination has; its text need not be made for them.
    if set(word) <= set("0123456789abcdef.:[]"):
        tests.append(lambda rows: [word in text for text in _destinations(rows)])

    def any_of(rows: Connections) -> Mask:
        mask = tests[0](rows)
        for test in tests[1:]:
            mask = list(map(or_, mask, test(rows)))
        return mask

    return any_of


def _destinations(rows: Connections) -> Iterable[str]:
    return (row.destination for row in rows)


def _holds(word: str, text: str) -> bool:
    # What is searched is what is shown: an escape character is found as `\x1b`.
    return word in visible(text).casefold()


_TESTS: Final[dict[Key | None, Callable[[str], Test]]] = {
    None: _word,
    Key.PID: _pid,
    Key.USER: _user,
    Key.PROC: _proc,
    Key.HOST: _host,
    Key.AS: _as,
    Key.PORT: _port,
}
