"""Kasir, beside the waiting state: sixteen digits came in place of a card. Which number, and with whose approval?"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.documents import Staff
from kube_pos.operations.look_up import AskWhichNumber, NumberKind
from kube_pos.ui.approval import Approval
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, choice, label, named_field, scrolled

REASONS = ("unreadable", "lost", "left_at_home", "proxy")
"""Why a family is looked for without its card; another reason may be typed."""


class NumberQuestion(QWidget):
    """Asks NIK or KK, then a manager's PIN; `answered` carries question, kind, manager and reason."""

    answered = Signal(object, object, object, str)
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the question out."""
        super().__init__()
        self._context = context
        self._asked: AskWhichNumber | None = None
        say = context.say
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        frame = card()
        outer.addWidget(frame)
        inner = QWidget()
        edge = QVBoxLayout(frame)
        edge.setContentsMargins(4, 4, 4, 4)
        edge.addWidget(scrolled(inner))
        column = QVBoxLayout(inner)
        column.setContentsMargins(32, 24, 32, 24)
        column.setSpacing(16)
        self._title = label("", "title", wraps=True)
        column.addWidget(self._title)
        column.addWidget(label(say("number.why"), "soft", wraps=True))
        choices = QHBoxLayout()
        self._kinds: dict[NumberKind, Button] = {}
        for kind in NumberKind:
            button = Button(say(f"number.{kind.value}"), context.theme, tall=True, icon_name="card")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, kind=kind: self._choose(kind))
            choices.addWidget(button, 1)
            self._kinds[kind] = button
        column.addLayout(choices)
        self._reason = choice(say("number.reason"))
        self._reason.setEditable(True)
        self._reason.addItems([say(f"number.reason_{reason}") for reason in REASONS])
        self._reason_box = named_field(say("number.reason"), self._reason)
        column.addWidget(self._reason_box)
        self._approval = Approval(context, say("number.look"))
        self._approval.approved.connect(self._approved)
        column.addWidget(self._approval)
        column.addStretch(1)
        leave = Button(say("action.cancel"), context.theme, hint="Esc", icon_name="back")
        leave.clicked.connect(self.left)
        column.addWidget(leave, 0, Qt.AlignmentFlag.AlignLeft)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.activated.connect(self.left)

    def ask(self, asked: AskWhichNumber) -> None:
        """Ask about a number; only its last four digits are shown."""
        self._asked = asked
        self._title.setText(self._context.say("number.title", last4=asked.digits[-4:]))
        for button in self._kinds.values():
            button.setChecked(False)
        self._reason.setCurrentIndex(0)
        for widget in (self._reason_box, self._approval):
            widget.setVisible(False)
        self._kinds[NumberKind.NIK].setFocus()

    def _choose(self, kind: NumberKind) -> None:
        for each, button in self._kinds.items():
            button.setChecked(each is kind)
        for widget in (self._reason_box, self._approval):
            widget.setVisible(True)
        self._approval.begin()

    def _approved(self, manager: Staff) -> None:
        kind = next((kind for kind, button in self._kinds.items() if button.isChecked()), None)
        reason = self._reason.currentText().strip()
        if not reason:
            self._reason.setFocus()
            return
        asked, self._asked = self._asked, None
        if kind is not None and asked is not None:
            self.answered.emit(asked, kind, manager, reason)
