"""One family's way from decision to stored sale: the visit, its basket, and the one sale that it becomes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import Proxy
from kube_pos.ledger.ids import CardToken
from kube_pos.ledger.ports import Stored
from kube_pos.operations.look_up import Visit, visit_of_card
from kube_pos.ui import sale_kind
from kube_pos.ui.basket_keeper import BasketKeeper
from kube_pos.ui.context import Context
from kube_pos.ui.open_basket import OpenBasket
from kube_pos.ui.sale_kind import SaleKind


class VisitFlow(QObject):
    """Holds the visit and the basket; knows no widget."""

    sold = Signal(object)
    """The sale is on disk: `Stored`."""
    not_sold = Signal(object)
    """Nothing was stored: the exception."""

    def __init__(self, context: Context) -> None:
        """Begin with nobody at the counter."""
        super().__init__()
        self._context = context
        self._keeper = BasketKeeper(context)
        self._visit: Visit | None = None
        self._basket: OpenBasket | None = None
        self._special: SaleKind | None = None
        self._saving = False

    @property
    def visit(self) -> Visit | None:
        """Return who is at the counter."""
        return self._visit

    @property
    def proxy(self) -> Proxy | None:
        """Return who collects for the family, if not itself."""
        return self._basket.proxy if self._basket is not None else None

    @property
    def delivery(self) -> bool:
        """Tell whether the goods are brought to the family's home."""
        return self._basket is not None and self._basket.delivery

    @property
    def allowed(self) -> Allowed | None:
        """Return what the family may take, if it may."""
        decision = self._visit.decision if self._visit is not None else None
        return decision if isinstance(decision, Allowed) else None

    @property
    def kind(self) -> SaleKind | None:
        """Return what is being sold: the usual aid, or the special sale that was begun; None when nothing may be."""
        if self._special is not None or self._visit is None or self.allowed is None:
            return self._special
        return sale_kind.aid(self._context.desk.till, self._visit, self.allowed)

    @property
    def name(self) -> str:
        """Return the family's name, or what is sold without one; empty for nobody or an unknown card."""
        if self._special is not None:
            return self._special.title
        recipient = self._visit.decision.recipient if self._visit is not None else None
        return recipient.name if recipient is not None else ""

    @property
    def is_saving(self) -> bool:
        """Tell whether a sale is on its way to the disk."""
        return self._saving

    @property
    def holds_goods(self) -> bool:
        """Tell whether goods would be lost by going on with another family."""
        return self._basket is not None and not self._basket.is_empty

    def start(self, visit: Visit | None, special: SaleKind | None = None) -> None:
        """Go on with another family, or nobody, or a special sale; the basket so far is given up."""
        if self._basket is not None:
            self._keeper.forget()
        self._visit, self._basket, self._special = visit, None, special

    def renew(self, visit: Visit) -> None:
        """Take in a new decision about the same family; its basket stays."""
        self._visit = visit

    def judge_again(self, token: CardToken) -> bool:
        """Judge the family anew, if it is still this card's and has no goods yet; tell whether it was."""
        visit = self._visit
        if visit is None or visit.token != token or self.holds_goods:
            return False
        till = self._context.desk.till
        self._visit = visit_of_card(till, till.replica.card(token), token, visit.last4, manual=visit.manual)
        return True

    def basket(self) -> OpenBasket:
        """Return the family's basket, opened now if there is none."""
        if self._basket is None:
            self._basket = OpenBasket(self._context.desk.till.new_sale_id())
        return self._basket

    def deliver(self, delivery: bool) -> None:  # noqa: FBT001 -- a signal carries its value by position
        """Let the goods be brought to the family's home, or not."""
        self.basket().delivery = delivery
        self.keep()

    def keep(self) -> None:
        """Store the basket as it is now, so that it survives a power cut."""
        if self._visit is not None and self._basket is not None and self._special is None:
            self._keeper.keep(self._visit, self._basket)

    def come_back(self) -> bool:
        """Take up the basket that was open when the till stopped; `sold` is emitted when it had become a sale."""
        found = self._keeper.find()
        if found is None:
            return False
        self._visit, self._basket = found.visit, found.basket
        if found.sold is not None:
            self._finish(found.sold)
        return True

    def confirm(self) -> None:
        """Store the sale; a second call while it is on its way does nothing."""
        kind, basket = self.kind, self._basket
        if self._saving or kind is None or basket is None:
            return
        self._saving = True
        till, session, wanted = self._context.desk.till, self._context.session(), basket.as_basket()
        self._context.bridge.run(lambda: kind.store(till, session, wanted), self._finish, self._fail)

    def _finish(self, stored: Stored) -> None:
        self._saving = False
        self._basket = None
        self._keeper.forget()
        self.sold.emit(stored)

    def _fail(self, error: Exception) -> None:
        self._saving = False
        self.not_sold.emit(error)
