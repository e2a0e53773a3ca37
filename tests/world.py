"""A place to connect in: network and mount namespaces of its own, names and servers included.

Nothing of it can be seen from outside, and nothing in it reaches a network: the only interface is
its own loopback. Addresses and names are the scenarios' own, so what is seen can have come from
nowhere else.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

IPV6: Final = ("fd00:77::1", "fd00:77::2", "fd00:77::3")
"""Addresses of the world's loopback that, unlike ::1, nobody else uses."""

SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"


def in_new_world(command: Sequence[str]) -> list[str]:
    """`command`, to be run as root in namespaces of its own; see `furnish`."""
    return ["unshare", "--mount", "--net", "--propagation", "private", "--", *command]


@contextmanager
def furnished(names: Mapping[str, Iterable[str]]) -> Iterator[int]:
    """Bring the world up: interface, addresses, `names` (name to addresses), servers.

    Yields the port at which a TCP server accepts on every address of the world. To be called in the
    new namespaces, before any thread is started.
    """
    ip("link", "set", "lo", "up")
    for address in IPV6:
        ip("address", "add", f"{address}/128", "dev", "lo", "nodad")
    # Without this glibc takes only the first of several lines for one name (host.conf(5)).
    os.environ["RESOLV_MULTI"] = "on"
    with tempfile.TemporaryDirectory(prefix="sock-tui-world-") as folder:
        hosts = [f"{address} {name}\n" for name, all in names.items() for address in all]
        cover("/etc/hosts", Path(folder, "hosts"), "".join(hosts))
        # No DNS: a name that is not listed is answered at once.
        cover("/etc/nsswitch.conf", Path(folder, "nsswitch"), "passwd: files\nhosts: files\n")
        with _server() as port:
            yield port


def ip(*arguments: str) -> None:
    """Run ip(8)."""
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:{SBIN}"}
    subprocess.run(["ip", *arguments], env=environment, check=True)


def cover(target: str, file: Path, text: str) -> None:
    """Have `target` read as `text` in this mount namespace; `file` is where the text lies."""
    file.write_text(text)
    file.chmod(0o644)  # scenarios run as other users too
    file.parent.chmod(0o755)
    subprocess.run(["mount", "--bind", str(file), target], check=True)


@contextmanager
def _server() -> Iterator[int]:
    """One process that accepts and closes, on all addresses of both families."""
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    listener.listen(256)
    port: int = listener.getsockname()[1]
    pid = os.fork()
    if pid == 0:
        _serve(listener)
    listener.close()
    try:
        yield port
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(listener: socket.socket) -> NoReturn:
    while True:
        try:
            listener.accept()[0].close()
        except ConnectionAbortedError:  # the other side was faster
            continue
        except OSError as error:
            print(f"the world's server ended: {error}", file=sys.stderr)
            os._exit(1)
