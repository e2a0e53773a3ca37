"""Filters that are kept in a file of the person who started sock-tui."""

from __future__ import annotations

import os
import pwd
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from app.filters.query import Query
from app.settings.rights import rights_of
from app.settings.saved import SavedError, SavedFilters, saved_filters
from tests.command import NOBODY
from tests.unit.test_query import _trees

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def saved(tmp_path: Path) -> SavedFilters:
    return SavedFilters(tmp_path / "config/sock-tui/filters.toml")


def test_what_is_saved_is_there_the_next_time(saved: SavedFilters, tmp_path: Path) -> None:
    assert saved.load() == {}
    said = saved.keep("web", 'port:80 or host:"a b"')
    assert said == f"Saved as @web in {tmp_path}/config/sock-tui/filters.toml"
    saved.keep("dns.all-1", "port:53")
    again = SavedFilters(tmp_path / "config/sock-tui/filters.toml")
    assert again.load() == {"web": 'port:80 or host:"a b"', "dns.all-1": "port:53"}
    assert again.keep("web", "").startswith("Removed @web from ")
    assert saved.load() == {"dns.all-1": "port:53"}
    assert [path.name for path in (tmp_path / "config/sock-tui").iterdir()] == ["filters.toml"]
    with pytest.raises(SavedError, match="no filter is saved as @web"):
        saved.keep("web", "")
    with pytest.raises(SavedError, match="40 letters"):
        saved.keep("w" * 41, "a")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_trees)
def test_any_filter_can_be_saved(tree: object, saved: SavedFilters) -> None:
    text = str(Query(tree))  # type: ignore[arg-type]
    saved.keep("any", text)
    assert saved.load() == {"any": text}


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder that everybody may look into, unlike tmp_path."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"web = [", "Invalid value"),
        (b"web = 1", "web: each line is to be name"),
        (b'"a b" = "x"', "a b: each line is to be name"),
        (b'"\\u001b[2J" = "x"', r"\\x1b\[2J"),
        (b"\xff = 1", "not UTF-8"),
        (b"a = " + b"[" * 20_000, "filters.toml:1:1: "),
    ],
)
def test_a_file_that_cannot_be_read_is_left_as_it_is(
    saved: SavedFilters, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "config/sock-tui/filters.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(SavedError, match=said) as caught:
        saved.load()
    assert str(caught.value).isprintable()
    with pytest.raises(SavedError):
        saved.keep("web", "a")
    assert path.read_bytes() == content


def test_without_a_file_they_last_for_the_session() -> None:
    saved = SavedFilters()
    assert saved.keep("web", "port:80") == "Saved as @web in this session"
    assert saved.load() == {} or saved.texts == {"web": "port:80"}


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SavedError, match=r"cannot write .*: Not a directory"):
        SavedFilters(tmp_path / "file/sock-tui/filters.toml").keep("web", "a")


def test_the_place_is_that_of_whoever_started_it(tmp_path: Path) -> None:
    own = saved_filters({"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}, None)
    assert str(tmp_path / "sock-tui/filters.toml") in own.keep("web", "a")
    home = saved_filters({"XDG_CONFIG_HOME": "relative", "HOME": str(tmp_path)}, None)
    assert str(tmp_path / ".config/sock-tui/filters.toml") in home.keep("web", "a")
    assert "this session" in saved_filters({}, None).keep("web", "a")
    unknown = max(entry.pw_uid for entry in pwd.getpwall()) - 3
    assert "this session" in saved_filters({"HOME": "/root"}, (unknown, 1)).keep("web", "a")


@as_root
def test_a_file_of_the_caller_is_touched_with_the_callers_rights(common: Path) -> None:
    home, secret = common / "home", common / "secret"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    secret.mkdir(mode=0o750)
    (secret / "filters.toml").write_text('web = "port:80"')
    (secret / "filters.toml").chmod(0o640)  # root's group may read it
    owner = (NOBODY, NOBODY)
    SavedFilters(home / "own/filters.toml", owner).keep("web", "a")
    assert (home / "own/filters.toml").stat().st_uid == NOBODY
    assert tomllib.loads((home / "own/filters.toml").read_text()) == {"web": "a"}
    (home / "led").symlink_to(secret)
    led = SavedFilters(home / "led/filters.toml", owner)
    with pytest.raises(SavedError, match="Permission denied"):
        led.load()
    with pytest.raises(SavedError, match="Permission denied"):
        led.keep("web", "b")
    assert [path.name for path in secret.iterdir()] == ["filters.toml"]
    assert (secret / "filters.toml").read_text() == 'web = "port:80"'


@as_root
def test_only_this_thread_gives_up_its_rights_and_gets_them_back(tmp_path: Path) -> None:
    file = tmp_path / "private"
    file.write_text("x")
    file.chmod(0o600)
    read: list[str] = []
    groups, begin = os.getgroups(), threading.Event()
    # A thread takes after the one that starts it, so it is started before.
    reader = threading.Thread(target=lambda: begin.wait() and read.append(file.read_text()))
    reader.start()
    with rights_of((NOBODY, NOBODY)):
        with pytest.raises(PermissionError):
            file.read_text()
        begin.set()
        reader.join()
    assert read == ["x"]
    assert file.read_text() == "x"
    assert os.getgroups() == groups
    with pytest.raises(ZeroDivisionError), rights_of((NOBODY, NOBODY)):
        raise ZeroDivisionError
    assert file.read_text() == "x"
