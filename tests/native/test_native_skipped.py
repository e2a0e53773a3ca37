"""Programs that the kernel leaves out, since one of them is under way: counted."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import pytest

from probes.kernel import bpf_calls

pytestmark = [pytest.mark.native, pytest.mark.timeout(60)]

_TEST_RUN = 10  # BPF_PROG_TEST_RUN
_TRACE_PRINTK = 6  # BPF_FUNC_trace_printk
_INSTRUCTION = struct.Struct("=BBhi")
# Prints one letter, which runs the tracepoint bpf_trace_printk.
PRINTS = b"".join(
    _INSTRUCTION.pack(code, registers, offset, value)
    for code, registers, offset, value in (
        (0x62, 0x0A, -8, ord("x")),  # *(u32 *)(r10 - 8) = "x"
        (0xBF, 0xA1, 0, 0),  # r1 = r10
        (0x07, 0x01, 0, -8),  # r1 += -8
        (0xB7, 0x02, 0, 2),  # r2 = 2
        (0x85, 0x00, 0, _TRACE_PRINTK),
        (0xB7, 0x00, 0, 0),  # r0 = 0
        (0x95, 0x00, 0, 0),  # exit
    )
)


@pytest.fixture
def printer() -> Iterator[int]:
    """A program that runs whenever a program prints, and prints."""
    program = bpf_calls.load_program(bpf_calls.RAW_TRACEPOINT_PROGRAM, "prints", PRINTS)
    attachment = bpf_calls.attach_raw_tracepoint(program, "bpf_trace_printk")
    yield program
    os.close(attachment)
    os.close(program)


def test_a_program_that_is_left_out_is_counted(printer: int) -> None:
    assert bpf_calls.times_skipped(printer) == 0
    for times in range(1, 4):
        # Run once from here: it prints, so that it is run again, prints, and is left out.
        bpf_calls._bpf(_TEST_RUN, struct.pack("=I76x", printer))
        assert bpf_calls.times_skipped(printer) == times
