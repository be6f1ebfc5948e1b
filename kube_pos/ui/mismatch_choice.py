"""Kasir, in the decision: which of the family's data is wrong? One tap prints a ticket; no balance changes."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from kube_pos.ledger.entries import Mismatch
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, label


class MismatchChoice(QWidget):
    """A button for each kind of mismatch; `chosen` carries the kind."""

    chosen = Signal(object)
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the choices out."""
        super().__init__()
        say = context.say
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.addWidget(label(say("mismatch.title"), "large"))
        column.addWidget(label(say("mismatch.hint"), "soft", wraps=True))
        grid = QGridLayout()
        grid.setSpacing(10)
        self._first: Button | None = None
        for place, kind in enumerate(Mismatch):
            button = Button(context.texts.say(f"mismatch.{kind.value}"), context.theme, icon_name="flag", kind="left")
            button.clicked.connect(lambda _checked=False, kind=kind: self.chosen.emit(kind))
            grid.addWidget(button, place // 2, place % 2)
            self._first = self._first or button
        leave = Button(say("action.cancel"), context.theme, icon_name="back", kind="left")
        leave.clicked.connect(self.left)
        grid.addWidget(leave, len(Mismatch) // 2, len(Mismatch) % 2)
        column.addLayout(grid)
        column.addStretch(1)

    def begin(self) -> None:
        """Put the focus on the first choice."""
        if self._first is not None:
            self._first.setFocus()
