"""Stok: what the book says is on the shelf, and a form for a delivery."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.ports import PrintKind
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.operations.stock import StockLine, stock_lines
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button
from kube_pos.ui.delivery_form import DeliveryForm
from kube_pos.ui.icons import icon
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.slips import Slips
from kube_pos.ui.table_models import Column, RowsModel, Table


class StockPage(QWidget):
    """The stock table; the delivery form opens beside it."""

    def __init__(self, context: Context) -> None:
        """Lay the page out."""
        super().__init__()
        self._context = context
        say, colours = context.say, context.theme.colours
        there, gone = icon("check", colours.on_good_soft, 22), icon("warning", colours.on_bad_soft, 22)
        self._model: RowsModel[StockLine] = RowsModel(
            (
                Column(say("stock.product"), lambda line: line.product.name),
                Column(say("stock.on_hand"), lambda line: format_quantity(line.on_hand, line.product.unit), 140, True),
                Column(say("stock.worth"), lambda line: format_rupiah(line.worth), 140, True),
                Column(
                    say("stock.state"),
                    lambda line: say("stock.there" if line.on_hand > 0 else "stock.gone"),
                    150,
                    icon=lambda line: there if line.on_hand > 0 else gone,
                ),
            )
        )
        self._table: Table[StockLine] = Table(self._model, say("stock.title"))
        self._receive = Button(say("stock.receive"), context.theme, kind="primary", icon_name="truck")
        self._receive.clicked.connect(self._open_form)
        printed = Button(say("printing.print_stock"), context.theme, icon_name="printer")
        printed.clicked.connect(lambda: Slips(context).report(PrintKind.STOCK))
        self._head = PageHead(say("stock.title"), "", printed, self._receive)
        self._form = DeliveryForm(context)
        self._form.stored.connect(self._stored)
        self._form.left.connect(self._close_form)
        self._form.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(12)
        outer.addWidget(self._head)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._table, 1)
        row.addWidget(self._form)
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Read the stock."""
        self.refresh()
        (self._form if self._form.isVisible() else self._table).setFocus()

    def refresh(self) -> None:
        """Read the stock again."""
        lines = stock_lines(self._context.desk.till)
        self._model.show_rows(lines)
        worth = format_rupiah(sum(line.worth for line in lines))
        self._head.show_words(self._context.say("stock.words", n=len(lines), worth=worth))

    def take_code(self, payload: str) -> bool:
        """Take a scan while a delivery is being entered; tell whether it was of use here."""
        return self._form.isVisible() and self._form.take_code(payload)

    def _open_form(self) -> None:
        self._form.show()
        self._table.setColumnHidden(2, True)
        self._receive.setEnabled(False)
        self._form.begin()

    def _close_form(self) -> None:
        self._form.hide()
        self._table.setColumnHidden(2, False)
        self._receive.setEnabled(True)
        self._table.setFocus()

    def _stored(self) -> None:
        self._close_form()
        self.refresh()
