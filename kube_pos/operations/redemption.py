"""The sale: a basket against a balance, one durable entry, then the receipt, then the wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from kube_pos.errors import BasketEmpty, BasketTooMuch, NoPrice, NotEnoughShare, NotEnoughStock, NotOnAllowList
from kube_pos.ledger import entries
from kube_pos.ledger.basket import Covered, Pick, TooMuch, cover, is_permitted, permits_on
from kube_pos.ledger.documents import Product, Unit, price_on
from kube_pos.ledger.entitlement import Allowed, Row
from kube_pos.ledger.ids import EntitlementId, ProductId, SaleId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Thousandths, format_quantity, format_rupiah
from kube_pos.operations.look_up import Visit
from kube_pos.operations.till import Session, Till


@dataclass(frozen=True, slots=True)
class Basket:
    """What the family wants. `sale` is made with the basket, so that confirming twice stores one sale."""

    sale: SaleId
    picks: tuple[tuple[Product, Thousandths], ...]
    cash: tuple[tuple[Product, Thousandths], ...] = ()
    proxy: entries.Proxy | None = None
    delivery: bool = False
    """The goods are brought to the family's home."""


def quote(till: Till, allowed: Allowed, basket: Basket) -> Covered | TooMuch:
    """Return how a basket is covered, or by how much it is too much and what to drop. Stores nothing.

    Raises NotOnAllowList or NoPrice for goods that can't be taken at all.
    """
    permits = permits_on(till.replica.catalogue().allowances, till.today())
    for product, _ in basket.picks:
        if not is_permitted(product, allowed, permits):
            raise NotOnAllowList(product=product.name)
    return cover(allowed, priced(till, basket.picks), permits)


def redeem(till: Till, session: Session, visit: Visit, allowed: Allowed, basket: Basket) -> Stored:
    """Store a sale; when this returns, it is safe on disk, its receipt waits for the printer and sync was woken.

    Raises BasketEmpty, BasketTooMuch, NotOnAllowList, NoPrice, NotEnoughStock, NotEnoughShare or StorageFailed; nothing
    is stored then. The same basket again returns the sale stored the first time.
    """
    if (done := till.journal.sale_by_id(basket.sale)) is not None:
        return done
    if not has_goods(basket.picks):
        raise BasketEmpty
    covered = quote(till, allowed, basket)
    if isinstance(covered, TooMuch):
        raise BasketTooMuch(excess=format_rupiah(covered.excess))
    check_stock(till, (*basket.picks, *basket.cash))
    entry = entry_of(till, session, visit, allowed, basket, covered, till.journal.next_receipt())
    try:
        _check_still_valid(entry)
        stored = till.journal.redeem(entry, {row.entitlement.id: row.granted for row in allowed.rows})
    except NotEnoughShare as error:
        raise _in_words(till, allowed, error) from error
    till.wake_printing()
    till.wake_sync()
    return stored


def entry_of(
    till: Till, session: Session, visit: Visit, allowed: Allowed, basket: Basket, covered: Covered, receipt: str
) -> entries.Redemption:
    """Return the entry of a covered basket, dated now."""
    now = till.moment()
    return entries.Redemption(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        sale=basket.sale,
        receipt=receipt,
        recipient=allowed.recipient.id,
        card=visit.token,
        lines=covered.lines,
        sources=sources_of(allowed.rows, covered.lines),
        opening=allowed.balance,
        cash=cash_lines(till, basket.cash),
        as_of=visit.list_as_of_ms,
        manual=visit.manual,
        proxy=basket.proxy,
        delivery=basket.delivery,
    )


