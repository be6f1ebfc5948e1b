"""Tutup Hari: what the open sales add up to, whether it agrees three ways, what is unsent, and the close."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kube_pos.ledger.documents import Role, Staff
from kube_pos.ledger.entries import GeneralSale, Redemption, Reversal
from kube_pos.ledger.ports import PrintKind, Stored
from kube_pos.ledger.quantity import format_number, format_rupiah
from kube_pos.operations.closing import DayReport, close_day, x_report
from kube_pos.ui.approval import Approval
from kube_pos.ui.banner import Tone
from kube_pos.ui.closing_export import export_newest
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, ToneFrame, card, label, scrolled
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.slips import Slips
from kube_pos.ui.table_models import Column, RowsModel, Table

Part = tuple[str, str, int]


class ClosingPage(QWidget):
    """The X report at any time, and the close by a manager."""

    def __init__(self, context: Context) -> None:
        """Lay the page out."""
        super().__init__()
        self._context = context
        say = context.say
        self._close = Button(say("closing.close"), context.theme, kind="primary", icon_name="closing")
        self._close.clicked.connect(self._ask)
        self._slips = Slips(context)
        self._print = Button(say("printing.print_x"), context.theme, icon_name="printer")
        self._print.clicked.connect(lambda: self._slips.report(PrintKind.X_REPORT))
        export = Button(say("handover.export"), context.theme, icon_name="receipt")
        export.clicked.connect(lambda: export_newest(context))
        self._head = PageHead(say("closing.title"), "", export, self._print, self._close)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(12)
        outer.addWidget(self._head)
        outer.addWidget(self._make_check())
        outer.addWidget(self._make_verdict())
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._make_parts(), 1)
        row.addWidget(self._make_side())
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Read the open sales."""
        self._approval_box.hide()
        self._unsent_words.show()
        self.refresh()
        self._close.setFocus()

    def refresh(self) -> None:
        """Read the open sales again."""
        report, say = x_report(self._context.desk.till), self._context.say
        totals = report.totals
        self._head.show_words(say("closing.words", day=self._context.texts.day(report.day), n=len(report.sales)))
        for name, value in (("used", totals.entitlement_used), ("out", totals.goods_out), ("cash", totals.cash)):
            self._money[name].setText(format_rupiah(value))
        for name, count in (
            ("redemptions", totals.redemptions),
            ("general_sales", totals.general_sales),
            ("reversals", totals.reversals),
        ):
            self._counts[name].setText(format_number(count))
        self._show_verdict(totals.difference)
        self._show_unsent(report)
        self._model.show_rows(self._parts(report))
        self._close.setEnabled(bool(report.sales))
        self._print.setEnabled(bool(report.sales))

    def _make_check(self) -> QFrame:
        frame = card()
        row = QHBoxLayout(frame)
        row.setContentsMargins(20, 12, 20, 12)
        self._money: dict[str, QLabel] = {}
        for name in ("used", "out", "cash"):
            column = QVBoxLayout()
            column.setSpacing(0)
            self._money[name] = label("", "figure")
            column.addWidget(label(self._context.say(f"closing.{name}"), "soft", wraps=True))
            column.addWidget(self._money[name])
            row.addLayout(column, 1)
        counts = QGridLayout()
        counts.setHorizontalSpacing(16)
        counts.setVerticalSpacing(2)
        self._counts: dict[str, QLabel] = {}
        for line, name in enumerate(("redemptions", "general_sales", "reversals")):
            self._counts[name] = label("", "strong")
            counts.addWidget(label(self._context.say(f"closing.{name}"), "soft"), line, 0)
            counts.addWidget(self._counts[name], line, 1)
        row.addLayout(counts)
        return frame

    def _make_verdict(self) -> QFrame:
        self._verdict = ToneFrame("good")
        row = QHBoxLayout(self._verdict)
        row.setContentsMargins(16, 8, 16, 8)
        self._sign = IconLabel("check", self._context.theme.colours.on_good_soft, 28)
        self._sentence = label("", "large", wraps=True)
        row.addWidget(self._sign)
        row.addWidget(self._sentence, 1)
        return self._verdict

    def _make_parts(self) -> QWidget:
        say = self._context.say
        self._model: RowsModel[Part] = RowsModel(
            (
                Column(say("closing.by"), lambda part: part[0], 190),
                Column(say("closing.of"), lambda part: part[1]),
                Column(say("closing.amount"), lambda part: format_rupiah(part[2]), 160, True),
            )
        )
        return Table(self._model, say("closing.title"), row_height=44)

    def _make_side(self) -> QFrame:
        say = self._context.say
        frame = card()
        frame.setFixedWidth(440)
        inner_side = QWidget()
        edge = QVBoxLayout(frame)
        edge.setContentsMargins(2, 2, 2, 2)
        edge.addWidget(scrolled(inner_side))
        column = QVBoxLayout(inner_side)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addWidget(label(say("closing.unsent"), "large"))
        self._unsent = label("", "body", wraps=True)
        column.addWidget(self._unsent)
        self._unsent_words = label(say("closing.unsent_words"), "small", wraps=True)
        column.addWidget(self._unsent_words)
        column.addStretch(1)
        self._approval_box = QWidget()
        inner = QVBoxLayout(self._approval_box)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(label(say("closing.ask"), "large", wraps=True))
        self._approval = Approval(self._context, say("closing.go"))
        self._approval.approved.connect(self._approved)
        inner.addWidget(self._approval)
        self._approval_box.hide()
        column.addWidget(self._approval_box)
        return frame

    def _show_verdict(self, difference: int) -> None:
        colours = self._context.theme.colours
        agrees = difference == 0
        self._verdict.set_tone("good" if agrees else "bad")
        self._sign.show_icon("check" if agrees else "warning", colours.on_good_soft if agrees else colours.on_bad_soft)
        key = "closing.agrees" if agrees else "closing.differs"
        self._sentence.setText(self._context.say(key, difference=format_rupiah(difference)))

    def _show_unsent(self, report: DayReport) -> None:
        desk, say = self._context.desk, self._context.say
        acked = desk.till.journal.head()[0] - desk.sync_status().unsent
        waiting = [seq for seq in report.sales if seq > acked]
        names = [receipt_of(desk.till.journal.entry(seq)) for seq in waiting[:24]]
        more = say("closing.more", n=len(waiting) - 24) if len(waiting) > 24 else ""
        self._unsent.setText(", ".join(names) + more if names else say("closing.all_sent"))

    def _parts(self, report: DayReport) -> tuple[Part, ...]:
        say, texts = self._context.say, self._context.texts
        catalogue, totals = self._context.desk.till.replica.catalogue(), report.totals
        funds = {key: fund.name for key, fund in catalogue.funds.items()}
        staff = {key: person.name for key, person in catalogue.staff.items()}
        return (
            *((say("closing.by_month"), texts.month(key), value) for key, value in sorted(totals.by_month.items())),
            *((say("closing.by_fund"), funds.get(key, ""), value) for key, value in totals.by_fund.items()),
            *((say("closing.by_staff"), staff.get(key, ""), value) for key, value in totals.by_staff.items()),
        )

    def _ask(self) -> None:
        if self._context.session().staff.role is Role.CASHIER:
            self._unsent_words.hide()
            self._approval_box.show()
            self._approval.begin()
        else:
            self._approved(self._context.session().staff)

    def _approved(self, manager: Staff) -> None:
        self._close.setEnabled(False)
        till, session = self._context.desk.till, self._context.session()
        self._context.bridge.run(lambda: close_day(till, session, manager), self._closed, self._failed)

    def _closed(self, stored: Stored) -> None:
        self._approval_box.hide()
        self._slips.report(PrintKind.Z_REPORT, stored.seq)
        self._context.tell(Tone.GOOD, self._context.say("closing.closed"))
        self.refresh()

    def _failed(self, error: Exception) -> None:
        self._close.setEnabled(True)
        self._context.fail(error)


def receipt_of(stored: Stored | None) -> str:
    """Return the receipt number of a stored sale; empty for anything else."""
    entry = stored.entry if stored is not None else None
    return entry.receipt if isinstance(entry, Redemption | GeneralSale | Reversal) else ""
