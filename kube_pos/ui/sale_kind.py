"""What the goods page fills: aid, a cash sale, a stand-in for another outlet, or a paper slip entered later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kube_pos.ledger.basket import Covered, Drop, TooMuch, permits_on
from kube_pos.ledger.documents import Product, price_on
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.ids import CommodityId, RecipientId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah, Thousandths, line_total
from kube_pos.operations.look_up import Good, Visit, goods_for
from kube_pos.operations.paper_slips import PaperSlip, enter_slip
from kube_pos.operations.redemption import Basket, priced, quote, redeem, sell_for_cash
from kube_pos.operations.stand_ins import StandInOffer, redeem_stand_in
from kube_pos.operations.till import Session, Till


@dataclass(frozen=True, slots=True)
class SaleKind:
    """One kind of sale at the goods page; `limit` is what it is measured against, None for nothing."""

    title: str
    goods: Callable[[], tuple[Good, ...]]
    quote: Callable[[Basket], Covered | TooMuch]
    store: Callable[[Till, Session, Basket], Stored]
    limit: Rupiah | None = None
    in_kind: Mapping[CommodityId, Thousandths] = field(default_factory=dict)
    family: RecipientId | None = None
    """Whose last sale may be repeated."""
    is_cash: bool = False
    is_aid: bool = False
    """The usual sale; its basket survives a power cut."""


def aid(till: Till, visit: Visit, allowed: Allowed) -> SaleKind:
    """Return the usual sale: a family's own entitlements at its own outlet."""
    return SaleKind(
        allowed.recipient.name,
        goods=lambda: goods_for(till, allowed),
        quote=lambda basket: quote(till, allowed, basket),
        store=lambda at, session, basket: redeem(at, session, visit, allowed, basket),
        limit=allowed.balance,
        in_kind=allowed.in_kind,
        family=allowed.recipient.id,
        is_aid=True,
    )


def cash(till: Till, title: str) -> SaleKind:
    """Return a sale for money, without a family."""
    return SaleKind(
        title,
        goods=lambda: _priced_goods(till, None),
        quote=lambda _: Covered((), Rupiah(0), Rupiah(0)),
        store=sell_for_cash,
        is_cash=True,
    )


def stand_in(till: Till, visit: Visit, offer: StandInOffer, title: str) -> SaleKind:
    """Return a sale to another outlet's family within what its programme lets this till give."""
    permitted = permits_on(till.replica.catalogue().allowances, till.today()).get(offer.program, frozenset())

    def judged(basket: Basket) -> Covered | TooMuch:
        used = sum(pick.total for pick in priced(till, basket.picks))
        if used <= offer.left:
            return Covered((), Rupiah(used), Rupiah(offer.left - used))
        return TooMuch(Rupiah(used - offer.left), _drops(till, basket, used - offer.left))

    return SaleKind(
        title,
        goods=lambda: _priced_goods(till, permitted),
        quote=judged,
        store=lambda at, session, basket: redeem_stand_in(at, session, visit, offer, basket),
        limit=offer.left,
    )


def paper_slip(till: Till, visit: Visit, slip: PaperSlip, title: str) -> SaleKind:
    """Return the sale of a paper slip: the goods are gone, so nothing is too much."""
    permits = permits_on(till.replica.catalogue().allowances, till.today())
    permitted = frozenset[CommodityId]().union(*permits.values())
    return SaleKind(
        title,
        goods=lambda: _priced_goods(till, permitted),
        quote=lambda _: Covered((), Rupiah(0), Rupiah(0)),
        store=lambda at, session, basket: enter_slip(at, session, visit, slip, basket),
    )


def _priced_goods(till: Till, permitted: frozenset[CommodityId] | None) -> tuple[Good, ...]:
    today, stock = till.today(), till.journal.stock()
    goods = []
    for product in till.replica.catalogue().products.values():
        price = price_on(product, today)
        if price is not None:
            may = permitted is None or product.commodity_id in permitted
            goods.append(Good(product, price, stock.get(product.id, 0), may))
    return tuple(sorted(goods, key=lambda good: (not good.permitted, good.product.name)))


def _drops(till: Till, basket: Basket, excess: int) -> tuple[Drop, ...]:
    """Return what to put back, the newest goods first, in whole steps."""
    drops, today = [], till.today()
    for product, quantity in reversed(basket.picks):
        if excess <= 0:
            break
        steps = _steps_worth(product, quantity, price_on(product, today) or Rupiah(0), excess)
        worth = line_total(quantity, price_on(product, today) or Rupiah(0))
        left = line_total(Thousandths(quantity - steps), price_on(product, today) or Rupiah(0))
        excess -= worth - left
        drops.append(Drop(product, steps))
    return tuple(drops)


def _steps_worth(product: Product, quantity: Thousandths, price: Rupiah, excess: int) -> Thousandths:
    one = max(1, line_total(product.step, price))
    return Thousandths(min(quantity, -(-excess // one) * product.step))
