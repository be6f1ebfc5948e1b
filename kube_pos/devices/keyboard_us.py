"""Where the characters lie on a US keyboard, by X11 key codes (evdev + 8). Pure.

Scanners come set to the US layout. The code of a key tells its place, whatever layout and Caps Lock the computer has.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ROWS = (
    (10, "1234567890-=", "!@#$%^&*()_+"),
    (24, "qwertyuiop[]", "QWERTYUIOP{}"),
    (38, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (51, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (65, " ", " "),
)
_KEYPAD = MappingProxyType(
    {79: "7", 80: "8", 81: "9", 82: "-", 83: "4", 84: "5", 85: "6", 87: "1", 88: "2", 89: "3", 90: "0"}
)


def _table() -> Mapping[int, tuple[str, str]]:
    table = {
        first + place: (plain, shifted)
        for first, plains, shifts in _ROWS
        for place, (plain, shifted) in enumerate(zip(plains, shifts, strict=True))
    }
    table.update({code: (text, text) for code, text in _KEYPAD.items()})
    return MappingProxyType(table)


_CHARACTERS = _table()

MODIFIER_CODES = frozenset({37, 50, 62, 64, 66, 77, 92, 105, 108, 133, 134, 203})
"""Control, Shift, Alt, Caps Lock, Num Lock, AltGr and Super: they come between the characters of a scan."""


def us_character(scan_code: int, *, shift: bool) -> str | None:
    """Return what a US keyboard types at a place, or None for a key without a character."""
    pair = _CHARACTERS.get(scan_code)
    return None if pair is None else pair[1 if shift else 0]


def us_scan_code(character: str) -> tuple[int, bool] | None:
    """Return the place of a character and whether Shift is held, or None when a US keyboard does not have it."""
    for code, pair in _CHARACTERS.items():
        if character in pair:
            return code, character != pair[0]
    return None
