"""What is wrong with one row of a recipients list. Pure.

A code that a spreadsheet has spoilt is refused with its reason and never repaired: a guessed digit is another person.
"""

from __future__ import annotations

import re
from enum import StrEnum

from kube_pos.ledger.cards import CardNumber, WrongCheckDigits, parse
from kube_pos.upstream.sheet import Cell

_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+")
_SIXTEEN = re.compile(r"[0-9]{16}")


class RowFault(StrEnum):
    """Why a row is refused; each has a sentence under `upstream_import.<code>`."""

    NIK_MISSING = "nik_missing"
    NIK_NUMERIC = "nik_numeric"
    NIK_SCIENTIFIC = "nik_scientific"
    NIK_LENGTH = "nik_length"
    NIK_SERIAL = "nik_serial"
    NIK_DATE = "nik_date"
    NIK_TWICE = "nik_twice"
    KK_SHAPE = "kk_shape"
    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"
    WARD_UNKNOWN = "ward_unknown"
    WARD_WITHOUT_OUTLET = "ward_without_outlet"
    OUTLET_UNKNOWN = "outlet_unknown"
    CARD_NUMERIC = "card_numeric"
    CARD_WRONG = "card_wrong"
    CARD_TWICE = "card_twice"
    CARD_OF_ANOTHER = "card_of_another"


class RowNote(StrEnum):
    """What is worth a look but refuses nothing; each has a sentence under `upstream_import.<code>`."""

    NIK_ELSEWHERE = "nik_elsewhere"


def national_id_fault(cell: Cell) -> RowFault | None:
    """Return what is wrong with an NIK; None when its shape is right."""
    if not cell.text:
        return RowFault.NIK_MISSING
    if _SCIENTIFIC.fullmatch(cell.text):
        return RowFault.NIK_SCIENTIFIC
    if cell.is_number:
        return RowFault.NIK_NUMERIC
    if _SIXTEEN.fullmatch(cell.text) is None:
        return RowFault.NIK_LENGTH
    if cell.text[12:] == "0000":
        return RowFault.NIK_SERIAL
    day, month = int(cell.text[6:8]), int(cell.text[8:10])
    if not (1 <= day <= 31 or 41 <= day <= 71) or not 1 <= month <= 12:
        return RowFault.NIK_DATE
    return None


def family_card_fault(cell: Cell) -> RowFault | None:
    """Return what is wrong with a KK number; it may be missing."""
    if not cell.text:
        return None
    return RowFault.KK_SHAPE if cell.is_number or _SIXTEEN.fullmatch(cell.text) is None else None


def card_of(cell: Cell) -> CardNumber | RowFault | None:
    """Return the card number in a cell, what is wrong with it, or None when the cell is empty."""
    if not cell.text:
        return None
    if cell.is_number:
        return RowFault.CARD_NUMERIC
    match parse(cell.text):
        case CardNumber() as number:
            return number
        case WrongCheckDigits():
            return RowFault.CARD_WRONG
        case _:
            return RowFault.CARD_WRONG


def name_fault(name: str) -> RowFault | None:
    """Return what is wrong with a holder's name."""
    if not any(letter.isalpha() for letter in name):
        return RowFault.NAME_MISSING
    return RowFault.NAME_TOO_LONG if len(name) > 100 else None


def is_from_elsewhere(national_id: str, city: str = "6472") -> bool:
    """Tell whether an NIK was first given out in another city: no fault, since an NIK never changes."""
    return not national_id.startswith(city)


def folded(text: str) -> str:
    """Return a name as it is compared: without case, and with single spaces."""
    return " ".join(text.casefold().split())
