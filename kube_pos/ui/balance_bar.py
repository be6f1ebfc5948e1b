"""How much of the balance a basket takes, as a bar; the words beside it say the same."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kube_pos.ui.theme import Theme

_HEIGHT = 18


class BalanceBar(QWidget):
    """A bar from nothing to the whole balance; full and hatched when the basket is too much."""

    def __init__(self, theme: Theme) -> None:
        """Begin with nothing used."""
        super().__init__()
        self._theme = theme
        self._used = 0
        self._whole = 1
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the size the bar likes."""
        return QSize(200, _HEIGHT)

    def show_part(self, used: int, whole: int) -> None:
        """Show `used` of `whole`."""
        self._used, self._whole = used, max(whole, 1)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self._theme.colours
        painter.setPen(QColor(colours.line_strong))
        painter.setBrush(QColor(colours.sunken))
        radius = _HEIGHT / 2
        painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, _HEIGHT - 1), radius, radius)
        too_much = self._used > self._whole
        width = (self.width() - 4) * min(self._used, self._whole) // self._whole
        if width >= _HEIGHT // 2:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.bad if too_much else colours.accent))
            painter.drawRoundedRect(QRectF(2, 2, width, _HEIGHT - 4), radius - 2, radius - 2)
        if too_much:
            painter.setBrush(Qt.BrushStyle.BDiagPattern)
            painter.drawRoundedRect(QRectF(2, 2, width, _HEIGHT - 4), radius - 2, radius - 2)
        painter.end()
