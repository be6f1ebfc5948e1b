"""A printable document: lines of text with alignment and weight, pictures of codes, cuts. Pure.

Whoever renders a receipt makes a `Document`; a printer driver turns it into bytes, the screen into a picture of paper.
Text is already laid out for the width: a driver never wraps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WIDTHS = (32, 42, 48)
"""Columns of font A that printers of 58 and 80 mm have."""


class Align(StrEnum):
    """Where a line stands."""

    LEFT = "left"
    CENTER = "center"


@dataclass(frozen=True, slots=True)
class Text:
    """One line of at most `columns` characters (half as many when `double`)."""

    text: str
    align: Align = Align.LEFT
    bold: bool = False
    double: bool = False
    """Twice as high and twice as wide."""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code, printed in the middle."""

    payload: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Feed and cut, or only feed on a printer that has no cutter."""


Block = Text | QrCode | Cut


@dataclass(frozen=True, slots=True)
class PrintDocument:
    """What to print, laid out for a number of columns."""

    columns: int
    blocks: tuple[Block, ...]

    def plain_text(self) -> str:
        """Return the lines as text, for previews and tests; a QR code is one line `[QR payload]`."""
        lines: list[str] = []
        for block in self.blocks:
            if isinstance(block, Text):
                width = self.columns // 2 if block.double else self.columns
                lines.append(block.text.center(width).rstrip() if block.align is Align.CENTER else block.text)
            elif isinstance(block, QrCode):
                lines.append(f"[QR {block.payload}]")
        return "\n".join(lines) + "\n"
