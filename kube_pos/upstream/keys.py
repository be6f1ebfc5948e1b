"""The office's own secrets: the key that signs its answers, and the city's key for identifiers."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, insert, select

from kube_pos.sync.wire import from_base64, signed, to_base64
from kube_pos.upstream.tables import secret

_UPSTREAM_KEY, _CITY_KEY = "upstream_key", "city_key"


@dataclass(frozen=True, slots=True)
class Keys:
    """What the office signs and hashes with; never printed, logged or sent, but the city key to enrolled tills."""

    signing: Ed25519PrivateKey
    city: bytes

    @property
    def public(self) -> bytes:
        """Return the 32 bytes of the key that tills pin."""
        return self.signing.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """Return what enrolment codes say of the public key."""
        return hashlib.sha256(self.public).hexdigest()[:32]

    def sign(self, label: bytes, body: bytes) -> str:
        """Return the signature of a labelled message, as it stands in the header."""
        return to_base64(self.signing.sign(signed(label, body)))


def load_keys(connection: Connection) -> Keys:
    """Return the office's keys, made at first use."""
    found: dict[str, bytes] = {row.name: row.value for row in connection.execute(select(secret))}
    if _UPSTREAM_KEY not in found:
        found = {_UPSTREAM_KEY: secrets.token_bytes(32), _CITY_KEY: secrets.token_bytes(32)}
        connection.execute(insert(secret), [{"name": name, "value": value} for name, value in found.items()])
    return Keys(Ed25519PrivateKey.from_private_bytes(found[_UPSTREAM_KEY]), found[_CITY_KEY])


def is_signed_by(public_key: bytes, signature: str, label: bytes, body: bytes) -> bool:
    """Tell whether a header's signature of a labelled message was made with a key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(from_base64(signature), signed(label, body))
    except (InvalidSignature, ValueError):
        return False
    return True
