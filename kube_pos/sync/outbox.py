"""What is sent next, and what an answer may be believed to say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import zstandard

from kube_pos.ledger.chain import link
from kube_pos.sync.failures import ChainBroken, EntryTooLarge, Fork, UnreadableAnswer
from kube_pos.sync.ports import Waiting
from kube_pos.sync.wire import MAX_BATCH_ENTRIES, MAX_BODY_BYTES, PROTOCOL, Batch, UploadAnswer

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 300.0
_LEVEL = 15
"""Within 1 % of the smallest body that zstandard makes of 500 sales, in less than half of the time."""
_BATCH_OVERHEAD = 512
_ENTRY_OVERHEAD = 5
"""The most that packing adds: to a batch (numbers, two hashes, zstandard's frame), and to one body."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch as it travels, with the chain's hash after each of its entries."""

    batch: Batch
    body: bytes
    """The compressed bytes: these are signed, sent, and carried by the USB bundle."""
    hashes: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """Return the sequence number of the batch's last entry."""
        return self.batch.first + len(self.hashes) - 1

    def hash_at(self, seq: int) -> bytes | None:
        """Return the chain's hash after an entry of this batch, or after the one before it; None for others."""
        if seq == self.batch.first - 1:
            return self.batch.previous
        place = seq - self.batch.first
        return self.hashes[place] if 0 <= place < len(self.hashes) else None


def make_batch(waiting: Sequence[Waiting], previous: bytes) -> Packed:
    """Pack as many of the entries, from the first on, as one message takes.

    `previous` is the chain's hash before the first. Raises ChainBroken when the entries do not follow on each other,
    and EntryTooLarge when not even the first one fits; ValueError when there is none.
    """
    chosen = list(_that_fit(waiting))
    head = previous
    for place, entry in enumerate(chosen):
        head = link(head, entry.seq, entry.body)
        if entry.seq != chosen[0].seq + place or head != entry.hash:
            raise ChainBroken(seq=entry.seq)
    batch = Batch(
        protocol=PROTOCOL,
        first=chosen[0].seq,
        previous=previous,
        bodies=tuple(entry.body for entry in chosen),
        head=head,
    )
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(msgspec.msgpack.encode(batch))
    return Packed(batch, body, tuple(entry.hash for entry in chosen))


def check_answer(answer: UploadAnswer, sent: Packed, further: Waiting | None = None) -> UploadAnswer:
    """Return the answer to store, after making sure that upstream holds this very journal.

    Never is more marked as sent than was sent. Upstream may well hold more, since an answer can be lost or a USB
    bundle can have gone ahead: `further` is then our own entry at that number, and the answer is cut back to what was
    sent. Raises Fork when upstream's hash differs from ours or it holds what this till never wrote; UnreadableAnswer
    when it claims to hold less than what the batch stands on.
    """
    if answer.acked > sent.last:
        if further is None or further.seq != answer.acked or further.hash.hex() != answer.head:
            raise Fork(seq=answer.acked)
        return msgspec.structs.replace(answer, acked=sent.last, head=sent.batch.head.hex())
    ours = sent.hash_at(answer.acked)
    if ours is None:
        raise UnreadableAnswer(reason=f"acked {answer.acked}, first {sent.batch.first}")
    if ours.hex() != answer.head:
        raise Fork(seq=answer.acked)
    return answer


def back_off_s(attempt: int, chance: float) -> float:
    """Return how long to wait after the n-th failure in a row (from 1), given a random number from 0 to 1.

    1 s, 2 s, 4 s … 5 min, of which one half is left to chance, so that tills do not all come back at once; without end.
    """
    doublings = min(max(attempt - 1, 0), 16)
    longest = min(FIRST_DELAY_S * (1 << doublings), LONGEST_DELAY_S)
    return longest * (0.5 + 0.5 * chance)


def _that_fit(waiting: Sequence[Waiting]) -> Sequence[Waiting]:
    size = _BATCH_OVERHEAD
    count = 0
    for entry in waiting[:MAX_BATCH_ENTRIES]:
        size += len(entry.body) + _ENTRY_OVERHEAD
        if size > MAX_BODY_BYTES:
            break
        count += 1
    if not waiting:
        raise ValueError("there is nothing to pack")
    if count == 0:
        raise EntryTooLarge(seq=waiting[0].seq)
    return waiting[:count]
