"""A manager's approval in place: who, and the PIN. No dialog, so nothing can accept it by accident."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.errors import NotPermitted
from kube_pos.ledger.documents import Role, Staff
from kube_pos.ledger.ids import StaffId
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, choice, field, label, named_field
from kube_pos.ui.keypad import Keypad


class Approval(QWidget):
    """Asks for a manager and a PIN; `approved` carries the manager once the PIN is right."""

    approved = Signal(object)

    def __init__(self, context: Context, action: str, *, keypad: bool = True) -> None:
        """Make the form; `action` is what the button says."""
        super().__init__()
        self._context = context
        say = context.say
        self._who = choice(say("approval.who"))
        self._pin = field(say("approval.pin"), secret=True)
        self._pin.returnPressed.connect(self._check)
        self._go = Button(action, context.theme, kind="primary", icon_name="shield")
        self._go.clicked.connect(self._check)
        self._answer = label("", "strong", wraps=True)
        self._answer.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        fields = QHBoxLayout()
        fields.addWidget(named_field(say("approval.who"), self._who), 1)
        fields.addWidget(named_field(say("approval.pin"), self._pin), 1)
        column.addLayout(fields)
        column.addWidget(self._answer)
        if keypad:
            column.addWidget(Keypad(context.theme, self._pin, say("key.back"), ("12345<", "67890")))
        column.addWidget(self._go)

    def showEvent(self, event: QShowEvent) -> None:
        """Fill in who may approve, and forget the last PIN."""
        super().showEvent(event)
        self._pin.clear()
        self._answer.hide()
        self._who.clear()
        staff = self._context.desk.till.replica.catalogue().staff.values()
        for person in sorted(staff, key=lambda person: person.name):
            if person.active and person.role is not Role.CASHIER:
                self._who.addItem(person.name, person.id)

    def begin(self) -> None:
        """Put the cursor where the PIN goes."""
        self._pin.setFocus()

    def _check(self) -> None:
        staff_id = self._who.currentData()
        if staff_id is None or not self._pin.text() or not self._go.isEnabled():
            return
        self._go.setEnabled(False)
        pin, gate = self._pin.text(), self._context.desk.pins
        self._pin.clear()
        self._context.bridge.run(_checking(gate.check, StaffId(int(staff_id)), pin), self._passed, self._refused)

    def _passed(self, staff: Staff) -> None:
        self._go.setEnabled(True)
        self._answer.hide()
        self.approved.emit(staff)

    def _refused(self, error: Exception) -> None:
        self._go.setEnabled(True)
        self._answer.setText(self._context.words_of(error))
        self._answer.show()
        self._pin.setFocus()


def _checking(check: Callable[[StaffId, str], Staff], staff_id: StaffId, pin: str) -> Callable[[], Staff]:
    def job() -> Staff:
        staff = check(staff_id, pin)
        if staff.role is Role.CASHIER:
            raise NotPermitted(role=Role.MANAGER.value)
        return staff

    return job
