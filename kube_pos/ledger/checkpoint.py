"""A signed point of the journal: «entry `seq` had this hash», by the till's own key. Pure.

The chain proves order and wholeness to whoever trusts its newest hash; these points prove that the till itself stood
behind it, so that a chain made anew from the beginning by someone who has only the file's key is found.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kube_pos.ledger.ids import LedgerId


def message(ledger_id: LedgerId, seq: int, digest: bytes) -> bytes:
    """Return the bytes that are signed: a label, the ledger, the number and the chain's hash after it."""
    return b"kube-pos checkpoint 1\n" + ledger_id.encode() + b"\n" + seq.to_bytes(8, "big") + digest


def is_signed(public_key: bytes, signed: bytes, signature: bytes) -> bool:
    """Tell whether a signature of a message was made with a key; False for anything malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
