"""From what a reader gave to what it is, by the rules that the programmes set. Pure.

First the reader's own dress is taken off (AIM identifier, FNC1, group separators), then a signature is checked, then
the rest is recognised; last the rules say whether a code of that kind is taken at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from kube_pos.ledger.cards import (
    CardNumber,
    PersonNumber,
    ProductCode,
    UnknownCode,
    WrongCheckDigits,
    is_gtin,
    parse,
    without_aim,
)
from kube_pos.ledger.documents import IssuerKey, PayloadKind, PayloadRule
from kube_pos.ledger.ids import ProgramId
from kube_pos.ledger.signed_cards import SignatureFault, is_signed_card, read

_GROUP_SEPARATOR = "\x1d"
_GS1_DRESS = ("]C1", "]e0", "]d2", "]Q3")
"""AIM identifiers that tell of GS1 content."""
_GTIN_FIELD = "01"


class NotTaken(StrEnum):
    """A code that is right, but of a kind that no programme here takes."""

    UNSIGNED_CARD = "unsigned_card"
    SIGNED_CARD = "signed_not_taken"
    PERSON_NUMBER = "number_not_taken"


Payload = CardNumber | PersonNumber | ProductCode | WrongCheckDigits | UnknownCode | SignatureFault | NotTaken


def accepted(rules: Iterable[PayloadRule], programs: Iterable[ProgramId], day: date) -> frozenset[PayloadKind]:
    """Return the kinds that at least one programme takes on a day; a programme without a rule takes all."""
    begun = [rule for rule in rules if rule.from_day <= day]
    taken: set[PayloadKind] = set()
    for program in programs:
        own = [rule for rule in begun if rule.program_id == program]
        taken.update(max(own, key=lambda rule: rule.from_day).accepts if own else PayloadKind)
    return frozenset(taken) or frozenset(PayloadKind)


def recognise(
    payload: str, issuers: Mapping[str, IssuerKey], kinds: frozenset[PayloadKind], *, typed: bool = False
) -> Payload:
    """Return what a code is.

    A number that was typed because the card can't be read is taken though only signed cards are scanned: the rules are
    about what a reader may read, and what is typed is counted apart.
    """
    text = undressed(payload)
    if is_signed_card(text):
        signed = read(text, issuers)
        if isinstance(signed, CardNumber) and PayloadKind.SIGNED_CARD not in kinds:
            return NotTaken.SIGNED_CARD
        return signed
    product = _gs1_product(payload, text)
    found = parse(text) if product is None else product
    match found:
        case CardNumber() if not typed and PayloadKind.CARD_NUMBER not in kinds:
            return NotTaken.UNSIGNED_CARD
        case PersonNumber() if PayloadKind.PERSON_NUMBER not in kinds:
            return NotTaken.PERSON_NUMBER
        case UnknownCode():
            return UnknownCode(len(payload))
        case _:
            return found


def undressed(payload: str) -> str:
    """Return a payload without AIM identifier, and without separators at its ends."""
    return without_aim(payload.strip().strip(_GROUP_SEPARATOR)).strip(_GROUP_SEPARATOR).strip()


def _gs1_product(payload: str, text: str) -> ProductCode | UnknownCode | None:
    """Return the product of a GS1 code that begins with its number: sixteen digits that are nobody's NIK."""
    # Python counts the group separator among the white space.
    is_gs1 = payload.lstrip(" \t\r\n").startswith((_GROUP_SEPARATOR, *_GS1_DRESS))
    number = text[len(_GTIN_FIELD) : len(_GTIN_FIELD) + 14]
    if not (is_gs1 and text.startswith(_GTIN_FIELD) and len(number) == 14 and number.isascii() and number.isdigit()):
        return None
    return ProductCode(number.removeprefix("0")) if is_gtin(number) else UnknownCode(len(payload))
