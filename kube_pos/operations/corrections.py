"""What may be done to a stored sale: undo it by a reversal, or print it again as a copy. History is never edited."""

from __future__ import annotations

from kube_pos.errors import NotPermitted, UnknownSale
from kube_pos.ledger import entries
from kube_pos.ledger.documents import Role, Staff
from kube_pos.ledger.ports import PrintKind, PrintRequest, Stored
from kube_pos.operations.till import Session, Till


def reverse(till: Till, session: Session, seq: int, reason: str, approver: Staff) -> Stored:
    """Undo a sale with a reason and a manager's name. Raises NotPermitted, UnknownSale or AlreadyReversed."""
    if approver.role is Role.CASHIER:
        raise NotPermitted(role=Role.MANAGER.value)
    if till.journal.entry(seq) is None:
        raise UnknownSale(receipt=str(seq))
    now = till.moment()
    entry = entries.Reversal(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        sale=till.new_sale_id(),
        receipt=till.journal.next_receipt(),
        target=seq,
        reason=reason,
        approver=approver.id,
    )
    stored = till.journal.reverse(entry)
    till.wake_printing()
    till.wake_sync()
    return stored


def reprint(till: Till, session: Session, seq: int) -> int:
    """Ask for another print of a sale's receipt, marked «SALINAN ke-n», and journal it; return n.

    Raises UnknownSale when the entry is no sale.
    """
    stored = till.journal.entry(seq)
    if stored is None or not isinstance(stored.entry, entries.Redemption | entries.GeneralSale | entries.Reversal):
        raise UnknownSale(receipt=str(seq))
    copy = till.journal.copies_of(seq)
    entry = entries.ReceiptPrinted(
        at=till.now_ms(), day=till.today(), by=session.staff_id, receipt=stored.entry.receipt, copy=copy
    )
    till.journal.append(entry, PrintRequest(PrintKind.RECEIPT, ref=seq, copy=copy))
    till.wake_printing()
    till.wake_sync()
    return copy
