"""Goods brought to a family that can't come («antar»): out of the shelf at once, open until someone took them."""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.errors import KubePosError
from kube_pos.ledger import entries
from kube_pos.ledger.documents import Staff
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.records import NoOpenDelivery
from kube_pos.operations.corrections import reverse
from kube_pos.operations.till import Session, Till

LONGEST_NAME = 80


class ReceiverMissing(KubePosError):
    """A delivery can't be confirmed without the name of who took it. Facts: none."""

    code = "receiver_missing"


@dataclass(frozen=True, slots=True)
class OpenDelivery:
    """A sale that is on its way: its entry, and the family's name when the till knows it."""

    seq: int
    entry: entries.Redemption
    family: str


def open_deliveries(till: Till) -> tuple[OpenDelivery, ...]:
    """Return the deliveries that were neither confirmed nor brought back, oldest first. Short reads."""
    found = []
    for seq in till.journal.open_deliveries():
        stored = till.journal.entry(seq)
        if stored is not None and isinstance(stored.entry, entries.Redemption):
            known = stored.entry.recipient
            family = till.replica.recipient(known) if known is not None else None
            found.append(OpenDelivery(seq, stored.entry, family.name if family else ""))
    return tuple(found)


def confirm_delivery(till: Till, session: Session, seq: int, received_by: str, relation: str = "") -> Stored:
    """Journal who took the goods at the door. Raises ReceiverMissing, NoOpenDelivery or StorageFailed."""
    if not received_by.strip():
        raise ReceiverMissing
    now = till.moment()
    entry = entries.DeliveryConfirmed(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        target=seq,
        received_by=received_by.strip()[:LONGEST_NAME],
        relation=relation.strip()[:LONGEST_NAME],
    )
    stored = till.journal.append(entry)
    till.wake_sync()
    return stored


def bring_back(till: Till, session: Session, seq: int, reason: str, approver: Staff) -> Stored:
    """Undo a delivery whose goods came back: balance and shelf are as before. Raises as `reverse`; NoOpenDelivery."""
    if seq not in till.journal.open_deliveries():
        raise NoOpenDelivery(seq=seq)
    return reverse(till, session, seq, reason, approver)
