"""Records the session that the pictures and the screen tests show: tests/data/session.jsonl.

Real programs make real connections under the eyes of the real probes, in namespaces of their own
where public addresses are answered locally: nothing leaves the machine. Needs root, curl, wget,
git, ssh, perl and bash.

    sudo .venv/bin/python -m screenshots.record
"""

from __future__ import annotations

import json
import os
import random
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from tests.world import cover, in_new_world

ROOT: Final = Path(__file__).resolve().parent.parent
SESSION: Final = ROOT / "tests" / "data" / "session.jsonl"

HOSTS: Final = {
    "github.com": ["140.82.121.4"],
    "api.github.com": ["140.82.121.6"],
    "www.wikipedia.org": ["185.15.59.224", "2a02:ec80:300:ed1a::1"],
    "www.kernel.org": ["139.178.84.217"],
    "www.example.com": ["23.192.228.80", "2600:1406:bc00:53::b81e:94ce"],
    "one.one.one.one": ["1.1.1.1", "2606:4700:4700::1111"],
    "dns.google": ["8.8.8.8", "2001:4860:4860::8888"],
    "incoming.telemetry.mozilla.org": ["34.120.208.123"],
    "git.savannah.gnu.org": ["209.51.188.168"],
    "www.heise.de": ["193.99.144.85", "2a02:2e0:3fe:1001:7777:772e:2:85"],
    "ftp.gwdg.de": ["134.76.12.6"],
    "db.internal": ["127.0.0.1"],
}
USERS: Final = {"alice": 61000, "deploy": 61001, "backup-agent": 61002}
SHELLS: Final = {"alice": "bash", "deploy": "sh", "backup-agent": "sh"}
UNITS: Final = {
    "alice": "user.slice/user-61000.slice/session-2.scope",
    "deploy": "system.slice/deploy.service",
    "backup-agent": "system.slice/backup-agent.service",
}
PORTS: Final = (22, 80, 443, 5432)

# (user, weight, command); {host} is drawn anew each time.
PROGRAMS: Final = (
    ("alice", 6, "curl -s -m 2 https://{host}/"),
    ("alice", 2, "wget -q -T 2 -t 1 -O /dev/null https://{host}/"),
    ("alice", 2, "git ls-remote https://github.com/torvalds/linux"),
    ("alice", 1, "ssh -o ConnectTimeout=2 -o BatchMode=yes git@github.com"),
    ("alice", 2, "bash -c 'exec 3<>/dev/tcp/dns.google/443; sleep 0.2; true'"),
    ("deploy", 3, "curl -s -m 2 https://api.github.com/repos/alice/shop/releases"),
    ("deploy", 1, "perl -MIO::Socket::INET -e '{perl}'"),
    ("deploy", 1, "curl -s -m 2 https://incoming.telemetry.mozilla.org/submit"),
    ("backup-agent", 2, "/usr/bin/python3 -c '{python}'"),
    ("backup-agent", 1, "/usr/bin/python3 -c '{netlink}'"),
)
PERL: Final = (
    'IO::Socket::INET->new("db.internal:$_") for 5432, 5433; select undef, undef, undef, .2'
)
PYTHON: Final = (
    "import socket, time; "
    's = socket.create_connection(("ftp.gwdg.de", 22)); '
    "m = socket.socket(socket.AF_INET6); "
    'm.connect(("::ffff:134.76.12.6", 443)); time.sleep(.3)'
)
NETLINK: Final = (
    "import socket, time; "
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).connect((0, 0)); "
    "sock = socket.socket(type=socket.SOCK_DGRAM); "
    'sock.sendto(bytes(48), ("one.one.one.one", 123)); time.sleep(.2)'
)


def main() -> int:
    """Enter the namespaces, then record there."""
    if len(sys.argv) == 1:
        inside = in_new_world([sys.executable, "-m", "screenshots.record", "inside"])
        return subprocess.run(inside, cwd=ROOT, check=False).returncode
    with tempfile.TemporaryDirectory() as folder:
        furnish(Path(folder))
        with servers(), capture() as rows:
            act()
        kept = [made for made in map(json.loads, rows) if made["user"] in USERS]
    for made in kept:
        made["parents"] = _ours(made["parents"])
    SESSION.parent.mkdir(exist_ok=True)
    SESSION.write_text("".join(f"{json.dumps(made, ensure_ascii=False)}\n" for made in kept))
    print(f"{len(kept)} connections in {SESSION.relative_to(ROOT)}")
    return 0


