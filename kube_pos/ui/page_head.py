"""The top of a page: its title, what it is for, and room for its buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ui.controls import label


class PageHead(QWidget):
    """A title with a line of words under it; buttons stand at the right."""

    def __init__(self, title: str, words: str, *buttons: QWidget) -> None:
        """Lay the head out."""
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(label(title, "name"))
        self._words = label(words, "soft", wraps=True)
        names.addWidget(self._words)
        row.addLayout(names, 1)
        for button in buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_words(self, words: str) -> None:
        """Change the line under the title."""
        self._words.setText(words)
