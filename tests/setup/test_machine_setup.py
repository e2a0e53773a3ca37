"""The set-up on machines that lack something, made here with namespaces: nothing is faked in it.

A file or folder that should be missing or other is covered by a bind mount that only the script
under test sees. What needs a whole bare system is in clean_root.sh.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.native,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="not run: mount namespaces need root"),
]

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534
DPKG_STATUS = Path("/var/lib/dpkg/status")
BCC = Path("/usr/lib/python3/dist-packages/bcc")
PARTS = ["setup.sh", ".ci", "manual", "Makefile", "pyproject.toml", "constraints.txt"]
PARTS += ["LICENSE", "NOTICE", "SECURITY.md"]  # the wheel carries them
PACKAGES = ["app", "probes", "widgets"]


@dataclass
class Machine:
    """A checkout, and the files that are covered while a command runs in it."""

    checkout: Path
    covered: dict[Path, Path] = field(default_factory=dict)
    network: bool = True
    uid: int = 0

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        mounts = "".join(
            f"mount --bind '{new}' '{old}'\n" for old, new in self.covered.items() if old.exists()
        )
        unshare = ["unshare", "--mount", *([] if self.network else ["--net"])]
        user = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        # The outer make and pip must not decide what the inner ones do.
        alien = ("MAKE", "MFLAGS", "PIP_FIND_LINKS", "PYTEST_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(alien)}
        return subprocess.run(
            [
                *unshare,
                "bash",
                "-ec",
                mounts + 'exec "$@"',
                "-",
                *(user if self.uid else ()),
                *command,
            ],
            cwd="/",
            env={**kept, "LANG": "tr_TR.ISO-8859-9", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # no terminal on which sudo could ask
        )

    def setup(self, level: str = "run", **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.checkout / "setup.sh"), level, **environment)

    @property
    def is_ready(self) -> bool:
        return (self.checkout / ".venv" / ".ready-run").exists()


def checkout_in(folder: Path) -> Path:
    place = folder / "a checkout"
    place.mkdir()
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, place / part)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (place / "README.md").touch()
    return place


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(checkout_in(tmp_path))


def without_package(name: str, folder: Path) -> dict[Path, Path]:
    stanzas = DPKG_STATUS.read_text().split("\n\n")
    kept = [stanza for stanza in stanzas if not stanza.startswith(f"Package: {name}\n")]
    assert len(kept) == len(stanzas) - 1
    status = folder / "status"
    status.write_text("\n\n".join(kept))
    return {DPKG_STATUS: status}


def assert_refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("sock-tui: "), done.stderr
    for text in said:
        assert text in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["fedora", "arch", "opensuse-tumbleweed"])
def test_other_distributions_are_told_their_packages(
    name: str, machine: Machine, tmp_path: Path
) -> None:
    release = tmp_path / "os-release"
    release.write_text(f"ID={name}\n")
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    machine.covered = {Path("/etc/os-release"): release, BCC: nothing}
    done = machine.setup()
    assert_refused(
        done,
        "missing: BCC",
        "sudo dnf install python3 python3-bcc python3-devel gcc\n",
        "sudo pacman -S python python-bcc gcc\n",
        "sudo zypper install python3 python3-bcc python3-devel gcc\n",
    )
    assert "headers" not in done.stderr
    assert not (machine.checkout / ".venv").exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


# As a user: root's apt-get would put its finds onto this very machine.
@pytest.mark.parametrize("name", ["debian", "ubuntu", "linuxmint", "raspbian"])
def test_a_user_without_sudo_is_told_what_is_missing(name: str, open_folder: Path) -> None:
    release = open_folder / "os-release"
    release.write_text(f'ID={name}\nID_LIKE="ubuntu debian"\n')
    place = checkout_in(open_folder)
    for path in [place, *place.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    machine = Machine(place, without_package("python3-bpfcc", open_folder), uid=NOBODY)
    machine.covered |= {
        Path("/etc/os-release"): release,
        Path("/usr/bin/sudo"): Path("/dev/null"),
        Path("/usr/bin/apt-get"): Path("/usr/bin/false"),
    }
    done = machine.setup()
    assert_refused(done, "root is needed, and this machine has no sudo", "Run the same command as")
    assert "  python3-bpfcc          BCC: " in done.stdout
    assert "python3-pyasn" not in done.stdout, "what is there already is not named"


def test_someone_elses_checkout_is_refused(open_folder: Path) -> None:
    done = Machine(checkout_in(open_folder), uid=NOBODY).setup()
    assert_refused(done, "cannot be written by you", "Use a checkout of your own")


def test_without_a_network_it_says_what_is_missing(machine: Machine) -> None:
    machine.network = False
    done = machine.setup(PIP_CONFIG_FILE="/dev/null")
    assert done.returncode == 1
    assert "textual>=" in done.stdout
    assert "sock-tui: pip could not install" in done.stderr
    assert "Without a network they cannot be fetched" in done.stderr
    assert not machine.is_ready


def test_another_project_named_bcc_is_found_out(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bcc").mkdir()
    (tmp_path / "bcc" / "__init__.py").write_text("def lattice(): ...\n")
    machine.covered = {BCC: tmp_path / "bcc"}
    done = machine.setup()
    assert_refused(done, "is not the BPF Compiler Collection", "pip uninstall bcc")
    assert not machine.is_ready


def test_a_broken_bcc_is_named(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bcc").mkdir()
    (tmp_path / "bcc" / "__init__.py").write_text("import ctypes\nctypes.CDLL('libbcc.so.none')\n")
    machine.covered = {BCC: tmp_path / "bcc"}
    done = machine.setup()
    assert_refused(done, "BCC is installed but does not load: libbcc.so.none", "--reinstall")
    assert not machine.is_ready


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A checkout that was set up. What its program does is decided here: it names its folder."""
    machine = Machine(checkout_in(tmp_path_factory.mktemp("ready")))
    program = machine.checkout / "app" / "cli.py"
    program.write_text(
        "import sys\n\n\ndef main() -> None:\n"
        "    import bcc, pyasn, textual\n"
        "    print(textual.__file__, sys.argv[1:], bcc.BPF.__name__)\n"
    )
    done = machine.setup()
    if done.returncode and "Without a network" in done.stderr and "CI" not in os.environ:
        pytest.skip("not run: the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    return machine


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """Stands first on PATH and leaves a trace of whatever would install, fetch or ask."""
    for name in ["apt-get", "dpkg-query", "pip", "sudo", "curl"]:
        trap = tmp_path / name
        trap.write_text(f"#!/bin/sh\necho {name} >>'{tmp_path}/called'\nexit 1\n")
        trap.chmod(0o755)
    return tmp_path


def test_the_second_time_nothing_is_asked_fetched_or_said(ready: Machine, traps: Path) -> None:
    ready.network = False
    try:
        done = ready.setup(PATH=f"{traps}:{os.environ['PATH']}")
    finally:
        ready.network = True
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (traps / "called").exists()


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_is_noticed(file: str, ready: Machine) -> None:
    with (ready.checkout / file).open("a") as out:
        out.write("# changed\n")
    done = ready.setup()
    assert done.returncode == 0, done.stderr
    assert "ready: .venv/bin/sock-tui" in done.stdout


def test_bcc_removed_later_is_noticed(ready: Machine, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    ready.covered = {BCC: tmp_path / "nothing"}
    try:
        done = ready.setup()
    finally:
        ready.covered = {}
    assert done.returncode == 1
    assert "bcc" in done.stderr.lower()


def test_install_leaves_a_copy_of_its_own_and_uninstall_leaves_nothing(
    ready: Machine, tmp_path: Path
) -> None:
    prefix = tmp_path / "a prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "other").touch()
    make = ["make", "-s", "-C", str(ready.checkout), f"PREFIX={prefix}"]
    done = ready.run(*make, "install")
    assert done.returncode == 0, done.stderr
    program = ready.run(str(prefix / "bin" / "sock-tui"), "--plain", "a b")
    assert program.stdout.startswith(str(prefix / "lib" / "sock-tui")), program.stderr
    assert program.stdout.endswith("['--plain', 'a b'] BPF\n")
    share = prefix / "share"
    for made in [
        "man/man1/sock-tui.1",
        "doc/sock-tui/config.toml",
        "bash-completion/completions/sock-tui",
        "zsh/site-functions/_sock-tui",
        "fish/vendor_completions.d/sock-tui.fish",
    ]:
        assert "removed by make uninstall" in (share / made).read_text()
        assert (share / made).stat().st_mode & 0o777 == 0o644
    page = ready.run("man", "-l", str(share / "man/man1/sock-tui.1"), LC_ALL="C.UTF-8")
    assert (page.returncode, page.stderr) == (0, "")
    again = ready.run(*make, "install")
    assert again.returncode == 0, again.stderr
    python = prefix / "lib" / "sock-tui" / "bin" / "python3"
    python.unlink()
    python.symlink_to("/usr/bin/env")  # as after an upgrade of the distribution
    done = ready.run(str(prefix / "bin" / "sock-tui"))
    assert_refused(done, "is no longer python3", "Run make install in the checkout again")
    gone = ready.run(*make, "uninstall")
    assert gone.returncode == 0, gone.stderr
    left = [str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()]
    assert left == ["bin/other"]
    assert "nothing is installed" in ready.run(*make, "uninstall").stdout


def test_what_others_installed_is_left_alone(ready: Machine, tmp_path: Path) -> None:
    theirs = tmp_path / "bin" / "sock-tui"
    theirs.parent.mkdir()
    theirs.write_text("theirs")
    make = ["make", "-s", "-C", str(ready.checkout), f"PREFIX={tmp_path}"]
    for command in ["install", "uninstall"]:
        done = ready.run(*make, command)
        assert done.returncode != 0
        assert "was not made by make install" in done.stderr
    assert theirs.read_text() == "theirs"
    assert not (tmp_path / "lib").exists()


# The last here: it leaves the checkout of all these tests in another place.
def test_make_run_after_a_move_makes_it_ready_again(ready: Machine) -> None:
    ready.checkout = ready.checkout.rename(ready.checkout.with_name("moved checkout"))
    program = ready.run("make", "-s", "-C", str(ready.checkout), "run", "ARGS=--filter 'as:1 x'")
    assert program.stdout.endswith("['--filter', 'as:1 x'] BPF\n"), program.stderr
    assert "replacing .venv" in program.stdout
    assert f"\n{ready.checkout}/.venv/" in program.stdout
