"""As whom a command runs, and with what environment."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from app.run.caller import Caller
from probes.errors import SourceError
from tests.command import NOBODY

NAME = pwd.getpwuid(NOBODY).pw_name
UNKNOWN = 54_321


def by_sudo(uid: int = NOBODY, **more: str) -> dict[str, str]:
    called = {"SUDO_UID": str(uid), "SUDO_GID": str(NOBODY), "SUDO_USER": "x", "SUDO_COMMAND": "y"}
    return {"HOME": "/root", "USER": "root", "LOGNAME": "root", "MAIL": "/var/mail/root"} | (
        called | more
    )


def test_who_called_sudo_has_what_is_that_users_own() -> None:
    caller = Caller.of(by_sudo(PATH="/bin", LANG="C"), 0)
    assert caller.name == NAME
    assert caller.identity is not None
    assert caller.identity[:2] == (NOBODY, NOBODY)
    assert NOBODY in caller.identity[2]
    entry = pwd.getpwuid(NOBODY)
    assert caller.environ == {
        "HOME": entry.pw_dir,
        "USER": NAME,
        "LOGNAME": NAME,
        "SHELL": entry.pw_shell,
        "PATH": "/bin",
        "LANG": "C",
    }


def test_a_user_without_an_entry_is_a_number() -> None:
    caller = Caller.of(by_sudo(UNKNOWN), 0)
    assert caller.name == str(UNKNOWN)
    assert caller.identity == (UNKNOWN, NOBODY, (NOBODY,))


def test_without_sudo_nothing_changes() -> None:
    environ = {"HOME": "/root", "MAIL": "/var/mail/root"}
    caller = Caller.of(environ, 0)
    assert (caller.identity, caller.name, caller.environ) == (None, "root", environ)
    # Nor where this is not root and could not change.
    assert Caller.of(by_sudo(), NOBODY).identity is None


@pytest.mark.parametrize("changes", [{"SUDO_UID": "x"}, {"SUDO_GID": ""}, {"SUDO_UID": "-1"}])
def test_a_user_that_is_none_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(SourceError, match="do not name a user and group"):
        Caller.of(by_sudo() | changes, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="not run: to become another user takes root")
def test_acting_is_for_a_block_and_also_where_that_fails(tmp_path: Path) -> None:
    was = os.getresuid(), os.getresgid(), os.getgroups()
    caller = Caller.of(by_sudo(), 0)
    secret = tmp_path / "secret"
    secret.write_text("of root")
    secret.chmod(0o600)
    with caller.acting():
        assert (os.geteuid(), os.getegid(), set(os.getgroups())) == (NOBODY, NOBODY, {NOBODY})
    with pytest.raises(PermissionError), caller.acting():
        secret.read_text()
    assert (os.getresuid(), os.getresgid(), os.getgroups()) == was
