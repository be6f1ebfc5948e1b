"""Kasir: one page in four states. It takes every code that is read and leads a family from card to receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from kube_pos.devices.ports import Frame
from kube_pos.ledger.documents import Staff
from kube_pos.ledger.entitlement import Refused
from kube_pos.ledger.entries import GeneralSale, Proxy, Redemption
from kube_pos.ledger.ids import CardToken
from kube_pos.ledger.ports import Stored
from kube_pos.operations.look_up import (
    AskWhichNumber,
    NotACard,
    NumberKind,
    ProductRead,
    Visit,
    look_up,
    look_up_number,
)
from kube_pos.operations.proxies import proxy_sentence, proxy_warning
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.kasir_decision import DecisionPanel
from kube_pos.ui.kasir_done import DonePanel
from kube_pos.ui.kasir_goods import GoodsPanel
from kube_pos.ui.kasir_waiting import WaitingPanel
from kube_pos.ui.number_question import NumberQuestion
from kube_pos.ui.share_request import ShareRequests
from kube_pos.ui.slips import Slips
from kube_pos.ui.special_sales import SpecialSales
from kube_pos.ui.visit_flow import VisitFlow

_BASKET_QUESTION = "basket"


class KasirPage(QWidget):
    """Routes codes and presses between the panels; `VisitFlow` holds the visit and the basket."""

    decision_painted = Signal(object)
    """Nanoseconds from a code's arrival to its decision on the screen."""

    def __init__(self, context: Context) -> None:
        """Build the states and begin to wait."""
        super().__init__()
        self._context = context
        self._flow = VisitFlow(context)
        self._slips = Slips(context)
        self._came_ns = 0
        self._came_while_saving: tuple[str, bool] | None = None
        self._waiting = WaitingPanel(context)
        self._question = NumberQuestion(context)
        self._decision = DecisionPanel(context)
        self._goods = GoodsPanel(context)
        self._done = DonePanel(context)
        self._states = QStackedWidget()
        for panel in (self._waiting, self._question, self._decision, self._goods, self._done):
            self._states.addWidget(panel)
        self._special = SpecialSales(context, self._flow, self._states, self._slips)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._states)
        self._wire()

    @property
    def state(self) -> QWidget | None:
        """Return the panel on show."""
        return self._states.currentWidget()

    def begin(self) -> None:
        """Take the page up again where it was left."""
        panel = self.state
        if panel is self._waiting:
            self._waiting.begin()
        elif isinstance(panel, DecisionPanel | GoodsPanel | DonePanel):
            panel.take_focus()
        else:
            self._special.resume()

    def resume(self) -> None:
        """After sign-in, bring back the basket that was open when the till stopped."""
        if self._flow.visit is not None:
            self.begin()
        elif not self._flow.come_back():
            self.wait()
        elif self._flow.allowed is not None and self._flow.holds_goods:
            self._shop()
            self._context.tell(Tone.INFO, self._context.say("kasir.came_back"))

    def show_frame(self, frame: Frame) -> None:
        """Show a camera picture while a card is awaited."""
        if self.state is self._waiting:
            self._waiting.show_frame(frame)

    def refresh(self) -> None:
        """Read again what printing and sending did to the sale on show."""
        if self.state is self._done:
            self._done.refresh()

    def wait(self) -> None:
        """Wait for the next family."""
        self._flow.start(None)
        self._context.banner.withdraw(_BASKET_QUESTION)
        self._states.setCurrentWidget(self._waiting)
        self._waiting.begin()

    def take_code(self, payload: str, *, manual: bool) -> None:
        """Find out what a code is and act on it; one that comes while a sale is being stored waits for it."""
        if self._flow.is_saving:
            self._came_while_saving = (payload, manual)
            return
        if self._special.take_code(payload, manual=manual):
            return
        self._came_ns = self._context.desk.paint_clock()
        found = look_up(self._context.desk.till, payload, manual=manual)
        match found:
            case ProductRead(product) if self.state is self._goods:
                self._goods.add_product(product)
            case ProductRead(product) if self.state is self._decision and self._flow.allowed is not None:
                # Goods on the counter are already a wish to shop: one step less for the usual visit.
                self._shop()
                self._goods.add_product(product)
            case ProductRead():
                self._context.tell(Tone.INFO, self._context.say("kasir.card_first"))
            case NotACard():
                QApplication.beep()
                self._context.tell(Tone.WARN, self._context.texts.say(f"code_fault.{found.fault.value}"))
            case Visit() | AskWhichNumber():
                self._meet_after_asking(found)
            case _:
                assert_never(found)

    def _wire(self) -> None:
        flow, slips, goods, done = self._flow, self._slips, self._goods, self._done
        decision = self._decision

        def share_came(token: CardToken) -> None:
            if self.state is decision and flow.judge_again(token):
                self._show_decision()

        self._waiting.typed.connect(lambda text: self.take_code(text, manual=True))
        waiting, special = self._waiting, self._special
        waiting.cash_wanted.connect(special.sell_for_cash)
        waiting.slip_wanted.connect(special.enter_slip)
        waiting.deliveries_wanted.connect(special.show_deliveries)
        special.shop.connect(self._shop)
        special.left.connect(self.wait)
        decision.stand_in_wanted.connect(special.stand_in)
        decision.delivery_chosen.connect(flow.deliver)
        self._question.answered.connect(self._number_answered)
        self._question.left.connect(self.wait)
        decision.shop.connect(self._shop)
        decision.left.connect(self._step_back)
        shares = ShareRequests(self._context, share_came)
        decision.share_wanted.connect(lambda: shares.ask(flow.visit))
        decision.painted.connect(lambda: self.decision_painted.emit(self._context.desk.paint_clock() - self._came_ns))
        decision.proxy_given.connect(self._take_proxy)
        decision.slip_wanted.connect(lambda: slips.print_reason(flow.visit))
        decision.mismatch_chosen.connect(lambda kind: slips.mismatch(flow.visit, kind))
        decision.balance_wanted.connect(lambda: slips.balance(flow.allowed))
        goods.changed.connect(flow.keep)
        goods.confirmed.connect(flow.confirm)
        goods.code_typed.connect(lambda text: self.take_code(text, manual=True))
        goods.left.connect(self._step_back)
        done.next_family.connect(self.wait)
        done.reprint_wanted.connect(lambda seq: slips.copy(seq, self.refresh))
        done.print_answered.connect(lambda seq, came: slips.paper_came_out(seq, self.refresh, came=came))
        flow.sold.connect(self._sold)
        flow.not_sold.connect(self._not_sold)

    def _meet_after_asking(self, found: Visit | AskWhichNumber) -> None:
        """Go on with another family, but never lose a basket without asking."""
        visit = self._flow.visit
        if isinstance(found, Visit):
            self._slips.log(found)
        if not self._flow.holds_goods:
            self._meet(found)
        elif isinstance(found, Visit) and visit is not None and found.token is not None and found.token == visit.token:
            self._flow.renew(found)
            if self._flow.kind is not None:
                self._shop()
            else:
                self._show_decision()
            self._context.tell(Tone.INFO, self._context.say("kasir.same_card"))
        else:
            sentence = self._context.say("kasir.other_card", name=self._flow.name)
            self._ask_about_basket(sentence, "kasir.leave_basket", lambda: self._meet(found))

    def _ask_about_basket(self, sentence: str, leave: str, act: Callable[[], None]) -> None:
        say = self._context.say
        keep = (say("kasir.keep_basket"), lambda: None)
        self._context.banner.ask(Tone.WARN, sentence, keep, (say(leave), act), key=_BASKET_QUESTION)

    def _meet(self, found: Visit | AskWhichNumber) -> None:
        self._context.banner.clear()
        if isinstance(found, AskWhichNumber):
            self._flow.start(None)
            self._states.setCurrentWidget(self._question)
            self._question.ask(found)
            return
        self._flow.start(found)
        self._show_decision()
        if isinstance(found.decision, Refused):
            QApplication.beep()
            self._slips.turned_away(found)

    def _number_answered(self, asked: AskWhichNumber, kind: NumberKind, manager: Staff, reason: str) -> None:
        self._came_ns = self._context.desk.paint_clock()
        visit = look_up_number(self._context.desk.till, asked, kind)
        self._slips.log(visit, manager, reason)
        self._meet(visit)

    def _show_decision(self) -> None:
        if self._flow.visit is not None:
            self._states.setCurrentWidget(self._decision)
            self._decision.show_visit(self._flow.visit, self._flow.proxy, delivery=self._flow.delivery)

    def _shop(self) -> None:
        kind = self._flow.kind
        if kind is not None:
            self._states.setCurrentWidget(self._goods)
            self._goods.begin(kind, self._flow.basket())

    def _take_proxy(self, proxy: Proxy) -> None:
        self._flow.basket().proxy = proxy
        self._flow.keep()
        self._decision.show_proxy(proxy)
        allowed, desk = self._flow.allowed, self._context.desk
        warning = proxy_warning(desk.till, allowed, proxy.name) if allowed is not None else None
        if warning is not None:
            self._context.tell(Tone.WARN, proxy_sentence(warning, desk.texts))

    def _step_back(self) -> None:
        if self._context.banner.dismiss_question():
            return
        kind = self._flow.kind
        if self.state is self._goods and kind is not None and kind.is_aid:
            self._show_decision()
        elif self._flow.holds_goods:
            self._ask_about_basket(self._context.say("kasir.drop_question"), "kasir.drop", self.wait)
        else:
            self.wait()

    def _sold(self, stored: Stored) -> None:
        self._context.banner.clear()
        if isinstance(stored.entry, Redemption | GeneralSale):
            self._states.setCurrentWidget(self._done)
            self._done.show_sale(stored, stored.entry, self._flow.name)
        self._take_waiting_code()

    def _not_sold(self, error: Exception) -> None:
        self._goods.set_saving(saving=False)
        self._context.fail(error)
        self._take_waiting_code()

    def _take_waiting_code(self) -> None:
        code, self._came_while_saving = self._came_while_saving, None
        if code is not None:
            self.take_code(code[0], manual=code[1])
