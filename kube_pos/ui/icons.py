"""The icons: own drawings as SVG, coloured when they are drawn."""

from __future__ import annotations

from importlib import resources

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer


def picture(name: str, colour: str, size: int) -> QPixmap:
    """Return an icon as a picture of `size` pixels in one colour, sharp on screens of twice the density."""
    source = (resources.files("kube_pos.ui") / "assets" / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(source.replace("currentColor", colour).encode()))
    pixmap = QPixmap(size * 2, size * 2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size * 2, size * 2))
    painter.end()
    pixmap.setDevicePixelRatio(2)
    return pixmap


def icon(name: str, colour: str, size: int = 24, *, off: str = "", chosen: str = "") -> QIcon:
    """Return an icon in one colour; `off` when its button is disabled, `chosen` when it is checked."""
    made = QIcon(picture(name, colour, size))
    if off:
        made.addPixmap(picture(name, off, size), QIcon.Mode.Disabled)
    if chosen:
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Active, QIcon.Mode.Selected):
            made.addPixmap(picture(name, chosen, size), mode, QIcon.State.On)
    return made
