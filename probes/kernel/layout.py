"""Where things lie in this kernel's structures, for the programs: constants, and compiler flags."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from probes.kernel import btf, perf_events

# TASK_PID to CRED_UID of bpf/base.c, then TASK_GROUP_LEADER to TASK_EXECS.
_CALLER: Final = (("task_struct", ("pid", "tgid", "comm", "cred")), ("cred", ("uid",)))
_IMAGE: Final = (("task_struct", ("group_leader", "start_boottime", "self_exec_id")),)
_JIT: Final = Path("/proc/sys/net/core/bpf_jit_enable")
_CALLER_SIZE: Final = 5
_IMAGE_SIZE: Final = 3

UNKNOWN: Final = (0,) * (_CALLER_SIZE + _IMAGE_SIZE)
"""The constants where nothing is known: the programs ask the kernel's helpers."""

HAS_SOCKETS: Final = "-DHAS_SOCKETS"
"""The flag with which the programs that watch outcomes are compiled."""

CONNECT_CALLS: Final = (
    *("__x64_sys_connect", "__arm64_sys_connect"),
    *("__ia32_sys_connect", "__ia32_compat_sys_socketcall"),  # of 32-bit programs
)
CONNECT_FILE: Final = "__sys_connect_file"
"""What io_uring calls, and the others too where the compiler has not made it a part of them."""

# What bpf/process.h and bpf/socket.h take from OFFSET().
_OFFSETS: Final = (
    ("task_struct", ("mm", "fs", "nsproxy", "real_parent", "files")),
    ("mm_struct", ("exe_file", "arg_start", "arg_end")),
    ("file", ("f_path", "private_data")),
    ("path", ("mnt", "dentry")),
    ("dentry", ("d_parent", "d_name", "d_hash")),
    ("hlist_bl_node", ("pprev",)),
    ("qstr", ("name",)),
    ("vfsmount", ("mnt_root",)),
    ("mount", ("mnt", "mnt_parent", "mnt_mountpoint")),
    ("fs_struct", ("root",)),
    ("nsproxy", ("net_ns", "mnt_ns")),
    ("net", ("ns",)),
    ("mnt_namespace", ("ns",)),
    ("ns_common", ("inum",)),
    ("files_struct", ("fdt",)),
    ("fdtable", ("max_fds", "fd")),
    ("socket", ("file", "sk")),
    ("sock", ("__sk_common", "sk_type", "sk_protocol")),
    ("sock_common", ("skc_family",)),
    ("msghdr", ("msg_flags",)),
)

# What bpf/outcome.c and bpf/states.c take from it.
_SOCKET_OFFSETS: Final = (
    ("sock", ("sk_err",)),
    ("sock_common", ("skc_state", "skc_rcv_saddr", "skc_v6_rcv_saddr")),
    ("inet_sock", ("inet_sport",)),
)


def without_images(constants: tuple[int, ...]) -> tuple[int, ...]:
    """The constants with which the programs tell who called, and not of which process image."""
    return (*constants[:_CALLER_SIZE], *UNKNOWN[_CALLER_SIZE:])


def of_kernel() -> tuple[tuple[int, ...], list[str]]:
    """The constants from TASK_PID on, and the flags that the programs are compiled with.

    All 0 and no flags where the kernel does not say.
    """
    try:
        types = btf.Types(btf.KERNEL.read_bytes())
        caller = _flat(types, _CALLER)
    except (OSError, LookupError, ValueError):
        return UNKNOWN, []
    try:
        image = _flat(types, _IMAGE)
        flags = ["-DHAS_OFFSETS", *_flags(types, _OFFSETS)]
    except LookupError:
        return without_images(caller), []
    with suppress(LookupError):
        flags += [HAS_SOCKETS, *_flags(types, _SOCKET_OFFSETS)]
    return (*caller, *image), [*flags, *_cast(types)]


def functions() -> dict[str, int]:
    """The numbers of the functions that return what connect() does, as far as there are any.

    Empty where kprobes are not, since the kernel then lets no program stand at a function's return.
    """
    found: dict[str, int] = {}
    if not perf_events.has_kprobes():
        return found
    try:
        types = btf.Types(btf.KERNEL.read_bytes())
    except (OSError, ValueError):
        return found
    for name in (*CONNECT_CALLS, CONNECT_FILE):
        with suppress(LookupError):
            found[name] = types.number(name, btf.FUNCTION)
    return found


def _flags(types: btf.Types, wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> list[str]:
    return [
        f"-DOFFSET_{structure}__{field}={offset}"
        for structure, fields in wanted
        for field, offset in zip(fields, types.offsets(structure, fields), strict=True)
    ]


def _cast(types: btf.Types) -> list[str]:
    """What as_socket() of bpf/socket.h goes by; nothing where the kernel has no such function."""
    try:
        function = types.number("bpf_rdonly_cast", btf.FUNCTION)
        socket = types.number("socket", btf.STRUCT)
        jit = _JIT.read_text().strip()
    except (OSError, LookupError):
        return []
    # The interpreter does not run it.
    return [f"-DCAST_FUNCTION={function}", f"-DSOCKET_TYPE={socket}"] if jit != "0" else []


def _flat(types: btf.Types, wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[int, ...]:
    return tuple(
        offset for structure, fields in wanted for offset in types.offsets(structure, fields)
    )
