"""The programs' source, cut into what is compiled beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

SOURCE: Final = Path(__file__).parents[1] / "bpf"
"""The folder of the C."""


class Module(NamedTuple):
    """What is compiled by itself, beside the others: files, and the programs in them.

    `of_sockets`: those that are only where the kernel's type information says where things lie in
    a socket.
    """

    parts: tuple[str, ...]
    programs: tuple[str, ...]
    of_sockets: tuple[str, ...] = ()


_COMMON: Final = ("base.c", "images.c", "tree.c", "names.c", "outcome.c")
# In two processes it takes 0.7 of the time: what all share is compiled twice.
MODULES: Final = (
    Module(
        ("connect.c", "sends.c", "send_calls.c"),
        (
            *("on_security_socket_connect", "on_sys_enter_connect"),
            *("on_security_socket_sendmsg", "on_sys_enter_sendto"),
            *("on_sys_enter_sendmsg", "on_sys_enter_sendmmsg"),
        ),
    ),
    Module(
        (
            *("lineage.c", "tree_changes.c", "returns.c", "states.c"),
            *("getaddrinfo.c", "gethostbyname.c"),
        ),
        (
            *("on_sched_process_fork", "on_sched_process_exec"),
            *("on_tree_fork", "on_tree_exec", "on_tree_exit"),
            *("on_getaddrinfo", "on_getaddrinfo_return"),
            *("on_getaddrinfo_alone", "on_freeaddrinfo", "on_connect_alone"),
            *("on_gethostbyname", "on_gethostbyname_r", "on_gethostbyname2_r"),
            "on_gethostbyname_return",
        ),
        (
            *("on_inet_sock_set_state", "on_sys_exit_connect"),
            *("on_system_call_return", "on_connect_file_return"),
        ),
    ),
)
"""All programs are in one of them."""


def text(modules: Sequence[Module]) -> str:
    """What BCC compiles for these, as one file."""
    parts = [part for module in modules for part in module.parts]
    return "\n".join((SOURCE / part).read_text() for part in (*_COMMON, *parts))
