"""Riwayat: spoilt goods of a sale are exchanged for as much of the same commodity, with a manager's approval."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QVBoxLayout

from kube_pos.ledger.documents import Product, Staff
from kube_pos.ledger.entries import GeneralSale, MoveReason, Redemption
from kube_pos.ledger.ids import ProductId
from kube_pos.ledger.quantity import Thousandths, parse_quantity
from kube_pos.operations.exchanges import REASONS, Swap, exchange
from kube_pos.ui.approval import Approval
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, choice, field, label, named_field


class ExchangeForm(QFrame):
    """Asks what came back and what goes out for it; `stored` when it is done."""

    stored = Signal()
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the form out."""
        super().__init__()
        self._context = context
        self._seq = 0
        say = context.say
        self.setProperty("surface", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(10)
        self._title = label("", "title", wraps=True)
        self._spoilt, self._given = choice(say("exchange.spoilt")), choice(say("exchange.given"))
        self._spoilt.currentIndexChanged.connect(lambda _: self._offer_same())
        self._quantity = field(say("exchange.quantity"), "1")
        self._reason = choice(say("reversal.reason"))
        for reason in REASONS:
            self._reason.addItem(context.texts.say(f"spoilt.{reason.value}"), reason.value)
        self._supplier = QCheckBox(say("exchange.to_supplier"))
        self._supplier.setAccessibleName(say("exchange.to_supplier"))
        self._approval = Approval(context, say("exchange.go"), keypad=False)
        self._approval.approved.connect(self._store)
        leave = Button(say("action.cancel"), context.theme, icon_name="back")
        leave.clicked.connect(self.left)
        column.addWidget(self._title)
        column.addWidget(label(say("exchange.words"), "soft", wraps=True))
        for key, edit in (
            ("exchange.spoilt", self._spoilt),
            ("exchange.quantity", self._quantity),
            ("exchange.given", self._given),
            ("reversal.reason", self._reason),
        ):
            column.addWidget(named_field(context.texts.say(f"ui.{key}"), edit))
        column.addWidget(self._supplier)
        column.addWidget(self._approval)
        column.addStretch(1)
        column.addWidget(leave)

    def ask(self, seq: int, entry: Redemption | GeneralSale) -> None:
        """Ask about the goods of one sale."""
        self._seq = seq
        self._title.setText(self._context.say("exchange.title", receipt=entry.receipt))
        lines = (*entry.lines, *entry.cash) if isinstance(entry, Redemption) else entry.lines
        products = self._context.desk.till.replica.catalogue().products
        self._spoilt.clear()
        for product_id in dict.fromkeys(line.product for line in lines if line.product in products):
            self._spoilt.addItem(products[product_id].name, product_id)
        self._quantity.setText("1")
        self._supplier.setChecked(False)
        self._spoilt.setFocus()

    def _offer_same(self) -> None:
        self._given.clear()
        spoilt = self._product(self._spoilt.currentData())
        if spoilt is None:
            return
        for product in self._context.desk.till.replica.catalogue().products.values():
            if product.commodity_id == spoilt.commodity_id:
                self._given.addItem(product.name, product.id)
        self._given.setCurrentIndex(self._given.findData(spoilt.id))

    def _product(self, data: object) -> Product | None:
        products = self._context.desk.till.replica.catalogue().products
        return products.get(ProductId(data)) if isinstance(data, int) else None

    def _store(self, approver: Staff) -> None:
        spoilt, given = self._product(self._spoilt.currentData()), self._product(self._given.currentData())
        quantity = parse_quantity(self._quantity.text())
        if quantity is None:
            self._context.tell(Tone.WARN, self._context.say("delivery.bad_quantity"))
            self._quantity.setFocus()
            return
        if spoilt is None or given is None:
            return
        swap = Swap(
            spoilt,
            quantity,
            given,
            Thousandths(quantity * spoilt.contents // given.contents),
            MoveReason(self._reason.currentData()),
            self._supplier.isChecked(),
        )
        till, session, seq = self._context.desk.till, self._context.session(), self._seq

        def done(_: object) -> None:
            self._context.tell(Tone.GOOD, self._context.say("exchange.stored"))
            self.stored.emit()

        self._context.bridge.run(lambda: exchange(till, session, seq, swap, approver), done)
