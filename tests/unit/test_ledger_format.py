"""FORMAT.md is true: its worked example is parsed, its chain checked, its tables and findings are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kube_pos.ledger
from kube_pos.ledger import tables
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.effects import effects_of
from kube_pos.ledger.entries import AnyEntry, Redemption, Reversal, decode, encode
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.totals import rupiah_drawn

PAGE = (Path(kube_pos.ledger.__path__[0]) / "FORMAT.md").read_text(encoding="utf-8")
LEDGER = LedgerId("01234567-89ab-7def-8123-456789abcdef")


def example() -> list[tuple[int, str, bytes]]:
    block = re.search(r"```journal\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    rows = [line.split(" ", 2) for line in block.group(1).splitlines()]
    return [(int(row[0]), row[1], row[2].encode() if len(row) > 2 else b"") for row in rows]


def entries_of_example() -> dict[int, AnyEntry]:
    return {seq: decode(body) for seq, _, body in example()[1:]}


def test_every_hash_of_the_example_is_right() -> None:
    (zero, start, _), *rows = example()
    head = genesis(LEDGER)
    assert (zero, start) == (0, head.hex())
    assert len(rows) == 4
    for place, (seq, digest, body) in enumerate(rows, start=1):
        head = link(head, seq, body)
        assert (seq, digest) == (place, head.hex())


def test_the_bodies_of_the_example_are_what_the_till_writes() -> None:
    for _, _, body in example()[1:]:
        assert encode(decode(body)) == body


def test_the_example_does_what_the_page_says() -> None:
    found = entries_of_example()
    assert effects_of(found[2]).stock == {1: 40_000}
    sale, undone = found[3], found[4]
    assert isinstance(sale, Redemption)
    assert isinstance(undone, Reversal)
    assert rupiah_drawn(sale) == 150_000
    assert effects_of(sale).spent == {101: 100_000, 102: 50_000}
    assert effects_of(undone, found[undone.target]).spent == {101: -100_000, 102: -50_000}
    assert effects_of(undone, sale).stock == {1: 2_000}
    assert [entry.at for entry in found.values()] == sorted(entry.at for entry in found.values())


def test_a_spoilt_example_would_be_noticed() -> None:
    _, *rows = example()
    seq, digest, body = rows[0]
    assert link(genesis(LEDGER), seq, body + b" ").hex() != digest


@pytest.mark.parametrize("name", [*tables.JOURNAL.tables, *tables.REPLICA.tables])
def test_every_table_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_every_finding_is_described() -> None:
    source = (Path(kube_pos.ledger.__path__[0]) / "sqlite_verify.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'Finding\("(\w+)"', source)) | set(re.findall(r'(?:return|fault =) "(\w+)"', source))
    assert len(codes) >= 7
    for code in codes - {"damaged_index", "unreadable"}:
        assert f"`{code}`" in PAGE
