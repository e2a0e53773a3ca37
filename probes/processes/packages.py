"""Which package of the distribution a file belongs to, asked of the distribution's own tool."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

_TIMEOUT: Final = 10.0  # seconds: a cold database on a slow disk
_KEPT: Final = 512  # files
_ENVIRONMENT: Final = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_OF_DPKG: Final = re.compile(r"(?!diversion by )([^:,]+(?::[a-z0-9-]+)?)(?:, .+)?: (/.*)")
_PATTERN: Final = re.compile(r"([\\*?\[])")  # what dpkg-query takes for one


class PackageError(Exception):
    """It cannot be told; the message says why."""


class Answer(NamedTuple):
    """What a tool wrote, and with which status it ended."""

    status: int
    text: str


class Packages:
    """Packages by file."""

    def __init__(
        self,
        run: Callable[[Sequence[str]], Answer] | None = None,
        is_there: Callable[[str], bool] = lambda tool: Path(tool).is_file(),
    ) -> None:
        """`run`: runs a command. `is_there`: whether a tool is installed."""
        self._run = run or _run
        self._is_there = is_there
        self._owner = lru_cache(_KEPT)(self._asked)

    def owner(self, path: str) -> str | None:
        """Name and version of the package that a file of this machine's belongs to.

        None where it belongs to none. Takes 10 ms to some seconds the first time, for a thread.

        Raises:
            PackageError: nobody can be asked, or does not answer.
        """
        return self._owner(path)

    def _asked(self, path: str) -> str | None:
        tools = {tool: ask for tool, ask in _TOOLS.items() if self._is_there(tool)}
        if not tools:
            raise PackageError("neither dpkg, rpm nor pacman is here to be asked")
        try:
            found = (ask(self._run, tool, path) for tool, ask in tools.items())
            return next(filter(None, found), None)
        except subprocess.TimeoutExpired as error:
            raise PackageError(f"{error.cmd[0]} does not answer") from error
        except (OSError, ValueError) as error:
            raise PackageError(str(error)) from error


_Run = Callable[[Sequence[str]], Answer]


def _dpkg(run: _Run, tool: str, path: str) -> str | None:
    paths = list(_both_names(path))
    # A file that is not found makes its status 1, also where the other is.
    patterns = [_PATTERN.sub(r"\\\1", each) for each in paths]
    for line in run([tool, "--search", *patterns]).text.splitlines():
        found = _OF_DPKG.fullmatch(line)
        if found and found[2] in paths:
            name = found[1]
            asked = run([tool, "--show", "--showformat=${Version}", name])
            version = asked.text.strip() if asked.status == 0 else ""
            return f"{name} {version}".rstrip()
    return None


def _rpm(run: _Run, tool: str, path: str) -> str | None:
    form = "--queryformat=%{NAME} %{VERSION}-%{RELEASE}\\n"
    for each in _both_names(path):
        asked = run([tool, "--query", form, "--file", each])
        if asked.status == 0:
            return next(iter(asked.text.splitlines()), None)
    return None


def _pacman(run: _Run, tool: str, path: str) -> str | None:
    for each in _both_names(path):
        asked = run([tool, "--query", "--owns", each])
        _, owned, package = asked.text.strip().rpartition(" is owned by ")
        if asked.status == 0 and owned:
            return package
    return None


def _both_names(path: str) -> Iterable[str]:
    """A path, and what a package may call it: /bin is /usr/bin, and packages know one of them."""
    yield path
    if re.match(r"/usr/(?:s?bin|lib[^/]*)/", path):
        yield path.removeprefix("/usr")
    elif re.match(r"/(?:s?bin|lib[^/]*)/", path):
        yield f"/usr{path}"


_TOOLS: Final[dict[str, Callable[[_Run, str, str], str | None]]] = {
    "/usr/bin/dpkg-query": _dpkg,
    "/usr/bin/rpm": _rpm,
    "/usr/bin/pacman": _pacman,
}


def _run(command: Sequence[str]) -> Answer:
    done = subprocess.run(  # noqa: S603 - no shell, an absolute path
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
        env=_ENVIRONMENT,
        cwd="/",
    )
    return Answer(done.returncode, done.stdout.decode("utf-8", "surrogateescape"))
