"""BCC, in processes of its own: C in, bytecode out. The one user of bcc.

Its compiler takes 100 MB and seconds, and prints what it likes to standard error. All of that ends
with the processes; and while they work, nothing here waits for the interpreter lock.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, cast

from probes.errors import SourceError, explained
from probes.kernel import btf, layout, modules
from probes.kernel.bytecode import Bytecode, MapShape
from probes.kernel.capabilities import Capability, passed_on
from probes.kernel.modules import MODULES, SOURCE, text
from probes.kernel.requirements import import_bcc
from probes.kernel.ring import RING_SIZE

# Neither the site's start-up files nor the user's are run: the caller's path serves.
_CHILD: Final = """
import sys
sys.path[:] = sys.argv[2:]
from probes.kernel import compiler
compiler.main(sys.argv[1])
"""
_VERSIONS: Final = "versions"
_BEHIND: Final = 5  # in niceness: whoever waits for the first screen goes ahead of two compilers
_LLVM: Final = re.compile(
    r"/lib(?:LLVM|clang-cpp)[-.](?:so\.)?(\d+[\w.]*?)(?:\.so.*)?$", re.MULTILINE
)
_NO_MEMORY: Final = os.strerror(errno.ENOMEM)


class _Bpf(Protocol):
    """The part of bcc.BPF that is used here. Failures are plain Exceptions."""

    module: int

    def dump_func(self, func_name: bytes) -> bytes: ...


def inputs() -> Mapping[str, str]:
    """All that the bytecode depends on, by what it is: the same inputs make the same bytecode."""
    kernel = os.uname()
    sources = [
        Path(__file__),
        Path(btf.__file__),
        Path(layout.__file__),
        Path(modules.__file__),
        *sorted(path for path in SOURCE.rglob("*") if path.is_file()),
    ]
    return {
        "kernel": f"{kernel.release} {kernel.version} {kernel.machine}",
        "flags": " ".join(_flags()),
        "bcc": _bcc_version(),
        # As Latin-1, any bytes are text, and no two the same.
        **{str(path.relative_to(SOURCE.parent)): path.read_text("latin-1") for path in sources},
    }


def compiled() -> Bytecode:
    """Compile the programs, which takes some seconds.

    Raises:
        SourceError: there is no usable BCC, or it failed.
    """
    numbers = [str(number) for number in range(len(MODULES))]
    # One processor is done sooner with all of them in one.
    alone = len(os.sched_getaffinity(0)) == 1
    answers = _asked(*([" ".join(numbers)] if alone else numbers))
    return Bytecode.joined([Bytecode.from_json(answer) for answer in answers])


def versions() -> tuple[str, str | None]:
    """BCC's version, and that of the clang it is linked to, where that can be told.

    Raises:
        SourceError: there is no usable BCC.
    """
    [answer] = _asked(_VERSIONS)
    return answer["bcc"], answer["clang"]


def main(question: str) -> None:
    """The process of its own: answer, on standard output."""
    os.nice(_BEHIND)
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)  # whatever else is printed is no part of the answer
        try:
            found = _versions() if question == _VERSIONS else _compile(question.split()).to_json()
        except SourceError as error:
            found = {"missing": str(error)}
        except Exception as error:  # noqa: BLE001 - BCC raises nothing more precise
            found = {"failure": str(error)}
        json.dump(found, answer)


def _asked(*questions: str) -> list[dict[str, Any]]:
    """The answers of as many processes, at once; raises SourceError where one has none."""
    path = [*sys.path, str(SOURCE.parents[1])]
    # They make the maps, to say what they are like.
    rights = [Capability.CAP_BPF, Capability.CAP_PERFMON, Capability.CAP_SYS_ADMIN]
    with passed_on(rights), ExitStack() as running:
        children = []
        for question in questions:
            child = subprocess.Popen(  # noqa: S603 - this very interpreter
                [sys.executable, "-I", "-S", "-c", _CHILD, question, *path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # ctrl+c is for this process, which ends the others.
                process_group=0,
            )
            children.append(running.enter_context(child))
            running.callback(child.kill)
        # What the second one has to say waits until the first one has said all.
        said = [child.communicate() for child in children]
    return [
        _answer(child.returncode, *outputs) for child, outputs in zip(children, said, strict=True)
    ]


def _answer(status: int, output: bytes, errors: bytes) -> dict[str, Any]:
    """What a process said; raises SourceError where that is no answer."""
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError:
        answer = {"failure": f"the compiler's process ended with status {status}"}
    if "missing" in answer:
        raise SourceError(answer["missing"])
    if "failure" in answer:
        said = errors.decode("utf-8", "replace").splitlines()
        with explained(
            "BCC could not load the probes",
            "The kernel must have BPF (CONFIG_BPF_SYSCALL) and not be locked down for it.",
        ):
            raise _failure(_reason(said) or answer["failure"], status)
    return answer


def _versions() -> dict[str, Any]:
    bcc = import_bcc()
    llvm = _LLVM.search(Path("/proc/self/maps").read_text(errors="replace"))
    return {"bcc": str(getattr(bcc, "__version__", "?")), "clang": llvm[1] if llvm else None}


def _compile(numbers: Sequence[str]) -> Bytecode:
    """Those of `MODULES` as one."""
    bcc = import_bcc()
    os.environ["BCC_KERNEL_SOURCE"] = str(SOURCE / "abi")
    asked = [MODULES[int(number)] for number in numbers]
    constants, offsets = layout.of_kernel()
    flags = [f"-I{SOURCE}", *_flags(), *offsets]
    bpf = cast(_Bpf, bcc.BPF(text=text(asked), cflags=flags))
    library = bcc.libbcc.lib
    programs = [name for module in asked for name in module.programs]
    if layout.HAS_SOCKETS in offsets:
        programs += [name for module in asked for name in module.of_sockets]
    return Bytecode.unlinked(
        [_map(library, bpf.module, place) for place in range(library.bpf_num_tables(bpf.module))],
        {name: bpf.dump_func(name.encode()) for name in programs},
        constants,
        layout.functions(),
    )


def _map(library: ctypes.CDLL, module: int, number: int) -> tuple[MapShape, int]:
    """The module's map of that number, and its descriptor."""

    def fact(name: str, kind: type[Any] = ctypes.c_size_t) -> Any:
        # bcc itself declares some of them only, and the module is a pointer.
        prototype = ctypes.CFUNCTYPE(kind, ctypes.c_void_p, ctypes.c_size_t)
        return prototype((f"bpf_table_{name}", library))(module, number)

    shape = MapShape(
        fact("name", ctypes.c_char_p).decode(),
        fact("type_id", ctypes.c_int),
        fact("key_size_id"),
        fact("leaf_size_id"),
        fact("max_entries_id"),
        fact("flags_id", ctypes.c_int),
    )
    return shape, fact("fd_id", ctypes.c_int)


def _flags() -> list[str]:
    return [f"-DRING_PAGES={RING_SIZE // mmap.PAGESIZE}", f"-DSOCK_TUI_PAGE_SIZE={mmap.PAGESIZE}"]


def _bcc_version() -> str:
    """Tells one installed BCC from another, without the 0.1 s and 65 MB that importing it takes."""
    found = find_spec("bcc")
    if found is None or found.origin is None:
        return "none"
    package = Path(found.origin)
    status = package.stat()
    version = package.with_name("version.py")
    text = version.read_text().strip() if version.is_file() else ""
    return f"{package} {status.st_size} {status.st_mtime_ns} {text}"


def _failure(reason: str, status: int) -> OSError:
    """What kept the compiler from its work. `status`: its process's."""
    if status == -signal.SIGKILL:  # nobody but the kernel does that
        return OSError(errno.ENOMEM, "the compiler was killed, which takes 130 MB of memory")
    return OSError(errno.ENOMEM if _NO_MEMORY in reason else 0, reason)


def _reason(lines: list[str]) -> str:
    """The line of what was printed that says most."""
    told = [line.strip() for line in lines if line.strip() and not line.startswith("HINT")]
    return next((line for line in told if "error:" in line), told[-1] if told else "")
