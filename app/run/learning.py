"""What was seen, written as rules: into a file that a person reads, and may have written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Final

from app.run.contacts import Contact
from app.run.patterns import RESOLVERS, Pattern
from app.run.reading import parse
from app.run.rules import RuleError, Rules
from probes.text import visible

_DNS: Final = 53
_HEADER: Final = f"""\
# What a command may connect to.
#   sock-tui run --check THIS_FILE -- COMMAND   ends with 3 where anything else was seen
#   sock-tui run --learn THIS_FILE -- COMMAND   adds what is seen and not allowed yet
#
# A connection is allowed where all that one [[allow]] says is true of it:
#   process   the executable's path            host      the name that it was looked up by
#   net       an address or a network          system    the number of the autonomous system
#   port      the port                         protocol  such as "tcp"
#   family    such as "AF_NETLINK"             filter    such as "proc:curl !net:private"
# A list stands for any of its values. In process and host, * stands for any run of characters.
# net = "{RESOLVERS}" stands for the machine's own name servers. What is left out does not matter.
"""


def merged(text: str | None, contacts: Iterable[Contact], rules: Rules, today: date) -> str:
    """The file's text with rules added for the contacts that `rules` do not allow.

    `text`: what the file holds, None where there is none; every character of it is kept. `rules`:
    what it says.

    Raises:
        RuleError: rules cannot be added to the end of such a file.
    """
    added = rules_for(rules.outside(contacts), rules.resolvers)
    kept = _HEADER if text is None else text
    if not added:
        return kept
    if not kept.endswith("\n"):
        kept += "\n"
    made = f"{kept}\n# Seen on {today.isoformat()}\n" + "\n".join(added)
    try:
        parse(made)
    except RuleError:
        raise RuleError(
            "no rule can be added to the end of this file; write each as a [[allow]] of its own"
        ) from None
    return made


def rules_for(contacts: Iterable[Contact], resolvers: frozenset[str]) -> list[str]:
    """The `[[allow]]` of each contact, none twice. `resolvers`: the machine's name servers."""
    rules: dict[tuple[str, ...], str] = {}
    for contact in contacts:
        lines = _lines(contact, resolvers)
        rules.setdefault(tuple(line for line, _ in lines), _written(lines))
    return list(rules.values())


def rule_for(contact: Contact, resolvers: frozenset[str]) -> str:
    """The `[[allow]]` that allows what was seen, and as little else as can be; ends its line."""
    return _written(_lines(contact, resolvers))


def _written(lines: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{line}  # {comment}\n" if comment else f"{line}\n" for line, comment in lines)


def _lines(contact: Contact, resolvers: frozenset[str]) -> list[tuple[str, str]]:
    """Each line, and the comment behind it."""
    process = _quoted(Pattern.exactly(contact.process).text)
    lines = [("[[allow]]", ""), (f"process = {process}", "")]
    if contact.host is not None and not contact.borrowed:
        lines.append((f"host = {_quoted(Pattern.exactly(contact.host).text)}", ""))
    elif contact.address is None:
        lines.append((f"family = {_quoted(contact.family)}", ""))
    elif contact.port == _DNS and contact.address in resolvers:
        lines.append((f"net = {_quoted(RESOLVERS)}", f"{contact.address} here"))
    else:
        known = contact.where if contact.borrowed else ""
        lines.append((f"net = {_quoted(contact.address)}", known))
    if contact.system is not None:
        lines.append((f"system = {contact.system.number}", visible(contact.system.name)))
    if contact.port is not None:
        lines.append((f"port = {contact.port}", ""))
    if contact.protocol is not None:
        lines.append((f"protocol = {_quoted(contact.protocol)}", ""))
    return lines


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, for text that can be printed.
    return json.dumps(text, ensure_ascii=False)
