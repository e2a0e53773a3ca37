"""Addresses to autonomous systems, and the files that it rests on."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from ipaddress import (
    IPv4Address,
    IPv6Address,
    ip_address,
    ip_network,
    summarize_address_range,
)
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn import pyasn

from probes.asn.store import MANIFEST, Manifest
from probes.asn.table import BUNDLED, AsnDataError, AsnTable
from probes.asn.write import AddressRange, BusyError, RangeError, split, write
from probes.record import AutonomousSystem

DAY = date(2026, 6, 17)
ROOT = Path(__file__).parents[2]


def span(first: str, last: str, number: int, name: str = "") -> AddressRange:
    start, end = ip_address(first), ip_address(last)
    return AddressRange(start.version, int(start), int(end), number, name or f"System {number}")


SOME = (
    span("9.0.0.0", "9.0.0.255", 100, "EXAMPLE - Example, Inc."),
    span("9.0.2.0", "9.0.2.9", 200),
    span("2a00::", "2a00:0:ffff:ffff:ffff:ffff:ffff:ffff", 300),
)


def put(folder: Path, ranges: Iterable[AddressRange]) -> AsnTable:
    write(folder, ranges, DAY, "a test", 1)
    return AsnTable.load(folder)


@pytest.fixture(scope="module")
def bundled() -> AsnTable:
    return AsnTable.load(BUNDLED)


# What a lookup answers


@pytest.mark.parametrize(
    ("address", "number", "word"),
    [
        ("8.8.8.8", 15169, "Google"),
        ("140.82.121.4", 36459, "GitHub"),
        ("2606:4700:4700::1111", 13335, "Cloudflare"),
        ("::ffff:140.82.121.4", 36459, "GitHub"),  # IPv4-mapped
        ("64:ff9b::8.8.8.8", 15169, "Google"),  # NAT64
    ],
)
def test_the_snapshot_knows_well_known_addresses(
    bundled: AsnTable, address: str, number: int, word: str
) -> None:
    system = bundled.lookup(address)
    assert system is not None
    assert system.number == number
    assert word in system.name


def test_the_snapshot_says_what_it_is(bundled: AsnTable) -> None:
    assert (bundled.date, bundled.source) == (DAY, "bundled")
    assert bundled.prefix_count > 700_000
    assert bundled.name_count > 90_000
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 5_500_000


def test_slices_answer_as_the_whole_table_does(bundled: AsnTable) -> None:
    manifest = Manifest.parse((BUNDLED / MANIFEST).read_text())
    whole = pyasn(str(BUNDLED / manifest.prefixes.file))
    names = json.loads(gzip.decompress((BUNDLED / manifest.names.file).read_bytes()))
    chance = random.Random(1)
    edges = [ip_address(first) for first, _ in manifest.prefixes.slices]
    addresses = [str(edge) for edge in edges] + [str(edge - 1) for edge in edges]
    addresses += [str(IPv4Address(chance.getrandbits(32))) for _ in range(2000)]
    addresses += [str(IPv6Address((0x2A00 << 112) + chance.getrandbits(112))) for _ in range(500)]
    found = 0
    for address in addresses:
        if not ip_address(address).is_global or ip_address(address).is_multicast:
            continue
        number, _ = whole.lookup(address)
        system = bundled.lookup(address)
        assert system == (
            None if number is None else AutonomousSystem(number, names[str(number)])
        ), address
        found += system is not None
    assert found > 1000
    assert bundled.damage is None


@pytest.mark.parametrize(
    "address",
    "10.1.2.3 172.31.0.1 192.168.0.1 127.0.0.1 169.254.1.1 100.64.0.1 192.0.2.1 198.51.100.1 "
    "203.0.113.1 0.0.0.0 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fd00::1 2001:db8::1 ff02::1 "
    "2001:0:1::1 2002:808:808::1 ::ffff:10.0.0.1".split(),
)
def test_special_addresses_belong_to_nobody(tmp_path: Path, address: str) -> None:
    everything = span("::", str(IPv6Address(2**128 - 1)), 2)
    table = put(tmp_path, [span("0.0.0.0", "255.255.255.255", 1), everything])
    assert table.lookup(address) is None
    assert table.lookup("9.9.9.9") == AutonomousSystem(1, "System 1")
    assert table.lookup("2a00::1") == AutonomousSystem(2, "System 2")


def test_a_range_ends_where_it_ends(tmp_path: Path) -> None:
    table = put(tmp_path, SOME)
    assert table.lookup("9.0.2.9") == AutonomousSystem(200, "System 200")
    for address in ("8.255.255.255", "9.0.1.0", "9.0.2.10", "2a00:1::", "29ff::1"):
        assert table.lookup(address) is None, address


def test_one_system_is_one_object(tmp_path: Path) -> None:
    table = put(tmp_path, SOME)
    assert table.lookup("9.0.0.1") is table.lookup("9.0.0.2")


@given(
    st.one_of(
        st.text(),
        st.text("0123456789abcdef:.%/"),
        st.ip_addresses().map(str),
        st.ip_addresses().map(lambda address: f"{address}\0"),
        st.just("\udcff:"),
    )
)
def test_no_text_makes_a_lookup_fail(bundled: AsnTable, text: str) -> None:
    system = bundled.lookup(text)
    assert system is None or system.number > 0


def test_a_name_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    table = put(tmp_path, [span("9.0.0.0", "9.0.0.9", 1, "a\x1b[2J\n \u202eb"), SOME[1]])
    system = table.lookup("9.0.0.1")
    assert system is not None
    assert system.name == "a\\x1b[2J \\u202eb"


# Which data is taken


def test_an_updated_copy_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.asn.table.UPDATED", tmp_path)
    assert AsnTable.load().source == "bundled"
    put(tmp_path, SOME)
    table = AsnTable.load()
    assert table.source == str(tmp_path)
    assert table.lookup("8.8.8.8") is None


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [cut_in_half, flip_a_bit, empty, Path.unlink])
@pytest.mark.parametrize("part", ["prefixes-*", "names-*"])
def test_damaged_files_are_told(tmp_path: Path, part: str, harm: Callable[[Path], None]) -> None:
    put(tmp_path, SOME)
    (path,) = tmp_path.glob(part)
    harm(path)
    with pytest.raises(AsnDataError) as caught:
        AsnTable.load(tmp_path)
    fault, remedy = str(caught.value).splitlines()
    assert str(path) in fault
    assert "--no-asn" in remedy


def with_fields(**fields: object) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **fields})


def with_prefixes(**fields: object) -> Callable[[str], str]:
    return lambda text: with_fields(prefixes={**json.loads(text)["prefixes"], **fields})(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: "[1, 2]",
        lambda text: "[" * 100_000,
        lambda text: "\udcff",
        with_fields(format=99),
        with_fields(date="yesterday"),
        with_fields(names=None),
        with_prefixes(count=0),
        with_prefixes(size="12"),
        with_prefixes(file="../../etc/passwd"),
        with_prefixes(slices=[]),
        with_prefixes(slices=[["9.0.0.0", 0], ["9.0.0.0", 10**9]]),
        with_prefixes(slices=[["9.0.0.0", 0], ["1.0.0.0", 5]]),
        with_prefixes(slices=[["nowhere", 0]]),
    ],
)
def test_an_absurd_manifest_is_told(tmp_path: Path, change: Callable[[str], str]) -> None:
    put(tmp_path, SOME)
    path = tmp_path / MANIFEST
    path.write_text(change(path.read_text()), errors="surrogateescape")
    with pytest.raises(AsnDataError, match=r"damaged.*\n.*--no-asn"):
        AsnTable.load(tmp_path)


def test_a_place_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    too_long = Path("/", "x" * 300)  # root may read everything, but this nobody
    with pytest.raises(AsnDataError, match=r"name too long.*\n.*--no-asn"):
        AsnTable.load(too_long)
    monkeypatch.setattr("probes.asn.table.UPDATED", too_long)
    with pytest.raises(AsnDataError, match=r"name too long.*\n.*--no-asn"):
        AsnTable.load()


def test_a_folder_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(AsnDataError, match=r"missing: there is no .*nowhere.*\n.*--no-asn"):
        AsnTable.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"rubbish\n"), b"rubbish", gzip.compress(b"")],
    ids=["packed", "not packed", "nothing"],
)
def test_rubbish_with_the_right_checksum_is_told_and_finds_nothing(
    tmp_path: Path, content: bytes
) -> None:
    put(tmp_path, SOME)
    (path,) = tmp_path.glob("prefixes-*")
    path.write_bytes(content)
    manifest = tmp_path / MANIFEST
    checksum = hashlib.sha256(content).hexdigest()
    change = with_prefixes(size=len(content), sha256=checksum)
    manifest.write_text(change(manifest.read_text()))
    table = AsnTable.load(tmp_path)
    assert table.lookup("9.0.0.1") is None
    assert "damaged" in str(table.damage)


def test_without_pyasn_it_says_so() -> None:
    code = (
        "from probes.asn.table import AsnTable, AsnDataError\n"
        "try: AsnTable.load()\n"
        "except AsnDataError as error: print(error)\n"
    )
    done = subprocess.run(  # -S: without site-packages, where pyasn lies
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "finds no pyasn" in done.stdout
    assert "--no-asn" in done.stdout


# How data is written


@given(st.sampled_from([(4, 32), (6, 128)]), st.data())
def test_a_range_becomes_the_fewest_prefixes(family: tuple[int, int], data: st.DataObject) -> None:
    version, width = family
    first = data.draw(st.integers(0, 2**width - 1))
    last = data.draw(st.integers(first, 2**width - 1).filter(lambda n: n - first < 2**width - 1))
    kind = IPv4Address if version == 4 else IPv6Address
    expected = [
        (int(network.network_address), network.prefixlen)
        for network in summarize_address_range(kind(first), kind(last))
    ]
    assert list(split(version, first, last)) == expected


def test_neighbours_of_one_system_are_joined(tmp_path: Path) -> None:
    halves = [span("9.0.0.0", "9.0.0.127", 1), span("9.0.0.128", "9.0.0.255", 1)]
    assert put(tmp_path, halves).prefix_count == 1


def test_an_overlap_belongs_to_the_first(tmp_path: Path) -> None:
    ranges = [
        span("9.0.0.0", "9.0.0.99", 1),
        span("9.0.0.50", "9.0.0.60", 2),  # within it
        span("9.0.0.90", "9.0.0.120", 3),  # beyond it
    ]
    assert write(tmp_path, ranges, DAY, "a test", 1).overlaps == 2
    table = AsnTable.load(tmp_path)
    found = {n: table.lookup(f"9.0.0.{n}") for n in (55, 95, 100, 120, 121)}
    assert {n: system and system.number for n, system in found.items()} == {
        55: 1,
        95: 1,
        100: 3,
        120: 3,
        121: None,
    }


@pytest.mark.parametrize(
    ("ranges", "why"),
    [
        ([], "only 0 ranges"),
        ([span("9.0.0.0", "9.0.0.9", 0)], "only 0 ranges"),  # number 0: not announced
        ([span("9.0.0.9", "9.0.0.0", 1)], "ends before it begins"),
        ([span("9.0.0.0", "9.0.0.9", 1), span("8.0.0.0", "8.0.0.9", 1)], "before the one"),
        ([span("2a00::", "2a00::1", 1), span("8.0.0.0", "8.0.0.9", 1)], "IPv4 range stands after"),
    ],
)
def test_unfit_ranges_change_nothing(tmp_path: Path, ranges: list[AddressRange], why: str) -> None:
    put(tmp_path, SOME)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RangeError, match=why):
        write(tmp_path, ranges, DAY, "a test", 1)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_same_ranges_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / name, SOME)
    contents = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab"
    ]
    assert contents[0] == contents[1]


def test_new_data_leaves_no_old_files(tmp_path: Path) -> None:
    put(tmp_path, SOME)
    (tmp_path / "prefixes.part").write_text("of a run that was killed")
    put(tmp_path, SOME[:1])
    assert len(list(tmp_path.iterdir())) == 3


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    def meanwhile() -> Iterable[AddressRange]:
        with pytest.raises(BusyError):
            write(tmp_path, SOME, DAY, "a test", 1)
        yield from SOME

    assert put(tmp_path, meanwhile()).lookup("9.0.0.1") is not None


def test_a_prefix_is_the_one_that_has_the_address(bundled: AsnTable) -> None:
    prefix = bundled.prefix("8.8.8.8")
    assert prefix is not None
    assert ip_address("8.8.8.8") in ip_network(prefix)
    assert bundled.prefix("::ffff:8.8.8.8") == prefix
    assert bundled.prefix("127.0.0.1") is None
    assert bundled.prefix("no address") is None
