"""What an entry does to the projections: shares used, stock, the list of sales. Pure.

The one place that says so: the store applies it when an entry is written, `verify` when it rebuilds everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from kube_pos.ledger.collectors import collector_key
from kube_pos.ledger.entries import (
    AnyEntry,
    DayClosed,
    DeliveryConfirmed,
    Exchange,
    GeneralSale,
    GoodsReceipt,
    Line,
    Redemption,
    Repack,
    Reversal,
    ShareReleased,
    SlipEntered,
    StockCount,
    StockMove,
)
from kube_pos.ledger.ids import BenefitMonth, CardToken, EntitlementId, ProductId, RecipientId, SaleId

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class SaleFacts:
    """The row of the list of sales; `target` is the sale that a reversal undoes."""

    sale: SaleId
    receipt: str
    recipient: RecipientId | None = None
    target: int | None = None


@dataclass(frozen=True, slots=True)
class StandInChange:
    """What a card was given, or gave back, of a month's stand-in."""

    card: CardToken
    month: BenefitMonth
    amount: int
    limit: int


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    """How much of a sold product came back spoilt."""

    target: int
    product: ProductId
    quantity: int


@dataclass(slots=True)
class Records:
    """What only some entries do: paper slips, deliveries, proxies, stand-ins, exchanges."""

    slip: str | None = None
    opens_delivery: bool = False
    confirms: int | None = None
    collector: tuple[str, RecipientId | None, str] | None = None
    """Who came for whom, on which day (`collectors.collector_key`)."""
    stand_in: StandInChange | None = None
    exchange: ExchangeFacts | None = None


@dataclass(slots=True)
class Effects:
    """Signed changes by product and by entitlement, and what becomes of the list of sales."""

    stock: dict[ProductId, int] = field(default_factory=dict)
    spent: dict[EntitlementId, int] = field(default_factory=dict)
    released: dict[EntitlementId, int] = field(default_factory=dict)
    """New cumulative totals, not changes."""
    sale: SaleFacts | None = None
    closes: tuple[int, ...] = ()
    records: Records | None = None
    """None for nearly every entry, so that a usual sale pays nothing for it."""


def effects_of(entry: AnyEntry, target: AnyEntry | None = None) -> Effects:
    """Return what an entry does; a Reversal needs the entry that it undoes as `target`."""
    effects = Effects()
    match entry:
        case Redemption():
            _hand_out(effects, (*entry.lines, *entry.cash), 1)
            effects.sale = SaleFacts(entry.sale, entry.receipt, entry.recipient)
            effects.records = _records_of(entry)
        case GeneralSale():
            _hand_out(effects, entry.lines, 1)
            effects.sale = SaleFacts(entry.sale, entry.receipt)
        case Reversal():
            _undo(effects, target)
            recipient = target.recipient if isinstance(target, Redemption) else None
            if isinstance(target, Redemption) and (given := _stand_in(target, -1)) is not None:
                effects.records = Records(stand_in=given)
            effects.sale = SaleFacts(entry.sale, entry.receipt, recipient, entry.target)
        case ShareReleased():
            effects.released[entry.entitlement] = entry.released
        case DayClosed():
            effects.closes = entry.sales
        case SlipEntered():
            effects.records = Records(slip=entry.slip)
        case DeliveryConfirmed():
            effects.records = Records(confirms=entry.target)
        case Exchange():
            _add(effects.stock, entry.product, -entry.quantity)
            facts = ExchangeFacts(entry.target, entry.spoilt, entry.spoilt_quantity)
            effects.records = Records(exchange=facts)
        case _:
            _move_stock(effects, entry)
    return effects


def _move_stock(effects: Effects, entry: AnyEntry) -> None:
    match entry:
        case GoodsReceipt():
            for line in entry.lines:
                _add(effects.stock, line.product, line.accepted)
        case StockMove():
            _add(effects.stock, entry.product, entry.quantity)
        case StockCount():
            _add(effects.stock, entry.product, entry.difference - entry.damaged)
        case Repack():
            _add(effects.stock, entry.source, -entry.taken)
            _add(effects.stock, entry.target, entry.made)
        case _:
            pass


def _records_of(entry: Redemption) -> Records | None:
    if entry.slip is None and entry.proxy is None and entry.stand_in is None and not entry.delivery:
        return None
    proxy = entry.proxy
    return Records(
        slip=entry.slip.number if entry.slip else None,
        opens_delivery=entry.delivery,
        collector=(collector_key(proxy.name), entry.recipient, entry.day.isoformat()) if proxy else None,
        stand_in=_stand_in(entry, 1),
    )


def _stand_in(entry: Redemption, sign: int) -> StandInChange | None:
    given = entry.stand_in
    if given is None or entry.card is None:
        return None
    return StandInChange(entry.card, given.month, given.amount * sign, given.limit)


def _undo(effects: Effects, target: AnyEntry | None) -> None:
    if isinstance(target, Redemption):
        _hand_out(effects, (*target.lines, *target.cash), -1)
    elif isinstance(target, GeneralSale):
        _hand_out(effects, target.lines, -1)
    else:
        raise TypeError("a reversal needs the sale that it undoes")


def _hand_out(effects: Effects, lines: Iterable[Line], sign: int) -> None:
    for line in lines:
        _add(effects.stock, line.product, -line.quantity * sign)
        for draw in line.draws:
            _add(effects.spent, draw.entitlement, draw.amount * sign)


def _add(totals: dict[_Key, int], key: _Key, change: int) -> None:
    totals[key] = totals.get(key, 0) + change