def sell_for_cash(till: Till, session: Session, basket: Basket) -> Stored:
    """Store a cash sale that no entitlement pays for. Raises as `redeem`, and is as harmless when repeated."""
    if (done := till.journal.sale_by_id(basket.sale)) is not None:
        return done
    if not has_goods(basket.cash):
        raise BasketEmpty
    check_stock(till, basket.cash)
    now = till.moment()
    entry = entries.GeneralSale(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        sale=basket.sale,
        receipt=till.journal.next_receipt(),
        lines=cash_lines(till, basket.cash),
    )
    stored = till.journal.sell(entry)
    till.wake_printing()
    till.wake_sync()
    return stored


def has_goods(wanted: Iterable[tuple[Product, Thousandths]]) -> bool:
    """Tell whether there are goods, and some of each."""
    quantities = [quantity for _, quantity in wanted]
    return bool(quantities) and min(quantities) > 0


def _check_still_valid(entry: entries.Redemption) -> None:
    """Refuse months that expired since the card was read: a basket may have lain open over midnight."""
    for source in entry.sources:
        if source.expires_on < entry.day:
            wanted = sum(d.amount for line in entry.lines for d in line.draws if d.entitlement == source.entitlement)
            raise NotEnoughShare(entitlement=source.entitlement, available=0, wanted=wanted)


def _in_words(till: Till, allowed: Allowed, error: NotEnoughShare) -> NotEnoughShare:
    """Return the same error with its amounts as the cashier reads them."""
    facts = error.facts
    row = next(row for row in allowed.rows if row.entitlement.id == facts["entitlement"])
    commodity_id = row.entitlement.commodity_id
    unit = till.replica.catalogue().commodities[commodity_id].unit if commodity_id is not None else ""

    def worded(amount: int | str) -> str:
        return format_rupiah(int(amount)) if commodity_id is None else format_quantity(int(amount), unit)

    return NotEnoughShare(
        entitlement=row.entitlement.id, available=worded(facts["available"]), wanted=worded(facts["wanted"])
    )


def priced(till: Till, wanted: Iterable[tuple[Product, Thousandths]], day: date | None = None) -> tuple[Pick, ...]:
    """Return goods with their prices on a day, today unless said otherwise. Raises NoPrice."""
    today = day or till.today()
    picks = []
    for product, quantity in wanted:
        price = price_on(product, today)
        if price is None:
            raise NoPrice(product=product.name)
        picks.append(Pick(product, quantity, price))
    return tuple(picks)


def cash_lines(till: Till, wanted: Iterable[tuple[Product, Thousandths]]) -> tuple[entries.Line, ...]:
    """Return goods that the family pays for itself, as lines. Raises NoPrice."""
    return tuple(
        entries.Line(product=pick.product.id, quantity=pick.quantity, price=pick.price, total=pick.total)
        for pick in priced(till, wanted)
    )


def check_stock(till: Till, wanted: Iterable[tuple[Product, Thousandths]]) -> None:
    """Raise NotEnoughStock, in words, when the shelf has less than is wanted."""
    stock, needed = till.journal.stock(), dict[ProductId, int]()
    for product, quantity in wanted:
        needed[product.id] = total = needed.get(product.id, 0) + quantity
        on_hand = stock.get(product.id, 0)
        if total > on_hand:
            raise NotEnoughStock(
                product=product.name,
                available=format_quantity(on_hand, product.unit),
                wanted=format_quantity(total, product.unit),
            )


def sources_of(rows: Iterable[Row], lines: Iterable[entries.Line]) -> tuple[entries.Source, ...]:
    """Return what the rows that lines draw on are now, each once."""
    drawn: dict[EntitlementId, None] = {draw.entitlement: None for line in lines for draw in line.draws}
    by_id = {row.entitlement.id: row.entitlement for row in rows}
    return tuple(
        entries.Source(
            entitlement=entitlement.id,
            program=entitlement.program_id,
            fund=entitlement.fund_id,
            budget_year=entitlement.budget_year,
            month=entitlement.month,
            expires_on=entitlement.expires_on,
            commodity=entitlement.commodity_id if entitlement.unit is Unit.COMMODITY else None,
        )
        for entitlement in (by_id[identifier] for identifier in drawn)
    )
