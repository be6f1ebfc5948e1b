"""A bar code on the screen, large and sharp enough for a scanner."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

_QUIET = 10
"""Modules of white on either side: a scanner finds the code by them."""


class BarsView(QWidget):
    """Black on white, whatever the theme: scanners need the contrast."""

    def __init__(self, bars: tuple[bool, ...], name: str) -> None:
        """Draw the modules of a code; `name` is for screen readers."""
        super().__init__()
        self._bars = bars
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return two pixels a module and a height that is easy to hit."""
        return QSize((len(self._bars) + 2 * _QUIET) * 2, 110)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a narrower code can't be scanned."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw with whole pixels a module: a module of two and a half is read by no scanner."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("white"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("black"))
        module = max(1, self.width() // (len(self._bars) + 2 * _QUIET))
        left = (self.width() - module * len(self._bars)) // 2
        for place, is_dark in enumerate(self._bars):
            if is_dark:
                painter.drawRect(left + place * module, 8, module, self.height() - 16)
        painter.end()
