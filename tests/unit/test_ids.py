"""Time-ordered ids."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger.ids import uuid7

moments = st.integers(0, 2**48 - 1)
chance = st.binary(min_size=10, max_size=10)


@given(moments, chance)
def test_it_is_a_uuid_of_version_7(now_ms: int, some: bytes) -> None:
    made = uuid.UUID(uuid7(now_ms, some))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == now_ms


@given(moments, chance, moments, chance)
def test_ids_sort_by_time(one: int, some: bytes, other: int, more: bytes) -> None:
    if one < other:
        assert uuid7(one, some) < uuid7(other, more)


@given(moments, chance, chance)
def test_other_chance_makes_another_id(now_ms: int, some: bytes, more: bytes) -> None:
    def kept(octets: bytes) -> tuple[int, int, bytes]:
        return octets[0] & 0x0F, octets[2] & 0x3F, octets[1:2] + octets[3:]

    assert (uuid7(now_ms, some) == uuid7(now_ms, more)) == (kept(some) == kept(more))


@pytest.mark.parametrize(("now_ms", "count"), [(0, 9), (0, 11), (-1, 10), (2**48, 10)])
def test_what_does_not_fit_is_refused(now_ms: int, count: int) -> None:
    with pytest.raises(ValueError, match="uuid7"):
        uuid7(now_ms, bytes(count))
