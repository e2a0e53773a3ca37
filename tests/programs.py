"""Programs that connect and are gone, each with the path and the arguments that are its own."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.scene import ImpossibleError, Scenario, Scene

PORT: Final = 5353
_SOURCE: Final = Path(__file__).with_name("once.c")
# arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h agree on it.
_CLONE3: Final = 435
_CLONE_ARGUMENTS: Final = struct.Struct("=10Q")  # struct clone_args up to set_tid_size

_OWN_ROOT: Final = (
    'mount --bind "$1" "$1"; cd "$1"; mkdir old; pivot_root . old; shift; exec /bin/once "$@"'
)
_ORPHAN: Final = '(while kill -0 $$; do sleep 0.01; done; exec "$@") >/dev/null 2>&1 & echo $!'
_BOUND: Final = 'touch "$1/bound"; mount --bind "$1/bin/once" "$1/bound"; exec "$1/bound" $2 $3'


def short_lived(scene: Scene) -> None:
    """Five hundred processes of a static program that connects and ends."""
    program = _program(scene)
    for number in range(500):
        _run(scene, "127.77.2.1", [program, "127.77.2.1", str(PORT + number)], program)


def in_a_chroot(scene: Scene) -> None:
    program = _program(scene)
    pid = os.fork()
    args = ["/bin/once", "127.77.2.2", str(PORT)]
    if pid == 0:
        os.chroot(Path(program).parents[1])
        os.execv(args[0], args)
    _expect(scene, pid, args, "/bin/once")


def in_its_own_root(scene: Scene) -> None:
    """As a container has it."""
    if shutil.which("pivot_root") is None:
        raise ImpossibleError("there is no pivot_root; install util-linux-extra")
    root = Path(_program(scene)).parents[1]
    args = ["127.77.2.3", str(PORT)]
    pid = _unshared(_OWN_ROOT, [str(root), *args])
    _expect(scene, pid, ["/bin/once", *args], "/bin/once")


def where_a_file_is_mounted(scene: Scene) -> None:
    root = Path(_program(scene)).parents[1]
    args = ["127.77.2.4", str(PORT)]
    bound = f"{root}/bound"
    pid = _unshared(_BOUND, [str(root), *args])
    _expect(scene, pid, [bound, *args], bound, comm="bound")


def removed(scene: Scene) -> None:
    """An executable that is removed while it runs."""
    program = _program(scene)
    pid = os.fork()
    args = ["gone", "127.77.2.5", str(PORT)]
    if pid == 0:
        os.dup2(os.open(program, os.O_RDONLY), 77)
        os.unlink(program)
        os.execv("/proc/self/fd/77", args)
    _expect(scene, pid, args, f"{program} (deleted)", comm="77")


def another_program(scene: Scene) -> None:
    """One process, three programs of the same name, one after the other."""
    first, second, third = (_program(scene) for _ in range(3))
    last = [third, "127.77.2.8", str(PORT)]
    middle = [second, "127.77.2.7", str(PORT), third, *last]
    args = [first, "127.77.2.6", str(PORT), second, *middle]
    pid = os.posix_spawn(first, args, {})
    for program, each in ((first, args), (second, middle), (third, last)):
        _expect(scene, pid, each, program, is_over=program is third)


def orphaned(scene: Scene) -> None:
    """A program whose maker, a shell, ends before it connects."""
    program, shell = _program(scene), shutil.which("sh")
    assert shell is not None
    args = [program, "127.77.2.10", str(PORT)]
    with subprocess.Popen([shell, "-c", _ORPHAN, "sh", *args], stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        pid = int(maker.stdout.readline())
    made_by = [
        f"{maker.pid} {os.path.realpath(shell)}",
        f"{os.getpid()} {os.readlink('/proc/self/exe')}",
    ]
    _expect(scene, pid, args, program, is_over=False, parent=maker.pid, parents=made_by)


def the_same_pid(scene: Scene) -> None:
    """Forty processes of one number, of two programs of the same name, one after the other."""
    programs = (_program(scene), _program(scene))
    args = [programs[0], "127.77.2.9", str(PORT)]
    pid = os.posix_spawn(args[0], args, {})
    _expect(scene, pid, args, args[0])
    for number in range(1, 40):
        program = programs[number % 2]
        args = [program, "127.77.2.9", str(PORT + number)]
        _forked_as(pid, args)
        _expect(scene, pid, args, program)


SCENARIOS: Final[tuple[Scenario, ...]] = (
    *(short_lived, in_a_chroot, in_its_own_root, where_a_file_is_mounted, removed),
    *(another_program, the_same_pid, orphaned),
)


def _program(scene: Scene) -> str:
    """A folder of its own with the program in it, as `bin/once`."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise ImpossibleError("there is no C compiler; install gcc")
    folder = scene.afterwards.enter_context(tempfile.TemporaryDirectory(prefix="sock-tui-once-"))
    program = Path(os.path.realpath(folder), "bin", "once")
    program.parent.mkdir()
    command = [compiler, "-O1", "-static", "-o", str(program), str(_SOURCE)]
    try:
        subprocess.run(command, check=True)
    except subprocess.CalledProcessError:
        raise ImpossibleError("cc does not link statically; install its libc.a") from None
    return str(program)


def _run(scene: Scene, address: str, args: Sequence[str], program: str) -> None:
    pid = os.posix_spawn(program, args, {})
    _expect(scene, pid, args, program)


def _expect(
    scene: Scene,
    pid: int,
    args: Sequence[str],
    program: str,
    comm: str = "once",
    is_over: bool = True,
    **more: object,
) -> None:
    """Expect what the program `args` connects to, and wait for its end if it is the last one."""
    address, port = args[1:3]
    others: dict[str, object] = {"process": program, "args": list(args), "comm": comm}
    others |= {"parent": os.getpid(), "netns": os.stat("/proc/self/ns/net").st_ino}
    scene.expect("AF_INET", address, int(port), pid=pid, tid=pid, **others | more)
    if pid not in scene.pids:
        scene.pids.append(pid)
    if is_over:
        status = os.waitpid(pid, 0)[1]
        assert status == 0, f"{args} ended with {os.waitstatus_to_exitcode(status)}"


def _unshared(script: str, args: Sequence[str]) -> int:
    """Run a shell script in a mount namespace of its own; its process."""
    unshare = shutil.which("unshare")
    assert unshare is not None
    options = ["--mount", "--propagation", "private", "sh", "-ec", script, "sh"]
    return os.posix_spawn(unshare, [unshare, *options, *args], os.environ)


def _forked_as(pid: int, args: Sequence[str]) -> None:
    """Run a program in a child of that number, which nobody has; see clone(2), set_tid."""
    number = ctypes.c_int(pid)
    arguments = _CLONE_ARGUMENTS.pack(
        *(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(number), 1)
    )
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.syscall(_CLONE3, ctypes.c_char_p(arguments), len(arguments))
    if made == 0:
        os.execv(args[0], args)
    if made != pid:
        raise OSError(ctypes.get_errno(), f"no process {pid} could be made")
