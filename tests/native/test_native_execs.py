"""Who connects where the kernel's structures are not known: what was executed says it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from probes.connections import Connections
from probes.enrichment.enrich import Enricher
from probes.hooks.kernel import Kernel
from probes.kernel import compiler, layout
from probes.kernel.decode import decode
from probes.kernel.program_cache import ProgramCache
from probes.kernel.task import Task
from probes.naming.names import Names
from probes.processes.procfs import Processes
from probes.record import Connection, HookKind

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

ONCE = Path(__file__).parents[1] / "once.c"
ADDRESS, PORT = "127.77.21.1", 6301
RUNS = 100


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A static program that connects and ends, some 2 ms after it was started."""
    compiler_ = shutil.which("cc")
    if compiler_ is None:
        pytest.skip("not run: there is no C compiler; install gcc")
    made = tmp_path / "once"
    subprocess.run([compiler_, "-O1", "-static", "-o", str(made), str(ONCE)], check=True)
    return made


def test_who_ends_at_once_is_known_all_the_same(program: Path, tmp_path: Path) -> None:
    cache = ProgramCache(tmp_path / "cache")
    bytecode = compiler.compiled()
    cache.write(compiler.inputs(), replace(bytecode, layout=layout.UNKNOWN))
    kernel = Kernel(cache=cache)
    kernel.attach(Task(HookKind.TRACEPOINT, names=False))
    try:
        for number in range(RUNS):
            args = ["once", ADDRESS, str(PORT + number)]
            os.waitpid(os.posix_spawn(program, args, {}), 0)
        rows = made(kernel)
    finally:
        kernel.close()
    assert [row.process.executable for row in rows] == [str(program)] * RUNS


def made(kernel: Kernel) -> list[Connection]:
    """What connected, read when all of it is over."""
    enricher = Enricher(Processes(), Names(), None)
    rows: list[Connection] = []
    end = time.monotonic() + 20
    while len(rows) < RUNS and time.monotonic() < end:
        items = enricher.items(decode(kernel.drain()).events)
        found = [row for item in items if isinstance(item, Connections) for row in item]
        rows += [row for row in found if row.address == ADDRESS]
    return rows
