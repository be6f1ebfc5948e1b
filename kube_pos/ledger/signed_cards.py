"""A card number that its issuer signed: a QR that proves itself offline. Pure.

`SSC1.<key id>.<card number, 14 digits>.<day of issue, YYYYMMDD>.<signature>`: Ed25519 over the label `kube-pos card`, a
zero byte and everything before the last dot. The signature is base32 in capitals without padding: the whole text then
fits a QR's compact alphabet, and a keyboard scanner under Caps Lock does no harm.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kube_pos.ledger.cards import CardNumber, WrongCheckDigits, parse
from kube_pos.ledger.documents import IssuerKey

MARK = "SSC1"
_LABEL = b"kube-pos card\0"
_KEY_ID = re.compile(r"[A-Z0-9]{1,8}")


class SignatureFault(StrEnum):
    """Why a signed card is not believed."""

    BROKEN = "signed_broken"
    """Not whole: a part is missing or is no text of a signed card."""
    UNKNOWN_ISSUER = "unknown_issuer"
    FORGED = "forged"
    """Not signed by the issuer that it names: made up or changed."""
    NOT_THEN = "issuer_ended"
    """Its issuer's key did not hold on the day of issue."""


def is_signed_card(text: str) -> bool:
    """Tell whether a text claims to be a signed card."""
    return text[: len(MARK) + 1].upper() == f"{MARK}."


def write(key_id: str, card: CardNumber, issued: date, sign: Callable[[bytes], bytes]) -> str:
    """Return the text of a signed card's QR; raises ValueError for a key id that does not fit."""
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError("a key id is 1 to 8 letters A-Z and digits")
    said = f"{MARK}.{key_id}.{card.digits}.{issued:%Y%m%d}"
    signature = base64.b32encode(sign(_LABEL + said.encode())).rstrip(b"=").decode()
    return f"{said}.{signature}"


def read(text: str, issuers: Mapping[str, IssuerKey]) -> CardNumber | WrongCheckDigits | SignatureFault:
    """Return the card of a signed text; its signature is checked before anything that it says is looked at."""
    said, _, signature = text.strip().upper().rpartition(".")
    parts = said.split(".")
    if len(parts) != 4 or parts[0] != MARK or not said.isascii():
        return SignatureFault.BROKEN
    issuer = issuers.get(parts[1])
    if issuer is None:
        return SignatureFault.UNKNOWN_ISSUER if _KEY_ID.fullmatch(parts[1]) else SignatureFault.BROKEN
    try:
        raw = base64.b32decode(signature + "=" * (-len(signature) % 8))
        public = base64.urlsafe_b64decode(issuer.public_key + "=" * (-len(issuer.public_key) % 4))
    except (binascii.Error, ValueError):
        return SignatureFault.BROKEN
    # One signature has one spelling: the bits left over in its last letter are none to play with.
    if len(raw) != 64 or base64.b32encode(raw).rstrip(b"=").decode() != signature:
        return SignatureFault.BROKEN
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(raw, _LABEL + said.encode())
    except (InvalidSignature, ValueError):
        return SignatureFault.FORGED
    return _believed(parts[2], parts[3], issuer)


def _believed(digits: str, issued: str, issuer: IssuerKey) -> CardNumber | WrongCheckDigits | SignatureFault:
    try:
        day = date(int(issued[:4]), int(issued[4:6]), int(issued[6:]))
    except ValueError:
        return SignatureFault.BROKEN
    if day < issuer.from_day or (issuer.until_day is not None and day > issuer.until_day):
        return SignatureFault.NOT_THEN
    found = parse(digits)
    return found if isinstance(found, CardNumber | WrongCheckDigits) else SignatureFault.BROKEN
