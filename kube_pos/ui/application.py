"""The Qt application: its font, its look, and one style for every machine."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QApplication

from kube_pos.ui.fonts import base_font, install_fonts
from kube_pos.ui.theme import LIGHT, Theme, style_sheet


def make_application(arguments: Sequence[str], theme: Theme = LIGHT) -> QApplication:
    """Return the one Qt application of the process, dressed in a theme."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(list(arguments))
    application.setApplicationName("kube-pos")
    dress(application, theme)
    return application


def dress(application: QApplication, theme: Theme) -> None:
    """Give an application the fonts and the look of a theme."""
    install_fonts()
    application.setStyle("Fusion")
    application.setFont(base_font(theme))
    application.setStyleSheet(style_sheet(theme))
