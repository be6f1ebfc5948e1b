"""The hash chain: what it is made of, and that nothing can be changed, swapped or taken out unseen."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.ids import LedgerId
from tests.ledger_kit import LEDGER

bodies = st.lists(st.binary(max_size=40), min_size=1, max_size=6)


def chain(found: list[bytes], first: int = 1) -> bytes:
    head = genesis(LEDGER)
    for seq, body in enumerate(found, start=first):
        head = link(head, seq, body)
    return head


def test_the_formula_is_the_documented_one() -> None:
    start = hashlib.sha256(b"kube-pos journal 1\n01234567-89ab-7def-8123-456789abcdef").digest()
    assert genesis(LEDGER) == start
    assert link(start, 258, b"body") == hashlib.sha256(start + b"\0\0\0\0\0\0\1\2" + b"body").digest()


def test_two_ledgers_begin_apart() -> None:
    assert genesis(LEDGER) != genesis(LedgerId("01234567-89ab-7def-8123-456789abcde0"))


@given(bodies, st.data())
def test_a_changed_byte_changes_the_head(found: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(found) - 1))
    other = data.draw(st.binary(max_size=40).filter(lambda body: body != found[place]))
    assert chain([*found[:place], other, *found[place + 1 :]]) != chain(found)


@given(bodies, st.data())
def test_a_missing_or_doubled_entry_changes_the_head(found: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(found) - 1))
    assert chain([*found[:place], *found[place + 1 :]]) != chain(found)
    assert chain([*found[: place + 1], *found[place:]]) != chain(found)


@given(bodies)
def test_another_number_changes_the_head(found: list[bytes]) -> None:
    assert chain(found, first=2) != chain(found)


def test_a_number_of_more_than_eight_bytes_is_none() -> None:
    with pytest.raises(OverflowError):
        link(bytes(32), 2**64, b"")
