from __future__ import annotations

import datetime
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from app.commands import doctor
from app.doctor.finding import Finding, State
from app.doctor.kernel import kernel_findings
from app.doctor.software import software_findings, terminal_finding
from app.doctor.trial import Trial, tried
from probes.asn.table import AsnDataError, AsnTable
from probes.connections import Connections
from probes.errors import SourceError
from probes.record import HookKind, Resolution
from probes.source import Sink
from tests.command import NOBODY, PATIENCE_S, command, environment
from tests.connections import CURL, GITHUB
from tests.sources import WATCHING, Scripted

ALL = (1 << 41) - 1


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A kernel that has everything."""
    for folder in ("proc/self", "proc/sys/net/core", "sys/kernel/security", "sys/kernel/btf"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("kprobe", "uprobe"):
        (tmp_path / "sys/bus/event_source/devices" / folder).mkdir(parents=True)
    (tmp_path / "sys/kernel/tracing/events").mkdir(parents=True)
    (tmp_path / "proc/self/status").write_text(f"Name:\tpython\nCapEff:\t{ALL:016x}\n")
    (tmp_path / "proc/sys/net/core/bpf_jit_enable").write_text("1\n")
    (tmp_path / "sys/kernel/security/lockdown").write_text("[none] integrity confidentiality\n")
    (tmp_path / "sys/kernel/btf/vmlinux").write_bytes(bytes(4_000_000))
    return tmp_path


def found(machine: Path, what: str) -> Finding:
    [finding] = [each for each in kernel_findings(machine) if each.what == what]
    return finding


def test_a_kernel_that_has_everything(machine: Path) -> None:
    for what in ("lockdown", "kprobes", "uprobes", "tracefs", "BPF compiler"):
        assert found(machine, what).state is State.OK
    assert found(machine, "privileges").found.count("CAP_") == 7


def test_what_is_missing_is_told_with_what_to_do(machine: Path) -> None:
    (machine / "sys/bus/event_source/devices/kprobe").rmdir()
    (machine / "sys/bus/event_source/devices/uprobe").rmdir()
    (machine / "proc/sys/net/core/bpf_jit_enable").write_text("0\n")
    (machine / "sys/kernel/btf/vmlinux").unlink()
    (machine / "sys/kernel/tracing/events").rmdir()
    for what, state, remedy in (
        ("kprobes", State.NOTE, "io_uring"),
        ("uprobes", State.FAILED, "--no-names"),
        ("BPF compiler", State.NOTE, "net.core.bpf_jit_enable=1"),
        ("type information (BTF)", State.NOTE, "CONFIG_DEBUG_INFO_BTF"),
    ):
        finding = found(machine, what)
        assert finding.state is state
        assert remedy in finding.remedy
    assert "not mounted" in found(machine, "tracefs").found


def test_a_kernel_that_is_locked_down(machine: Path) -> None:
    lockdown = machine / "sys/kernel/security/lockdown"
    lockdown.write_text("none integrity [confidentiality]\n")
    assert found(machine, "lockdown").state is State.FAILED
    lockdown.write_text("none [integrity] confidentiality\n")
    assert found(machine, "lockdown") == Finding("lockdown", State.OK, "integrity")


def test_capabilities_that_are_held_and_those_that_are_missing(machine: Path) -> None:
    (machine / "proc/self/status").write_text(f"CapEff:\t{1 << 38 | 1 << 39:016x}\n")
    finding = found(machine, "privileges")
    assert finding.found == "CAP_BPF, CAP_PERFMON"
    if finding.state is not State.FAILED:  # where the tests run as root
        assert "CAP_NET_RAW (DNS answers)" in finding.remedy


def test_old_as_data_is_said_to_be_old() -> None:
    table = AsnTable.load()
    young = table.date + datetime.timedelta(days=183)
    [*_, finding] = software_findings(lambda: table, young)
    assert (finding.what, finding.state) == ("AS data", State.OK)
    [*_, finding] = software_findings(lambda: table, young + datetime.timedelta(days=1))
    assert finding.state is State.NOTE
    assert "184 days" in finding.remedy


def test_as_data_that_is_damaged() -> None:
    def damaged() -> AsnTable:
        raise AsnDataError("The AS data cannot be read", "it is damaged", "Run make setup again")

    [*_, finding] = software_findings(damaged)
    assert finding.state is State.FAILED
    assert "Run make setup again" in finding.found


def test_output_that_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert terminal_finding({"TERM": "xterm"}).state is State.NOTE
    assert capsys.readouterr() == ("", "")


def test_a_trial_that_sees_what_it_did() -> None:
    def script(sink: Sink, stopped: threading.Event) -> None:
        sink.attached(WATCHING)
        row = Connections.of([GITHUB])
        row.ports[0] = 9
        sink.take([row, Resolution(1, CURL, "127.0.0.1", "localhost")])
        stopped.wait(20)

    hook, capture, names = tried(Scripted(script))
    assert hook.remedy == "It does not see io_uring."
    assert (capture.state, names.state) == (State.OK, State.OK)


def test_a_trial_that_sees_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.doctor.trial._SEEN", 0.05)

    def script(sink: Sink, stopped: threading.Event) -> None:
        sink.attached(WATCHING)
        sink.take([Connections.of([GITHUB]), Resolution(1, CURL, "127.0.0.1", "another.test")])
        stopped.wait(20)

    _, capture, names = tried(Scripted(script))
    assert (capture.state, names.state) == (State.FAILED, State.NOTE)


def test_a_trial_that_cannot_begin() -> None:
    def script(_sink: Sink, _stopped: threading.Event) -> None:
        raise SourceError("no probes here. Use others.")

    assert list(tried(Scripted(script))) == [
        Finding("capture", State.FAILED, "no probes here. Use others.")
    ]


def test_the_trial_lets_go_of_what_it_attached() -> None:
    ended = threading.Event()

    def script(sink: Sink, stopped: threading.Event) -> None:
        sink.attached(WATCHING)
        row = Connections.of([GITHUB])
        row.ports[0] = 9
        sink.take([row, Resolution(1, CURL, "127.0.0.1", "localhost")])
        stopped.wait(20)
        ended.set()

    list(tried(Scripted(script)))
    assert ended.is_set()
    assert Trial().watching is None


def test_findings_fit_the_terminal_and_hold_no_escape() -> None:
    finding = Finding("thing", State.FAILED, "x\x1b[31m " * 20, "do this " * 20)
    lines = doctor.shown(finding, 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) > 4
    assert "\x1b" not in "".join(lines)
    assert doctor.shown(finding).count("\n") == 1


def test_without_privilege_it_says_so_and_ends_with_1() -> None:
    ended = subprocess.run(
        command("doctor", "--json"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        user=NOBODY if os.geteuid() == 0 else None,
        timeout=PATIENCE_S,
        check=False,
    )
    findings = [json.loads(line) for line in ended.stdout.splitlines()]
    failed = [each["what"] for each in findings if each["state"] == "FAILED"]
    assert ended.stderr == ""
    assert ended.returncode == 1
    assert failed == ["privileges", "capture"]


def test_the_hook_is_that_of_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "sock-tui/config.toml"
    config.parent.mkdir()
    assert doctor.parse([]).hook is None
    config.write_text('hook = "tracepoint"')
    assert doctor.parse([]).hook is HookKind.TRACEPOINT
    assert doctor.parse(["--hook", "kprobe"]).hook is HookKind.KPROBE
    assert doctor.parse(["--hook", "auto"]).hook is None
    assert doctor.parse(["--no-config"]).hook is None
    config.write_text('hook = "both"')
    with pytest.raises(SystemExit, match="2"):
        doctor.parse([])
