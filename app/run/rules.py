"""What a command may connect to, as it is written in a file of rules (TOML)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.filters.query import Query
from app.filters.tree import terms_of
from app.run.contacts import Contact
from app.run.patterns import Network, Pattern, is_in


class RuleError(Exception):
    """A file of rules is wrong. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[allow]]`: what is None or empty does not limit.

    `net`: a network, or `patterns.RESOLVERS`. `host` and so on: any of them. `filter`: what was
    seen must be kept by one of these too, of which a contact tells nothing: see `Passing`.
    """

    process: tuple[Pattern, ...] = ()
    host: tuple[Pattern, ...] = ()
    net: tuple[Network | str, ...] = ()
    family: tuple[str, ...] = ()
    system: tuple[int, ...] = ()
    port: tuple[int, ...] = ()
    protocol: tuple[str, ...] = ()
    filter: tuple[Query, ...] = ()

    def allows(self, contact: Contact, resolvers: frozenset[str] = frozenset()) -> bool:
        """Whether all that this says, but for `filter`, is true of a contact.

        `resolvers`: the addresses that `RESOLVERS` stands for.
        """
        system = contact.system.number if contact.system else None
        return (
            _any(self.process, lambda pattern: pattern.matches(contact.process))
            and _any(self.host, lambda pattern: _is_host(pattern, contact.host))
            and _any(self.net, lambda net: _is_net(net, contact.address, resolvers))
            and (not self.family or contact.family.upper() in self.family)
            and (not self.system or system in self.system)
            and (not self.port or contact.port in self.port)
            and (not self.protocol or contact.protocol in self.protocol)
        )


def _any(wanted: Sequence[Any], test: Any) -> bool:
    return not wanted or any(map(test, wanted))


def _is_host(pattern: Pattern, host: str | None) -> bool:
    return host is not None and pattern.matches(host)


def _is_net(net: Network | str, address: str | None, resolvers: frozenset[str]) -> bool:
    if address is None:
        return False
    return address in resolvers if isinstance(net, str) else is_in(address, net)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules that hold, of one file or several. Nothing is allowed by none."""

    rules: tuple[Rule, ...] = ()
    resolvers: frozenset[str] = field(default_factory=frozenset)

    def outside(self, contacts: Iterable[Contact]) -> list[Contact]:
        """The contacts that no rule allows, in their order."""
        return [contact for contact in contacts if not self.allow(contact)]

    def allow(self, contact: Contact) -> bool:
        """Whether any rule does; those with a filter were asked as the contact was seen."""
        return contact.passed or any(
            not rule.filter and rule.allows(contact, self.resolvers) for rule in self.rules
        )

    @property
    def filtered(self) -> tuple[Rule, ...]:
        """Those with a filter."""
        return tuple(rule for rule in self.rules if rule.filter)

    @property
    def name_systems(self) -> bool:
        """Whether any rule asks for autonomous systems."""
        return any(rule.system or any(map(_names_systems, rule.filter)) for rule in self.rules)


def _names_systems(query: Query) -> bool:
    return any(term.field is not None and term.field.name == "as" for term in terms_of(query.tree))
