"""Scenarios about who it was: processes that are gone at once, PIDs used again, other roots."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from kit.nameserver import SERVER
from kit.stage import FOUND, REBORN, SERVED, Stage

ONE_SHOT: Final = "one-shot static programs"
REUSE: Final = "a PID used again and again"
ROOTS: Final = "chroots and mount namespaces"
BUSYBOX: Final = "busybox in a chroot"

_ONE_SHOTS: Final = 500
_OWN_ROOT: Final = (
    'mount --bind "$1" "$1"; cd "$1"; mkdir -p old; pivot_root . old; shift; exec /bin/call "$@"'
)
_MOUNTED: Final = 'touch "$1"; mount --bind "$2" "$1"; exec "$1" "$3" "$4"'


def one_shots(stage: Stage) -> None:
    """Processes of some 2 ms of life, started without a pause between them."""
    program = stage.program("call")
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started = []
    for number in range(stage.times(_ONE_SHOTS)):
        there = stage.there()
        args = [str(program), *map(str, there), f"number={number}"]
        started.append(os.posix_spawn(args[0], args, {}, file_actions=quiet))
        stage.act(ONE_SHOT, started[-1], there, args)
    for pid in started:
        os.waitpid(pid, 0)


def reused(stage: Stage) -> None:
    """Three programs in turn, all of one PID.

    The first asks for a name, the next goes to the same address without: that name was never its
    own.
    """
    named, call = stage.program("named"), stage.program("call")
    programs = [stage.copy(call, "reuse", each) for each in ("second", "third")]
    lives = []
    for number in range(1, stage.times(REBORN) + 1):
        name = f"dead{number}.bench.test"
        address = FOUND[name]
        port = stage.there()[1]
        lives.append(((address, port), [str(named), name, str(port)], {"host": name}))
        _, port = stage.there()
        second = [str(programs[0]), address, str(port), name]
        lives.append(((address, port), second, {"not_inherited": name}))
        there = stage.there()
        lives.append((there, [str(programs[1]), *map(str, there)], {}))
    lines = "".join("\t".join(args) + "\n" for _, args, _ in lives)
    done = subprocess.run(
        [stage.program("reborn")], input=lines, capture_output=True, text=True, check=True
    )
    pid = int(done.stdout.split()[-1])
    for there, args, facts in lives:
        stage.act(REUSE, pid, there, args, **facts)


def roots(stage: Stage) -> None:
    """The path is the one that the process itself sees."""
    call = stage.program("call")
    root = stage.copy(call, "root", "bin", "call").parents[1]
    mounted = stage.folder / "mounted"
    private = ["unshare", "--mount", "--propagation", "private", "sh", "-ec"]
    for _ in range(stage.times(10)):
        there = stage.there()
        to = list(map(str, there))
        with stage.start(["chroot", root, "/bin/call", *to]) as process:
            stage.act(ROOTS, process.pid, there, ["/bin/call", *to])
        there = stage.there()
        to = list(map(str, there))
        with stage.start([*private, _OWN_ROOT, "sh", root, *to]) as process:
            stage.act(ROOTS, process.pid, there, ["/bin/call", *to])
        there = stage.there()
        to = list(map(str, there))
        with stage.start([*private, _MOUNTED, "sh", mounted, call, *to]) as process:
            stage.act(ROOTS, process.pid, there, [mounted, *to])


def busybox(stage: Stage) -> None:
    """A static program with its libc's resolver inside, asking the name server."""
    program = shutil.which("busybox")
    if program is None:
        stage.done.impossible.append(f"{BUSYBOX}: it is not installed (busybox-static)")
        return
    root = stage.copy(Path(os.path.realpath(program)), "box", "bin", "busybox").parents[1]
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "resolv.conf").write_text(f"nameserver {SERVER}\n")
    for number in range(1, stage.times(10) + 1):
        name = f"box{number}.dns.test"
        there = (SERVED[name], stage.there()[1])
        args = ["/bin/busybox", "wget", "-q", "-O", "/dev/null", f"http://{name}:{there[1]}/"]
        with stage.start(["chroot", root, *args]) as process:
            stage.act(BUSYBOX, process.pid, there, args, host=name)


SCENARIOS: Final = (one_shots, reused, roots, busybox)
