"""Who called sudo: the command runs as that user, and files are read and written by that user."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from app.output.rights import acting_as
from app.output.target import ExportError, calling_user
from probes.errors import SourceError


@dataclass(frozen=True, slots=True)
class Caller:
    """A user. `identity`: user id, group id and supplementary groups; None stays who this is.

    `name`: for a person. `environ`: the environment that is right for this user.
    """

    identity: tuple[int, int, tuple[int, ...]] | None
    name: str
    environ: Mapping[str, str]

    @classmethod
    def of(cls, environ: Mapping[str, str], euid: int) -> Self:
        """Who called sudo (SUDO_UID and SUDO_GID: sudo(8)), or whoever this is where nobody did.

        Raises:
            SourceError: those two are not numbers of a user and group.
        """
        try:
            found = calling_user(environ, euid)
        except ExportError:
            raise SourceError(
                "SUDO_UID and SUDO_GID do not name a user and group, so it is not known as whom "
                "to run the command. Unset both to run it as root"
            ) from None
        if found is None:
            return cls(None, _name(euid), environ)
        uid, gid = found
        # What sudo says of its own caller would make a program believe that it runs by sudo.
        kept = {key: value for key, value in environ.items() if not key.startswith("SUDO_")}
        kept.pop("MAIL", None)
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            return cls((uid, gid, (gid,)), str(uid), kept)
        # Asked for here, and not by the command's own process: it may take a connection.
        groups = tuple(os.getgrouplist(entry.pw_name, gid))
        own = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
        own["SHELL"] = entry.pw_shell or "/bin/sh"
        return cls((uid, gid, groups), entry.pw_name, kept | own)

    def become(self) -> None:
        """Make this process that user's, for good. Raises OSError."""
        if self.identity is not None:
            uid, gid, groups = self.identity
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """In this block, files are opened with that user's rights and belong to that user.

        For the whole process, all threads; it stays as it is where it is that user's already.
        Raises OSError where this process may not change.
        """
        if self.identity is None or os.geteuid() == self.identity[0]:
            yield
            return
        with acting_as(*self.identity):
            yield


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
