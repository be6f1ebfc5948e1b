"""Keeps the open basket in the journal's database at every change, and brings it back after a power cut."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import Redemption
from kube_pos.ledger.ports import Stored
from kube_pos.operations.look_up import Visit, visit_of_card, visit_of_recipient
from kube_pos.ui.context import Context
from kube_pos.ui.open_basket import KeptBasket, OpenBasket, bring_back, kept_in


@dataclass(frozen=True, slots=True)
class CameBack:
    """What was found at the start: the visit judged anew, and its basket or the sale that it had become."""

    visit: Visit
    basket: OpenBasket
    sold: Stored | None


class BasketKeeper:
    """Stores, forgets and finds the open basket; writes on the writer's thread."""

    def __init__(self, context: Context) -> None:
        """Keep baskets in the till's journal."""
        self._context = context

    def keep(self, visit: Visit, basket: OpenBasket) -> None:
        """Store the basket as it is now."""
        recipient = visit.decision.recipient
        if recipient is None:
            return
        body = basket.keep(recipient.id, visit.token, visit.last4, manual=visit.manual)
        journal = self._context.desk.till.journal
        self._context.bridge.run(lambda: journal.save_basket(body), lambda _: None)

    def forget(self) -> None:
        """Forget the stored basket."""
        self._context.bridge.run(self._context.desk.till.journal.drop_basket, lambda _: None)

    def find(self) -> CameBack | None:
        """Return the basket that was open when the till stopped, if there was one and its family is still here."""
        till = self._context.desk.till
        body = till.journal.open_basket()
        kept = kept_in(body) if body is not None else None
        if kept is None:
            return None
        visit = self._visit(kept)
        basket = bring_back(kept, till.replica.catalogue().products)
        sold = till.journal.sale_by_id(kept.sale)
        if sold is not None and isinstance(sold.entry, Redemption):
            return CameBack(visit, basket, sold)
        if not isinstance(visit.decision, Allowed) or basket.is_empty:
            return None
        return CameBack(visit, basket, None)

    def _visit(self, kept: KeptBasket) -> Visit:
        till = self._context.desk.till
        if kept.token is None:
            visit = visit_of_recipient(till, till.replica.recipient(kept.recipient))
            return replace(visit, last4=kept.last4)
        return visit_of_card(till, till.replica.card(kept.token), kept.token, kept.last4, manual=kept.manual)
