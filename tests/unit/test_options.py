from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app import cli
from app.commands import asn, live
from app.commands import open as opening
from app.commands.asn import UpdateSystems
from app.commands.live import Live
from app.commands.open import Open
from app.commands.watch import Watch
from probes.connections import Connections
from probes.record import Connection, HookKind
from probes.selection import Selection
from tests.connections import CURL, GITHUB, NETLINK

HERE = os.getpid()


def kept(options: Live | Open, *rows: Connection) -> list[bool]:
    wanted = options.watch.wanted
    assert wanted is not None
    return list(wanted(Connections.of(rows)))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.jsonl"
    path.write_text("")
    return path


def test_nothing_said_is_everything_live() -> None:
    options = live.parse([])
    assert options.watch.wanted is None
    assert options.selection == Selection()
    assert (options.hook, options.names, options.systems, options.include_self) == (
        *(None, True, True, False),
    )
    assert (options.folds, options.reverse) == (True, False)
    watch = options.watch
    assert (watch.plain, watch.json, watch.export, watch.duration) == (False, False, None, None)


def test_every_flag_arrives(tmp_path: Path) -> None:
    export, record = tmp_path / "x.csv", tmp_path / "x.db"
    words = f"--json -a --export {export} --record {record} --replace --duration 2.5 --max-rows 7"
    flags = "--wait 30 --hook kprobe --self --no-names --no-sends --no-asn --no-fold"
    options = live.parse([*words.split(), *flags.split()])
    assert options == Live(
        Watch(
            plain=False,
            json=True,
            everything=True,
            export=export,
            record=record,
            replace=True,
            wanted=None,
            duration=2.5,
            wait=30.0,
            max_rows=7,
        ),
        selection=Selection(),
        hook=HookKind.KPROBE,
        include_self=True,
        names=False,
        sends=False,
        systems=False,
        folds=False,
        reverse=False,
        keep_root=False,
    )
    assert live.parse(["--ptr"]).reverse
    assert live.parse(["--hook", "auto"]).hook is None
    assert live.parse(["--hook", "tracepoint"]).hook is HookKind.TRACEPOINT


def test_a_recording_is_opened_at_its_pace(recording: Path) -> None:
    options = opening.parse([str(recording), "--speed", "10", "--plain"])
    assert (options.recording, options.speed, options.watch.plain) == (recording, 10.0, True)


def test_the_update_of_the_systems() -> None:
    assert asn.parse(["update"]) == UpdateSystems(None)
    assert asn.parse(["update", "x.tsv"]) == UpdateSystems("x.tsv")


def test_what_the_kernel_can_tell_is_left_to_it() -> None:
    options = live.parse(
        ["-p", str(HERE), "--pid", str(os.getppid()), "-P", "80", "--port", "0443"]
    )
    assert options.selection == Selection(
        frozenset({HERE, os.getppid()}), frozenset(), frozenset({80, 443})
    )
    assert options.watch.wanted is None


def test_one_flag_given_twice_widens_and_two_flags_narrow(recording: Path) -> None:
    me = replace(GITHUB, process=replace(CURL, pid=HERE))
    first = replace(GITHUB, process=replace(CURL, pid=os.getppid()))
    both = opening.parse([str(recording), "-p", str(HERE), "--pid", str(os.getppid())])
    assert kept(both, me, first, GITHUB) == [True, True, False]
    narrow = opening.parse([str(recording), "-p", str(HERE), "-P", "80", "--port", "443"])
    assert kept(narrow, me, replace(me, port=80), replace(me, port=22), first) == [
        *(True, True, False, False),
    ]


def test_a_user_is_a_name_of_this_machine_or_a_number() -> None:
    users = live.parse(["-u", "root", "-u", "54321", "--user", "4294967294"]).selection.users
    assert users == {0, 54321, 0xFFFF_FFFE}


def test_a_filter_may_name_one_that_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "sock-tui").mkdir()
    (tmp_path / "sock-tui/filters.toml").write_text('web = "port:80,443"')
    assert kept(live.parse(["--filter", "@web"]), GITHUB, NETLINK) == [True, False]
    (tmp_path / "sock-tui/filters.toml").write_text("[")
    with pytest.raises(SystemExit):
        live.parse(["--filter", "@web"])


def test_a_filter_is_the_dashboards() -> None:
    assert kept(live.parse(["--filter", "host:github port:443"]), GITHUB, NETLINK) == [True, False]
    assert live.parse(["--filter", ""]).watch.wanted is None


