"""Goods that leave or change without a sale: shrinkage, return to the supplier, repacking, and the blind count."""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.errors import KubePosError, NotPermitted
from kube_pos.ledger import entries
from kube_pos.ledger.documents import Product, Role, Staff
from kube_pos.ledger.entries import MoveReason
from kube_pos.ledger.ids import ProductId, StaffId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Thousandths
from kube_pos.operations.till import Session, Till

SHRINKAGE = (MoveReason.SCALE, MoveReason.SPILL, MoveReason.DAMAGED, MoveReason.WET, MoveReason.PEST)
LONGEST_NOTE = 120


class MoveIncomplete(KubePosError):
    """A movement of goods lacks something. Facts: field (quantity, note, reason or product)."""

    code = "move_incomplete"


class RepackGains(KubePosError):
    """A repack would make more of the commodity than was taken. Facts: source, target."""

    code = "repack_gains"


@dataclass(frozen=True, slots=True)
class Frozen:
    """The book as it stood when a count began; the one who counts does not see it.

    What is sold while somebody counts changes nothing of the difference: it is against the book of this moment.
    """

    product: ProductId
    book: int


def shrink(
    till: Till,
    session: Session,
    move: tuple[Product, Thousandths, MoveReason],
    note: str,
    approver: Staff | None = None,
) -> Stored:
    """Take goods off the shelf for a reason of `SHRINKAGE`, with the manager's name.

    Raises NotPermitted, MoveIncomplete, NotEnoughStock or StorageFailed; nothing is stored then.
    """
    product, quantity, reason = move
    if reason not in SHRINKAGE:
        raise MoveIncomplete(field="reason")
    return _take_off(till, session, (product.id, quantity, reason), note.strip(), approver)


def return_to_supplier(
    till: Till, session: Session, product: Product, quantity: Thousandths, note: str, approver: Staff | None = None
) -> Stored:
    """Send goods back; `note` names the supplier and the paper. Raises as `shrink`."""
    if not note.strip():
        raise MoveIncomplete(field="note")
    return _take_off(till, session, (product.id, quantity, MoveReason.SUPPLIER_RETURN), note.strip(), approver)


def repack(
    till: Till, session: Session, taken: tuple[Product, Thousandths], made: tuple[Product, Thousandths]
) -> Stored:
    """Make bags of a sack; what does not arrive in the bags is the loss.

    Raises MoveIncomplete, RepackGains when more would come out than went in, NotEnoughStock or StorageFailed.
    """
    (source, went_in), (target, came_out) = taken, made
    if went_in <= 0 or came_out < 0:
        raise MoveIncomplete(field="quantity")
    if source.id == target.id or source.commodity_id != target.commodity_id:
        raise MoveIncomplete(field="product")
    if repack_loss(taken, made) < 0:
        raise RepackGains(source=source.name, target=target.name)
    now = till.moment()
    entry = entries.Repack(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        source=source.id,
        taken=went_in,
        target=target.id,
        made=came_out,
    )
    return _store(till, entry)


def repack_loss(taken: tuple[Product, Thousandths], made: tuple[Product, Thousandths]) -> int:
    """Return what a repack lost, in thousandths of the commodity's unit; negative: it would gain."""
    return (taken[0].contents * taken[1] - made[0].contents * made[1]) // 1000


def begin_count(till: Till, product: ProductId) -> Frozen:
    """Remember the book of a product as a count begins. A short read."""
    return Frozen(product, till.journal.stock().get(product, 0))


def difference(frozen: Frozen, good: Thousandths, damaged: Thousandths) -> int:
    """Return counted − book, of good and damaged goods together."""
    return good + damaged - frozen.book


def store_count(
    till: Till,
    session: Session,
    counted: tuple[Frozen, Thousandths, Thousandths],
    reason: str,
    approver: Staff | None = None,
) -> Stored:
    """Take in a count: the frozen book, what is good, what is damaged. The damaged part leaves the shelf.

    Raises MoveIncomplete when a difference has no reason, NotPermitted when a difference or damaged goods have no
    manager, NotEnoughStock or StorageFailed; nothing is stored then.
    """
    frozen, good, damaged = counted
    differs = difference(frozen, good, damaged)
    if good < 0 or damaged < 0:
        raise MoveIncomplete(field="quantity")
    manager = _manager(session, approver) if differs or damaged else None
    if differs and not reason.strip():
        raise MoveIncomplete(field="note")
    now = till.moment()
    entry = entries.StockCount(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        product=frozen.product,
        counted=Thousandths(good + damaged),
        difference=differs,
        damaged=damaged,
        reason=reason.strip()[:LONGEST_NOTE],
        approver=manager,
    )
    return _store(till, entry)


def _take_off(
    till: Till, session: Session, move: tuple[ProductId, Thousandths, MoveReason], note: str, approver: Staff | None
) -> Stored:
    product, quantity, reason = move
    if quantity <= 0:
        raise MoveIncomplete(field="quantity")
    manager = _manager(session, approver)
    now = till.moment()
    entry = entries.StockMove(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        product=product,
        quantity=-quantity,
        reason=reason,
        note=note[:LONGEST_NOTE],
        approver=manager,
    )
    return _store(till, entry)


def _manager(session: Session, approver: Staff | None) -> StaffId | None:
    """Return the manager to be named beside who stood at the till; None when that is the manager."""
    manager = approver or session.staff
    if manager.role is Role.CASHIER:
        raise NotPermitted(role=Role.MANAGER.value)
    return manager.id if manager.id != session.staff_id else None


def _store(till: Till, entry: entries.AnyEntry) -> Stored:
    stored = till.journal.append(entry)
    till.wake_sync()
    return stored
