"""Packing batches, judging answers, backing off."""

from __future__ import annotations

import dataclasses
from random import Random

import msgspec
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from kube_pos.ledger.chain import genesis
from kube_pos.sync.failures import ChainBroken, EntryTooLarge, Fork, UnreadableAnswer
from kube_pos.sync.outbox import back_off_s, check_answer, make_batch
from kube_pos.sync.ports import Waiting
from kube_pos.sync.wire import MAX_BATCH_ENTRIES, MAX_BODY_BYTES, Batch, UploadAnswer, Verdict
from tests.sync_kit import LEDGER, NOW_MS, MemoryOutbox


def journal(*sizes: int) -> list[Waiting]:
    outbox = MemoryOutbox()
    for number, size in enumerate(sizes):
        outbox.append(bytes([number % 256]) * size)
    return outbox.entries


def unpacked(body: bytes) -> tuple[Batch, int]:
    raw = zstandard.ZstdDecompressor().decompress(body, max_output_size=8 * MAX_BODY_BYTES)
    return msgspec.msgpack.decode(raw, type=Batch), len(raw)


def answer(acked: int, head: bytes, verdicts: tuple[Verdict, ...] = ()) -> UploadAnswer:
    return UploadAnswer(acked=acked, head=head.hex(), server_time_ms=NOW_MS, verdicts=verdicts)


@given(st.lists(st.integers(0, 900_000), min_size=1, max_size=12), st.integers(0, 5))
@example([MAX_BODY_BYTES - 517], 0)
@example([1] * (MAX_BATCH_ENTRIES + 1), 0)
def test_batches_hold_every_entry_once_within_the_limits(sizes: list[int], skip: int) -> None:
    entries = journal(*sizes)
    skip = min(skip, len(entries) - 1)
    seen: list[bytes] = []
    previous = entries[skip - 1].hash if skip else genesis(LEDGER)
    while len(seen) < len(entries) - skip:
        packed = make_batch(entries[skip + len(seen) :], previous)
        batch, size = unpacked(packed.body)
        assert batch == packed.batch
        assert max(size, len(packed.body)) <= MAX_BODY_BYTES
        assert 1 <= len(batch.bodies) <= MAX_BATCH_ENTRIES
        assert batch.first == skip + len(seen) + 1
        assert batch.previous == previous
        seen += batch.bodies
        previous = entries[skip + len(seen) - 1].hash
        assert batch.head == previous
    assert seen == [entry.body for entry in entries[skip:]]


def test_a_batch_is_as_full_as_the_limits_allow() -> None:
    entries = journal(*[1] * (MAX_BATCH_ENTRIES + 7))
    assert make_batch(entries, genesis(LEDGER)).last == MAX_BATCH_ENTRIES
    thirds = journal(*[MAX_BODY_BYTES // 3] * 4)
    assert make_batch(thirds, genesis(LEDGER)).last == 2


def test_what_does_not_compress_stays_within_the_limit() -> None:
    noise = Random(1).randbytes(MAX_BODY_BYTES)
    outbox = MemoryOutbox()
    for place in range(0, MAX_BODY_BYTES, MAX_BODY_BYTES // 400):
        outbox.append(noise[place : place + MAX_BODY_BYTES // 400])
    packed = make_batch(outbox.entries, genesis(LEDGER))
    assert MAX_BODY_BYTES * 0.99 < len(packed.body) <= MAX_BODY_BYTES


def test_an_entry_that_never_fits_is_named() -> None:
    with pytest.raises(EntryTooLarge) as caught:
        make_batch(journal(MAX_BODY_BYTES), genesis(LEDGER))
    assert caught.value.facts == {"seq": 1}


def test_nothing_makes_no_batch() -> None:
    with pytest.raises(ValueError, match="nothing"):
        make_batch([], genesis(LEDGER))


@given(st.integers(0, 4), st.sampled_from(["body", "hash", "seq"]))
def test_a_journal_that_does_not_add_up_is_not_sent(place: int, part: str) -> None:
    entries = journal(10, 20, 30, 40, 50)
    changes: dict[str, object] = {"body": b"other", "hash": bytes(32), "seq": 9}
    entries[place] = dataclasses.replace(entries[place], **{part: changes[part]})  # type: ignore[arg-type]
    with pytest.raises(ChainBroken):
        make_batch(entries, genesis(LEDGER))


def test_a_gap_in_the_journal_is_not_sent() -> None:
    entries = journal(10, 20, 30)
    with pytest.raises(ChainBroken) as caught:
        make_batch([entries[0], entries[2]], genesis(LEDGER))
    assert caught.value.facts == {"seq": 3}


@given(st.integers(2, 6))
def test_an_answer_within_the_batch_is_taken_as_it_is(acked: int) -> None:
    entries = journal(*[5] * 6)
    packed = make_batch(entries[2:], entries[1].hash)
    said = answer(acked, entries[acked - 1].hash, (Verdict(seq=3, codes=("overdrawn",)),))
    assert check_answer(said, packed) == said


@given(st.integers(2, 6), st.integers(0, 31))
def test_another_hash_at_our_number_is_a_fork(acked: int, place: int) -> None:
    entries = journal(*[5] * 6)
    packed = make_batch(entries[2:], entries[1].hash)
    head = bytearray(entries[acked - 1].hash)
    head[place] ^= 1
    with pytest.raises(Fork):
        check_answer(answer(acked, bytes(head)), packed)


def test_never_more_is_taken_than_was_sent() -> None:
    entries = journal(*[5] * 6)
    packed = make_batch(entries[:3], genesis(LEDGER))
    taken = check_answer(answer(5, entries[4].hash), packed, entries[4])
    assert (taken.acked, taken.head) == (3, entries[2].hash.hex())


def test_more_than_this_till_wrote_is_a_fork() -> None:
    entries = journal(*[5] * 3)
    packed = make_batch(entries, genesis(LEDGER))
    with pytest.raises(Fork):
        check_answer(answer(4, bytes(32)), packed, None)


def test_other_entries_beyond_the_batch_are_a_fork() -> None:
    entries = journal(*[5] * 6)
    packed = make_batch(entries[:3], genesis(LEDGER))
    with pytest.raises(Fork):
        check_answer(answer(5, entries[5].hash), packed, entries[4])
    with pytest.raises(Fork):
        check_answer(answer(5, entries[5].hash), packed, entries[5])


def test_less_than_the_batch_stands_on_is_no_answer() -> None:
    entries = journal(*[5] * 6)
    packed = make_batch(entries[3:], entries[2].hash)
    with pytest.raises(UnreadableAnswer):
        check_answer(answer(1, entries[0].hash), packed)


def test_the_back_off_doubles_to_five_minutes() -> None:
    assert [back_off_s(attempt, 1.0) for attempt in range(1, 11)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_the_back_off_has_no_end_and_leaves_half_to_chance(attempt: int, chance: float) -> None:
    longest = back_off_s(attempt, 1.0)
    assert longest / 2 <= back_off_s(attempt, chance) <= longest <= 300
