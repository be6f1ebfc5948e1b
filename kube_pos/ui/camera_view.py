"""The camera's picture with a frame to aim at; a drawing of a card while there is no picture."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kube_pos.devices.ports import Frame
from kube_pos.ui.theme import Theme

_BARS = (2, 1, 1, 2, 3, 1, 1, 3, 2, 2, 1, 1, 3, 1, 2, 3, 1, 2, 1, 1, 3, 2, 1, 3, 2, 1, 1, 2, 3, 1, 2, 1, 1, 3, 2)
"""Widths of the drawn code's bars and gaps; it stands for no number."""


class CameraView(QWidget):
    """Shows the newest frame, scaled to fit."""

    def __init__(self, theme: Theme, name: str) -> None:
        """Begin without a picture."""
        super().__init__()
        self._theme = theme
        self._image: QImage | None = None
        self.setAccessibleName(name)
        self.setMinimumSize(320, 130)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def has_picture(self) -> bool:
        """Tell whether a camera picture is on show."""
        return self._image is not None

    def sizeHint(self) -> QSize:
        """Return the size the view likes."""
        return QSize(480, 300)

    def show_frame(self, frame: Frame) -> None:
        """Show a picture."""
        size = frame.width * 3
        image = QImage(frame.pixels, frame.width, frame.height, size, QImage.Format.Format_RGB888)
        self._image = image.copy()
        self.update()

    def clear(self) -> None:
        """Go back to the drawing of a card."""
        self._image = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture and the frame to aim at."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self._theme.colours
        if self._image is None:
            _draw_card(painter, self.rect(), self._theme)
        else:
            scaled = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - scaled.width()) // 2, (self.height() - scaled.height()) // 2
            target = QRect(left, top, scaled.width(), scaled.height())
            painter.drawImage(target, self._image)
            painter.setPen(QPen(QColor(colours.rail_focus), 4))
            aim = target.adjusted(*(int(part) for part in _inset(target)))
            painter.drawRoundedRect(aim, 12, 12)
        painter.end()


def _draw_card(painter: QPainter, area: QRect, theme: Theme) -> None:
    """Draw a card with a code on it, and a scanner's red line across the code."""
    colours = theme.colours
    height = max(120, min(area.height() - 8, 230))
    face = QRect(0, 0, height * 8 // 5, height)
    face.moveCenter(area.center())
    painter.setPen(QPen(QColor(colours.accent), 3))
    painter.setBrush(QColor(colours.accent_soft))
    painter.drawRoundedRect(face, 16, 16)
    unit = height // 20
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.accent))
    painter.drawRoundedRect(face.left() + 2 * unit, face.top() + 2 * unit, 9 * unit, 2 * unit, 4, 4)
    painter.drawRoundedRect(face.left() + 2 * unit, face.top() + 5 * unit, 6 * unit, unit, 3, 3)
    left, top = face.left() + 4 * unit, face.top() + 9 * unit
    painter.setBrush(QColor(colours.ink))
    x = left
    for place, width in enumerate(_BARS):
        if place % 2 == 0:
            painter.drawRect(x, top, width * unit // 3, 7 * unit)
        x += width * unit // 3
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(colours.bad), 3))
    painter.drawLine(left - unit, top + 7 * unit // 2, x + unit, top + 7 * unit // 2)


def _inset(target: QRect) -> tuple[int, int, int, int]:
    across, down = target.width() // 6, target.height() // 5
    return across, down, -across, -down
