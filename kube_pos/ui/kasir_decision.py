"""Kasir, second state: who stands there, and one sentence that says what may be taken, or why not and what next."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import Proxy
from kube_pos.operations.look_up import Visit
from kube_pos.operations.stand_ins import stand_in_offer
from kube_pos.ui import words
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, card, label, scrolled
from kube_pos.ui.mismatch_choice import MismatchChoice
from kube_pos.ui.month_table import MonthTable
from kube_pos.ui.proxy_form import ProxyForm
from kube_pos.ui.share_request import can_be_asked_for
from kube_pos.ui.verdict import Verdict


class DecisionPanel(QWidget):
    """Shows one visit and offers what can be done."""

    shop = Signal()
    balance_wanted = Signal()
    slip_wanted = Signal()
    mismatch_chosen = Signal(object)
    proxy_given = Signal(object)
    share_wanted = Signal()
    stand_in_wanted = Signal()
    delivery_chosen = Signal(bool)
    left = Signal()
    painted = Signal()
    """The decision of the newest visit is on the screen."""

    def __init__(self, context: Context) -> None:
        """Lay the panel out."""
        super().__init__()
        self._context = context
        self._wants_report = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(12)
        column.addWidget(self._make_head())
        self._verdict = Verdict(context)
        column.addWidget(self._verdict)
        lower = QHBoxLayout()
        lower.setSpacing(14)
        self._area = QStackedWidget()
        self._months = MonthTable(context)
        self._mismatch = MismatchChoice(context)
        self._proxy = ProxyForm(context)
        for widget in (self._months.view, _on_card(self._mismatch), _on_card(self._proxy)):
            self._area.addWidget(widget)
        lower.addWidget(self._area, 1)
        lower.addWidget(self._make_actions())
        column.addLayout(lower, 1)
        self._wire()

    def show_visit(self, visit: Visit, proxy: Proxy | None = None, *, delivery: bool = False) -> None:
        """Show a decision; the main action has the focus, so that Enter goes on."""
        self._wants_report = True
        self.update()
        decision = visit.decision
        self._show_family(visit)
        self._show_age(visit)
        self.show_proxy(proxy)
        self._months.show_lines(decision.lines)
        self._months.view.setVisible(bool(decision.lines))
        self._show_months()
        is_allowed = isinstance(decision, Allowed)
        for button in (self._shop, self._balance, self._proxy_button, self._deliver):
            button.setVisible(is_allowed)
        self._deliver.setEnabled(is_allowed)
        self._show_delivery(delivery)
        offers = stand_in_offer(self._context.desk.till, visit) is not None
        self._stand_in.setVisible(offers)
        self._stand_in.setEnabled(offers)
        self._slip.setVisible(not is_allowed)
        can_ask = can_be_asked_for(self._context, visit)
        self._ask.setVisible(can_ask)
        # A button that can't be seen would still take its key.
        self._ask.setEnabled(can_ask)
        if isinstance(decision, Allowed):
            self._verdict.show_allowed(decision)
        else:
            self._verdict.show_refused(decision, visit.list_as_of_ms)
        self.take_focus()

    def take_focus(self) -> None:
        """Give the main action the focus, so that Enter goes on."""
        (self._slip if self._shop.isHidden() else self._shop).setFocus()

    def show_proxy(self, proxy: Proxy | None) -> None:
        """Show who collects for the family."""
        self._show_months()
        facts = {"name": proxy.name, "relation": proxy.relation} if proxy else {}
        self._collector.setText(self._context.say("proxy.shown", **facts) if proxy else "")
        self._collector.setVisible(proxy is not None)
        self.take_focus()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Report, after the whole window was painted, that a new decision is on it."""
        super().paintEvent(event)
        if self._wants_report:
            self._wants_report = False
            QTimer.singleShot(0, self.painted.emit)

    def _make_head(self) -> QFrame:
        frame = card()
        row = QHBoxLayout(frame)
        row.setContentsMargins(20, 10, 20, 10)
        row.setSpacing(14)
        row.addWidget(IconLabel("people", self._context.theme.colours.accent, 40))
        names = QVBoxLayout()
        names.setSpacing(0)
        self._name = label("", "name")
        self._where = label("", "soft")
        names.addWidget(self._name)
        names.addWidget(self._where)
        row.addLayout(names, 1)
        right = QVBoxLayout()
        right.setSpacing(2)
        self._age = label("", "strong")
        self._collector = label("", "strong")
        self._manual = label(self._context.say("decision.manual"), "small")
        for line in (self._age, self._collector, self._manual):
            right.addWidget(line, 0, Qt.AlignmentFlag.AlignRight)
        row.addLayout(right)
        return frame

    def _make_actions(self) -> QWidget:
        say, theme = self._context.say, self._context.theme
        box = QWidget()
        box.setFixedWidth(276)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._shop = Button(say("decision.shop"), theme, kind="primary", icon_name="basket", hint="Enter", tall=True)
        self._slip = Button(say("decision.slip"), theme, kind="primary", icon_name="printer", hint="F8", tall=True)
        self._balance = Button(say("decision.balance"), theme, kind="left", icon_name="receipt", hint="F8")
        self._proxy_button = Button(say("decision.proxy"), theme, kind="left", icon_name="user", hint="F10")
        self._deliver = Button(say("decision.deliver"), theme, kind="left", icon_name="truck", hint="F5")
        self._deliver.setCheckable(True)
        self._stand_in = Button(say("decision.stand_in"), theme, kind="left", icon_name="basket", hint="F5")
        self._report = Button(say("decision.mismatch"), theme, kind="left", icon_name="flag", hint="F11")
        self._ask = Button(self._context.texts.say("share.ask"), theme, kind="left", icon_name="sync", hint="F9")
        self._leave = Button(say("decision.leave"), theme, kind="left", icon_name="back", hint="Esc")
        for button in (
            self._shop,
            self._slip,
            self._ask,
            self._stand_in,
            self._balance,
            self._proxy_button,
            self._deliver,
            self._report,
        ):
            column.addWidget(button)
            # Never all at once: together they would make the window taller than a laptop's screen.
            button.setVisible(button is self._report)
        column.addStretch(1)
        column.addWidget(self._leave)
        return box

    def _wire(self) -> None:
        self._shop.clicked.connect(self.shop)
        self._slip.clicked.connect(self.slip_wanted)
        self._balance.clicked.connect(self.balance_wanted)
        self._ask.clicked.connect(self.share_wanted)
        self._stand_in.clicked.connect(self.stand_in_wanted)
        self._deliver.clicked.connect(self._delivery_was_chosen)
        self._leave.clicked.connect(self._step_back)
        self._report.clicked.connect(self._ask_mismatch)
        self._proxy_button.clicked.connect(self._ask_proxy)
        self._mismatch.chosen.connect(self._mismatch_was_chosen)
        self._mismatch.left.connect(self._show_months)
        self._proxy.given.connect(self.proxy_given)
        self._proxy.left.connect(self._show_months)
        for key, act in (
            (Qt.Key.Key_Escape, self._step_back),
            (Qt.Key.Key_F5, self._press_f5),
            (Qt.Key.Key_F8, self._press_print),
            (Qt.Key.Key_F9, self._ask.click),
            (Qt.Key.Key_F10, self._proxy_button.click),
            (Qt.Key.Key_F11, self._report.click),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)

    def _show_family(self, visit: Visit) -> None:
        say, recipient = self._context.say, visit.decision.recipient
        self._name.setText(recipient.name if recipient else say("decision.nobody"))
        card_words = say("decision.card" if visit.token else "decision.number", last4=visit.last4)
        place = f"{recipient.ward} · {recipient.neighbourhood} · " if recipient else ""
        delivery = say("decision.delivery") if recipient and recipient.delivery else ""
        self._where.setText(f"{place}{card_words}{delivery}")
        self._manual.setVisible(visit.manual)

    def _show_age(self, visit: Visit) -> None:
        now = self._context.desk.till.now_ms()
        self._age.setText(
            self._context.say("decision.list", age=words.age(self._context.texts, visit.list_as_of_ms, now))
        )

    def _show_months(self) -> None:
        self._area.setCurrentIndex(0)

    def _show_delivery(self, delivery: bool) -> None:  # noqa: FBT001 -- one value of a button
        self._deliver.setChecked(delivery)
        self._deliver.set_icon("check" if delivery else "truck")

    def _delivery_was_chosen(self, delivery: bool) -> None:  # noqa: FBT001 -- a signal carries its value by position
        self._show_delivery(delivery)
        self.delivery_chosen.emit(delivery)
        self.take_focus()

    def _press_f5(self) -> None:
        (self._deliver if self._deliver.isEnabled() else self._stand_in).click()

    def _ask_mismatch(self) -> None:
        self._area.setCurrentIndex(1)
        self._mismatch.begin()

    def _ask_proxy(self) -> None:
        if self._proxy_button.isVisible():
            self._area.setCurrentIndex(2)
            self._proxy.begin()

    def _press_print(self) -> None:
        (self._slip if self._balance.isHidden() else self._balance).click()

    def _mismatch_was_chosen(self, kind: object) -> None:
        self._show_months()
        self.mismatch_chosen.emit(kind)

    def _step_back(self) -> None:
        if self._area.currentIndex():
            self._show_months()
            self.take_focus()
        else:
            self.left.emit()


def _on_card(inner: QWidget) -> QFrame:
    frame = card()
    column = QVBoxLayout(frame)
    column.setContentsMargins(0, 0, 0, 0)
    # On a low screen the form scrolls; the decision above it never gives way.
    column.addWidget(scrolled(inner))
    return frame
