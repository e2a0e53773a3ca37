"""`sock-tui run` of programs that people run, and in a terminal."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.command import REPOSITORY
from tests.native.test_native_run import ran
from tests.native.test_terminal_session import Terminal

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def learned_then_checked(words: list[str], port: int, folder: Path) -> None:
    learned = ran("--keep-root", "--learn", "allow.toml", "--", *words, folder=folder)
    assert learned.status == 0, learned.said
    assert f"127.0.0.1:{port}" in learned.said
    for _ in range(2):
        checked = ran("--check", "allow.toml", "--", *words, folder=folder)
        assert checked.status == 0, checked.said
    (folder / "allow.toml").write_text("")
    assert ran("--check", "allow.toml", "--", *words, folder=folder).status == 3


def test_pip_download(tmp_path: Path) -> None:
    site = tmp_path / "site"
    place = site / "simple" / "thing"
    place.mkdir(parents=True)
    with zipfile.ZipFile(place / "thing-1.0-py3-none-any.whl", "w") as wheel:
        facts = "thing-1.0.dist-info"
        wheel.writestr(f"{facts}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{facts}/RECORD", "")
    with serving(site) as port:
        pip = "-m pip --isolated --no-cache-dir --disable-pip-version-check download --quiet"
        words = [sys.executable, *pip.split(), "--index-url", f"http://127.0.0.1:{port}/simple"]
        learned_then_checked([*words, "thing"], port, tmp_path)


@pytest.mark.skipif(shutil.which("npm") is None, reason="not run: there is no npm")
def test_npm_view(tmp_path: Path) -> None:
    place = tmp_path / "site" / "left"
    place.mkdir(parents=True)
    version = {"name": "left", "version": "1.2.3", "dist": {"tarball": "x", "shasum": "x"}}
    about = {"name": "left", "dist-tags": {"latest": "1.2.3"}, "versions": {"1.2.3": version}}
    (place / "index.html").write_text(json.dumps({**about, "time": {}}))
    with serving(tmp_path / "site") as port:
        npm = "npm view --no-update-notifier --cache cache --userconfig none --registry"
        words = [*npm.split(), f"http://127.0.0.1:{port}/", "left", "version"]
        learned_then_checked(words, port, tmp_path)


@pytest.mark.skipif(shutil.which("curl") is None, reason="not run: there is no curl")
def test_curl(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with serving(tmp_path / "site") as port:
        words = ["curl", "--silent", "--output", "page", f"http://127.0.0.1:{port}/"]
        learned_then_checked(words, port, tmp_path)


@contextmanager
def typed(size: tuple[int, int], folder: Path, *words: str) -> Iterator[Terminal]:
    terminal = Terminal(*size, folder)
    try:
        line = shlex.join([sys.executable, "-m", "app.cli", "run", *words])
        terminal.write(f"clear; PYTHONPATH={shlex.quote(str(REPOSITORY))} {line}; echo status=$?\n")
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=["80x24", "140x40"])
def test_on_a_screen(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "none.toml").touch()
    with serving(tmp_path / "site") as port:
        script = (
            f"curl -s -o page http://127.0.0.1:{port}/; printf '\\033[31mit printed\\n'; exit 7"
        )
        with typed(size, tmp_path, "--check", "none.toml", "--", "sh", "-c", script) as terminal:
            screen = terminal.until("ended with 7", 60)
            assert f"127.0.0.1:{port}" in screen
            assert "it printed" in screen
            terminal.keys("q")
            last = terminal.until("status=3")
    assert "these rules would allow it" in last
    assert f"port = {port}" in last


def test_an_interrupt_in_a_terminal_is_the_commands(tmp_path: Path) -> None:
    script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done"
    with typed((80, 24), tmp_path, "--plain", "--", "sh", "-c", script) as terminal:
        terminal.until(r"(?m)^ready", 60)
        terminal.keys("C-c")
        last = terminal.until("status=5")
    assert "caught" in last
    assert "ended with 5" in last
    # Once, and not again from us.
    assert last.count("caught") == 1 + last.count("echo caught")