def test_a_recording_may_be_of_processes_and_users_that_are_not_here(recording: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    options = opening.parse([str(recording), "-p", str(gone.pid), "-u", "nobody-of-this-machine"])
    other = replace(CURL, pid=gone.pid, user="nobody-of-this-machine")
    assert kept(options, replace(GITHUB, process=other), GITHUB) == [True, False]


def refused(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of arguments that are wrong: one line, status 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    [line] = err.splitlines()
    assert line.startswith("sock-tui: ")
    assert line.isprintable()
    assert re.search(r"See: sock-tui[a-z ]* --help$", line)
    return line


LONG = "x" * 300


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--pid 0", "a process id is a number"),
        ("--pid curl", "a process id is a number"),
        ("-p 99999999999", "a process id is a number"),
        ("-p 4194303", "no process 4194303 is running"),
        ("-u nobody-of-this-machine", "no user 'nobody-of-this-machine'"),
        ("-u 4294967295", "a user's number is at most 4294967294"),
        ("-u 99999999999999999999999", "a user's number is at most 4294967294"),
        ("-P 65536", "a port is a number"),
        ("-P https", "a port is a number"),
        ("--filter pidd:1", "did you mean 'pid'"),
        ("--port 80,443", "one port at a time, not '80,443'"),
        ("--filter since:5m", "here give it a time, such as since:14:30"),
        ("--filter @none", "no filter is saved as @none"),
        ("--filter pid:", "'pid:' needs a value"),
        ('--filter "curl', "never closed"),
        ("--hook uprobe", "'uprobe' is none of auto, kprobe, tracepoint"),
        ("--hook recording", "'recording' is none of auto, kprobe, tracepoint"),
        ("--duration 0", "'0' is not a number above 0"),
        ("--duration -1", "--duration"),
        ("--duration nan", "'nan' is not a number above 0"),
        ("--duration inf", "'inf' is not a number above 0"),
        ("--duration soon", "'soon' is not a number above 0"),
        ("--max-rows 0", "'0' is not a whole number above 0"),
        ("--max-rows 1.5", "'1.5' is not a whole number above 0"),
        ("--max-rows -3", "--max-rows"),
        ("--plain --json", "not allowed with"),
        ("--export /", "'/' is a directory"),
        ("--export /nowhere/x.csv", "the directory '/nowhere' does not exist"),
        ("--export /etc/passwd/x.csv", "the directory '/etc/passwd' does not exist"),
        (f"--export /tmp/{LONG}", "too long"),
        (f"--export /tmp/{LONG}/x.csv", "too long"),
        ("--verbose", "unrecognized arguments: --verbose"),
        ("--ptr --no-names", "give one of them"),
        ("--plai", "unrecognized arguments: --plai"),
        ("curl", "unrecognized arguments: curl"),
        ("open", "FILE"),
        ("open /nowhere/x.jsonl", "'/nowhere/x.jsonl' does not exist"),
        ("open /", "'/' is a directory"),
        (f"open /tmp/{LONG}", "too long"),
        ("open /etc/passwd --speed 0", "'0' is not a number above 0"),
        ("open /etc/passwd --hook kprobe", "unrecognized arguments"),
        ("open /etc/passwd -p 0", "a process id is a number"),
        ("asn", "action"),
        ("asn upgrade", "invalid choice: 'upgrade'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(words.split(" "), capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--filter", 'a\x1b[31m\n "'],
        ["-u", "\x1b]0;title\x07"],
        ["--hook", "\x9b31m"],
        ["--export", "/tmp/\x1b[2J\n/x"],
        ["open", "/tmp/\udcff\x1b"],
        ["--\x1b[31m"],
        ["-u", ""],
        ["--export", ""],
        ["open", ""],
        ["--max-rows", "9" * 5000],
    ],
)
def test_what_is_wrong_cannot_act_on_the_terminal(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    refused(arguments, capsys)


@pytest.fixture
def barred() -> Iterator[Path]:
    """A folder of which this process, as long as the test runs no root, may not use much."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "unreadable").touch(mode=0)
        (folder / "closed").mkdir(mode=0)
        (folder / "unwritable").mkdir(mode=0o555)
        was_root = os.geteuid() == 0
        if was_root:
            os.setresuid(65534, 65534, 0)
        yield folder
        if was_root:
            os.setresuid(0, 0, 0)
        (folder / "closed").chmod(0o700)


@pytest.mark.parametrize(
    ("before", "name", "said"),
    [
        ("open", "unreadable", "cannot be read: Permission denied"),
        ("open", "closed/x.jsonl", "cannot be used: Permission denied"),
        ("--export", "unwritable/x.csv", "cannot be written to"),
        ("--export", "closed/x.csv", "cannot be used: Permission denied"),
        ("--export", "closed/deeper/x.csv", "cannot be used: Permission denied"),
    ],
)
def test_what_may_not_be_used_is_said(
    before: str, name: str, said: str, barred: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused([before, str(barred / name)], capsys)


@pytest.mark.parametrize("arguments", [["--help"], ["open", "--help"], ["asn", "--help"]])
def test_help_names_every_flag(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: sock-tui")
    assert err == ""
    if arguments == ["--help"]:
        for flag in (
            "--plain --json --all --export --record --replace --duration --max-rows --pid --user "
            "--port --filter --hook --self --no-names --no-asn --version open diff asn"
        ).split():
            assert flag in out
