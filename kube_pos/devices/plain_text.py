"""Turns any text into the characters that every printer has. Pure.

One character becomes at most one: the lines were laid out by columns. Control characters go: a product's name with an
escape sequence in it could else open the drawer or cut the paper.
"""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

_ALIKE = MappingProxyType(
    str.maketrans(
        {
            "‘": "'", "’": "'", "‚": "'", "′": "'", "`": "'",
            "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
            "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
            "•": "*", "·": ".", "…": ".", "×": "x", "÷": "/", "±": "+",
            "ß": "s", "æ": "a", "Æ": "A", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i",
            "→": ">", "←": "<", "✓": "v", "✗": "x", "|": "|", "\t": " ", "\n": " ", "\r": " ",
        }
    )
)  # fmt: skip


def to_ascii(text: str) -> str:
    """Return printable ASCII of the same number of columns or fewer; what has no likeness becomes «?»."""
    composed = unicodedata.normalize("NFC", text).translate(_ALIKE)
    return "".join(_one(character) for character in composed)


def _one(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else ""
    kind = unicodedata.category(character)
    if kind in {"Cc", "Cf", "Mn", "Me"}:
        return ""
    if kind == "Zs":
        return " "
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part.isascii() and part.isprintable())
    return plain if len(plain) == 1 else "?"
