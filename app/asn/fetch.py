"""The lines of a file on this machine or on a web server, of whom no good will is expected."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final, Protocol
from urllib import request
from urllib.error import HTTPError, URLError

from probes.text import visible

MAX_FETCHED: Final = 128 << 20  # bytes; IPtoASN's file has some 10 MB
MAX_UNPACKED: Final = 512 << 20  # bytes; IPtoASN's file has some 40 MB
MAX_LINE: Final = 4096  # bytes
_BLOCK: Final = 64 << 10
_TIMEOUT: Final = 30.0  # seconds without a byte
_GZIP: Final = b"\x1f\x8b"

Progress = Callable[[int, int | None], None]
"""Told the bytes read so far, and how many there will be if that is known."""


class FetchError(Exception):
    """The origin cannot be read, or not to its end; the message says why."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """An opened origin. `size` in bytes, where it is known; `day`: when it last changed."""

    file: _Readable
    size: int | None
    day: date

    def lines(self, progress: Progress) -> Iterator[str]:
        """The lines, without their ends; gunzipped where the origin is gzipped.

        Bytes that are not UTF-8 become escapes. No more than one line is held in memory.

        Raises:
            FetchError: reading fails, the content ends too early, or a bound is passed.
        """
        return _lines(_unpacked(_blocks(self, progress)))


@contextmanager
def opened(origin: str) -> Iterator[Origin]:
    """Open `origin`: an http or https URL, or the path of a file.

    Servers' certificates are verified. A redirect is followed, but not from https to http.

    Raises:
        FetchError: it cannot be opened; the message says why.
    """
    scheme, separator, _ = origin.partition("://")
    if separator and scheme.lower() not in ("http", "https"):
        raise FetchError(f"{visible(origin)} is neither an http or https URL nor a file")
    if not separator:
        try:
            file = Path(origin).open("rb")  # noqa: SIM115 - closed below
        except (OSError, ValueError) as error:
            raise FetchError(f"{visible(origin)}: {_reason(error)}") from error
        with file:
            stat = os.fstat(file.fileno())
            yield Origin(file, stat.st_size or None, _day(stat.st_mtime))
        return
    try:
        response = _opener().open(origin, timeout=_TIMEOUT)
    except HTTPError as error:
        error.close()
        raise FetchError(
            f"{visible(origin)} answered {error.code} ({visible(str(error.reason))})"
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        raise FetchError(f"{visible(origin)}: {_reason(error)}") from error
    if response is None:
        raise FetchError(f"{visible(origin)} cannot be opened")
    with response:
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
        yield Origin(response, size, _modified(response.headers.get("Last-Modified")))


class _Redirect(request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917 - urllib's own
        self,
        req: request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> request.Request | None:
        allowed = ("https://",) if req.type == "https" else ("https://", "http://")
        if not newurl.lower().startswith(allowed):
            raise URLError(f"redirected to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> request.OpenerDirector:
    # Put together by hand, since build_opener() would also open file:, ftp: and data: URLs.
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        _Redirect(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "sock-tui")]
    return opener


def _blocks(origin: Origin, progress: Progress) -> Iterator[bytes]:
    done = 0
    while True:
        try:
            block = origin.file.read(_BLOCK)
        except (OSError, HTTPException, ValueError) as error:
            raise FetchError(f"reading broke off after {done:,} bytes: {_reason(error)}") from error
        if not block:
            break
        done += len(block)
        if done > MAX_FETCHED:
            raise FetchError(f"it is larger than {MAX_FETCHED >> 20} MB")
        progress(done, origin.size)
        yield block
    if origin.size is not None and done < origin.size:
        raise FetchError(f"it ended after {done:,} of {origin.size:,} bytes")


def _unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """`blocks`, gunzipped if they begin as gzip does, in pieces of bounded size."""
    packed: bool | None = None
    unpacker = zlib.decompressobj(wbits=31)
    total = 0
    rest = b""
    for block in blocks:
        rest += block
        if packed is None:
            if len(rest) < len(_GZIP):
                continue
            packed = rest.startswith(_GZIP)
        if not packed:
            total += len(rest)
            _bounded(total)
            yield rest
            rest = b""
            continue
        while rest:
            if unpacker.eof:  # one gzip member may follow another (RFC 1952)
                unpacker = zlib.decompressobj(wbits=31)
            try:
                piece = unpacker.decompress(rest, 1 << 20)
            except zlib.error as error:
                raise FetchError(f"its gzip data is damaged ({error})") from error
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            total += len(piece)
            _bounded(total)
            if piece:
                yield piece
            elif not unpacker.eof:
                break
    if packed and not unpacker.eof:
        raise FetchError("its gzip data ends too early")
    if not packed and rest:
        yield rest


def _bounded(total: int) -> None:
    if total > MAX_UNPACKED:
        raise FetchError(f"it unpacks to more than {MAX_UNPACKED >> 20} MB")


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _line(line)
        if len(rest) > MAX_LINE:
            yield _line(rest)
    if rest:
        yield _line(rest)


def _line(line: bytes) -> str:
    if len(line) > MAX_LINE:
        raise FetchError(f"it has a line of more than {MAX_LINE:,} bytes")
    return line.removesuffix(b"\r").decode("utf-8", "backslashreplace")


def _modified(header: str | None) -> date:
    try:
        return _day(parsedate_to_datetime(header or "").timestamp())
    except (ValueError, OverflowError):
        return datetime.now(UTC).date()


def _day(timestamp: float) -> date:
    """The day in UTC; never later than today, whatever a server's or a file's clock says."""
    today = datetime.now(UTC).date()
    try:
        return min(datetime.fromtimestamp(timestamp, UTC).date(), today)
    except (ValueError, OverflowError, OSError):
        return today


def _reason(error: Exception) -> str:
    while isinstance(error, URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, URLError):
        return visible(str(error.reason))
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT:.0f} seconds"
    if isinstance(error, OSError) and error.strerror:
        return visible(error.strerror)
    return visible(str(error)) or type(error).__name__
