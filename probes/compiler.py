"""BCC, in a process of its own: C in, bytecode out. The one user of bcc.

Its compiler takes 100 MB and a second, and prints what it likes to standard error. All of that ends
with the process; and while it works, nothing here waits for the interpreter lock.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, cast

from probes import btf, layout
from probes.bytecode import Bytecode, MapShape
from probes.errors import SourceError
from probes.requirements import import_bcc
from probes.ring import RING_SIZE

PROGRAMS: Final = (
    *("on_security_socket_connect", "on_sys_enter_connect"),
    *("on_getaddrinfo", "on_getaddrinfo_return"),
    *("on_gethostbyname", "on_gethostbyname_r", "on_gethostbyname2_r", "on_gethostbyname_return"),
    *("on_getaddrinfo_alone", "on_freeaddrinfo", "on_connect_alone"),
)

_SOURCE: Final = Path(__file__).with_name("bpf")
_PARTS: Final = ("base.c", "names.c", "connect.c", "getaddrinfo.c", "gethostbyname.c")
# Neither the site's start-up files nor the user's are run: the caller's path serves.
_CHILD: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; from probes.compiler import main; sys.exit(main())"
)


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
        *sorted(path for path in _SOURCE.rglob("*") if path.is_file()),
    ]
    return {
        "kernel": f"{kernel.release} {kernel.version} {kernel.machine}",
        "flags": " ".join(_flags()),
        "bcc": _bcc_version(),
        # As Latin-1, any bytes are text, and no two the same.
        **{str(path.relative_to(_SOURCE.parent)): path.read_text("latin-1") for path in sources},
    }


def source() -> str:
    """The text of all programs, for BCC."""
    return "\n".join((_SOURCE / part).read_text() for part in _PARTS)


def compiled() -> Bytecode:
    """Compile the programs, which takes about a second.

    Raises:
        SourceError: there is no usable BCC, or it failed.
    """
    path = [*sys.path, str(_SOURCE.parents[1])]
    child = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-I", "-S", "-c", _CHILD, *path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        # ctrl+c is for this process, which ends the other by waiting for it.
        process_group=0,
    )
    try:
        answer: dict[str, Any] = json.loads(child.stdout)
    except ValueError:
        answer = {"failure": f"the compiler's process ended with status {child.returncode}"}
    if "missing" in answer:
        raise SourceError(answer["missing"])
    if "failure" in answer:
        said = child.stderr.decode("utf-8", "replace").splitlines()
        raise SourceError(
            f"BCC could not load the probes: {_reason(said) or answer['failure']}. "
            "The kernel must have BPF (CONFIG_BPF_SYSCALL) and not be locked down for it."
        )
    return Bytecode.from_json(answer)


def main() -> int:
    """The process of its own: compile, and write the result to standard output."""
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)  # whatever else is printed is no part of the answer
        try:
            found = _compile().to_json()
        except SourceError as error:
            found = {"missing": str(error)}
        except Exception as error:  # noqa: BLE001 - BCC raises nothing more precise
            found = {"failure": str(error)}
        json.dump(found, answer)
    return 0


def _compile() -> Bytecode:
    bcc = import_bcc()
    os.environ["BCC_KERNEL_SOURCE"] = str(_SOURCE / "abi")
    constants, offsets = layout.of_kernel()
    bpf = cast(_Bpf, bcc.BPF(text=source(), cflags=[f"-I{_SOURCE}", *_flags(), *offsets]))
    library = bcc.libbcc.lib
    return Bytecode.unlinked(
        [_map(library, bpf.module, number) for number in range(library.bpf_num_tables(bpf.module))],
        {name: bpf.dump_func(name.encode()) for name in PROGRAMS},
        constants,
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


def _reason(lines: list[str]) -> str:
    """The line of what was printed that says most."""
    told = [line.strip() for line in lines if line.strip() and not line.startswith("HINT")]
    return next((line for line in told if "error:" in line), told[-1] if told else "")
