"""A batch of entries from its bytes: bounded decompression, decoding, and whether it adds up in itself. Pure."""

from __future__ import annotations

import io

import msgspec
import zstandard

from kube_pos.ledger.chain import link
from kube_pos.sync.wire import MAX_BATCH_ENTRIES, MAX_BODY_BYTES, PROTOCOL, Batch
from kube_pos.upstream.problems import RequestRefused

_LARGEST_WINDOW = 8 * 1024 * 1024
"""The memory that a frame may ask of the decompressor."""
_LARGEST_SEQ = 2**53
_DECODER = msgspec.msgpack.Decoder(Batch)


def read_batch(body: bytes) -> Batch:
    """Return the batch in a compressed body; raises RequestRefused when it is too large, or none."""
    try:
        batch = _DECODER.decode(_decompress(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestRefused("malformed") from None
    if batch.protocol != PROTOCOL:
        raise RequestRefused("unknown_protocol")
    if not 1 <= len(batch.bodies) <= MAX_BATCH_ENTRIES or not 1 <= batch.first <= _LARGEST_SEQ:
        raise RequestRefused("malformed")
    if len(batch.previous) != 32 or hashes_of(batch)[-1] != batch.head:
        raise RequestRefused("malformed")
    return batch


def hashes_of(batch: Batch) -> list[bytes]:
    """Return the chain's hash after each entry of a batch."""
    hashes, head = [], batch.previous
    for place, body in enumerate(batch.bodies):
        head = link(head, batch.first + place, body)
        hashes.append(head)
    return hashes


def _decompress(body: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    try:
        with decompressor.stream_reader(io.BytesIO(body)) as reader:
            found = reader.read(MAX_BODY_BYTES + 1)
    except zstandard.ZstdError:
        raise RequestRefused("malformed") from None
    if len(found) > MAX_BODY_BYTES:
        raise RequestRefused("too_large")
    return found
