"""Who made a connection, and who started that, in words."""

from __future__ import annotations

import shlex
from typing import Final

from probes.record import Ancestor, Connection, Process
from probes.text import visible
from probes.timestamp import iso_text
from widgets.facts import Fact, Section
from widgets.tones import Tone
from widgets.values import Said, Value, asked, told

_ROOTS: Final = (1, 2)  # pids of init and of the kernel's threads' parent
_DEEPEST: Final = 12  # levels that are indented; more would leave no room


def process(connection: Connection, package: str | None) -> Section:
    """Who made it. `package`: whose the executable is, None while that is looked for."""
    who = connection.process
    facts = [
        Fact("Program", _program(who)),
        Fact("Package", _package(package)),
        Fact("Arguments", _arguments(who.args)),
        Fact("PID", _numbers(connection)),
        Fact("User", _user(who)),
    ]
    if who.start_ns is not None:
        facts.append(Fact("Started", _started(who.start_ns, connection.time_ns)))
    if who.container is not None:
        facts.append(Fact("Container", _container(who.container_name, who.container)))
    if who.unit is not None:
        unit = asked("the unit", "unit", who.unit)
        facts.append(Fact("Unit", (Said(unit.text, Tone.PLAIN, unit),)))
    if spaces := _spaces(who):
        facts.append(Fact("Namespaces", spaces))
    return Section("Process", tuple(facts))


def lineage(who: Process) -> Section:
    """Who made the process, from the first one down."""
    if not who.parents:
        return Section("Started by", lines=((Said("not known", Tone.MUTED),),))
    lines: list[tuple[Said, ...]] = []
    if who.parents[-1].pid not in _ROOTS:
        lines.append((Said("…", Tone.MUTED),))
    itself = Ancestor(who.pid, who.comm, who.executable, who.args)
    for each in (*reversed(who.parents), itself):
        depth = min(len(lines), _DEEPEST)
        branch = f"{'  ' * (depth - 1)}└─ " if depth else ""
        args = f" {visible(shlex.join(each.args[1:]))}" if len(each.args) > 1 else ""
        tone = Tone.STRONG if each is itself else Tone.PLAIN
        tree = asked("the process id", "tree", str(each.pid))
        lines.append(
            (
                Said(branch, Tone.MUTED),
                Said(tree.text, Tone.MUTED, tree),
                Said(" ", Tone.MUTED),
                Said(visible(each.label), tone, _label(each.executable, each.comm)),
                Said(args, Tone.MUTED),
            )
        )
    return Section("Started by", lines=tuple(lines))


def program(path: str | None, comm: str) -> Value:
    """A program, as its rows are found: by its path, or else the thread's name."""
    if path is None:
        return asked("the thread's name", "proc", comm)
    return asked("the program", "proc", path)


def _label(path: str | None, comm: str) -> Value | None:
    return program(path, comm) if path or comm else None


def _program(who: Process) -> tuple[Said, ...]:
    value = program(who.executable, who.comm)
    if who.executable is None:
        remark = Said("  a thread of the kernel's, or gone", Tone.MUTED)
        return (Said(visible(who.label), Tone.STRONG, value), remark)
    folder, slash, name = value.text.rpartition("/")
    return (Said(folder + slash, Tone.PLAIN, value), Said(name, Tone.STRONG, value))


def _package(package: str | None) -> tuple[Said, ...]:
    if package is None:
        return (Said("…", Tone.MUTED),)
    return (Said(package, Tone.PLAIN, told("the package", package)),)


def _arguments(args: tuple[str, ...]) -> tuple[Said, ...]:
    if not args:
        return (Said("none", Tone.MUTED),)
    typed = visible(shlex.join(args))
    return (Said(typed, Tone.PLAIN, Value("the command", typed, (("args", " ".join(args)),))),)


def _numbers(connection: Connection) -> tuple[Said, ...]:
    who = connection.process
    pid = asked("the process id", "pid", str(who.pid))
    pieces = [Said(pid.text, Tone.PLAIN, pid), Said("  ", Tone.MUTED)]
    if connection.tid != who.pid:
        tid = told("the thread's id", str(connection.tid))
        pieces += [Said("thread ", Tone.MUTED), Said(tid.text, Tone.MUTED, tid)]
        pieces.append(Said(", ", Tone.MUTED))
    comm = asked("the thread's name", "proc", who.comm) if who.comm else None
    return (*pieces, Said("called ", Tone.MUTED), Said(visible(who.comm), Tone.MUTED, comm))


def _user(who: Process) -> tuple[Said, ...]:
    name = asked("the user", "user", who.user) if who.user else None
    uid = asked("the user's number", "user", str(who.uid))
    return (
        Said(visible(who.user), Tone.PLAIN, name),
        Said("  ", Tone.MUTED),
        Said(uid.text, Tone.MUTED, uid),
    )


def _started(start_ns: int, made_ns: int) -> tuple[Said, ...]:
    text = iso_text(start_ns)
    before = max(0, made_ns - start_ns) / 1e9
    value = told("the time", text)
    return (
        Said(text[:10], Tone.MUTED, value),
        Said(f" {text[11:23]}", Tone.PLAIN, value),
        Said(f"  {_span(before)} before it connected", Tone.MUTED),
    )


def _container(name: str | None, identity: str) -> tuple[Said, ...]:
    also = asked("the container's id", "container", identity)
    if name is None or name == identity:
        return (Said(also.text, Tone.STRONG, also),)
    value = asked("the container", "container", name)
    return (
        Said(value.text, Tone.STRONG, value),
        Said("  ", Tone.MUTED),
        Said(also.text, Tone.MUTED, also),
    )


def _spaces(who: Process) -> tuple[Said, ...]:
    """Its namespaces and its cgroup, which alone can be filtered by."""
    pieces: list[Said] = []
    for name, number in (("net", who.netns), ("mnt", who.mntns), ("cgroup", who.cgroup)):
        if number is None:
            continue
        if pieces:
            pieces.append(Said(" · ", Tone.MUTED))
        if name == "cgroup":
            value = asked("the cgroup's id", name, str(number))
        else:
            value = told("the namespace", str(number))
        pieces += [Said(f"{name} ", Tone.MUTED), Said(value.text, Tone.MUTED, value)]
    return tuple(pieces)


def _span(seconds: float) -> str:
    """A length of time to about three digits: `3.2 ms`, `12 s`, `3 h 20 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days"
