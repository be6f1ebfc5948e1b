"""Kasir, from the waiting state: what is on its way to families' homes; who took it, or back to the shelf."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ledger.days import wita
from kube_pos.ledger.documents import Staff
from kube_pos.operations.deliveries import OpenDelivery, bring_back, confirm_delivery, open_deliveries
from kube_pos.ui.approval import Approval
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, choice, field, label, named_field, scrolled
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.proxy_form import RELATIONS
from kube_pos.ui.table_models import Column, RowsModel, Table


class DeliveriesPanel(QWidget):
    """Lists the open deliveries and closes one by one."""

    left = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the panel out."""
        super().__init__()
        self._context = context
        say, theme = context.say, context.theme
        leave = Button(say("action.back"), theme, icon_name="back", hint="Esc")
        leave.clicked.connect(self.left)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(12)
        outer.addWidget(PageHead(say("on_the_way.title"), say("on_the_way.words"), leave))
        row = QHBoxLayout()
        row.setSpacing(14)
        self._model: RowsModel[OpenDelivery] = RowsModel(
            (
                Column(say("history.receipt"), lambda each: each.entry.receipt, 126),
                Column(say("history.when"), lambda each: f"{wita(each.entry.at):%d/%m/%y %H:%M}", 154),
                Column(say("on_the_way.family"), lambda each: each.family),
            )
        )
        self._table: Table[OpenDelivery] = Table(self._model, say("on_the_way.title"))
        row.addWidget(self._table, 1)
        row.addWidget(self._make_form())
        outer.addLayout(row, 1)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.left)

    def begin(self) -> None:
        """Show what is on its way now."""
        rows = open_deliveries(self._context.desk.till)
        self._model.show_rows(rows)
        self._name.clear()
        for widget in (self._confirm, self._back):
            widget.setEnabled(bool(rows))
        if rows:
            self._table.selectRow(0)
            self._name.setFocus()
        else:
            self._table.setFocus()

    def _make_form(self) -> QFrame:
        say, theme = self._context.say, self._context.theme
        frame = card()
        frame.setFixedWidth(444)
        inner = QWidget()
        edge = QVBoxLayout(frame)
        edge.setContentsMargins(4, 4, 4, 4)
        edge.addWidget(scrolled(inner))
        column = QVBoxLayout(inner)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        self._name = field(say("on_the_way.receiver"))
        self._name.setMaxLength(80)
        self._name.returnPressed.connect(self._confirm_chosen)
        self._relation = choice(say("proxy.relation"))
        self._relation.addItem(say("on_the_way.own"))
        self._relation.addItems([say(f"proxy.relation_{each}") for each in RELATIONS])
        self._confirm = Button(say("on_the_way.confirm"), theme, kind="primary", icon_name="check", hint="Enter")
        self._confirm.clicked.connect(self._confirm_chosen)
        self._reason = choice(say("reversal.reason"))
        self._reason.setEditable(True)
        self._reason.addItems([say(f"on_the_way.reason_{each}") for each in ("nobody_home", "moved", "refused")])
        self._back = Approval(self._context, say("on_the_way.bring_back"), keypad=False)
        self._back.approved.connect(self._bring_back)
        column.addWidget(label(say("on_the_way.arrived"), "large"))
        column.addWidget(named_field(say("on_the_way.receiver"), self._name))
        column.addWidget(named_field(say("proxy.relation"), self._relation))
        column.addWidget(self._confirm)
        column.addSpacing(10)
        column.addWidget(label(say("on_the_way.came_back"), "large"))
        column.addWidget(named_field(say("reversal.reason"), self._reason))
        column.addWidget(self._back)
        column.addStretch(1)
        return frame

    def _chosen(self) -> OpenDelivery | None:
        return self._model.row(self._table.chosen())

    def _confirm_chosen(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        till, session = self._context.desk.till, self._context.session()
        name, relation = self._name.text(), self._relation.currentText()
        self._context.bridge.run(
            lambda: confirm_delivery(till, session, chosen.seq, name, relation),
            lambda _: self._done("on_the_way.confirmed", chosen),
        )

    def _bring_back(self, approver: Staff) -> None:
        chosen, reason = self._chosen(), self._reason.currentText().strip()
        if chosen is None or not reason:
            return
        till, session = self._context.desk.till, self._context.session()
        self._context.bridge.run(
            lambda: bring_back(till, session, chosen.seq, reason, approver),
            lambda _: self._done("on_the_way.is_back", chosen),
        )

    def _done(self, key: str, delivery: OpenDelivery) -> None:
        self._context.tell(Tone.GOOD, self._context.texts.say(f"ui.{key}", receipt=delivery.entry.receipt))
        self.begin()
