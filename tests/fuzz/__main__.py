"""`make fuzz`: Atheris looks for bytes that a parser does not take; each target for its time.

What a target was fed and learned from is kept in .fuzz/TARGET; what broke it lies beside it, as
TARGET-crash-*, and is run again with `python -m tests.fuzz TARGET FILE`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[2] / ".fuzz"
MEMORY_MB: Final = 1024
LONGEST_S: Final = 20  # of one input
LENGTH: Final = 65_536  # bytes of an input at most


def main() -> int:
    """Each target in a process of its own, since what libFuzzer finds ends the process."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", help="one of them; else all in turn")
    parser.add_argument("file", nargs="?", type=Path, help="run it on this, once")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return _fuzz(options.target, options.seconds)
    from tests.fuzz.targets import TARGETS

    if options.target not in (None, *TARGETS):
        parser.error(f"the targets are {', '.join(TARGETS)}")
    if options.file is not None:
        TARGETS[options.target].run(options.file.read_bytes())
        return 0
    names = [options.target] if options.target else list(TARGETS)
    broken = []
    for name in names:
        print(f"== {name}, {options.seconds} s", flush=True)
        command = [sys.executable, "-m", "tests.fuzz", name, "--inside"]
        ended = subprocess.run([*command, "--seconds", str(options.seconds)], check=False)
        if ended.returncode:
            broken.append(name)
    print(f"broken: {', '.join(broken)}" if broken else f"nothing broke in {len(names)}")
    return int(bool(broken))


def _fuzz(name: str, seconds: int) -> int:
    try:
        import atheris
    except ImportError:
        print("Atheris is missing: make fuzz installs it", file=sys.stderr)
        return 1
    # What else is imported is not ours to look into, and takes minutes.
    with atheris.instrument_imports(include=["app", "probes"]):
        from tests.fuzz.targets import TARGETS
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = (f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MB}", f"-timeout={LONGEST_S}")
    quiet = ("-verbosity=0", "-print_final_stats=1", f"-max_len={LENGTH}")
    prefix = f"-artifact_prefix={FOLDER}/{name}-"
    atheris.Setup([sys.argv[0], *limits, *quiet, prefix, str(corpus)], TARGETS[name].run)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
