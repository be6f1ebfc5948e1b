"""Pre-numbered paper slips, written by hand while the till was down and entered later, each number once.

The goods are gone, so a slip is never refused for want of balance: it is decided by the rows as they are when it is
entered, and what they don't cover stands in its lines as `over`, which opens a matter at the office.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kube_pos.errors import BasketEmpty, KubePosError
from kube_pos.ledger import entries
from kube_pos.ledger.basket import cover_partly, permits_on
from kube_pos.ledger.days import business_day
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.ids import RecipientId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.records import SlipUsed
from kube_pos.operations.look_up import Visit, visit_of_card, visit_of_recipient
from kube_pos.operations.redemption import Basket, cash_lines, check_stock, has_goods, priced, sources_of
from kube_pos.operations.till import Session, Till

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9/-]{0,11}")
"""Too short for a card number or an NIK, which must never stand in an entry."""
LONGEST_NOTE = 100


class SlipUnreadable(KubePosError):
    """A paper slip's number or time can't be right. Facts: field (number, time)."""

    code = "slip_unreadable"


@dataclass(frozen=True, slots=True)
class PaperSlip:
    """What is printed and written on a slip: its number, and when the goods were handed out."""

    number: str
    at_ms: int


def slip_number(text: str) -> str:
    """Return a slip's number as it is stored; blanks and small letters make no other number. Raises SlipUnreadable."""
    number = "".join(text.split()).upper()
    if not _NUMBER.fullmatch(number):
        raise SlipUnreadable(field="number")
    return number


def enter_slip(till: Till, session: Session, visit: Visit, slip: PaperSlip, basket: Basket) -> Stored:
    """Store the sale of a slip, with the slip's prices of that day and the rows as of now.

    Raises SlipUsed, SlipUnreadable, BasketEmpty, NoPrice, NotEnoughStock (enter the delivery that is missing first; the
    slip waits) or StorageFailed; nothing is stored then. The same basket again returns the sale of the first time.
    """
    if (done := till.journal.sale_by_id(basket.sale)) is not None:
        return done
    number = _unused(till, slip.number)
    if not 0 < slip.at_ms <= max(till.believed_ms(), till.now_ms()):
        raise SlipUnreadable(field="time")
    if not has_goods((*basket.picks, *basket.cash)):
        raise BasketEmpty
    check_stock(till, (*basket.picks, *basket.cash))
    now_visit = _as_of_now(till, visit)
    entry = _entry(till, session, now_visit, PaperSlip(number, slip.at_ms), basket)
    decision = now_visit.decision
    rows = decision.rows if isinstance(decision, Allowed) else ()
    stored = till.journal.redeem(entry, {row.entitlement.id: row.granted for row in rows})
    till.wake_printing()
    till.wake_sync()
    return stored


def void_slip(till: Till, session: Session, number: str, note: str) -> Stored:
    """Account for a slip that carries no sale, so that no number is missing. Raises SlipUsed or SlipUnreadable."""
    used = _unused(till, number)
    now = till.moment()
    entry = entries.SlipEntered(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        slip=used,
        note=note.strip()[:LONGEST_NOTE],
    )
    stored = till.journal.append(entry)
    till.wake_sync()
    return stored


def _unused(till: Till, text: str) -> str:
    number = slip_number(text)
    if (seq := till.journal.slip_seq(number)) is not None:
        raise SlipUsed(slip=number, seq=seq)
    return number


def _as_of_now(till: Till, visit: Visit) -> Visit:
    """Return the visit judged again: hours may lie between the card and the last line of the slip."""
    if visit.token is not None:
        return visit_of_card(till, till.replica.card(visit.token), visit.token, visit.last4, manual=visit.manual)
    known = visit.decision.recipient
    return visit_of_recipient(till, till.replica.recipient(known.id) if known else None)


def _family(till: Till, visit: Visit) -> RecipientId | None:
    """Return the family, also when its card may not be used any more: the goods are with it."""
    if visit.decision.recipient is not None:
        return visit.decision.recipient.id
    card = till.replica.card(visit.token) if visit.token is not None else None
    return card.recipient_id if card is not None else None


def _entry(till: Till, session: Session, visit: Visit, slip: PaperSlip, basket: Basket) -> entries.Redemption:
    now, decision, slip_day = till.moment(), visit.decision, business_day(slip.at_ms)
    permits = permits_on(till.replica.catalogue().allowances, now.day)
    may_draw = isinstance(decision, Allowed)
    lines = cover_partly(decision.lines if may_draw else (), priced(till, basket.picks, slip_day), permits)
    return entries.Redemption(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        sale=basket.sale,
        receipt=till.journal.next_receipt(),
        recipient=_family(till, visit),
        card=visit.token,
        lines=lines,
        sources=sources_of(decision.rows if isinstance(decision, Allowed) else (), lines),
        opening=decision.balance if isinstance(decision, Allowed) else Rupiah(0),
        cash=cash_lines(till, basket.cash),
        as_of=visit.list_as_of_ms,
        manual=visit.manual,
        proxy=basket.proxy,
        delivery=basket.delivery,
        slip=entries.Slip(number=slip.number, at=slip.at_ms),
    )
