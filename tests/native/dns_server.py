"""A DNS server of the tests' own, and programs that ask it or stand between."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final


def encoded(name: str) -> bytes:
    """A name in wire form."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def answer(query: bytes, address: str) -> bytes:
    """The question back, then a CNAME for what was asked, then the address of that."""
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 2, 0, 0)
    alias = encoded("cdn.world.test")
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    kind = 28 if len(packed) == 16 else 1
    return (
        (head + query[12:])
        + (b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 300, len(alias)) + alias)
        + (alias + struct.pack(">HHIH", kind, 1, 300, len(packed)) + packed)
    )


def asked(query: bytes) -> str:
    """The name in a question."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    return ".".join(labels)


@contextmanager
def serving(server: str, known: Mapping[str, str]) -> Iterator[None]:
    """Answer at port 53 of `server` with the addresses of `known`, by name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((server, 53))

        def serve() -> None:
            while True:
                query, asker = sock.recvfrom(512)
                if query == b"end":
                    return
                sock.sendto(answer(query, known[asked(query)]), asker)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(b"end", (server, 53))
            thread.join()


ASK: Final = """
import socket, sys
server, address, port, *names = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
for name in names:
    question = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((server, 53))
        sock.send(b"\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + question + b"\\0\\0\\1\\0\\1")
        sock.recv(1000)
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.connect((address, int(port)))
"""
"""A program with a resolver of its own: it asks, waits for the answer, and connects at once.

Then it does so with the next name.
"""

STUB: Final = """
import socket, sys
here, server = sys.argv[1:]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((here, 53))
print("ready", flush=True)
while True:
    query, asker = sock.recvfrom(512)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
        upstream.connect((server, 53))
        upstream.send(query)
        sock.sendto(upstream.recv(1000), asker)
"""
"""Asks a server what it is asked, as dnsmasq or systemd-resolved do."""


def asking(server: str, name: str, address: str, port: int, *names: str) -> list[str]:
    """The command that runs `ASK`, for `name` and then for `names`."""
    return [sys.executable, "-c", ASK, server, address, str(port), name, *names]
