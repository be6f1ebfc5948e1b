"""What an entry does to the projections: shares used, stock, the list of sales. Pure.

The one place that says so: the store applies it when an entry is written, `verify` when it rebuilds everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from kube_pos.ledger.entries import (
    AnyEntry,
    DayClosed,
    GeneralSale,
    GoodsReceipt,
    Line,
    Redemption,
    Repack,
    Reversal,
    ShareReleased,
    StockCount,
    StockMove,
)
from kube_pos.ledger.ids import EntitlementId, ProductId, RecipientId, SaleId

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class SaleFacts:
    """The row of the list of sales; `target` is the sale that a reversal undoes."""

    sale: SaleId
    receipt: str
    recipient: RecipientId | None = None
    target: int | None = None


@dataclass(slots=True)
class Effects:
    """Signed changes by product and by entitlement, and what becomes of the list of sales."""

    stock: dict[ProductId, int] = field(default_factory=dict)
    spent: dict[EntitlementId, int] = field(default_factory=dict)
    released: dict[EntitlementId, int] = field(default_factory=dict)
    """New cumulative totals, not changes."""
    sale: SaleFacts | None = None
    closes: tuple[int, ...] = ()


def effects_of(entry: AnyEntry, target: AnyEntry | None = None) -> Effects:
    """Return what an entry does; a Reversal needs the entry that it undoes as `target`."""
    effects = Effects()
    match entry:
        case Redemption():
            _hand_out(effects, (*entry.lines, *entry.cash), 1)
            effects.sale = SaleFacts(entry.sale, entry.receipt, entry.recipient)
        case GeneralSale():
            _hand_out(effects, entry.lines, 1)
            effects.sale = SaleFacts(entry.sale, entry.receipt)
        case Reversal():
            _undo(effects, target)
            recipient = target.recipient if isinstance(target, Redemption) else None
            effects.sale = SaleFacts(entry.sale, entry.receipt, recipient, entry.target)
        case GoodsReceipt():
            for line in entry.lines:
                _add(effects.stock, line.product, line.accepted)
        case StockMove():
            _add(effects.stock, entry.product, entry.quantity)
        case StockCount():
            _add(effects.stock, entry.product, entry.difference)
        case Repack():
            _add(effects.stock, entry.source, -entry.taken)
            _add(effects.stock, entry.target, entry.made)
        case ShareReleased():
            effects.released[entry.entitlement] = entry.released
        case DayClosed():
            effects.closes = entry.sales
        case _:
            pass
    return effects


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
