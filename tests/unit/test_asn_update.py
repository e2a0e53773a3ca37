"""`sock-tui asn update`: good data goes in whole, bad data changes nothing."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.asn import fetch as asn_fetch
from app.asn.update import run, update
from probes.asn.table import AsnDataError, AsnTable
from probes.record import AutonomousSystem

GOOD = (
    b"0.0.0.0\t0.255.255.255\t0\tNone\tNot routed\n"
    b"9.0.0.0\t9.0.0.255\t100\tUS\tEXAMPLE - Example, Inc.\n"
    b"9.0.2.0\t9.0.2.255\t200\tDE\t\x1b]0;owned\x07[bold]\xff\n"
    b"2a00::\t2a00:0:ffff:ffff:ffff:ffff:ffff:ffff\t300\tFR\tSIX\r\n"
)
OLD = b"9.9.9.0\t9.9.9.255\t1\tUS\tOLD\n" + b"9.9.10.0\t9.9.10.255\t2\tUS\tOLDER\n"

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """A web server on loopback; `answers` by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.answers[self.path](self)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


def content(body: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(target: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.end_headers()

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds the data of an earlier update."""
    (tmp_path / "old.tsv").write_bytes(OLD)
    update(str(tmp_path / "old.tsv"), tmp_path / "asn", ignore, at_least=2)
    return tmp_path / "asn"


def ignore(done: int, total: int | None) -> None:
    pass


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_refused(origin: str, folder: Path, why: str) -> None:
    before = contents(folder)
    with pytest.raises(AsnDataError, match=why) as caught:
        update(origin, folder, ignore, at_least=2)
    assert contents(folder) == before
    assert len(str(caught.value).splitlines()) == 2
    assert str(caught.value).replace("\n", "").isprintable()


def pack_in_two(body: bytes) -> bytes:
    """Gzip members after one another are one gzip file (RFC 1952, section 2.2)."""
    return gzip.compress(body[:50]) + gzip.compress(body[50:])


# Good data


@pytest.mark.parametrize("pack", [bytes, gzip.compress, pack_in_two])
def test_a_download_replaces_the_data(
    server: Server, folder: Path, pack: Callable[[bytes], bytes]
) -> None:
    server.answers["/good"] = content(
        pack(GOOD),
        Last_Modified="Wed, 17 Jun 2020 18:00:00 GMT",
        Content_Length=str(len(pack(GOOD))),
    )
    seen: list[tuple[int, int | None]] = []
    written = update(
        f"{server.url}/good", folder, lambda done, size: seen.append((done, size)), at_least=3
    )
    table = AsnTable.load(folder)
    assert written.date == table.date == date(2020, 6, 17)
    assert (written.ranges, table.prefix_count, table.name_count) == (3, 3, 3)
    assert table.lookup("9.0.0.7") == AutonomousSystem(100, "EXAMPLE - Example, Inc.", "US")
    assert table.lookup("9.0.2.7") == AutonomousSystem(200, "\\x1b]0;owned\\x07[bold]\\xff", "DE")
    assert table.lookup("2a00::7") == AutonomousSystem(300, "SIX", "FR")
    assert table.lookup("9.9.9.9") is None  # the old data's
    assert len(list(folder.iterdir())) == 3
    assert seen[-1] == (len(pack(GOOD)), len(pack(GOOD)))


def test_a_file_replaces_the_data(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "table.tsv.gz"
    path.write_bytes(gzip.compress(GOOD))
    update(str(path), folder, ignore, at_least=3)
    assert AsnTable.load(folder).lookup("9.0.0.7") is not None


def test_a_redirect_is_followed(server: Server, folder: Path) -> None:
    server.answers["/there"] = content(GOOD)
    server.answers["/here"] = redirect("/there")
    update(f"{server.url}/here", folder, ignore, at_least=3)
    assert AsnTable.load(folder).lookup("9.0.0.7") is not None


@pytest.mark.parametrize("header", ["Fri, 31 Dec 9999 23:59:59 GMT", "soon", ""])
def test_the_data_is_never_of_the_future(server: Server, folder: Path, header: str) -> None:
    server.answers["/good"] = content(GOOD, Last_Modified=header)
    before = datetime.now(UTC).date()
    written = update(f"{server.url}/good", folder, ignore, at_least=3)
    assert before <= written.date <= datetime.now(UTC).date()


# Bad data

LINE = b"9.0.0.0\t9.0.0.255\t100\tUS\tX\n"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "only 0 ranges"),
        (LINE, "only 1 ranges"),
        (b"<html>\n<body>Please log in</body>\n", r"line 1: 1 fields where 5 belong"),
        (LINE + b"9.0.1.0\t9.0.1.255\t100\tUS\n", "line 2: 4 fields"),
        (LINE + b"9.0.1.0\t9.0.1.x\t100\tUS\tX\n", "line 2: '9.0.1.x' is not an address"),
        (LINE + b"9.0.1.0\t9.0.1.9\tAS1\tUS\tX\n", "line 2: 'AS1' is not an AS number"),
        (LINE + b"9.0.1.0\t9.0.1.9\t4294967296\tUS\tX\n", "line 2: 4294967296 is not an AS number"),
        (LINE + b"9.0.1.0\t2a00::1\t100\tUS\tX\n", "line 2: .* one address family"),
        (LINE + b"9.0.1.9\t9.0.1.0\t100\tUS\tX\n", "line 2: the range ends before it begins"),
        (LINE + b"8.0.1.0\t8.0.1.9\t100\tUS\tX\n", "line 2: the range begins before the one"),
        (LINE + b"\x1b[2J\x00\t9.0.1.9\t1\tUS\tX\n", r"line 2: '\\x1b\[2J\\x00' is not an address"),
        (LINE + b"x" * 5000, "a line of more than 4,096 bytes"),
        (gzip.compress(GOOD)[:-9], "gzip data ends too early"),
        (gzip.compress(GOOD)[:40] + b"rubbish" * 9, "gzip data is damaged"),
        (gzip.compress(bytes(10_000_000)), "a line of more than 4,096 bytes"),
    ],
    # The bytes of the gzip file hold the time, and an id must be the same in every worker.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_data_changes_nothing(
    server: Server, tmp_path: Path, folder: Path, body: bytes, why: str
) -> None:
    server.answers["/bad"] = content(body)
    assert_refused(f"{server.url}/bad", folder, why)
    (tmp_path / "bad").write_bytes(body)
    assert_refused(str(tmp_path / "bad"), folder, why)


def test_a_table_of_a_few_ranges_is_not_the_internet(server: Server, folder: Path) -> None:
    server.answers["/small"] = content(GOOD)
    with pytest.raises(AsnDataError, match="only 3 ranges of systems, at least 100,000 belong"):
        update(f"{server.url}/small", folder, ignore)


def test_a_download_cannot_fill_the_machine(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asn_fetch, "MAX_FETCHED", 1 << 20)
    monkeypatch.setattr(asn_fetch, "MAX_UNPACKED", 2 << 20)
    lines = b"9.0.0.0\t9.0.0.255\t0\tUS\tX\n" * 100_000
    server.answers["/bomb"] = content(gzip.compress(lines))
    server.answers["/large"] = content(lines)
    assert_refused(f"{server.url}/bomb", folder, "unpacks to more than 2 MB")
    assert_refused(f"{server.url}/large", folder, "larger than 1 MB")


def test_a_short_download_is_told(server: Server, folder: Path) -> None:
    server.answers["/short"] = content(GOOD, Content_Length=str(len(GOOD) + 1))
    assert_refused(f"{server.url}/short", folder, "ended after .* of .* bytes")


def test_a_failing_server_is_told(server: Server, folder: Path) -> None:
    server.answers["/gone"] = lambda handler: handler.send_error(404, "No \x1b[31mway")
    server.answers["/loop"] = redirect("/loop")
    server.answers["/mute"] = lambda handler: None
    assert_refused(f"{server.url}/gone", folder, r"answered 404 \(No \\x1b\[31mway\)")
    assert_refused(f"{server.url}/loop", folder, "answered 302")
    assert_refused(f"{server.url}/mute", folder, "without response")
    assert_refused(server.url.replace("http:", "https:") + "/tls", folder, "SSL")


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_only_the_web_is_fetched(server: Server, folder: Path, target: str) -> None:
    server.answers["/sly"] = redirect(target)
    assert_refused(f"{server.url}/sly", folder, "redirected to|answered 302")
    if "://" in target:
        assert_refused(target, folder, "neither an http or https URL nor a file")


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("/nowhere/table.tsv", "/nowhere/table.tsv: No such file"),
        ("/etc", "Is a directory"),
        ("/dev/zero", "a line of more than"),
        ("a\0b", "null"),
        ("http://127.0.0.1:1/", "Connection refused"),
        ("http://", "no host"),
        ("http://a b/\n", "control characters"),
    ],
)
def test_an_origin_that_cannot_be_opened_is_told(folder: Path, origin: str, why: str) -> None:
    assert_refused(origin, folder, why)


# The command


def test_the_command_says_what_it_did(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.tsv"
    path.write_bytes(
        b"".join(
            b"9.%d.%d.%d\t9.%d.%d.%d\t%d\tUS\tX\n"
            % (*(n.to_bytes(3, "big")), *(n.to_bytes(3, "big")), n % 7 + 1)
            for n in range(100_000)
        )
    )
    assert run(str(path), folder) == 0
    assert "100,000 prefixes and 7 names" in capsys.readouterr().out
    assert AsnTable.load(folder).lookup("9.0.0.3") == AutonomousSystem(4, "X", "US")


def test_the_command_fails_without_a_traceback(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(tmp_path / "none"), folder) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "The AS data was not updated" in said.err
    assert len(said.err.splitlines()) == 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.tsv").write_bytes(GOOD)
    for place, why in ((tmp_path / "good.tsv", "File exists"), (Path("/proc/asn"), "No such file")):
        with pytest.raises(AsnDataError, match=why):
            update(str(tmp_path / "good.tsv"), place, ignore, at_least=3)


def test_an_interrupted_update_changes_nothing(server: Server, folder: Path) -> None:
    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    before = contents(folder)
    server.answers["/good"] = content(GOOD)
    with pytest.raises(KeyboardInterrupt):
        update(f"{server.url}/good", folder, interrupt, at_least=3)
    assert contents(folder) == before


@pytest.mark.parametrize("country", ["", "None", "Unknown", "us", "\x1b[", "USA"])
def test_what_is_no_country_is_none(country: str, tmp_path: Path) -> None:
    file, folder = tmp_path / "ranges.tsv", tmp_path / "made"
    file.write_text(f"9.0.0.0\t9.0.0.255\t100\t{country}\tX\n")
    update(str(file), folder, lambda *_: None, at_least=1)
    assert AsnTable.load(folder).lookup("9.0.0.1") == AutonomousSystem(100, "X")
