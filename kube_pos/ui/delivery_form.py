"""Stok: a delivery against its note. Each product as stated on the note, as weighed, and as accepted."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout

from kube_pos.ledger.cards import ProductCode, parse
from kube_pos.ledger.documents import Product
from kube_pos.ledger.entries import ReceiptLine
from kube_pos.ledger.ids import ProductId
from kube_pos.ledger.quantity import Thousandths, format_quantity, parse_quantity
from kube_pos.operations.look_up import product_with_barcode
from kube_pos.operations.stock import receive_delivery
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, choice, field, label, named_field
from kube_pos.ui.table_models import Column, RowsModel, Table

Entered = tuple[Product, ReceiptLine]


class DeliveryForm(QFrame):
    """Collects the lines of one delivery and stores them."""

    stored = Signal()
    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the form out."""
        super().__init__()
        self._context = context
        self._lines: dict[ProductId, Entered] = {}
        self._products: dict[ProductId, Product] = {}
        say = context.say
        self.setProperty("surface", "card")
        self.setFixedWidth(560)
        self._note, self._supplier = field(say("stock.field.delivery_note_no")), field(say("stock.field.supplier"))
        self._product = choice(say("stock.product"))
        self._stated, self._weighed, self._accepted = (
            field(say(f"delivery.{name}"), "0") for name in ("stated", "weighed", "accepted")
        )
        self._stated.textEdited.connect(self._assume_whole)
        for edit in (self._stated, self._weighed, self._accepted):
            edit.returnPressed.connect(self._add_line)
        self._model: RowsModel[Entered] = RowsModel(
            (
                Column(say("stock.product"), lambda e: e[0].name),
                Column(say("delivery.stated"), lambda e: format_quantity(e[1].stated, e[0].unit), 140, True),
                Column(say("delivery.accepted"), lambda e: format_quantity(e[1].accepted, e[0].unit), 110, True),
            )
        )
        self._lay_out()

    def begin(self) -> None:
        """Begin a new delivery."""
        self._lines.clear()
        self._model.show_rows(())
        catalogue = self._context.desk.till.replica.catalogue()
        self._products = dict(catalogue.products)
        self._product.clear()
        for product in sorted(self._products.values(), key=lambda product: product.name):
            self._product.addItem(f"{product.name} ({product.unit})", product.id)
        for edit in (self._note, self._supplier, self._stated, self._weighed, self._accepted):
            edit.clear()
        self._save.setEnabled(True)
        self._note.setFocus()

    def take_code(self, payload: str) -> bool:
        """Choose the product that was scanned; tell whether the code was a product's."""
        scanned = parse(payload)
        if not isinstance(scanned, ProductCode):
            return False
        product = product_with_barcode(self._context.desk.till, scanned.digits)
        if product is None:
            self._context.tell(Tone.WARN, self._context.say("goods.unknown"))
        else:
            self._product.setCurrentIndex(self._product.findData(product.id))
            self._stated.setFocus()
        return True

    def _lay_out(self) -> None:
        say, theme = self._context.say, self._context.theme
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        column.addWidget(label(say("delivery.title"), "title"))
        papers = QHBoxLayout()
        papers.addWidget(named_field(say("stock.field.delivery_note_no"), self._note), 1)
        papers.addWidget(named_field(say("stock.field.supplier"), self._supplier), 1)
        column.addLayout(papers)
        column.addWidget(named_field(say("stock.product"), self._product))
        amounts = QHBoxLayout()
        for name, edit in (("stated", self._stated), ("weighed", self._weighed), ("accepted", self._accepted)):
            amounts.addWidget(named_field(say(f"delivery.{name}"), edit), 1)
        column.addLayout(amounts)
        add = Button(say("delivery.add"), theme, icon_name="plus")
        add.clicked.connect(self._add_line)
        column.addWidget(add)
        column.addWidget(Table(self._model, say("delivery.lines"), row_height=42, choosable=False), 1)
        buttons = QHBoxLayout()
        leave = Button(say("action.cancel"), theme, icon_name="back")
        leave.clicked.connect(self.left)
        self._save = Button(say("delivery.save"), theme, kind="primary", icon_name="check")
        self._save.clicked.connect(self._store)
        buttons.addWidget(leave)
        buttons.addWidget(self._save, 1)
        column.addLayout(buttons)

    def _assume_whole(self, text: str) -> None:
        """Take the stated quantity for weighed and accepted too, until someone says otherwise."""
        self._weighed.setText(text)
        self._accepted.setText(text)

    def _add_line(self) -> None:
        product = self._products.get(ProductId(int(self._product.currentData() or 0)))
        amounts = [_quantity(edit) for edit in (self._stated, self._weighed, self._accepted)]
        if product is None or None in amounts:
            self._context.tell(Tone.WARN, self._context.say("delivery.bad_quantity"))
            return
        stated, weighed, accepted = (Thousandths(amount or 0) for amount in amounts)
        line = ReceiptLine(product=product.id, stated=stated, weighed=weighed, accepted=accepted)
        self._lines[product.id] = (product, line)
        self._model.show_rows(tuple(self._lines.values()))
        for edit in (self._stated, self._weighed, self._accepted):
            edit.clear()
        self._product.setFocus()

    def _store(self) -> None:
        self._save.setEnabled(False)
        till, session = self._context.desk.till, self._context.session()
        note, supplier = self._note.text(), self._supplier.text()
        accepted = {key: line for key, (_, line) in self._lines.items()}
        self._context.bridge.run(
            lambda: receive_delivery(till, session, note, supplier, accepted), lambda _: self._done(), self._failed
        )

    def _done(self) -> None:
        self._context.tell(Tone.GOOD, self._context.say("delivery.stored"))
        self.stored.emit()

    def _failed(self, error: Exception) -> None:
        self._save.setEnabled(True)
        self._context.fail(error)


def _quantity(edit: QLineEdit) -> int | None:
    """Return the quantity in a field, 0 for «0», None for what is no quantity."""
    text = edit.text().strip()
    return 0 if text in {"", "0"} and edit.text() else parse_quantity(text)
