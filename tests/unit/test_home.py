"""What is remembered of how the dashboard was left, and what counts before that."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.commands.configured import home_of
from app.settings.config import Config, read_config
from app.settings.files import FileError
from app.settings.folders import Base, Person
from app.settings.home import Home
from app.settings.look import Look
from app.settings.state import State
from tests.command import NOBODY

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
FULL = Look(
    theme="nord",
    columns=("host", "args"),
    panels=("systems",),
    panel="hosts",
    timeline=True,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/sock-tui/state.toml"


def test_what_is_left_is_there_the_next_time(path: Path) -> None:
    assert State(path, None).load() == Look()
    State(path, None).keep(FULL)
    assert State(path, None).load() == FULL
    State(path, None).keep(Look(columns=(), panels=(), panel="", timeline=False))
    assert State(path, None).load() == Look("nord", (), (), "", False)
    assert [each.name for each in path.parent.iterdir()] == ["state.toml"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("theme = [", Look()),
        ("\xff", Look()),
        ('theme = 1\ncolumns = ["nonesuch"]\npanels = "hosts"\npanel = 2\ntimeline = "no"', Look()),
        ('theme = "nord"\nnew = 1', Look(theme="nord")),
        ('sort = "time"\nfollow = false', Look()),
    ],
)
def test_what_cannot_be_understood_was_not_remembered(
    path: Path, text: str, expected: Look
) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    assert State(path, None).load() == expected
    State(path, None).keep(Look(timeline=True))
    assert State(path, None).load() == Look(timeline=True).over(expected)


def test_flags_count_first_then_the_configuration_then_what_was_left(path: Path) -> None:
    state = State(path, None)
    state.keep(FULL)
    (path.parent / "config.toml").write_text('theme = "gruvbox"\ncolumns = ["pid"]\nfollow = false')
    config = read_config(path.parent / "config.toml", None, must_exist=True)
    look = Home(Look(theme="dracula", sort="time"), config, state).look
    assert look == Look("dracula", ("pid",), ("systems",), "hosts", True, "time", False)
    assert Home(None, None, None).look == Look()


def test_only_what_was_changed_is_remembered(path: Path) -> None:
    home = Home(Look(theme="nord"), Config(), State(path, None))
    before = Look(theme="nord", columns=("pid",), timeline=False)
    assert home.leave(before, before) is None
    assert not path.exists()
    assert home.leave(before, Look(theme="nord", columns=("pid",), timeline=True)) is None
    assert State(path, None).load() == Look(timeline=True)


def test_who_changes_what_is_set_for_good_is_told(path: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('theme = "gruvbox"')
    config = read_config(tmp_path / "config.toml", None, must_exist=True)
    home = Home(None, config, State(path, None))
    said = home.leave(Look(theme="gruvbox"), Look(theme="nord", timeline=True))
    assert said == f"the next start has theme from {tmp_path}/config.toml again"


def test_where_it_cannot_be_written_that_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = Home(None, None, State(tmp_path / "file/state.toml", None))
    said = home.leave(Look(), Look(timeline=True))
    assert said is not None
    assert said.startswith(f"the look is not remembered: cannot write {tmp_path}/file/state.toml: ")
    assert said.isprintable()


def test_a_home_that_can_only_be_read_is_said_to_be_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    home = Home(None, None, State(path, None))
    assert home.leave(Look(), Look()) is None  # nothing was to be kept
    said = home.leave(Look(), Look(timeline=True))
    assert said == f"the look is not remembered: cannot write {path}: Read-only file system"


def test_a_link_is_replaced_and_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    (tmp_path / "theirs").write_text("theirs")
    path.symlink_to(tmp_path / "theirs")
    State(path, None).keep(Look(timeline=True))
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not path.is_symlink()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may look into, unlike tmp_path."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@as_root
def test_under_sudo_it_is_written_by_the_caller_and_nowhere_else(shared: Path) -> None:
    """Who may write in a home may have put a link there, to where only root may write."""
    home = shared / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    caller = (NOBODY, NOBODY)
    State(home / ".local/state/sock-tui/state.toml", caller).keep(FULL)
    written = home / ".local/state/sock-tui/state.toml"
    assert written.stat().st_uid == NOBODY
    roots = shared / "roots"
    roots.mkdir(mode=0o755)
    (home / "elsewhere").symlink_to(roots)
    with pytest.raises(FileError, match="Permission denied"):
        State(home / "elsewhere/sock-tui/state.toml", caller).keep(FULL)
    assert list(roots.iterdir()) == []
    assert os.geteuid() == 0


def test_whose_files_they_are(tmp_path: Path) -> None:
    environ = {"HOME": "/home/a", "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"}
    person = Person(environ, None)
    assert person.file(Base.STATE, "x") == tmp_path / "sock-tui/x"
    assert person.file(Base.CONFIG, "x") == Path("/home/a/.config/sock-tui/x")
    assert Person({}, None).file(Base.CONFIG, "x") is None
    assert Person({"HOME": "."}, None).file(Base.STATE, "x") is None
    assert Person(environ, (4_000_000_000, 1)).file(Base.STATE, "x") is None
    theirs = Person(environ, (0, 0)).file(Base.STATE, "x")
    assert theirs is not None
    assert str(theirs).endswith("/.local/state/sock-tui/x")
    assert tmp_path not in theirs.parents


def test_without_a_configuration_nothing_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    State(tmp_path / "sock-tui/state.toml", None).keep(FULL)
    assert home_of(Look(), None).look == Look()
    assert home_of(Look(), None).leave(Look(), Look(theme="dracula")) is None
    assert home_of(Look(), Config()).look == FULL
