"""What systemd-resolved answers to whoever asks it, told by its monitor socket.

It speaks varlink: messages of JSON, each ended by a NUL byte. The interface is described by
`varlinkctl introspect /run/systemd/resolve/io.systemd.Resolve.Monitor`.
"""

from __future__ import annotations

import binascii
import json
import socket
import time
from collections.abc import Callable
from typing import Final

from probes.naming.dns import Answer, record_ttl

SOCKET: Final = "/run/systemd/resolve/io.systemd.Resolve.Monitor"

_SUBSCRIBE: Final = (
    b'{"method":"io.systemd.Resolve.Monitor.SubscribeQueryResults","parameters":{},"more":true}\0'
)
_LONGEST: Final = 1 << 20  # bytes of a message
_AT_ONCE: Final = 16  # reads of a turn
_RETRY: Final = 5.0  # seconds until it is tried again: resolved may be started, or anew
_SIZES: Final = {1: 4, 28: 16}  # bytes of an address by the record's type: A, AAAA
_NAME_MAX: Final = 253  # bytes: RFC 1035, 2.3.4
_TTL: Final = 60  # seconds, where the answer does not say


class Monitor:
    """A subscription, taken out again whenever it ends. For one thread; never waits."""

    def __init__(
        self,
        connect: Callable[[], socket.socket] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connect`: connects to resolved's socket; None, as this process. `clock`: seconds."""
        self._connected = connect or connected
        self._clock = clock
        self._socket: socket.socket | None = None
        self._retry_at = 0.0
        self._rest = b""
        self._refused = ""

    @property
    def refused(self) -> str:
        """What resolved said instead of its answers; empty where it tells them, or is not there."""
        return self._refused

    def drain(self) -> list[Answer]:
        """The answers that were told since."""
        if self._socket is None and self._clock() >= self._retry_at:
            self._retry_at = self._clock() + _RETRY
            self._connect()
        found: list[Answer] = []
        for _ in range(_AT_ONCE):
            if self._socket is None:
                break
            try:
                received = self._socket.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError:
                received = b""
            if not received or len(self._rest) > _LONGEST:
                self.close()
                break
            *messages, self._rest = (self._rest + received).split(b"\0")
            for message in messages:
                found += self._read(message)
        return found

    def close(self) -> None:
        """End the subscription."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._rest = b""

    def _connect(self) -> None:
        try:
            made = self._connected()
        except OSError:  # it is not there, or too busy to accept
            return
        try:
            made.sendall(_SUBSCRIBE)
        except OSError:
            made.close()
            return
        self._socket = made

    def _read(self, message: bytes) -> list[Answer]:
        try:
            told = json.loads(message)
        except (ValueError, RecursionError):
            return []
        if not isinstance(told, dict):
            return []
        error = told.get("error")
        self._refused = error if isinstance(error, str) else ""
        if self._refused:
            self.close()
        return answers_in(told.get("parameters"))


def connected(path: str = SOCKET) -> socket.socket:
    """A connection to resolved's socket, which does not wait. Raises OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        made.connect(path)
    except OSError:
        made.close()
        raise
    return made


def answers_in(result: object) -> list[Answer]:
    """The addresses of a query's result, under the name that was asked for; total."""
    if not isinstance(result, dict) or result.get("state") != "success":
        return []
    questions, records = result.get("question"), result.get("answer")
    if not isinstance(questions, list) or not isinstance(records, list) or not questions:
        return []
    asked = _name(questions[0])
    if not asked:
        return []
    addresses: list[bytes] = []
    ttl: int | None = None
    for record in records:
        if not isinstance(record, dict):
            continue
        # Of the aliases on the way as well: the shortest counts.
        lives = _ttl(record.get("raw"))
        if lives is not None:
            ttl = lives if ttl is None else min(ttl, lives)
        if address := _address(record.get("rr")):
            addresses.append(address)
    return [Answer(asked, address, _TTL if ttl is None else ttl) for address in addresses]


def _name(key: object) -> bytes:
    name = key.get("name") if isinstance(key, dict) else None
    if not isinstance(name, str):
        return b""
    return name.rstrip(".").lower().encode("utf-8", "replace")[:_NAME_MAX]


def _ttl(raw: object) -> int | None:
    if not isinstance(raw, str):
        return None
    try:
        return record_ttl(binascii.a2b_base64(raw))
    except ValueError:
        return None


def _address(record: object) -> bytes:
    if not isinstance(record, dict) or not isinstance(key := record.get("key"), dict):
        return b""
    kind, address = key.get("type"), record.get("address")
    if not isinstance(kind, int) or not isinstance(address, list):
        return b""
    if len(address) != _SIZES.get(kind):
        return b""
    try:
        return bytes(address)
    except (ValueError, TypeError):
        return b""
