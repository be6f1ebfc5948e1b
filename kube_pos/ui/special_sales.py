"""What the counter does beside the usual visit: cash sales, paper slips, deliveries on their way, stand-ins."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStackedWidget

from kube_pos.operations.look_up import Visit, look_up
from kube_pos.operations.stand_ins import stand_in_offer
from kube_pos.ui import sale_kind
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.deliveries_panel import DeliveriesPanel
from kube_pos.ui.slip_panel import SlipPanel
from kube_pos.ui.slips import Slips
from kube_pos.ui.visit_flow import VisitFlow


class SpecialSales(QObject):
    """Begins the unusual kinds of sale on the flow; `shop` opens the goods for what was begun."""

    shop = Signal()
    left = Signal()

    def __init__(self, context: Context, flow: VisitFlow, states: QStackedWidget, slips: Slips) -> None:
        """Add the panels to the page's states."""
        super().__init__()
        self._context, self._flow, self._states, self._slips = context, flow, states, slips
        self._slip = SlipPanel(context)
        self._deliveries = DeliveriesPanel(context)
        for panel in (self._slip, self._deliveries):
            states.addWidget(panel)
            panel.left.connect(self.left)
        self._slip.card_typed.connect(lambda text: self.take_code(text, manual=True))

    def sell_for_cash(self) -> None:
        """Begin a sale for money, without a family."""
        till = self._context.desk.till
        self._flow.start(None, sale_kind.cash(till, self._context.say("special.cash")))
        self.shop.emit()

    def enter_slip(self) -> None:
        """Ask for what is written on a paper slip."""
        self._open(self._slip)

    def show_deliveries(self) -> None:
        """Show what is on its way."""
        self._open(self._deliveries)

    def stand_in(self) -> None:
        """Begin a stand-in for the family at the counter, when its programme still lets this till give something."""
        visit, till = self._flow.visit, self._context.desk.till
        offer = stand_in_offer(till, visit) if visit is not None else None
        if visit is None or offer is None:
            self._context.tell(Tone.WARN, self._context.say("special.no_stand_in"))
            return
        title = self._context.say("special.stand_in", last4=visit.last4)
        self._flow.start(visit, sale_kind.stand_in(till, visit, offer, title))
        self.shop.emit()

    def resume(self) -> bool:
        """Begin the panel on show anew; tell whether it is one of these."""
        panel = self._states.currentWidget()
        if isinstance(panel, SlipPanel | DeliveriesPanel):
            panel.begin()
            return True
        return False

    def take_code(self, payload: str, *, manual: bool) -> bool:
        """Take the card of a paper slip; tell whether the code was meant for it."""
        if self._states.currentWidget() is not self._slip:
            return False
        till = self._context.desk.till
        found = look_up(till, payload, manual=manual)
        if not isinstance(found, Visit):
            self._context.tell(Tone.WARN, self._context.say("special.slip_card"))
            return True
        slip = self._slip.slip()
        if slip is not None:
            self._slips.log(found)
            title = self._context.say("special.slip", slip=slip.number)
            self._flow.start(found, sale_kind.paper_slip(till, found, slip, title))
            self.shop.emit()
        return True

    def _open(self, panel: SlipPanel | DeliveriesPanel) -> None:
        self._flow.start(None)
        self._states.setCurrentWidget(panel)
        panel.begin()
