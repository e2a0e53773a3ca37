"""Whose rights a process has: those of who called sudo, in one thread or for good."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.output.target import ExportError, calling_user
from probes.errors import SourceError
from probes.kernel import capabilities
from probes.kernel.capabilities import Capability
from probes.rights.privileges import Identity
from probes.text import visible

_NOBODY: Final = "nobody"
_TO_BECOME: Final = frozenset([Capability.CAP_SETGID, Capability.CAP_SETUID])
_NOBODY_ID: Final = 65534  # the kernel's own: kernel/sys.c, overflowuid


def becoming(environ: Mapping[str, str], euid: int) -> Identity | None:
    """Who this process is to be once it has no need of root: who called sudo, else nobody.

    None where it is not root's now. Raises SourceError where it is not known who called, or root
    may not become anyone else.
    """
    if euid != 0:
        return None
    if os.geteuid() == 0 and (missing := _TO_BECOME - capabilities.held()):
        raise SourceError(
            f"Root's rights cannot be given up: this root lacks {capabilities.listed(missing)}. "
            "Start with --keep-root to go on with them"
        )
    try:
        caller = calling_user(environ, euid)
    except ExportError:
        raise SourceError(
            "SUDO_UID and SUDO_GID do not name a user and group, so it is not known who is to be "
            "this process's user. Unset both, or start with --keep-root"
        ) from None
    # Root that called sudo is root.
    if caller is not None and caller[0] != 0:
        return Identity(*caller, tuple(_groups(*caller)))
    try:
        entry = pwd.getpwnam(_NOBODY)
    except KeyError:
        return Identity(_NOBODY_ID, _NOBODY_ID, ())
    return Identity(entry.pw_uid, entry.pw_gid, ())


def name_of(uid: int) -> str:
    """What the system calls a user; the number where it does not know one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def needed_to_load(identity: Identity | None) -> frozenset[Capability]:
    """What a thread of that user keeps, so that the modules not loaded yet can be.

    Nothing, unless they lie where that user may not look, such as in root's home. For a process of
    one thread.
    """
    if identity is None:
        return frozenset()
    with acting_as(identity.uid, identity.gid, identity.groups):
        folders = (sys.prefix, Path(__file__).parent)
        if all(os.access(path, os.R_OK | os.X_OK, effective_ids=True) for path in folders):
            return frozenset()
    return frozenset([Capability.CAP_DAC_READ_SEARCH])


def check_folder(path: Path, identity: Identity | None) -> None:
    """Raise ExportError where that user may make no file in the folder of `path`.

    For a process of one thread.
    """
    if identity is None:
        return
    with acting_as(identity.uid, identity.gid, identity.groups):
        if os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
            return
    folder, name = visible(str(path.parent)), name_of(identity.uid)
    remedy = "choose another directory"
    if name == _NOBODY:
        name = "nobody, who this process becomes,"
        remedy = "choose another, such as /var/tmp, use sudo, or add --keep-root"
    raise ExportError(
        f"cannot write {visible(str(path))}: {name} may not write in {folder}; {remedy}"
    )


def become(uid: int, gid: int) -> None:
    """From now on the calling thread, and no other, is that user's, without any of root's rights.

    Raises OSError.
    """
    capabilities.become(uid, gid, _groups(uid, gid))
    capabilities.keep(())


def give_up_root(caller: tuple[int, int] | None, paths: Sequence[Path]) -> None:
    """Become who called sudo, for good, if that user may read `paths`, which need no more then.

    `caller`: as `app.output.target.calling_user` says; None has nothing to give up. For a process
    of one thread. What only root can read, root reads.
    """
    if caller is None:
        return
    uid, gid = caller
    groups = _groups(uid, gid)
    with acting_as(uid, gid, groups):
        readable = all(os.access(path, os.R_OK, effective_ids=True) for path in paths)
    if readable:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


@contextmanager
def acting_as(uid: int, gid: int, groups: Sequence[int]) -> Iterator[None]:
    """In this block all threads of root's process have that user's rights. Raises OSError."""
    was = os.getgroups(), os.getegid(), os.geteuid()
    try:
        os.setgroups(groups)
        os.setegid(gid)
        os.seteuid(uid)
        yield
    finally:
        os.seteuid(was[2])
        os.setegid(was[1])
        os.setgroups(was[0])


def _groups(uid: int, gid: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:  # a number without a user
        return [gid]
