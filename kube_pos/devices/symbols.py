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
    """Read as the EAN-13 that it is, with a 0 in front."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One code found in a picture. `payload` may be an identifier: never log it."""

    payload: str
    symbology: Symbology
    box: Box
    summed: bool = False
    """Added up from several frames: only what proves itself is believed, for the next sum is no second witness."""


LONG_CODES = frozenset({Symbology.CODE128, Symbology.EAN13, Symbology.EAN8, Symbology.UPCA})
"""The one-dimensional kinds."""

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


def contradict(found: list[Decoded]) -> bool:
    """Tell whether two readings of one place differ: at least one of them is wrong, and nobody knows which."""
    codes = [code for code in found if code.symbology in LONG_CODES]
    return any(
        one.payload != other.payload and one.symbology is other.symbology and _overlap(one.box, other.box)
        for place, one in enumerate(codes)
        for other in codes[place + 1 :]
    )


def _overlap(one: Box, other: Box) -> bool:
    # Readings of one code lie in lines below each other, so their middles are closer than the code is wide.
    (x1, y1), (x2, y2) = _middle(one), _middle(other)
    width = max(abs(one[1][0] - one[0][0]) + abs(one[1][1] - one[0][1]), 1)
    return (x1 - x2) ** 2 + (y1 - y2) ** 2 < (width * 0.4) ** 2


def _middle(box: Box) -> tuple[float, float]:
    return sum(x for x, _ in box) / 4, sum(y for _, y in box) / 4
