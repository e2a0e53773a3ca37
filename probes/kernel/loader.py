"""The maps and programs of one bytecode in the running kernel, with the constants they go by."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Final

from probes.kernel import bpf_calls, layout
from probes.kernel.bytecode import Bytecode
from probes.kernel.mapped import possible_processors
from probes.kernel.requirements import kernel_version
from probes.kernel.task import BY_HELPERS, WITHOUT_CAST, Task

# From then on the verifier knows what lies where in a task. Helpers read whatever they are told to,
# so they serve only where it could not be asked.
_FIELDS_SINCE: Final = 5, 11


class Loader:
    """Makes the maps, then loads programs that use them; holds all descriptors until it is closed.

    What is attached is kept here too: `keep`.
    """

    def __init__(self, bytecode: Bytecode, task: Task) -> None:
        self.bytecode = bytecode
        self.filters = task.filters
        """The constant FILTERS of the programs that are loaded from now on."""
        self.maps: Mapping[str, int] = {}
        """The maps' descriptors, in the bytecode's order."""
        self.tells_images = False
        """Whether the program that was loaded last tells process images apart."""
        self._task = task
        self._own = 0 if task.include_self else os.getpid()
        # What was loaded of each function, and is attached.
        self._programs: dict[str, list[int]] = {}
        # In the order in which they were opened: maps, programs, attachments.
        self._descriptors: list[int] = []

    def make_maps(self) -> None:
        """Make all maps, as large as the task wants them, and fill in what it asks for; once.

        Raises:
            OSError: the kernel refused.
        """
        sizes = {"counts": possible_processors(), **self._task.map_sizes}
        sized = [
            replace(shape, max_entries=sizes.get(shape.name, shape.max_entries))
            for shape in self.bytecode.maps
        ]
        self.maps = {shape.name: self.keep(bpf_calls.create_map(shape)) for shape in sized}
        for name, numbers in self._task.wanted.items():
            for number in numbers:
                bpf_calls.update(self.maps[name], number.to_bytes(4, sys.byteorder), b"\x01")

    def load(self, kind: int, function: str, traced: int = 0) -> int:
        """Load a program for what this kernel lets it do; a descriptor, which is kept.

        `kind`: a `bpf_calls.*_PROGRAM`. `traced`: the kernel's function that it is for, see
        `probes.kernel.btf`.

        Raises:
            OSError: the kernel refused it with whatever constants.
            LookupError: the bytecode has no such program.
            ValueError: the bytecode names what there is not.
        """

        def load_with(constants: Sequence[int], more: int = 0) -> int:
            values = [self._own, self.filters | more, *constants, self._task.send_period_ns]
            program = self.load_with(kind, function, values, traced)
            self.tells_images = constants[-1] != 0
            return program

        known = self.bytecode.layout
        if kernel_version() < _FIELDS_SINCE:
            ways = [(known, WITHOUT_CAST | BY_HELPERS)]
        else:
            ways = [
                (known, 0),
                (known, WITHOUT_CAST),
                (layout.without_images(known), WITHOUT_CAST),
            ]
        for constants, more in ways:
            # This kernel may not let programs read its structures in this way.
            with suppress(OSError):
                return load_with(constants, more)
        return load_with(layout.UNKNOWN, WITHOUT_CAST)

    def load_with(self, kind: int, function: str, constants: Sequence[int], traced: int = 0) -> int:
        """Load a program with constants of its own; see `load`."""
        code = self.bytecode.linked(function, list(self.maps.values()), constants)
        program = self.keep(bpf_calls.load_program(kind, function, code, traced))
        self._programs.setdefault(function, []).append(program)
        return program

    def skipped(self, functions: Iterable[str]) -> int:
        """How often the kernel left these out: see `bpf_calls.times_skipped`."""
        programs = chain.from_iterable(self._programs.get(name, ()) for name in functions)
        return sum(map(bpf_calls.times_skipped, programs))

    def keep(self, descriptor: int) -> int:
        """Close it with the rest; returns it."""
        self._descriptors.append(descriptor)
        return descriptor

    def close(self) -> None:
        """Detach and unload everything. Safe to call twice."""
        self.maps = {}
        self._programs = {}
        while self._descriptors:
            os.close(self._descriptors.pop())
