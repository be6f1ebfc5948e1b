"""Stok: what the book says is on the shelf, the card of each product, and forms for what moves it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from kube_pos.ledger.ports import PrintKind
from kube_pos.ledger.quantity import format_quantity, format_rupiah
from kube_pos.operations.stock import StockLine, stock_lines
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button
from kube_pos.ui.delivery_form import DeliveryForm
from kube_pos.ui.icons import icon
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.slips import Slips
from kube_pos.ui.stock_card_view import StockCardView
from kube_pos.ui.stock_move_form import StockMoveForm
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
        self._to_card = Button(say("stock_card.open"), context.theme, icon_name="history")
        self._to_card.clicked.connect(self._open_card)
        self._move = Button(say("stock_move.open"), context.theme, icon_name="stock")
        self._move.clicked.connect(self._open_moves)
        self._head = PageHead(say("stock.title"), "", printed, self._to_card, self._move, self._receive)
        self._form, self._moves = DeliveryForm(context), StockMoveForm(context)
        for form in (self._form, self._moves):
            form.stored.connect(self._stored)
            form.left.connect(self._close_form)
            form.hide()
        self._moves.counting.connect(lambda blind: self._table.setColumnHidden(1, blind))
        self._card = StockCardView(context)
        self._card.left.connect(self._close_card)
        self._views = QStackedWidget()
        self._views.addWidget(self._table)
        self._views.addWidget(self._card)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(12)
        outer.addWidget(self._head)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._views, 1)
        row.addWidget(self._form)
        row.addWidget(self._moves)
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Read the stock."""
        self.refresh()
        shown = next((form for form in (self._form, self._moves) if form.isVisible()), self._table)
        shown.setFocus()

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
        self._make_room(self._form)
        self._form.begin()

    def _open_moves(self) -> None:
        self._make_room(self._moves)
        chosen = self._model.row(self._table.chosen())
        self._moves.begin(chosen.product.id if chosen else None)

    def _make_room(self, form: QWidget) -> None:
        self._views.setCurrentWidget(self._table)
        form.show()
        self._table.setColumnHidden(2, True)
        for opener in (self._receive, self._move, self._to_card):
            opener.setEnabled(False)

    def _open_card(self) -> None:
        chosen = self._model.row(self._table.chosen())
        if chosen is None:
            self._context.tell(Tone.INFO, self._context.say("stock_card.choose"))
            return
        self._views.setCurrentWidget(self._card)
        self._card.open(chosen.product)

    def _close_card(self) -> None:
        self._views.setCurrentWidget(self._table)
        self._table.setFocus()

    def _close_form(self) -> None:
        self._form.hide()
        self._moves.hide()
        for column in (1, 2):
            self._table.setColumnHidden(column, False)
        for opener in (self._receive, self._move, self._to_card):
            opener.setEnabled(True)
        self._table.setFocus()

    def _stored(self) -> None:
        self._close_form()
        self.refresh()
