"""Where a tracepoint's fields lie, as kernels of different times say it."""

from __future__ import annotations

import pytest

from probes.hooks.tree import field_offset
from probes.kernel.task import Task
from probes.selection import Selection

# Linux 6.1 and 6.18: the names became strings of any length.
OLD = """\
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:char parent_comm[16];\toffset:8;\tsize:16;\tsigned:0;
\tfield:pid_t parent_pid;\toffset:24;\tsize:4;\tsigned:1;
\tfield:char child_comm[16];\toffset:28;\tsize:16;\tsigned:0;
\tfield:pid_t child_pid;\toffset:44;\tsize:4;\tsigned:1;
"""
NEW = """\
\tfield:__data_loc char[] parent_comm;\toffset:8;\tsize:4;\tsigned:0;
\tfield:pid_t parent_pid;\toffset:12;\tsize:4;\tsigned:1;
\tfield:__data_loc char[] child_comm;\toffset:16;\tsize:4;\tsigned:0;
\tfield:pid_t child_pid;\toffset:20;\tsize:4;\tsigned:1;
"""


@pytest.mark.parametrize(("text", "offset"), [(OLD, 44), (NEW, 20)])
def test_a_field_is_found_in_either(text: str, offset: int) -> None:
    assert field_offset(text, "child_pid") == offset


@pytest.mark.parametrize("field", ["pid", "parent_comm[16]", "old_pid"])
def test_a_field_that_is_not_there_is_none(field: str) -> None:
    with pytest.raises(LookupError, match="no field"):
        field_offset(OLD, field)


def test_a_tree_is_asked_of_the_programs() -> None:
    assert Task(selection=Selection(trees=frozenset({1}))).filters == 16
