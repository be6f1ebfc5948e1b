"""The office as an issuer of cards: signs the text of their QR codes, and tells the tills by which key."""

from __future__ import annotations

from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kube_pos.ledger import signed_cards
from kube_pos.ledger.cards import CardNumber
from kube_pos.ledger.documents import IssuerKey
from kube_pos.sync.wire import to_base64
from kube_pos.upstream.keys import Keys

KEY_ID = "SMD1"
_PURPOSE = b"kube-pos card issuer 1"


def issuer_key(keys: Keys, from_day: date) -> IssuerKey:
    """Return the document by which tills check the office's cards; put it into the feed by `catalogue`."""
    public = _private(keys).public_key().public_bytes_raw()
    return IssuerKey(id=KEY_ID, public_key=to_base64(public), from_day=from_day)


def signed_card(keys: Keys, card: CardNumber, issued: date) -> str:
    """Return the text of a card's QR code."""
    return signed_cards.write(KEY_ID, card, issued, _private(keys).sign)


def _private(keys: Keys) -> Ed25519PrivateKey:
    # A key of its own, made of the office's: what signs cards must not be able to sign answers.
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    return Ed25519PrivateKey.from_private_bytes(derive.derive(keys.signing.private_bytes_raw()))