def _ours(parents: list[str]) -> list[str]:
    """Those below this program: who started it is this machine's own affair."""
    own = next((at for at, each in enumerate(parents) if each.startswith(f"{os.getpid()} ")), 0)
    return parents[:own]


def furnish(folder: Path) -> None:
    """Addresses on the loopback, and names and users that exist in these namespaces alone."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in {address for addresses in HOSTS.values() for address in addresses}:
        width = "128" if ":" in address else "32"
        subprocess.run(["ip", "address", "replace", f"{address}/{width}", "dev", "lo"], check=True)
    lines = [f"{address} {name}\n" for name, all in HOSTS.items() for address in all]
    cover("/etc/hosts", folder / "hosts", "".join(lines))
    cover("/etc/nsswitch.conf", folder / "nsswitch", "passwd: files\nhosts: files\n")
    users = "".join(f"{name}:x:{uid}:{uid}::/tmp:/bin/sh\n" for name, uid in USERS.items())
    cover("/etc/passwd", folder / "passwd", Path("/etc/passwd").read_text() + users)


@contextmanager
def servers() -> Iterator[None]:
    """Accept on every port, and hang up after a moment."""
    pid = os.fork()
    if pid == 0:
        try:
            serve()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def serve() -> None:
    """Never returns."""
    chooser = selectors.DefaultSelector()
    for port in PORTS:
        listener = socket.create_server(
            ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64
        )
        chooser.register(listener, selectors.EVENT_READ, listener)
    open_until: list[tuple[float, socket.socket]] = []
    while True:
        for key, _ in chooser.select(0.02):
            open_until.append((time.monotonic() + 0.3, key.data.accept()[0]))
        while open_until and open_until[0][0] < time.monotonic():
            open_until.pop(0)[1].close()


@contextmanager
def capture() -> Iterator[list[str]]:
    """`sock-tui --json` at work; its lines are there when the block has ended."""
    rows: list[str] = []
    command = [sys.executable, "-m", "app.cli", "--json"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stderr is not None
        assert watching.stdout is not None
        print(watching.stderr.readline(), end="")
        yield rows
        time.sleep(0.5)
        watching.terminate()
        rows.extend(watching.stdout)
        print(watching.stderr.read(), end="")


def act() -> None:
    """Run the programs for half a minute, in an order that is the same each time."""
    chance = random.Random(1)
    weights = [weight for _, weight, _ in PROGRAMS]
    hosts = [name for name in HOSTS if name != "db.internal"]
    with ExitStack() as ends:
        shells = {user: ends.enter_context(shell(user)) for user in USERS}
        for _ in range(90):
            user, _, command = chance.choices(PROGRAMS, weights)[0]
            for mark, text in (("{perl}", PERL), ("{python}", PYTHON), ("{netlink}", NETLINK)):
                command = command.replace(mark, text)
            line = command.replace("{host}", chance.choice(hosts))
            print(f"{line} &", file=shells[user], flush=True)
            time.sleep(chance.uniform(0.05, 0.7))


@contextmanager
def shell(user: str) -> Iterator[IO[str]]:
    """What a user's programs are started by; takes lines, and has waited for all at the end."""
    become = ["setpriv", f"--reuid={USERS[user]}", "--clear-groups", SHELLS[user]]
    with (
        unit(UNITS[user]) as folder,
        subprocess.Popen(
            ["sh", "-c", 'echo $$ >"$0"/cgroup.procs; exec "$@"', folder, *become],
            cwd="/tmp",
            env={"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as running,
    ):
        assert running.stdin is not None
        yield running.stdin
        print("wait", file=running.stdin, flush=True)


@contextmanager
def unit(path: str) -> Iterator[Path]:
    """A cgroup, as systemd would have made it; for as long as somebody is in there."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    root = Path(next(mount for _, mount, kind, *_ in mounts if kind == "cgroup2"))
    made = [root / each for each in (path, *map(str, Path(path).parents))][:-1]
    made = [folder for folder in made if not folder.exists()]
    (root / path).mkdir(parents=True, exist_ok=True)
    try:
        yield root / path
    finally:
        for folder in made:
            folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
