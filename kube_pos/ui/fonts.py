"""The letters of the window: Inter, shipped with the program, with figures of one width."""

from __future__ import annotations

from importlib import resources

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QWidget

from kube_pos.ui.theme import Theme


def install_fonts() -> None:
    """Make Inter known to Qt; needs the application."""
    folder = resources.files("kube_pos.ui") / "assets" / "fonts"
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".ttf"):
            QFontDatabase.addApplicationFontFromData(entry.read_bytes())


def base_font(theme: Theme) -> QFont:
    """Return the font of the application."""
    font = QFont("Inter")
    font.setPixelSize(theme.sizes.body)
    return font


def with_tabular_figures(widget: QWidget) -> None:
    """Give a widget figures of one width, also where the style sheet sets its size."""
    font = widget.font()
    font.setFeature(QFont.Tag("tnum"), 1)
    widget.setFont(font)


def paper_font(pixels: int) -> QFont:
    """Return the machine's font of one width, for the picture of a receipt."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(pixels)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font
