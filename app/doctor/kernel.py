"""What the kernel offers, read without changing anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.doctor.finding import Finding, State
from app.output.rights import becoming, name_of
from probes.errors import SourceError
from probes.kernel import btf, capabilities, layout
from probes.kernel.capabilities import Capability
from probes.kernel.requirements import check_kernel, check_privilege, return_probe_hazard
from probes.rights.privileges import capture

# The capabilities that capture uses, and for what.
_USED: Final = {
    Capability.CAP_SYS_ADMIN: "probes on libcs, DNS answers in containers, tracefs if not mounted",
    Capability.CAP_BPF: "the programs",
    Capability.CAP_PERFMON: "where they are attached",
    Capability.CAP_NET_RAW: "DNS answers",
    Capability.CAP_SYS_PTRACE: "other users' processes",
    Capability.CAP_DAC_READ_SEARCH: "their files, and tracefs",
    Capability.CAP_CHECKPOINT_RESTORE: "containers' libcs",
}

_BY_SYS_ADMIN: Final = (
    Capability.CAP_BPF,
    Capability.CAP_PERFMON,
    Capability.CAP_CHECKPOINT_RESTORE,
)


def kernel_findings(root: Path = Path("/")) -> Iterator[Finding]:
    """From what must be there down to what makes a difference. `root`: where /proc and /sys are."""
    yield _release()
    yield _privilege(root)
    yield _kept()
    yield _lockdown(root)
    yield _type_information(root)
    yield _kprobes(root)
    yield _uprobes(root)
    yield _returns()
    yield _tracefs(root)
    yield _jit(root)


def _release() -> Finding:
    kernel = os.uname()
    try:
        check_kernel()
    except SourceError as error:
        return Finding("kernel", State.FAILED, str(error))
    return Finding("kernel", State.OK, f"Linux {kernel.release}, {kernel.machine}")


def _privilege(root: Path) -> Finding:
    held = _held(root)
    names = [one.name for one in _USED if held >> one & 1]
    found = ", ".join(names) if names else "none of the capabilities that capture uses"
    try:
        check_privilege()
    except SourceError as error:
        return Finding("privileges", State.FAILED, found, str(error))
    covered = _BY_SYS_ADMIN if held >> Capability.CAP_SYS_ADMIN & 1 else ()
    missing = [
        f"{one.name} ({use})"
        for one, use in _USED.items()
        if not held >> one & 1 and one not in covered
    ]
    if missing:
        remedy = f"Missing, and what it is for: {', '.join(missing)}."
        return Finding("privileges", State.NOTE, found, remedy)
    return Finding("privileges", State.OK, found)


def _kept() -> Finding:
    what = "rights while it captures"
    try:
        identity = becoming(os.environ, os.geteuid())
    except SourceError as error:
        return Finding(what, State.FAILED, str(error))
    user = f"user {name_of(os.geteuid() if identity is None else identity.uid)}"
    names = capabilities.names(capture(capabilities.permitted()))
    kept = f"{', '.join(names)} in one thread" if names else "no capability"
    return Finding(what, State.OK, f"{user}, {kept}; a process beside it opens sockets")


def _held(root: Path) -> int:
    status = (root / "proc/self/status").read_text()
    match = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    return int(match[1], 16) if match else 0


def _lockdown(root: Path) -> Finding:
    found = re.search(r"\[(\w+)\]", _text(root / "sys/kernel/security/lockdown"))
    mode = found[1] if found else "none"
    if mode == "confidentiality":
        remedy = "It keeps BPF from reading memory. Boot without lockdown=confidentiality."
        return Finding("lockdown", State.FAILED, mode, remedy)
    return Finding("lockdown", State.OK, mode)


def _type_information(root: Path) -> Finding:
    what, path = "type information (BTF)", root / str(btf.KERNEL).lstrip("/")
    try:
        size = path.stat().st_size
    except OSError:
        remedy = (
            "Processes that end within milliseconds may be shown without path and arguments. "
            "A kernel with CONFIG_DEBUG_INFO_BTF has it."
        )
        return Finding(what, State.NOTE, f"there is no {path}", remedy)
    constants, flags = layout.of_kernel()
    if not flags:
        found = "some structures have fields of other names than are known"
        told = "processes are told by /proc" if any(constants) else "helpers are used instead"
        return Finding(what, State.NOTE, found, f"Nothing to do: {told}.")
    return Finding(what, State.OK, f"{size / 1e6:.1f} MB; processes are told by the kernel")


def _kprobes(root: Path) -> Finding:
    if os.path.exists(root / "sys/bus/event_source/devices/kprobe"):
        return Finding("kprobes", State.OK, "in this kernel")
    remedy = (
        "The system call's tracepoint is used instead, which does not see io_uring and 32-bit "
        "programs. A kernel with CONFIG_KPROBE_EVENTS sees those."
    )
    return Finding("kprobes", State.NOTE, "not in this kernel", remedy)


def _uprobes(root: Path) -> Finding:
    if os.path.exists(root / "sys/bus/event_source/devices/uprobe"):
        return Finding("uprobes", State.OK, "in this kernel")
    remedy = (
        "Start with --no-names: hostnames take probes on libc. "
        "A kernel with CONFIG_UPROBE_EVENTS has them."
    )
    return Finding("uprobes", State.FAILED, "not in this kernel", remedy)


def _returns() -> Finding:
    hazard = return_probe_hazard()
    if hazard:
        return Finding("return probes", State.NOTE, hazard, "Use a kernel with the fix: 6.14 on.")
    return Finding("return probes", State.OK, "harm nobody on this kernel")


def _tracefs(root: Path) -> Finding:
    place = root / "sys/kernel/tracing"
    # Mounted, it is root's alone to look into.
    if os.path.isdir(place / "events") or os.path.ismount(place):
        return Finding("tracefs", State.OK, "mounted on /sys/kernel/tracing")
    found = "not mounted; sock-tui mounts it for itself alone where it needs it"
    return Finding("tracefs", State.OK, found)


def _jit(root: Path) -> Finding:
    # 1 and 2 are on; a kernel that has no such file always compiles.
    if _text(root / "proc/sys/net/core/bpf_jit_enable").strip() == "0":
        remedy = "sysctl net.core.bpf_jit_enable=1 makes the probes several times as fast."
        return Finding("BPF compiler", State.NOTE, "off: programs are interpreted", remedy)
    return Finding("BPF compiler", State.OK, "on")


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
