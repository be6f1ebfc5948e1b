"""Kasir, fourth state: the sale is stored; what was given, what is left, and the receipt as the printer gets it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.entries import GeneralSale, Redemption
from kube_pos.ledger.ports import PrintKind, Stored
from kube_pos.ledger.quantity import format_rupiah
from kube_pos.ledger.totals import rupiah_drawn
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, ToneFrame, card, label, scrolled
from kube_pos.ui.paper import Paper
from kube_pos.ui.print_line import PrintLine


class DonePanel(QWidget):
    """Shows one stored sale; the next scan starts the next family."""

    next_family = Signal()
    reprint_wanted = Signal(int)
    print_answered = Signal(int, bool)

    def __init__(self, context: Context) -> None:
        """Lay the panel out."""
        super().__init__()
        self._context = context
        self._seq = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 14, 16, 14)
        row.setSpacing(14)
        row.addLayout(self._make_left(), 1)
        self._paper = Paper(context.desk.qr_matrix, context.say("done.paper"))
        sheet = card("sunken")
        sheet.setFixedWidth(500)
        inner = QWidget()
        centred = QVBoxLayout(inner)
        centred.setContentsMargins(12, 12, 12, 12)
        centred.addWidget(self._paper, 0, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(scrolled(inner))
        row.addWidget(sheet)

    def show_sale(self, stored: Stored, entry: Redemption | GeneralSale, name: str) -> None:
        """Show a stored sale."""
        say = self._context.say
        self._seq = stored.seq
        is_aid = isinstance(entry, Redemption)
        used = rupiah_drawn(entry) if isinstance(entry, Redemption) else 0
        extra = _given_beyond(entry) if isinstance(entry, Redemption) else 0
        self._receipt.setText(say("done.receipt", receipt=entry.receipt, name=name))
        self._given.setText(format_rupiah(used + extra))
        self._rest.setText(format_rupiah(entry.opening - used) if isinstance(entry, Redemption) else "")
        self._figures.setVisible(is_aid)
        cash = sum(line.total for line in (entry.cash if isinstance(entry, Redemption) else entry.lines))
        self._cash.setText(say("done.cash", amount=format_rupiah(cash)))
        self._cash_box.setVisible(bool(cash))
        self._paper.show_document(self._context.desk.render(PrintKind.RECEIPT, stored.seq, 0))
        self.refresh()
        self._next.setFocus()

    @property
    def seq(self) -> int:
        """Return the number of the sale on show."""
        return self._seq

    def take_focus(self) -> None:
        """Let Enter go on with the next family."""
        self._next.setFocus()

    def refresh(self) -> None:
        """Read again whether the receipt was printed and the sale sent."""
        if not self._seq:
            return
        self._print.show_states(self._context.desk.print_states(self._seq))
        head, unsent = self._context.desk.till.journal.head()[0], self._context.desk.sync_status().unsent
        self._sync.setText(self._context.say("done.sent" if self._seq <= head - unsent else "done.unsent"))

    def _make_left(self) -> QVBoxLayout:
        say, theme = self._context.say, self._context.theme
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addWidget(self._make_head())
        self._figures = self._make_figures()
        column.addWidget(self._figures)
        self._cash_box = ToneFrame("warn")
        cash_row = QHBoxLayout(self._cash_box)
        cash_row.addWidget(IconLabel("cash", theme.colours.on_warn_soft, 30))
        self._cash = label("", "title")
        cash_row.addWidget(self._cash, 1)
        column.addWidget(self._cash_box)
        self._print = PrintLine(self._context)
        self._print.answered.connect(lambda came: self.print_answered.emit(self._seq, came))
        column.addWidget(self._print)
        self._sync = label("", "soft", wraps=True)
        column.addWidget(self._sync)
        column.addStretch(1)
        column.addWidget(label(say("done.scan_next"), "large", wraps=True))
        buttons = QHBoxLayout()
        self._next = Button(say("done.next"), theme, kind="primary", icon_name="next", hint="Enter", tall=True)
        self._next.clicked.connect(self.next_family)
        again = Button(say("done.reprint"), theme, icon_name="printer", tall=True)
        again.clicked.connect(lambda: self.reprint_wanted.emit(self._seq))
        buttons.addWidget(self._next, 1)
        buttons.addWidget(again)
        column.addLayout(buttons)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.next_family)
        return column

    def _make_head(self) -> QFrame:
        frame = ToneFrame("good")
        row = QHBoxLayout(frame)
        row.setContentsMargins(20, 14, 20, 14)
        row.setSpacing(18)
        row.addWidget(IconLabel("check", self._context.theme.colours.on_good_soft, 64))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(self._context.say("done.title"), "hero"))
        self._receipt = label("", "large", wraps=True)
        words.addWidget(self._receipt)
        row.addLayout(words, 1)
        return frame

    def _make_figures(self) -> QFrame:
        frame = card()
        row = QHBoxLayout(frame)
        row.setContentsMargins(20, 12, 20, 12)
        self._given, self._rest = label("", "figure"), label("", "figure")
        for name, figure in (("given", self._given), ("rest", self._rest)):
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(label(self._context.say(f"done.{name}"), "soft"))
            column.addWidget(figure)
            row.addLayout(column, 1)
        return frame


def _given_beyond(entry: Redemption) -> int:
    """Return the rupiah of goods that no row of the family paid for: a stand-in, or a slip beyond the balance."""
    return entry.stand_in.amount if entry.stand_in is not None else sum(line.over for line in entry.lines)
