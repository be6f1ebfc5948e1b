"""Spoilt goods of a sale, exchanged for as much of the same commodity: never for money, never against a balance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kube_pos.errors import KubePosError, NotPermitted, UnknownSale
from kube_pos.ledger import entries
from kube_pos.ledger.documents import Product, Role, Staff
from kube_pos.ledger.ports import PrintKind, PrintRequest, Stored
from kube_pos.ledger.quantity import Thousandths, format_quantity
from kube_pos.operations.redemption import check_stock
from kube_pos.operations.till import Session, Till

REASONS = (entries.MoveReason.DAMAGED, entries.MoveReason.WET, entries.MoveReason.PEST)
"""What makes goods spoilt; all other moves have their own ways."""


class OtherCommodity(KubePosError):
    """Spoilt goods may be exchanged for the same commodity only, as much as came back. Facts: spoilt, given."""

    code = "other_commodity"


class NotOfThatSale(KubePosError):
    """More came back than the sale handed out of a product, or it was undone. Facts: product, left."""

    code = "not_of_that_sale"


@dataclass(frozen=True, slots=True)
class Swap:
    """What comes back and what goes out for it. `to_supplier`: kept for the supplier, else it is shrinkage."""

    spoilt: Product
    spoilt_quantity: Thousandths
    given: Product
    given_quantity: Thousandths
    reason: entries.MoveReason
    to_supplier: bool = False


def exchange(till: Till, session: Session, seq: int, swap: Swap, approver: Staff) -> Stored:
    """Hand out good goods for spoilt goods of sale `seq`, and print the paper.

    Raises NotPermitted, UnknownSale, OtherCommodity, NotOfThatSale, NotEnoughStock or StorageFailed; nothing is stored
    then.
    """
    if approver.role is Role.CASHIER:
        raise NotPermitted(role=Role.MANAGER.value)
    stored = till.journal.entry(seq)
    sold = stored.entry if stored else None
    if not isinstance(sold, entries.Redemption | entries.GeneralSale) or swap.reason not in REASONS:
        raise UnknownSale(receipt=str(seq))
    _check(till, seq, sold, swap)
    check_stock(till, ((swap.given, swap.given_quantity),))
    now = till.moment()
    entry = entries.Exchange(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        target=seq,
        reference=f"{till.identity.terminal}-T{till.journal.head()[0] + 1:06d}",
        product=swap.given.id,
        quantity=swap.given_quantity,
        spoilt=swap.spoilt.id,
        spoilt_quantity=swap.spoilt_quantity,
        reason=swap.reason,
        approver=approver.id,
        to_supplier=swap.to_supplier,
    )
    done = till.journal.append(entry, PrintRequest(PrintKind.EXCHANGE))
    till.wake_printing()
    till.wake_sync()
    return done


def spoilt_goods(till: Till, first: date, last: date) -> tuple[entries.Exchange, ...]:
    """Return the exchanges of business days, both included: what waits for the supplier, and what is shrinkage."""
    found = (till.journal.entry(seq) for seq in till.journal.exchange_seqs())
    return tuple(
        stored.entry
        for stored in found
        if stored is not None and isinstance(stored.entry, entries.Exchange) and first <= stored.entry.day <= last
    )


def _check(till: Till, seq: int, sold: entries.Redemption | entries.GeneralSale, swap: Swap) -> None:
    same_kind = swap.spoilt.commodity_id == swap.given.commodity_id
    back = swap.spoilt_quantity * swap.spoilt.contents
    if not same_kind or back != swap.given_quantity * swap.given.contents or back <= 0:
        raise OtherCommodity(
            spoilt=f"{swap.spoilt.name} {format_quantity(swap.spoilt_quantity, swap.spoilt.unit)}",
            given=f"{swap.given.name} {format_quantity(swap.given_quantity, swap.given.unit)}",
        )
    lines = (*sold.lines, *sold.cash) if isinstance(sold, entries.Redemption) else sold.lines
    handed_out = sum(line.quantity for line in lines if line.product == swap.spoilt.id)
    left = handed_out - till.journal.exchanged(seq).get(swap.spoilt.id, 0)
    if till.journal.reversal_of(seq) is not None:
        left = 0
    if swap.spoilt_quantity > left:
        raise NotOfThatSale(product=swap.spoilt.name, left=format_quantity(Thousandths(max(left, 0)), swap.spoilt.unit))
