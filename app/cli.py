"""The command: arguments in, exit status out. 0 done, 1 it could not be, 2 wrong use.

`diff` has its own: see `app.commands.diff`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from app.output.export import ExportError
from app.output.streams import fail, prepare
from probes.errors import SourceError

_NO_THREAD: Final = "can't start new thread"  # CPython's Modules/_threadmodule.c


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `arguments` (without the program's name; None takes the process's own)."""
    prepare()
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except (SourceError, ExportError) as error:
        return fail(error)
    except KeyboardInterrupt:  # ahead of a capture, or at a question
        return fail("interrupted", status=130)
    except (MemoryError, RuntimeError) as error:
        # What there is too little memory for may be a thread as well.
        if isinstance(error, RuntimeError) and str(error) != _NO_THREAD:
            raise
        return fail(
            "there is too little memory: free some, raise the limit (ulimit -v), or keep fewer "
            "connections (--max-rows)"
        )


def _run(arguments: list[str]) -> int:
    """Each command is loaded when it is asked for: most of a start is loading."""
    match arguments:
        case ["asn", *rest]:
            from app.commands.asn import run
        case ["completions", *rest]:
            from app.commands.completions import run
        case ["diff", *rest]:
            from app.commands.diff import run
        case ["doctor", *rest]:
            from app.commands.doctor import run
        case ["open", *rest]:
            from app.commands.open import run
        case ["run", *rest]:
            from app.commands.run import run
        case rest:
            from app.commands.live import run
    return run(rest)


if __name__ == "__main__":
    sys.exit(main())
