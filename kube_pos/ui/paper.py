"""The picture of a receipt: the very lines that the printer gets, on white paper."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kube_pos.devices.document import Align, Cut, PrintDocument, QrCode, Text
from kube_pos.ui.fonts import paper_font

_MARGIN = 16
_TEXT_PIXELS = 15
_QR_MODULE = 3
_INK = QColor("#101010")
_PAPER = QColor("#ffffff")
_EDGE = QColor("#b9c4c0")

QrMatrix = Callable[[str], tuple[tuple[bool, ...], ...]]


class Paper(QWidget):
    """Draws a print document as paper; empty until it is given one."""

    def __init__(self, qr_matrix: QrMatrix, name: str) -> None:
        """Begin without paper."""
        super().__init__()
        self._qr_matrix = qr_matrix
        self._document: PrintDocument | None = None
        self._codes: dict[str, tuple[tuple[bool, ...], ...]] = {}
        self._name = name
        self.setAccessibleName(name)

    def show_document(self, document: PrintDocument | None) -> None:
        """Show a document, or nothing."""
        self._document = document
        blocks = document.blocks if document else ()
        self._codes = {b.payload: self._qr_matrix(b.payload) for b in blocks if isinstance(b, QrCode)}
        self.setAccessibleDescription(document.plain_text() if document else "")
        self.setFixedSize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the paper."""
        if self._document is None:
            return QSize(0, 0)
        height = sum(self._height(block) for block in self._document.blocks)
        return QSize(self._column() * self._document.columns + 2 * _MARGIN, height + 2 * _MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the paper."""
        del event
        if self._document is None:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), _PAPER)
        painter.setPen(_EDGE)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        top = _MARGIN
        for block in self._document.blocks:
            height = self._height(block)
            if isinstance(block, Text):
                self._draw_text(painter, block, top, height)
            elif isinstance(block, QrCode):
                self._draw_code(painter, self._codes[block.payload], top)
            else:
                painter.setPen(_EDGE)
                painter.drawLine(0, top + height // 2, self.width(), top + height // 2)
            top += height
        painter.end()

    def _draw_text(self, painter: QPainter, block: Text, top: int, height: int) -> None:
        font = paper_font(_TEXT_PIXELS * 2 if block.double else _TEXT_PIXELS)
        font.setBold(block.bold)
        painter.setFont(font)
        painter.setPen(_INK)
        # Every character gets its column, so that the picture lines up as the printer's fixed type does.
        cell = self._column() * (2 if block.double else 1)
        left = _MARGIN
        if block.align is Align.CENTER:
            left += max(0, (self.width() - 2 * _MARGIN - cell * len(block.text)) // 2)
        for place, character in enumerate(block.text):
            painter.drawText(QRect(left + place * cell, top, cell, height), Qt.AlignmentFlag.AlignCenter, character)

    def _draw_code(self, painter: QPainter, rows: tuple[tuple[bool, ...], ...], top: int) -> None:
        left = (self.width() - len(rows) * _QR_MODULE) // 2
        for line, row in enumerate(rows):
            for place, dark in enumerate(row):
                if dark:
                    x, y = left + place * _QR_MODULE, top + 8 + line * _QR_MODULE
                    painter.fillRect(x, y, _QR_MODULE, _QR_MODULE, _INK)

    def _height(self, block: Text | QrCode | Cut) -> int:
        if isinstance(block, QrCode):
            return len(self._codes.get(block.payload, ())) * _QR_MODULE + 16
        if isinstance(block, Text):
            return self._line() * (2 if block.double else 1)
        return 12

    def _line(self) -> int:
        return QFontMetrics(paper_font(_TEXT_PIXELS)).height() + 1

    def _column(self) -> int:
        return QFontMetrics(paper_font(_TEXT_PIXELS)).horizontalAdvance("0")
