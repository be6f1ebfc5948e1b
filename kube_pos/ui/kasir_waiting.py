"""Kasir, first state: the till waits for a card; scan it, show it to the camera, or type its number."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kube_pos.devices.ports import Frame
from kube_pos.ledger.quantity import format_number, format_rupiah
from kube_pos.operations.closing import x_report
from kube_pos.ui.camera_view import CameraView
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, field, label, named_field
from kube_pos.ui.keypad import DIGITS, Keypad

_PICTURE_GONE_MS = 2_000


class WaitingPanel(QWidget):
    """«Pindai kartu»; `typed` carries a number that was typed."""

    typed = Signal(str)
    cash_wanted = Signal()
    slip_wanted = Signal()
    deliveries_wanted = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the panel out."""
        super().__init__()
        self._context = context
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(16)
        row.addWidget(self._aim(), 1)
        row.addWidget(self._today(), 0)

    def _aim(self) -> QFrame:
        say = self._context.say
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(32, 24, 32, 24)
        column.setSpacing(10)
        column.addWidget(label(say("waiting.title"), "hero"), 0, Qt.AlignmentFlag.AlignHCenter)
        self._hint = label(say("waiting.hint"), "large", wraps=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._hint)
        self._camera = CameraView(self._context.theme, say("waiting.camera"))
        column.addWidget(self._camera, 1)
        self._number = field(say("waiting.number"), say("waiting.number_hint"))
        self._number.setMaxLength(32)
        self._number.returnPressed.connect(self._submit)
        look = Button(say("waiting.look"), self._context.theme, icon_name="search")
        look.clicked.connect(self._submit)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(named_field(say("waiting.number"), self._number), 1)
        line.addWidget(look, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(line)
        column.addWidget(Keypad(self._context.theme, self._number, say("key.back"), DIGITS))
        column.addLayout(self._without_card())
        self._picture_age = QTimer(self)
        self._picture_age.setSingleShot(True)
        self._picture_age.timeout.connect(self._no_picture)
        return frame

    def _today(self) -> QFrame:
        say = self._context.say
        frame = card()
        frame.setFixedWidth(300)
        column = QVBoxLayout(frame)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(4)
        column.addWidget(label(say("waiting.today"), "title"))
        column.addSpacing(12)
        self._figures: dict[str, QLabel] = {}
        for name in ("families", "aid", "cash", "listed"):
            self._figures[name] = label("0", "figure")
            column.addWidget(self._figures[name])
            column.addWidget(label(say(f"waiting.{name}"), "soft", wraps=True))
            column.addSpacing(6)
        column.addStretch(1)
        return frame

    def _without_card(self) -> QHBoxLayout:
        say, theme = self._context.say, self._context.theme
        row = QHBoxLayout()
        row.setSpacing(10)
        self._deliveries = Button(say("waiting.deliveries", n=0), theme, icon_name="truck")
        cash = Button(say("special.cash"), theme, icon_name="cash")
        slip = Button(say("waiting.slip"), theme, icon_name="receipt")
        for button, signal in (
            (cash, self.cash_wanted),
            (slip, self.slip_wanted),
            (self._deliveries, self.deliveries_wanted),
        ):
            button.clicked.connect(signal)
            row.addWidget(button, 1)
        return row

    def begin(self) -> None:
        """Show today's counts and put the cursor into the number field."""
        till = self._context.desk.till
        totals = x_report(till).totals
        self._figures["families"].setText(format_number(totals.redemptions))
        self._figures["aid"].setText(format_rupiah(totals.entitlement_used))
        self._figures["cash"].setText(format_rupiah(totals.cash))
        self._figures["listed"].setText(format_number(till.replica.family_count()))
        on_the_way = len(till.journal.open_deliveries())
        self._deliveries.set_words(self._context.say("waiting.deliveries", n=on_the_way))
        self._number.clear()
        self._number.setFocus()

    def show_frame(self, frame: Frame) -> None:
        """Show a camera picture and what would make it better."""
        self._camera.show_frame(frame)
        key = f"camera_hint.{frame.hint}"
        texts = self._context.texts
        has_words = bool(frame.hint) and texts.has(key)
        self._hint.setText(texts.say(key) if has_words else self._context.say("waiting.aim"))
        self._picture_age.start(_PICTURE_GONE_MS)

    def _no_picture(self) -> None:
        self._camera.clear()
        self._hint.setText(self._context.say("waiting.hint"))

    def _submit(self) -> None:
        text = self._number.text().strip()
        self._number.clear()
        if text:
            self.typed.emit(text)
        self._number.setFocus()
