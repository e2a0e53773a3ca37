"""What is looked up for the details, in words."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.screens.lookups import Lookups
from probes.errors import SourceError
from probes.processes.packages import Packages
from probes.processes.procfs import boot_offset
from probes.record import Process
from tests.connections import CURL
from tests.screens.stage import LOOKUPS

HERE = replace(CURL, container=None, container_name=None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "curl 7.88.1-10+deb12u14"),
        ({"executable": "/usr/bin/curl (deleted)"}, "curl 7.88.1-10+deb12u14"),
        ({"executable": "/home/alice/tool"}, "of no package"),
        ({"executable": None}, "not known without the whole path"),
        ({"executable": "…/deep/x"}, "not known without the whole path"),
        ({"container": "3f4a0b1c2d3e"}, "a file of the container, not of this machine"),
        (
            {"mntns": 7},
            "curl 7.88.1-10+deb12u14 (by its path; it had a mount namespace of its own)",
        ),
        ({"mntns": None}, "curl 7.88.1-10+deb12u14"),
    ],
)
def test_a_package_is_named_or_why_not(changes: dict[str, object], said: str) -> None:
    assert LOOKUPS.package(replace(HERE, **changes)) == said  # type: ignore[arg-type]


def test_why_it_cannot_be_told_is_safe_to_show() -> None:
    def run(_command: object) -> None:
        raise OSError("\x1b[31m")

    packages = Packages(run, lambda _tool: True)  # type: ignore[arg-type]
    assert Lookups(packages).package(HERE) == "cannot be told: \\x1b[31m"


def running(path: str) -> Process:
    """This process, as one that runs the file `path`."""
    start = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    start_ns = start * 10**9 // os.sysconf("SC_CLK_TCK") + boot_offset()
    return replace(HERE, pid=os.getpid(), start_ns=start_ns, executable=path, mntns=7)


def test_what_still_runs_is_compared_with_this_machines_file() -> None:
    executable = os.readlink("/proc/self/exe")
    another = "another file than this machine has there: it has a root of its own"
    assert LOOKUPS.package(running(executable)) == "of no package"
    assert LOOKUPS.package(running("/usr/bin/curl")) == another
    assert LOOKUPS.package(running("/nonexistent")) == another
    before = replace(running("/usr/bin/curl"), start_ns=1)
    assert LOOKUPS.package(before).startswith("curl 7.88"), "another process of that number"


class Table:
    loads = 0

    def __init__(self) -> None:
        Table.loads += 1

    def prefix(self, address: str) -> str | None:
        return "140.82.112.0/20" if address == "140.82.118.3" else None


def test_the_table_is_loaded_when_it_is_first_asked() -> None:
    lookups = Lookups(prefixes=Table)
    before = Table.loads
    assert [lookups.prefix(text) for text in ("140.82.118.3", "127.0.0.1")] == [
        "140.82.112.0/20",
        "",
    ]
    assert Table.loads == before + 1


def test_a_table_that_is_damaged_has_no_prefix() -> None:
    def load() -> Table:
        raise SourceError("damaged")

    lookups = Lookups(prefixes=load)
    assert lookups.prefix("140.82.118.3") == ""
    assert lookups.prefix("140.82.118.3") == ""
    assert Lookups().prefix("140.82.118.3") == ""


def test_what_may_not_be_looked_at_is_told_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is with other users' processes once root was given up."""
    process, stat = replace(running("/usr/bin/curl"), mntns=None), os.stat

    def refusing(path: str) -> os.stat_result:
        if str(path).startswith("/proc/"):
            raise PermissionError(13, "Permission denied")
        return stat(path)

    monkeypatch.setattr("app.screens.lookups.os.stat", refusing)
    remark = "(by its path; only root could see whether it has a root of its own)"
    assert LOOKUPS.package(process) == f"curl 7.88.1-10+deb12u14 {remark}"
