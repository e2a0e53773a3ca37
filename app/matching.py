"""The terms of a filter as tests on connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.terms import Key, Term
from probes.family import family_name
from probes.memo import remembered
from probes.record import Connection
from probes.text import visible

Test = Callable[[Connection], bool]


def compiled(terms: tuple[Term, ...]) -> Test:
    """Make the one test that holds where every term does."""
    tests = [_TESTS[term.key](term.value) for term in terms]
    if not tests:
        return lambda _: True
    if len(tests) == 1:
        return tests[0]

    def all_of(connection: Connection) -> bool:
        for test in tests:  # noqa: SIM110 - all() with a generator takes twice as long
            if not test(connection):
                return False
        return True

    return all_of


def _pid(value: str) -> Test:
    number = int(value)
    return lambda connection: connection.process.pid == number


def _port(value: str) -> Test:
    number = int(value)
    return lambda connection: connection.port == number


def _user(value: str) -> Test:
    def test(connection: Connection) -> bool:
        process = connection.process
        return value in (visible(process.user), str(process.uid))

    return remembered("process", test)


def _proc(value: str) -> Test:
    word = value.casefold()

    def test(connection: Connection) -> bool:
        process = connection.process
        return _holds(word, process.executable or "") or _holds(word, process.comm)

    return remembered("process", test)


def _host(value: str) -> Test:
    word = value.casefold()

    def test(connection: Connection) -> bool:
        return connection.host is not None and _holds(word, connection.host.label)

    return remembered("host", test)


def _as(value: str) -> Test:
    if value.isascii() and value.isdigit():
        number = int(value)
        return lambda c: c.system is not None and c.system.number == number
    word = value.casefold()

    def test(connection: Connection) -> bool:
        return connection.system is not None and _holds(word, connection.system.name)

    return remembered("system", test)


def _word(value: str) -> Test:
    word = value.casefold()

    def process_holds(connection: Connection) -> bool:
        process = connection.process
        return any(_holds(word, cell) for cell in (process.label, process.comm, process.user))

    def system_holds(connection: Connection) -> bool:
        return connection.system is not None and _holds(word, connection.system.label)

    in_process = remembered("process", process_holds)
    in_host = _host(value)
    in_system = remembered("system", system_holds)
    in_family = remembered("family", lambda c: _holds(word, family_name(c.family)))
    # Most words have a letter that no destination has; its text need not be made for them.
    may_be_destination = set(word) <= set("0123456789abcdef.:[]")

    def test(connection: Connection) -> bool:
        return (
            in_process(connection)
            or in_host(connection)
            or in_system(connection)
            or in_family(connection)
            or (may_be_destination and word in connection.destination)
        )

    return test


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
