"""A row of buttons of which one is chosen: by colour, a tick and the word for a screen reader."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QWidget

from kube_pos.ui.controls import Button
from kube_pos.ui.theme import Theme


class ChoiceRow(QWidget):
    """Buttons for a few values."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, name: str, options: tuple[tuple[str, str], ...]) -> None:
        """Offer values with their words; the first is chosen."""
        super().__init__()
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._buttons: dict[str, Button] = {}
        self._value = options[0][0]
        for value, words in options:
            button = Button(words, theme)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, picked=value: self._pick(picked))
            self._buttons[value] = button
            row.addWidget(button, 1)
        self.choose(self._value)

    @property
    def value(self) -> str:
        """Return what is chosen."""
        return self._value

    def choose(self, value: str) -> None:
        """Choose a value without telling anyone."""
        self._value = value
        for each, button in self._buttons.items():
            button.setChecked(each == value)
            if each == value:
                button.set_icon("check")
            else:
                button.setIcon(QIcon())

    def _pick(self, value: str) -> None:
        self.choose(value)
        self.chosen.emit(value)
