"""Kasir, in the decision: someone else collects for the family. Who, how related, why, and was the KK shown?"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.entries import Proxy
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, choice, field, label, named_field

RELATIONS = ("spouse", "child", "parent", "sibling", "neighbour", "other")
REASONS = ("ill", "elderly", "disabled", "working", "away", "other")


class ProxyForm(QWidget):
    """A short form in place; `given` carries the proxy."""

    given = Signal(object)
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the form out."""
        super().__init__()
        self._context = context
        say = context.say
        self._name = field(say("proxy.name"))
        self._name.setMaxLength(60)
        self._name.returnPressed.connect(self._give)
        self._relation = _choice(say("proxy.relation"), [say(f"proxy.relation_{each}") for each in RELATIONS])
        self._reason = _choice(say("proxy.reason"), [say(f"proxy.reason_{each}") for each in REASONS])
        self._shown = QCheckBox(say("proxy.family_card"))
        self._shown.setAccessibleName(say("proxy.family_card"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.addWidget(label(say("proxy.title"), "large"))
        grid = QGridLayout()
        grid.setSpacing(12)
        grid.addWidget(named_field(say("proxy.name"), self._name), 0, 0, 1, 2)
        grid.addWidget(named_field(say("proxy.relation"), self._relation), 1, 0)
        grid.addWidget(named_field(say("proxy.reason"), self._reason), 1, 1)
        grid.addWidget(self._shown, 2, 0, 1, 2)
        column.addLayout(grid)
        column.addStretch(1)
        buttons = QHBoxLayout()
        keep = Button(say("proxy.keep"), context.theme, kind="primary", icon_name="check")
        keep.clicked.connect(self._give)
        leave = Button(say("action.cancel"), context.theme)
        leave.clicked.connect(self.left)
        buttons.addWidget(keep)
        buttons.addWidget(leave)
        buttons.addStretch(1)
        column.addLayout(buttons)

    def begin(self) -> None:
        """Empty the form and put the cursor at its start."""
        self._name.clear()
        self._shown.setChecked(False)
        self._relation.setCurrentIndex(0)
        self._reason.setCurrentIndex(0)
        self._name.setFocus()

    def _give(self) -> None:
        name = self._name.text().strip()
        if not name:
            self._name.setFocus()
            return
        self.given.emit(
            Proxy(
                name=name,
                relation=self._relation.currentText(),
                family_card_shown=self._shown.isChecked(),
                reason=self._reason.currentText(),
            )
        )


def _choice(name: str, words: list[str]) -> QComboBox:
    box = choice(name)
    box.addItems(words)
    return box
