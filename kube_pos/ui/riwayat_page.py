"""Riwayat: the sales, newest first; the receipt as printed; a copy; undoing with a reason and a manager."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from kube_pos.ledger.cards import CardNumber, card_token, parse
from kube_pos.ledger.days import wita
from kube_pos.ledger.documents import Staff
from kube_pos.ledger.entries import GeneralSale, Redemption, Reversal
from kube_pos.ledger.ports import PrintKind, Sale, SaleRow
from kube_pos.ledger.quantity import format_rupiah
from kube_pos.ledger.totals import rupiah_drawn
from kube_pos.operations import corrections
from kube_pos.ui import words
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, field, label, scrolled
from kube_pos.ui.exchange_form import ExchangeForm
from kube_pos.ui.icons import icon
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.paper import Paper
from kube_pos.ui.print_line import PrintLine
from kube_pos.ui.reversal_form import ReversalForm
from kube_pos.ui.slips import Slips
from kube_pos.ui.table_models import Column, RowsModel, Table

_SHOWN = 200
_SEARCHED = 2_000
"""How far back a card or a time is looked for: a week of rush days."""


class RiwayatPage(QWidget):
    """The history of this till's sales."""

    def __init__(self, context: Context) -> None:
        """Lay the page out."""
        super().__init__()
        self._context = context
        self._slips = Slips(context)
        self._acked = 0
        colours = context.theme.colours
        self._sent = icon("check", colours.on_good_soft, 22)
        self._unsent = icon("clock", colours.on_warn_soft, 22)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(12)
        self._head = PageHead(context.say("history.title"), context.say("history.words"))
        outer.addWidget(self._head)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addLayout(self._make_list(), 1)
        row.addWidget(self._make_side())
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Read the newest sales."""
        self._find.setFocus()
        self.refresh()

    def refresh(self) -> None:
        """Read the sales again; the chosen one stays chosen."""
        if self._side.currentIndex():
            return
        before = self._model.row(self._table.chosen())
        journal = self._context.desk.till.journal
        self._acked = journal.head()[0] - self._context.desk.sync_status().unsent
        rows = self._found()
        self._model.show_rows(rows)
        place = next((i for i, row in enumerate(rows) if before is not None and row.seq == before.seq), 0)
        if rows:
            self._table.selectRow(place)
        self._show_chosen()

    def _found(self) -> list[SaleRow]:
        """Return the sales that were asked for: by receipt number, by the family's card, or by day or time."""
        text, till = self._find.text().strip(), self._context.desk.till
        card = parse(text)
        if isinstance(card, CardNumber):
            token = card_token(till.identity.city_key, card)
            rows = till.journal.sales(limit=_SEARCHED)
            return [row for row in rows if isinstance(row.entry, Redemption) and row.entry.card == token]
        if "/" in text or ":" in text:
            return [row for row in till.journal.sales(limit=_SEARCHED) if text in _moment(row)]
        return till.journal.sales(limit=_SHOWN, text=text)

    def _make_list(self) -> QVBoxLayout:
        say = self._context.say
        column = QVBoxLayout()
        self._find = field(say("history.find"), say("history.find_hint"))
        self._find.textChanged.connect(lambda _: self.refresh())
        column.addWidget(self._find)
        self._model: RowsModel[SaleRow] = RowsModel(
            (
                Column(say("history.receipt"), lambda row: row.entry.receipt, 126),
                Column(say("history.when"), _moment, 154),
                Column(say("history.kind"), self._kind),
                Column(say("history.total"), lambda row: format_rupiah(total_of(row.entry)), 112, True),
                Column(say("history.sync"), self._sync, 164, icon=self._sync_icon),
            )
        )
        self._table: Table[SaleRow] = Table(self._model, say("history.title"))
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._show_chosen())
        down = self._find.returnPressed
        down.connect(self._table.setFocus)
        column.addWidget(self._table, 1)
        return column

    def _make_side(self) -> QStackedWidget:
        say, theme = self._context.say, self._context.theme
        self._side = QStackedWidget()
        self._side.setFixedWidth(444)
        frame = card("sunken")
        column = QVBoxLayout(frame)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        self._paper = Paper(self._context.desk.qr_matrix, say("done.paper"))
        inner = QWidget()
        centred = QVBoxLayout(inner)
        centred.setContentsMargins(0, 0, 0, 0)
        centred.addWidget(self._paper, 0, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        column.addWidget(scrolled(inner), 1)
        self._office = label("", "soft", wraps=True)
        column.addWidget(self._office)
        self._print = PrintLine(self._context)
        self._print.answered.connect(self._answer_print)
        column.addWidget(self._print)
        self._again = Button("", theme, icon_name="printer")
        self._again.clicked.connect(self._reprint)
        self._undo = Button(say("history.undo"), theme, icon_name="undo")
        self._undo.clicked.connect(self._ask_undo)
        column.addWidget(self._again)
        column.addWidget(self._undo)
        self._swap = Button(say("history.exchange"), theme, icon_name="repeat")
        self._swap.clicked.connect(self._ask_exchange)
        column.addWidget(self._swap)
        self._form = ReversalForm(self._context)
        self._form.approved.connect(self._reverse)
        self._form.left.connect(lambda: self._side.setCurrentIndex(0))
        self._side.addWidget(frame)
        self._side.addWidget(scrolled(self._form))
        self._exchange = ExchangeForm(self._context)
        self._exchange.left.connect(lambda: self._side.setCurrentIndex(0))
        self._exchange.stored.connect(lambda: self._side.setCurrentIndex(0))
        self._side.addWidget(scrolled(self._exchange))
        return self._side

    def _show_chosen(self) -> None:
        row = self._model.row(self._table.chosen())
        self._side.setCurrentIndex(0)
        desk = self._context.desk
        self._again.setEnabled(row is not None)
        can_undo = row is not None and row.reversed_by is None and not isinstance(row.entry, Reversal)
        self._undo.setEnabled(can_undo)
        self._swap.setEnabled(can_undo)
        self._paper.show_document(desk.render(PrintKind.RECEIPT, row.seq, 0) if row else None)
        self._office.setText(words.office_said(self._context.texts, desk.office_said(row.seq)) if row else "")
        self._print.show_states(desk.print_states(row.seq) if row else ())
        copies = desk.till.journal.copies_of(row.seq) if row else 1
        again = "history.copy" if copies else "history.first_print"
        self._again.set_words(self._context.say(again, n=copies))

    def _kind(self, row: SaleRow) -> str:
        kinds = {Redemption: "redemption", GeneralSale: "general_sale", Reversal: "reversal"}
        kind = self._context.say(f"history.{kinds[type(row.entry)]}")
        return f"{kind} · {self._context.say('history.reversed')}" if row.reversed_by is not None else kind

    def _sync(self, row: SaleRow) -> str:
        return self._context.say("history.sent" if row.seq <= self._acked else "history.unsent")

    def _sync_icon(self, row: SaleRow) -> QIcon:
        return self._sent if row.seq <= self._acked else self._unsent

    def _reprint(self) -> None:
        row = self._model.row(self._table.chosen())
        if row is not None:
            self._slips.copy(row.seq, self.refresh)

    def _answer_print(self, came: bool) -> None:  # noqa: FBT001 -- a signal carries its value by position
        row = self._model.row(self._table.chosen())
        if row is not None:
            self._slips.paper_came_out(row.seq, self.refresh, came=came)

    def _ask_undo(self) -> None:
        row = self._model.row(self._table.chosen())
        if row is not None:
            self._side.setCurrentIndex(1)
            self._form.ask(row.entry.receipt)

    def _ask_exchange(self) -> None:
        row = self._model.row(self._table.chosen())
        if row is not None and not isinstance(row.entry, Reversal):
            self._side.setCurrentIndex(2)
            self._exchange.ask(row.seq, row.entry)

    def _reverse(self, reason: str, approver: Staff) -> None:
        row = self._model.row(self._table.chosen())
        if row is None:
            return
        till, session = self._context.desk.till, self._context.session()
        receipt, seq = row.entry.receipt, row.seq

        def done(_: object) -> None:
            self._context.tell(Tone.GOOD, self._context.say("history.undone", receipt=receipt))
            self._side.setCurrentIndex(0)
            self.refresh()

        self._context.bridge.run(lambda: corrections.reverse(till, session, seq, reason, approver), done)


def _moment(row: SaleRow) -> str:
    return f"{wita(row.entry.at):%d/%m/%y %H:%M}"


def total_of(entry: Sale) -> int:
    """Return what a sale took of the aid and in cash."""
    if isinstance(entry, Redemption):
        return rupiah_drawn(entry) + sum(line.total for line in entry.cash)
    if isinstance(entry, GeneralSale):
        return sum(line.total for line in entry.lines)
    return 0
