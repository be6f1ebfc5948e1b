"""Kasir, from the waiting state: a paper slip is entered. Its number and time first, then the family's card."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.errors import KubePosError
from kube_pos.ledger.days import wita
from kube_pos.ledger.records import SlipUsed
from kube_pos.operations.paper_slips import PaperSlip, SlipUnreadable, slip_number, void_slip
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, field, label, named_field

_FORMS = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H.%M", "%d-%m-%Y %H:%M")


class SlipPanel(QWidget):
    """Collects what is written on a slip; `card_typed` carries a card's number."""

    card_typed = Signal(str)
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the panel out."""
        super().__init__()
        self._context = context
        say, theme = context.say, context.theme
        self._number = field(say("slip_entry.number"), say("slip_entry.number_hint"))
        self._number.setMaxLength(16)
        self._time = field(say("slip_entry.time"), "24/11/2026 09:30")
        self._card = field(say("waiting.number"), say("waiting.number_hint"))
        self._card.setMaxLength(32)
        self._number.returnPressed.connect(self._time.setFocus)
        self._time.returnPressed.connect(self._card.setFocus)
        self._card.returnPressed.connect(self._submit)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        frame = card()
        outer.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(32, 24, 32, 24)
        column.setSpacing(14)
        column.addWidget(label(say("slip_entry.title"), "title"))
        column.addWidget(label(say("slip_entry.words"), "soft", wraps=True))
        fields = QHBoxLayout()
        fields.setSpacing(12)
        fields.addWidget(named_field(say("slip_entry.number"), self._number), 1)
        fields.addWidget(named_field(say("slip_entry.time"), self._time), 1)
        column.addLayout(fields)
        column.addWidget(label(say("slip_entry.card"), "large", wraps=True))
        column.addWidget(named_field(say("waiting.number"), self._card))
        column.addStretch(1)
        buttons = QHBoxLayout()
        go = Button(say("slip_entry.go"), theme, kind="primary", icon_name="next", hint="Enter")
        go.clicked.connect(self._submit)
        void = Button(say("slip_entry.void"), theme, icon_name="cross")
        void.clicked.connect(self._void)
        leave = Button(say("action.cancel"), theme, icon_name="back", hint="Esc")
        leave.clicked.connect(self.left)
        for button in (go, void, leave):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.left)

    def begin(self) -> None:
        """Begin with an empty slip, of today."""
        self._number.clear()
        self._card.clear()
        self._time.setText(f"{wita(self._context.desk.till.believed_ms()):%d/%m/%Y} ")
        self._number.setFocus()

    def slip(self) -> PaperSlip | None:
        """Return the slip as typed; None, with the banner saying what is wrong, when it can't be right."""
        till = self._context.desk.till
        try:
            number = slip_number(self._number.text())
            if (seq := till.journal.slip_seq(number)) is not None:
                raise SlipUsed(slip=number, seq=seq)
            at_ms = _moment(self._time.text(), till.believed_ms())
        except KubePosError as error:
            self._context.fail(error)
            (self._time if error.facts.get("field") == "time" else self._number).setFocus()
            return None
        return PaperSlip(number, at_ms)

    def _submit(self) -> None:
        if self.slip() is not None:
            if text := self._card.text().strip():
                self._card.clear()
                self.card_typed.emit(text)
            else:
                self._card.setFocus()

    def _void(self) -> None:
        till, session, number = self._context.desk.till, self._context.session(), self._number.text()
        note = self._context.say("slip_entry.void")

        def done(_: object) -> None:
            self._context.tell(Tone.GOOD, self._context.say("slip_entry.voided", slip=number.strip()))
            self.begin()

        self._context.bridge.run(lambda: void_slip(till, session, number, note), done)


def _moment(text: str, now_ms: int) -> int:
    """Return the milliseconds of a written day and time in WITA. Raises SlipUnreadable, also for the future."""
    zone = wita(now_ms).tzinfo
    for form in _FORMS:
        try:
            found = datetime.strptime(text.strip(), form).replace(tzinfo=zone)
        except ValueError:
            continue
        at_ms = int(found.timestamp()) * 1000
        if at_ms <= now_ms:
            return at_ms
    raise SlipUnreadable(field="time")
