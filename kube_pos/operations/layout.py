"""Laying text out on a paper of so many columns: wrapping, pairs, totals, rules. Pure."""

from __future__ import annotations

import textwrap

from kube_pos.devices.document import WIDTHS, Align, Block, PrintDocument, Text
from kube_pos.ledger.quantity import Rupiah, format_rupiah


class Layout:
    """Gathers the blocks of one document; no line is ever wider than the paper."""

    def __init__(self, columns: int) -> None:
        """Start an empty paper of 32, 42 or 48 columns; raises ValueError for another width."""
        if columns not in WIDTHS:
            raise ValueError(f"a receipt has {WIDTHS} columns")
        self._columns = columns
        self._blocks: list[Block] = []

    def add(self, block: Block) -> None:
        """Add a block as it is."""
        self._blocks.append(block)

    def wrapped(self, text: str, *, bold: bool = False) -> None:
        """Add a text, wrapped at words, from the left edge."""
        for line in self._wrap(text, self._columns):
            self.add(Text(line, bold=bold))

    def centred(self, text: str, *, bold: bool = False) -> None:
        """Add a text, wrapped at words, in the middle."""
        for line in self._wrap(text, self._columns):
            self.add(Text(line, Align.CENTER, bold=bold))

    def big(self, text: str) -> None:
        """Add a text of double size, in the middle."""
        for line in self._wrap(text, self._columns // 2):
            self.add(Text(line, Align.CENTER, bold=True, double=True))

    def pair(self, left: str, right: str, *, bold: bool = False) -> None:
        """Add a label at the left edge and a value at the right; on two lines when they don't fit on one."""
        left, right = _one_line(left), _one_line(right)
        room = self._columns - len(right) - 1
        if len(left) <= room:
            self.add(Text(f"{left}{' ' * (self._columns - len(left) - len(right))}{right}", bold=bold))
            return
        self.wrapped(left, bold=bold)
        for line in self._wrap(right, self._columns):
            self.add(Text(line.rjust(self._columns), bold=bold))

    def total(self, label: str, amount: Rupiah) -> None:
        """Add a sum in bold, under a short rule."""
        figure = format_rupiah(amount)
        self.add(Text(("-" * len(figure)).rjust(self._columns)))
        self.pair(label, figure, bold=True)

    def rule(self) -> None:
        """Add a line across the paper."""
        self.add(Text("-" * self._columns))

    def document(self) -> PrintDocument:
        """Return what was gathered."""
        return PrintDocument(self._columns, tuple(self._blocks))

    def _wrap(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(_one_line(text), width, break_long_words=True, break_on_hyphens=False) or [""]


def _one_line(text: str) -> str:
    """Return a text whose tabs and line ends are blanks: names come from lists that others typed."""
    return "".join(" " if character.isspace() else character for character in text)
