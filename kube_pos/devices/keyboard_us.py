"""Where the characters lie on a US keyboard, by X11 key codes (evdev + 8), and Windows' scan codes as such. Pure.

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


_WINDOWS_EXTENDED = MappingProxyType({0x11C: 104, 0x11D: 105, 0x135: 106, 0x138: 108, 0x15B: 133, 0x15C: 134})
"""Keys of Windows' second block: the keypad's Enter and slash, the right Control and Alt, both Windows keys."""
_WINDOWS_LAST = 0x58


def from_windows(scan_code: int) -> int:
    """Return the X11 key code of a Windows scan code (set 1); 0 for a key that no scanner presses.

    Linux took over the numbers of the first block as they were, and X11 adds 8.
    """
    if 0 < scan_code <= _WINDOWS_LAST:
        return scan_code + 8
    # Some drivers report the second block by its prefix byte E0.
    extended = scan_code & 0xFF | 0x100 if scan_code >> 8 in {0x01, 0xE0} else scan_code
    return _WINDOWS_EXTENDED.get(extended, 0)
