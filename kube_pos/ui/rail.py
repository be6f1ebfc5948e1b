"""The left rail: the pages of the till, each with its key."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, label

PLACES = (
    ("kasir", "F1", "card"),
    ("riwayat", "F2", "history"),
    ("stok", "F3", "stock"),
    ("tutup", "F4", "closing"),
    ("sinkron", "F6", "sync"),
    ("perangkat", "F7", "devices"),
    ("bantuan", "F12", "help"),
)


class Rail(QFrame):
    """Buttons for the pages; `chosen` carries a page's name."""

    chosen = Signal(str)

    def __init__(self, context: Context, window: QWidget) -> None:
        """Lay the rail out; its keys work in the whole of `window`."""
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(172)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 14, 10, 10)
        column.setSpacing(6)
        column.addWidget(label(context.say("rail.brand"), "title"))
        column.addWidget(label(context.desk.till.identity.terminal, "strong"))
        column.addSpacing(10)
        self._buttons: dict[str, Button] = {}
        for name, key, sign in PLACES:
            button = Button(context.say(f"rail.{name}"), context.theme, kind="rail", icon_name=sign)
            button.setText(f"{context.say(f'rail.{name}')}\n{key}")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, name=name: self.chosen.emit(name))
            QShortcut(QKeySequence(key), window).activated.connect(lambda name=name: self.chosen.emit(name))
            column.addWidget(button)
            self._buttons[name] = button
        column.addStretch(1)

    def show_place(self, name: str) -> None:
        """Mark the page that is open."""
        for each, button in self._buttons.items():
            button.setChecked(each == name)
