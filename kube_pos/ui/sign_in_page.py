"""Sign-in: choose your name, enter your PIN. The basket of a locked till is still there afterwards."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.documents import Staff
from kube_pos.ledger.ids import StaffId
from kube_pos.operations.signing_in import sign_in
from kube_pos.operations.till import Session
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, card, field, label, named_field, scrolled
from kube_pos.ui.keypad import Keypad


class SignInPage(QWidget):
    """Lets one person in; `signed_in` carries the session."""

    signed_in = Signal(object)

    def __init__(self, context: Context) -> None:
        """Lay the page out."""
        super().__init__()
        self._context = context
        self._chosen: StaffId | None = None
        self._buttons: dict[StaffId, Button] = {}
        outer = QHBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        frame = card()
        frame.setMaximumWidth(980)
        outer.addStretch(1)
        outer.addWidget(frame, 20, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)
        row = QHBoxLayout(frame)
        row.setContentsMargins(32, 28, 32, 28)
        row.setSpacing(36)
        row.addLayout(self._make_names(), 1)
        row.addWidget(_upright())
        row.addLayout(self._make_pin(), 1)

    def begin(self) -> None:
        """Show who may sign in today."""
        for button in self._buttons.values():
            button.hide()
            button.deleteLater()
        self._buttons.clear()
        people = self._context.desk.till.replica.catalogue().staff.values()
        for person in sorted((p for p in people if p.active), key=lambda p: (p.role.value, p.name)):
            self._add(person)
        self._pin.clear()
        self._answer.hide()
        self._nobody.setVisible(not self._buttons)
        if self._buttons:
            again = self._chosen if self._chosen in self._buttons else next(iter(self._buttons))
            self._choose(again)

    def _make_names(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(10)
        outlet = self._context.desk.till.replica.catalogue().outlets.get(self._context.desk.till.identity.outlet_id)
        head = QHBoxLayout()
        head.addWidget(IconLabel("lock", self._context.theme.colours.accent, 34))
        head.addWidget(label(self._context.say("sign_in.title"), "name"), 1)
        column.addLayout(head)
        where = f"{outlet.name} · {outlet.ward}" if outlet else ""
        column.addWidget(label(where, "soft", wraps=True))
        column.addWidget(label(self._context.say("sign_in.choose"), "large"))
        inner = QWidget()
        self._names = QVBoxLayout(inner)
        self._names.setContentsMargins(0, 0, 8, 0)
        self._names.setSpacing(8)
        self._names.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = scrolled(inner)
        area.setMinimumHeight(300)
        column.addWidget(area, 1)
        self._nobody = label(self._context.say("sign_in.nobody"), "body", wraps=True)
        column.addWidget(self._nobody)
        return column

    def _make_pin(self) -> QVBoxLayout:
        say = self._context.say
        column = QVBoxLayout()
        column.setSpacing(12)
        self._pin = field(say("sign_in.pin"), secret=True)
        self._pin.setMaxLength(12)
        self._pin.returnPressed.connect(self._check)
        column.addWidget(named_field(say("sign_in.pin"), self._pin))
        column.addWidget(Keypad(self._context.theme, self._pin, say("key.back")))
        self._answer = label("", "strong", wraps=True)
        self._answer.setStyleSheet(f"color: {self._context.theme.colours.on_bad_soft};")
        column.addWidget(self._answer)
        column.addStretch(1)
        self._go = Button(
            say("sign_in.go"), self._context.theme, kind="primary", icon_name="next", hint="Enter", tall=True
        )
        self._go.clicked.connect(self._check)
        column.addWidget(self._go)
        return column

    def _add(self, person: Staff) -> None:
        role = self._context.texts.say(f"role.{person.role.value}")
        button = Button(f"{person.name}  ·  {role}", self._context.theme, kind="left", icon_name="user", tall=True)
        button.setCheckable(True)
        button.clicked.connect(lambda: self._choose(person.id))
        self._names.addWidget(button)
        self._buttons[person.id] = button

    def _choose(self, staff_id: StaffId) -> None:
        self._chosen = staff_id
        for each, button in self._buttons.items():
            button.setChecked(each == staff_id)
        self._pin.setFocus()

    def _check(self) -> None:
        staff_id, pin = self._chosen, self._pin.text()
        if staff_id is None or not pin or not self._go.isEnabled():
            self._pin.setFocus()
            return
        self._go.setEnabled(False)
        self._pin.clear()
        till, gate = self._context.desk.till, self._context.desk.pins
        self._context.bridge.run(lambda: sign_in(till, gate.check(staff_id, pin)), self._passed, self._refused)

    def _passed(self, session: Session) -> None:
        self._go.setEnabled(True)
        self._answer.hide()
        self.signed_in.emit(session)

    def _refused(self, error: Exception) -> None:
        self._go.setEnabled(True)
        self._answer.setText(self._context.words_of(error))
        self._answer.show()
        self._pin.setFocus()


def _upright() -> QFrame:
    line = QFrame()
    line.setProperty("surface", "upright")
    return line
