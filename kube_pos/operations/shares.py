"""Shares on their way between tills: what upstream asks back is released, when nobody here needs it."""

from __future__ import annotations

import msgspec

from kube_pos.errors import NotEnoughShare
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import ShareReleased
from kube_pos.ledger.ids import CardToken, RecipientId, StaffId
from kube_pos.ledger.ports import OpenRecall, Stored, Use
from kube_pos.operations.look_up import visit_of_card
from kube_pos.operations.till import Till

SYSTEM = StaffId(0)
"""Who releases shares: nobody at the counter, the till itself."""


class _Owner(msgspec.Struct):
    """Whose the kept basket is; the rest of it is the window's own."""

    recipient: RecipientId


def answer_recalls(till: Till) -> tuple[Stored, ...]:
    """Release what upstream asks back, as far as it is not spent and not in an open basket; return what was journaled.

    On the writer's thread, so that no basket is kept and no sale stored in between. May be called at any time: a recall
    that was answered asks for nothing more. Raises StorageFailed.
    """
    recalls = till.replica.recalls()
    if not recalls:
        return ()
    body = till.journal.open_basket()
    uses = till.journal.uses(one.recall.entitlement_id for one in recalls)
    now, done = till.believed_ms(), []
    for one in recalls:
        is_late = 0 < one.recall.until_ms < now
        if is_late or (body is not None and _may_belong_to(body, one.recall.recipient_id)):
            continue
        stored = _release(till, one, uses.get(one.recall.entitlement_id, Use()))
        if stored is not None:
            done.append(stored)
    if done:
        till.wake_sync()
    return tuple(done)


def may_be_served(till: Till, card: CardToken) -> bool:
    """Tell whether a card's family may take goods at this till now. A short read, on any thread."""
    found = till.replica.card(card)
    return isinstance(visit_of_card(till, found, card, "", manual=False).decision, Allowed)


def _release(till: Till, one: OpenRecall, use: Use) -> Stored | None:
    """Journal the new total, when there is something to give."""
    total = min(one.recall.released, one.granted - use.spent)
    if total <= use.released:
        return None
    now = till.moment()
    entry = ShareReleased(
        at=now.at,
        day=now.day,
        by=SYSTEM,
        clock_suspect=now.is_suspect,
        entitlement=one.recall.entitlement_id,
        released=total,
    )
    try:
        return till.journal.release(entry, one.granted)
    except NotEnoughShare:
        # A sale came between the reading and the writing: the next recall finds what is left.
        return None


def _may_belong_to(body: bytes, recipient_id: RecipientId) -> bool:
    """Tell whether an open basket is a family's; one that can't be read may be anybody's."""
    try:
        return msgspec.json.decode(body, type=_Owner).recipient == recipient_id
    except msgspec.MsgspecError:
        return True
