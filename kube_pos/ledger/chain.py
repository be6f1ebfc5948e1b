"""The hash chain of a journal. Pure.

hash(0) = SHA-256("kube-pos journal 1", a line feed, the ledger id);
hash(n) = SHA-256(hash(n−1) ‖ n as 8 bytes, big end first ‖ body).
"""

from __future__ import annotations

import hashlib

from kube_pos.ledger.ids import LedgerId


def genesis(ledger_id: LedgerId) -> bytes:
    """Return the 32 bytes that stand before entry 1 of a ledger."""
    return hashlib.sha256(b"kube-pos journal 1\n" + ledger_id.encode()).digest()


def link(previous: bytes, seq: int, body: bytes) -> bytes:
    """Return the 32-byte hash of entry `seq` from the hash before it and its body."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + body).digest()
