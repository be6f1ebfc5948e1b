"""The camera's picture with a frame to aim at; a drawing of a card while there is no picture."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kube_pos.devices.ports import Frame
from kube_pos.ui.icons import picture
from kube_pos.ui.theme import Theme


class CameraView(QWidget):
    """Shows the newest frame, scaled to fit."""

    def __init__(self, theme: Theme, name: str) -> None:
        """Begin without a picture."""
        super().__init__()
        self._theme = theme
        self._image: QImage | None = None
        self.setAccessibleName(name)
        self.setMinimumSize(320, 200)
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
            side = min(self.height(), 190)
            place = QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)
            painter.drawPixmap(place, picture("card", colours.accent, side))
        else:
            scaled = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - scaled.width()) // 2, (self.height() - scaled.height()) // 2
            target = QRect(left, top, scaled.width(), scaled.height())
            painter.drawImage(target, self._image)
            painter.setPen(QPen(QColor(colours.rail_focus), 4))
            aim = target.adjusted(*(int(part) for part in _inset(target)))
            painter.drawRoundedRect(aim, 12, 12)
        painter.end()


def _inset(target: QRect) -> tuple[int, int, int, int]:
    across, down = target.width() // 6, target.height() // 5
    return across, down, -across, -down
