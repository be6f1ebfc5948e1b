"""Keys for fingers, in a block or in a row; they type into a field and never take the focus from it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from kube_pos.ui.controls import Button
from kube_pos.ui.theme import Theme

BLOCK = ("123", "456", "789", " 0<")
ROW = ("1234567890,×<",)
DIGITS = ("1234567890<",)
_TYPED = {"×": "*"}


class Keypad(QWidget):
    """Digit keys laid out as the rows given; «<» takes the last character away."""

    def __init__(self, theme: Theme, target: QLineEdit, back_words: str, rows: tuple[str, ...] = BLOCK) -> None:
        """Make keys that type into `target`."""
        super().__init__()
        self._target = target
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6 if len(rows) > 1 else 3)
        for line, row in enumerate(rows):
            for place, face in enumerate(row):
                if face != " ":
                    grid.addWidget(self._key(face, theme, back_words, roomy=len(rows) > 2), line, place)

    def _key(self, face: str, theme: Theme, back_words: str, *, roomy: bool) -> Button:
        back = face == "<"
        key = Button("" if back else face, theme, kind="key", icon_name="backspace" if back else "")
        key.setAccessibleName(back_words if back else face)
        key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key.setProperty("roomy", "true" if roomy else "false")
        key.clicked.connect(self._target.backspace if back else lambda: self._target.insert(_TYPED.get(face, face)))
        return key
