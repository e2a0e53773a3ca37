"""config.toml: what it may say, what is said of one that is wrong, and what counts before it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from textual.theme import BUILTIN_THEMES

from app.commands import live, run
from app.commands import open as opening
from app.settings.config import KEYS, Config, read_config
from app.settings.look import Look
from app.settings.themes import THEMES
from probes.connections import Connections
from probes.record import HookKind
from tests.command import NOBODY
from tests.command import run as run_command
from tests.connections import GITHUB, NETLINK

README = Path(__file__).parents[2] / "README.md"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the configuration of whoever runs this is looked for."""
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "sock-tui/config.toml"
    path.parent.mkdir()
    return path


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "recording.jsonl"
    path.write_text("")
    return str(path)


def test_every_example_is_right(config: Path) -> None:
    config.write_text("".join(f"{key.name} = {key.example}\n" for key in KEYS))
    read = read_config(config, None, must_exist=True)
    assert set(read.values) == {key.name for key in KEYS}
    assert read.look == Look(
        theme="nord",
        columns=("time", "process", "host", "latency"),
        panels=("hosts", "systems"),
        panel="hosts",
        timeline=True,
        sort="-time",
        follow=False,
    )


def test_the_one_that_the_readme_shows_is_right(config: Path) -> None:
    section = README.read_text().partition("## Your own defaults")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("    ")]
    config.write_text("\n".join(lines))
    assert len(read_config(config, None, must_exist=True).values) == len(lines)


def test_it_sets_what_flags_would_and_flags_count_before_it(config: Path, recording: str) -> None:
    config.write_text(
        'max-rows = 7\nnames = false\nsends = false\nfold = false\nasn = false\nhook = "kprobe"\n'
        'filter = "host:github"\nsort = "-host"\n'
    )
    set_by_it = live.parse([])
    assert (set_by_it.watch.max_rows, set_by_it.hook) == (7, HookKind.KPROBE)
    switches = (set_by_it.names, set_by_it.sends, set_by_it.folds, set_by_it.systems)
    assert not any(switches)
    wanted = set_by_it.watch.wanted
    assert wanted is not None
    assert list(wanted(Connections.of([GITHUB, NETLINK]))) == [True, False]
    flags = "--max-rows 8 --names --sends --fold --asn --hook auto"
    given = live.parse([*flags.split(), "--filter", ""])
    assert (given.watch.max_rows, given.hook, given.watch.wanted) == (8, None, None)
    assert given.names
    assert given.sends
    assert given.folds
    assert given.systems
    assert opening.parse([recording]).watch.max_rows == 7
    command = run.parse(["--names", "--", "true", "--no-asn"])
    assert (command.names, command.systems, command.hook) == (True, False, HookKind.KPROBE)
    assert command.words == ("true", "--no-asn")


def test_without_a_configuration_nothing_is_set(config: Path) -> None:
    config.write_text("max-rows = 7\n")
    options = live.parse(["--no-config"])
    assert options.watch.max_rows == 1_000_000
    assert options.watch.config is None
    config.unlink()
    assert live.parse([]).watch.config == Config()


def test_another_configuration_may_be_named(config: Path, tmp_path: Path) -> None:
    config.write_text("max-rows = 7\n")
    other = tmp_path / "other.toml"
    other.write_text("max-rows = 9\n")
    assert live.parse(["--config", str(other)]).watch.max_rows == 9


def test_ptr_that_is_set_for_good_gives_way_to_no_names(config: Path) -> None:
    config.write_text("ptr = true\n")
    assert live.parse([]).reverse
    assert not live.parse(["--no-names"]).reverse
    assert not live.parse(["--no-ptr"]).reverse


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("colums = []", "1:1", "'colums' is not known here; 'columns' is expected"),
        ("xyzzy = 1", "1:1", "one of theme, columns"),
        ("# a\n\n  max-rows = 0", "3:3", "'max-rows' expects a whole number above 0"),
        ("max-rows = true", "1:1", "a whole number above 0"),
        ("theme = 1", "1:1", "'theme' expects one of textual-dark"),
        ('follow = true\ntheme = "drakula"', "2:1", "'theme' expects one of textual-dark"),
        ("follow = 'yes'", "1:1", "'follow' expects true or false"),
        ('columns = ["time", "when"]', "1:1", "and not 'when'"),
        ('columns = ["time", "time"]', "1:1", "each once"),
        ("columns = 'time'", "1:1", "a list of any of time, family"),
        ('panels = ["left"]', "1:1", 'a list of any of "hosts", "systems"'),
        ('panel = "left"', "1:1", 'one of "hosts", "systems", "none"'),
        ('sort = "-size"', "1:1", "one of time, family"),
        ("[theme]\nname = 1", "1:1", "'theme' expects one of"),
        ("names = true\nnames = false", "2:", "Cannot overwrite a value"),
        ("a = [", "1:6", "Invalid value"),
        ('"\\u001b[2J" = 1', "1:1", r"'\x1b[2J' is not known"),
        ("a = " + "[" * 20_000, "1:1", "nested too deeply"),
        ('filter = "prot:80"', "1:1", "'filter': "),
        ('hook = "uprobe"', "1:1", "'hook': 'uprobe' is none of"),
    ],
)
def test_a_wrong_one_is_told_with_its_place(
    config: Path, text: str, place: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(text)
    with pytest.raises(SystemExit) as ended:
        live.parse([])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    [line] = err.splitlines()
    assert (out, line.isprintable()) == ("", True)
    assert line.startswith(f"sock-tui: {config}:{place}")
    assert said in line


def test_the_themes_are_textuals() -> None:
    assert tuple(BUILTIN_THEMES) == THEMES


def test_what_is_no_file_is_told(config: Path, tmp_path: Path) -> None:
    os.mkfifo(config)
    done = run_command("--plain", XDG_CONFIG_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (2, f"sock-tui: {config} is not a regular file\n")
    done = run_command("--plain", "--config", tmp_path / "none.toml")
    said = f"sock-tui: {tmp_path}/none.toml does not exist\n"
    assert (done.returncode, done.stderr) == (2, said)


@as_root
def test_under_sudo_it_is_the_callers_and_read_with_the_callers_rights() -> None:
    by_nobody = {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)}
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        secret = folder / "shadow"
        secret.write_text("root:secret")
        secret.chmod(0o600)
        done = run_command("--plain", "--config", secret, **by_nobody)
        assert done.returncode == 2
        assert done.stderr == f"sock-tui: {secret} cannot be read: Permission denied\n"
        # root's own is not looked at: nobody's home is another.
        (folder / "sock-tui").mkdir()
        (folder / "sock-tui/config.toml").write_text("wrong")
        done = run_command("doctor", "--help", XDG_CONFIG_HOME=name, **by_nobody)
        assert done.returncode == 0
        done = run_command("open", "/dev/null", "--plain", XDG_CONFIG_HOME=name, **by_nobody)
        assert "config.toml" not in done.stderr
        done = run_command("open", "/dev/null", "--plain", XDG_CONFIG_HOME=name)
        assert f"{name}/sock-tui/config.toml:1:6" in done.stderr


def test_without_a_home_there_is_none(recording: str) -> None:
    homeless = {"HOME": "", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}
    done = run_command("open", recording, "--plain", **homeless)
    asked_for_none = run_command("open", recording, "--plain", "--no-config")
    assert (done.returncode, done.stderr) == (0, asked_for_none.stderr)
