"""The till's Ed25519 key, signatures of labelled messages, and the short token that every request carries."""

from __future__ import annotations

import hashlib

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kube_pos.ledger.ids import LedgerId
from kube_pos.sync.ports import Signer
from kube_pos.sync.wire import from_base64, signed, to_base64

AUDIENCE = "kube-pos upstream"
TOKEN_LIFE_S = 300
"""How long a token holds: long enough for a slow line, short enough to be worthless soon."""
_ALGORITHM = "EdDSA"


class DeviceKey:
    """The till's key pair, from the 32 bytes that the OS keyring keeps. Immutable; safe to share between threads."""

    def __init__(self, seed: bytes) -> None:
        """Take the 32 raw bytes; raises ValueError for any other length."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of a message."""
        return self._private.sign(message)

    def public_key(self) -> bytes:
        """Return the 32-byte public key."""
        return self._public

    def bearer(self, ledger_id: LedgerId, now_s: int) -> str:
        """Return a token that says which ledger speaks; see `bearer`."""
        claims = {"iss": ledger_id, "iat": now_s, "exp": now_s + TOKEN_LIFE_S, "aud": AUDIENCE}
        # Without the optional "typ" header: 18 bytes less on every request.
        return jwt.encode(claims, self._private, algorithm=_ALGORITHM, headers={"typ": ""})


def bearer(ledger_id: LedgerId, key: DeviceKey, now_s: int) -> str:
    """Return the JWT for `Authorization: Bearer`, valid from `now_s` for five minutes."""
    return key.bearer(ledger_id, now_s)


def signature(signer: Signer, label: bytes, body: bytes) -> str:
    """Return the signature of a labelled message as it stands in the header."""
    return to_base64(signer.sign(signed(label, body)))


def verify(public_key: bytes, label: bytes, body: bytes, signature_b64: str) -> bool:
    """Tell whether a header's signature of a labelled message was made with a key; False for anything malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(from_base64(signature_b64), signed(label, body))
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public_key: bytes) -> str:
    """Return the first 32 hexadecimal digits of a key's SHA-256: what an enrolment code says of it."""
    return hashlib.sha256(public_key).hexdigest()[:32]
