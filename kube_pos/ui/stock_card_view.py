"""Stok: the card of one product. A chart of its days, and every movement with the balance after it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.documents import Product, price_on
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.operations.stock_card import DayOfStock, Movement, StockBook
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, label
from kube_pos.ui.stock_chart import StockChart
from kube_pos.ui.table_models import Column, RowsModel, Table

_DAYS = 30
Read = tuple[tuple[Movement, ...], tuple[DayOfStock, ...]]


class StockCardView(QWidget):
    """Reads the card on the writer's thread and shows it."""

    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the view out."""
        super().__init__()
        self._context = context
        self._book = StockBook()
        self._product: Product | None = None
        say = context.say
        self._title = label("", "title")
        self._prices = label("", "soft", wraps=True)
        self._chart = StockChart(context, say("stock_card.chart"))
        self._model: RowsModel[Movement] = RowsModel(
            (
                Column(say("stock_card.day"), lambda line: context.texts.moment(line.at_ms).removesuffix(" WITA"), 170),
                Column(say("stock_card.kind"), lambda line: context.texts.say(f"movement.{line.kind}"), 190),
                Column(say("stock_card.paper"), lambda line: line.paper),
                Column(say("stock_card.change"), lambda line: self._signed(line.change), 150, True),
                Column(say("stock_card.balance"), lambda line: format_quantity(line.balance), 120, True),
            )
        )
        leave = Button(say("stock_card.back"), context.theme, icon_name="back")
        leave.clicked.connect(self.left)
        head = QHBoxLayout()
        names = QVBoxLayout()
        names.addWidget(self._title)
        names.addWidget(self._prices)
        head.addLayout(names, 1)
        head.addWidget(leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self._chart)
        column.addWidget(Table(self._model, say("stock_card.open"), row_height=40), 1)

    def open(self, product: Product) -> None:
        """Show the card of a product."""
        self._product = product
        say, today = self._context.say, self._context.desk.till.today()
        self._title.setText(say("stock_card.title", product=product.name))
        begun = [price.from_day for price in product.prices if price.from_day <= today]
        self._prices.setText(
            say(
                "stock_card.prices",
                price=_money(price_on(product, today)),
                since=self._context.texts.day(max(begun)) if begun else "-",
                reference=_money(product.reference_price),
                ceiling=_money(product.ceiling_price),
            )
        )
        self._model.show_rows(())
        self._context.bridge.run(self._reading(product), lambda read: self._show(product, read))

    def _reading(self, product: Product) -> Callable[[], Read | None]:
        book, journal = self._book, self._context.desk.till.journal

        def read() -> Read | None:
            # One batch a turn: what a cashier stores meanwhile comes between.
            if book.read_on(journal):
                return None
            return book.card(journal, product.id), book.by_day(product.id)[-_DAYS:]

        return read

    def _show(self, product: Product, read: Read | None) -> None:
        if product is not self._product:
            return
        if read is None:
            self._context.bridge.run(self._reading(product), lambda more: self._show(product, more))
            return
        movements, days = read
        self._model.show_rows(movements)
        self._chart.show_days(days, product.unit)

    def _signed(self, change: int) -> str:
        unit = self._product.unit if self._product else ""
        return ("+" if change > 0 else "") + format_quantity(change, unit)


def _money(amount: int | None) -> str:
    return format_rupiah(amount) if amount is not None else "-"
