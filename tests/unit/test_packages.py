"""Packages: what each tool says, taken from its own output."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence

import pytest

from probes.processes.packages import Answer, PackageError, Packages

DPKG, RPM, PACMAN = "/usr/bin/dpkg-query", "/usr/bin/rpm", "/usr/bin/pacman"
Said = dict[tuple[str, ...], Answer]


def packages(said: Said, *tools: str) -> tuple[Packages, list[tuple[str, ...]]]:
    """A machine with these tools, which answer so, and what they were asked."""
    asked: list[tuple[str, ...]] = []

    def run(command: Sequence[str]) -> Answer:
        asked.append(tuple(command))
        return said.get(tuple(command[1:]), Answer(1, ""))

    return Packages(run, tools.__contains__), asked


@pytest.mark.parametrize(
    ("path", "searched", "printed", "name", "found"),
    [
        ("/usr/bin/curl", ("/usr/bin/curl", "/bin/curl"), "curl: /usr/bin/curl\n", "curl", "curl"),
        ("/usr/bin/bash", ("/usr/bin/bash", "/bin/bash"), "bash: /bin/bash\n", "bash", "bash"),
        ("/bin/new", ("/bin/new", "/usr/bin/new"), "new: /usr/bin/new\n", "new", "new"),
        (
            "/usr/lib64/ld.so",
            ("/usr/lib64/ld.so", "/lib64/ld.so"),
            "libc6:amd64: /lib64/ld.so\n",
            "libc6:amd64",
            "libc6:amd64",
        ),
        (
            "/opt/x",
            ("/opt/x",),
            "diversion by dash from: /opt/x\ndiversion by dash to: /opt/x.d\none, two: /opt/x\n",
            "one",
            "one",
        ),
        ("/opt/a[*?\\", ("/opt/a\\[\\*\\?\\\\",), "odd: /opt/a[*?\\\n", "odd", "odd"),
    ],
)
def test_dpkg_is_asked_under_both_names(
    path: str, searched: tuple[str, ...], printed: str, name: str, found: str
) -> None:
    said = {
        ("--search", *searched): Answer(1, printed),
        ("--show", "--showformat=${Version}", name): Answer(0, "1.2-3"),
    }
    assert packages(said, DPKG)[0].owner(path) == f"{found} 1.2-3"


def test_rpm_and_pacman_are_asked_where_they_are() -> None:
    form = "--queryformat=%{NAME} %{VERSION}-%{RELEASE}\\n"
    rpm: Said = {("--query", form, "--file", "/usr/bin/curl"): Answer(0, "curl 8.6.0-8.fc40\n")}
    assert packages(rpm, RPM)[0].owner("/usr/bin/curl") == "curl 8.6.0-8.fc40"
    pacman: Said = {
        ("--query", "--owns", "/usr/bin/curl"): Answer(
            0, "/usr/bin/curl is owned by curl 8.7.1-1\n"
        )
    }
    assert packages(pacman, PACMAN)[0].owner("/usr/bin/curl") == "curl 8.7.1-1"


def test_what_one_tool_does_not_know_the_next_may() -> None:
    form = "--queryformat=%{NAME} %{VERSION}-%{RELEASE}\\n"
    said: Said = {("--query", form, "--file", "/opt/x"): Answer(0, "x 1-1\n")}
    asked = packages(said, DPKG, RPM)
    assert asked[0].owner("/opt/x") == "x 1-1"
    assert [command[0] for command in asked[1]] == [DPKG, RPM]


def test_what_nobody_knows_belongs_to_nobody_and_is_asked_once() -> None:
    found, asked = packages({}, DPKG, RPM, PACMAN)
    assert found.owner("/opt/x") is None
    count = len(asked)
    assert found.owner("/opt/x") is None
    assert len(asked) == count


def raising(error: Exception) -> Callable[[Sequence[str]], Answer]:
    def run(command: Sequence[str]) -> Answer:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (subprocess.TimeoutExpired([DPKG], 10), "dpkg-query does not answer"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (ValueError("embedded null byte"), "null byte"),
    ],
)
def test_a_tool_that_fails_is_told_of(error: Exception, said: str) -> None:
    with pytest.raises(PackageError, match=said):
        Packages(raising(error), lambda _tool: True).owner("/x")


def test_without_a_tool_nobody_can_be_asked() -> None:
    with pytest.raises(PackageError, match="neither dpkg, rpm nor pacman"):
        packages({})[0].owner("/x")


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="not run: there is no dpkg here")
def test_dpkg_itself_knows_its_own() -> None:
    found = Packages().owner("/usr/bin/dpkg-query")
    assert found is not None
    assert found.startswith("dpkg 1.")
    assert Packages().owner("/nonexistent") is None
