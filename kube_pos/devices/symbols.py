"""The kinds of codes that cards and goods carry, and what a reading must look like to be one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[int, int]
Box = tuple[Point, Point, Point, Point]
"""The corners of a code in the picture, clockwise from the upper left."""


class Symbology(StrEnum):
    """The only kinds that are read: others give partial and false readings."""

    CODE128 = "code128"
    QR = "qr"
    EAN13 = "ean13"
    EAN8 = "ean8"
    UPCA = "upca"


@dataclass(frozen=True, slots=True)
class Decoded:
    """One code found in a picture. `payload` may be an identifier: never log it."""

    payload: str
    symbology: Symbology
    box: Box


_LENGTHS = {Symbology.EAN13: 13, Symbology.EAN8: 8, Symbology.UPCA: 12}
_SHORTEST_CODE128 = 4
_GROUP_SEPARATOR = "\x1d"


def is_plausible(payload: str, symbology: Symbology) -> bool:
    """Tell whether a reading can be what its kind allows; half-read and invented ones mostly can't."""
    if symbology in _LENGTHS:
        return payload.isascii() and payload.isdigit() and len(payload) == _LENGTHS[symbology]
    text = payload.replace(_GROUP_SEPARATOR, "")
    if symbology is Symbology.CODE128:
        return len(text) >= _SHORTEST_CODE128 and text.isascii() and text.isprintable()
    return bool(text)
