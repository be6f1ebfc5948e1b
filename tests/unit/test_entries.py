"""Entries as bytes: every kind goes there and back, and what is none is refused as such."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger.entries import AnyEntry, Redemption, decode, encode, kind_of
from tests.entry_kit import KINDS, REDEMPTION, SPECIMENS, redemptions


def test_there_is_a_specimen_of_every_kind() -> None:
    assert {type(specimen) for specimen in SPECIMENS} == set(KINDS)


@pytest.mark.parametrize("entry", SPECIMENS, ids=kind_of)
def test_an_entry_goes_there_and_back(entry: AnyEntry) -> None:
    body = encode(entry)
    assert decode(body) == entry
    assert encode(decode(body)) == body
    assert msgspec.json.decode(body)["kind"] == kind_of(entry)


@given(redemptions)
def test_any_redemption_goes_there_and_back(entry: Redemption) -> None:
    assert decode(encode(entry)) == entry


@pytest.mark.parametrize("entry", SPECIMENS, ids=kind_of)
def test_money_and_quantities_are_whole_numbers(entry: AnyEntry) -> None:
    def numbers(value: object) -> list[float]:
        if isinstance(value, dict):
            return [found for inner in value.values() for found in numbers(inner)]
        if isinstance(value, list):
            return [found for inner in value for found in numbers(inner)]
        return [value] if isinstance(value, float) else []

    assert numbers(msgspec.json.decode(encode(entry))) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"kind":"Nothing","at":1,"day":"2026-11-24","by":1}',
        b'{"kind":"SignedIn","at":1.5,"day":"2026-11-24","by":1}',
        b'{"kind":"SignedIn","at":1,"day":"24-11-2026","by":1}',
        b'{"kind":"TurnedAway","at":1,"day":"2026-11-24","by":1,"reason":"\xff"}',
        encode(REDEMPTION)[:-1],
    ],
)
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(body)


@given(st.integers(0, len(encode(REDEMPTION)) - 1), st.integers(1, 255))
def test_a_spoilt_byte_is_read_or_refused_and_never_breaks_the_reader(place: int, change: int) -> None:
    body = bytearray(encode(REDEMPTION))
    body[place] ^= change
    try:
        found = decode(bytes(body))
    except msgspec.DecodeError:
        return
    assert decode(encode(found)) == found


def test_an_entry_of_a_newer_program_with_one_more_field_is_still_read() -> None:
    body = encode(SPECIMENS[3])
    assert decode(body[:-1] + b',"new_field":1}') == SPECIMENS[3]
