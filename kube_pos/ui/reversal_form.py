"""Riwayat: undoing a sale needs a reason and a manager."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from kube_pos.ledger.documents import Staff
from kube_pos.ui.approval import Approval
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, choice, label, named_field

REASONS = ("wrong_family", "wrong_goods", "goods_returned", "entered_twice")


class ReversalForm(QFrame):
    """Asks why a sale is undone; `approved` carries the reason and the manager."""

    approved = Signal(str, object)
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the form out."""
        super().__init__()
        self._context = context
        say = context.say
        self.setProperty("surface", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(12)
        self._title = label("", "title", wraps=True)
        self._reason = choice(say("reversal.reason"))
        self._reason.setEditable(True)
        self._reason.addItems([say(f"reversal.{reason}") for reason in REASONS])
        self._approval = Approval(context, say("reversal.go"))
        self._approval.approved.connect(self._approve)
        leave = Button(say("action.cancel"), context.theme, icon_name="back")
        leave.clicked.connect(self.left)
        column.addWidget(self._title)
        column.addWidget(label(say("reversal.words"), "soft", wraps=True))
        column.addWidget(named_field(say("reversal.reason"), self._reason))
        column.addWidget(self._approval)
        column.addStretch(1)
        column.addWidget(leave)

    def ask(self, receipt: str) -> None:
        """Ask about one receipt."""
        self._title.setText(self._context.say("reversal.title", receipt=receipt))
        self._reason.setCurrentIndex(0)
        self._reason.setFocus()

    def _approve(self, approver: Staff) -> None:
        reason = self._reason.currentText().strip()
        if reason:
            self.approved.emit(reason, approver)
        else:
            self._reason.setFocus()
