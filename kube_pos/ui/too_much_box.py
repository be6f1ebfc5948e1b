"""What to do when a basket is worth more than the balance: what to take out, or what to pay in cash; one tap each."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from kube_pos.ledger.basket import TooMuch
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, ToneFrame, label


class TooMuchBox(ToneFrame):
    """The advice with its two answers."""

    put_back = Signal()
    pay_cash = Signal()

    def __init__(self, context: Context) -> None:
        """Begin hidden."""
        super().__init__("bad")
        self._context = context
        say, theme = context.say, context.theme
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(IconLabel("warning", theme.colours.on_bad_soft, 24))
        self._advice = label("", "strong", wraps=True)
        head.addWidget(self._advice, 1)
        column.addLayout(head)
        answers = QHBoxLayout()
        answers.setSpacing(8)
        put_back = Button(say("goods.put_back"), theme, icon_name="minus")
        put_back.clicked.connect(self.put_back)
        pay_cash = Button(say("goods.pay_cash"), theme, icon_name="cash")
        pay_cash.clicked.connect(self.pay_cash)
        answers.addWidget(put_back)
        answers.addWidget(pay_cash)
        column.addLayout(answers)
        self.hide()

    def advise(self, found: TooMuch | None) -> None:
        """Show the advice, or nothing."""
        if found is not None:
            drops = ", ".join(
                f"{drop.product.name} {format_quantity(drop.quantity, drop.product.unit)}" for drop in found.drops
            )
            self._advice.setText(self._context.say("goods.advice", drops=drops))
            over = self._context.say("goods.over", excess=format_rupiah(found.excess))
            self.setAccessibleName(f"{over}. {self._advice.text()}")
        self.setVisible(found is not None)
