"""Where things lie in this kernel's structures, for the programs: constants, and compiler flags."""

from __future__ import annotations

from typing import Final

from probes import btf

# TASK_PID to CRED_UID of bpf/base.c, then TASK_GROUP_LEADER to TASK_EXECS.
_CALLER: Final = (("task_struct", ("pid", "tgid", "comm", "cred")), ("cred", ("uid",)))
_IMAGE: Final = (("task_struct", ("group_leader", "start_boottime", "self_exec_id")),)
_CALLER_SIZE: Final = 5
_IMAGE_SIZE: Final = 3

UNKNOWN: Final = (0,) * (_CALLER_SIZE + _IMAGE_SIZE)
"""The constants where nothing is known: the programs ask the kernel's helpers."""

# What bpf/process.h takes from OFFSET().
_OFFSETS: Final = (
    ("task_struct", ("mm", "fs", "nsproxy", "real_parent")),
    ("mm_struct", ("exe_file", "arg_start", "arg_end")),
    ("file", ("f_path",)),
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
        flags = [
            f"-DOFFSET_{structure}__{field}={offset}"
            for structure, fields in _OFFSETS
            for field, offset in zip(fields, types.offsets(structure, fields), strict=True)
        ]
    except LookupError:
        return without_images(caller), []
    return (*caller, *image), ["-DHAS_OFFSETS", *flags]


def _flat(types: btf.Types, wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[int, ...]:
    return tuple(
        offset for structure, fields in wanted for offset in types.offsets(structure, fields)
    )
