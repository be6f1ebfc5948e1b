"""What a scanned or typed code is: a card, an NIK or KK number, a product, or none of them. Pure.

A card number has 14 digits: a 12-digit serial and two check digits by ISO 7064 MOD 97-10, which finds every
single wrong digit, every swap of neighbours and 99 % of the rest. Only digits, because letters arrive wrong when
the keyboard layout of the computer is not the scanner's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from kube_pos.ledger.ids import CardToken

CARD_DIGITS = 14
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_SEPARATORS = re.compile(r"[\s\-.]")


@dataclass(frozen=True, slots=True)
class CardNumber:
    """A card number whose check digits are right. `digits` is an identifier: never log it."""

    digits: str

    @property
    def last4(self) -> str:
        """Return the four digits that may be shown and printed."""
        return self.digits[-4:]


@dataclass(frozen=True, slots=True)
class PersonNumber:
    """Sixteen digits: an NIK or a KK number. They look alike, so the cashier is asked which."""

    digits: str


@dataclass(frozen=True, slots=True)
class ProductCode:
    """A product's EAN-13, EAN-8 or UPC-A number with a right check digit."""

    digits: str


@dataclass(frozen=True, slots=True)
class WrongCheckDigits:
    """As long as a card number, but its check digits are wrong: misread or mistyped."""


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """No code that the till knows; `length` is all that may be told about it."""

    length: int


Scanned = CardNumber | PersonNumber | ProductCode | WrongCheckDigits | UnknownCode


def check_digits(serial: str) -> str:
    """Return the two check digits of a serial of digits (ISO 7064 MOD 97-10)."""
    return f"{98 - int(serial) * 100 % 97:02d}"


def card_number(serial: int, city: str = "6472") -> CardNumber:
    """Return the card number of a serial (0 to 99,999,999) in a city given by its 4-digit code."""
    if not 0 <= serial <= 99_999_999:
        raise ValueError("a card serial has at most 8 digits")
    body = f"{city}{serial:08d}"
    return CardNumber(body + check_digits(body))


def without_aim(text: str) -> str:
    """Return a text without the identifier that a scanner may put before it, such as `]C1`."""
    return _AIM.sub("", text)


def parse(payload: str) -> Scanned:
    """Return what a scanned or typed payload is; spaces, dashes and an AIM prefix are taken off first."""
    text = _SEPARATORS.sub("", without_aim(payload.strip()))
    if not (text.isascii() and text.isdigit()):
        return UnknownCode(len(payload))
    if len(text) == CARD_DIGITS:
        return CardNumber(text) if int(text) % 97 == 1 else WrongCheckDigits()
    if len(text) == 16:
        return PersonNumber(text)
    if len(text) in {8, 12, 13} and is_gtin(text):
        return ProductCode(text.rjust(13, "0") if len(text) == 12 else text)
    return UnknownCode(len(payload))


def keyed_hash(city_key: bytes, kind: str, digits: str) -> str:
    """Return the first 32 hexadecimal digits of HMAC-SHA-256 over «kind:digits»: all that is stored of one."""
    return hmac.new(city_key, f"{kind}:{digits}".encode(), hashlib.sha256).hexdigest()[:32]


def card_token(city_key: bytes, card: CardNumber) -> CardToken:
    """Return the token under which a card is known to tills and to the journal."""
    return CardToken(keyed_hash(city_key, "card", card.digits))


def is_gtin(digits: str) -> bool:
    """Tell whether the check digit of a trade item's number (8, 12, 13 or 14 digits) is right."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0
