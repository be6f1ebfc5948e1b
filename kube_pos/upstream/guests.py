"""Families that shop away from home: which tills they visit, and what those tills are sent of them meanwhile.

A till that asked for a family's share gets the family, its cards and its rows into its own audience. Some time later,
when it holds nothing of theirs any more, it is told to forget them; of their cards it keeps token, state and outlet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, delete, func, insert, select, update

from kube_pos.ledger.ids import LedgerId, OutletId, RecipientId
from kube_pos.upstream import feed, tables

REQUEST_LIFE_MS = 30 * 60_000
"""How long a family waits at most: what comes free later goes home."""
VISIT_LIFE_MS = 24 * 3_600_000
"""How long a till keeps a visiting family's documents at least, so that a sale can still be undone or printed."""


def begin_visit(connection: Connection, recipient_id: RecipientId, ledger_id: LedgerId, now_ms: int) -> None:
    """Note that a family is at a till now and waits for its share there, and nowhere else any more."""
    visit = tables.visit
    connection.execute(update(visit).where(visit.c.recipient_id == recipient_id).values(open_until=0))
    times = {"asked_at": now_ms, "open_until": now_ms + REQUEST_LIFE_MS}
    mine = (visit.c.recipient_id == recipient_id, visit.c.ledger_id == ledger_id)
    if connection.execute(update(visit).where(*mine).values(**times)).rowcount == 0:
        connection.execute(insert(visit), {"recipient_id": recipient_id, "ledger_id": ledger_id, **times})


def waiting_at(
    connection: Connection, recipient_ids: Iterable[RecipientId], now_ms: int
) -> dict[RecipientId, tuple[LedgerId, int]]:
    """Return the till where each family waits for its share now, and until when."""
    visit = tables.visit
    rows = connection.execute(
        select(visit).where(visit.c.recipient_id.in_(sorted(set(recipient_ids))), visit.c.open_until > now_ms)
    )
    return {RecipientId(row.recipient_id): (LedgerId(row.ledger_id), row.open_until) for row in rows}


def guests_of(connection: Connection, recipient_ids: Iterable[RecipientId]) -> dict[RecipientId, list[LedgerId]]:
    """Return the tills that know a family although it is not of their outlet."""
    visit, ledger, recipient = tables.visit, tables.ledger, tables.recipient
    rows = connection.execute(
        select(visit.c.recipient_id, visit.c.ledger_id)
        .join(ledger, ledger.c.id == visit.c.ledger_id)
        .join(recipient, recipient.c.id == visit.c.recipient_id)
        .where(visit.c.recipient_id.in_(sorted(set(recipient_ids))), recipient.c.home_outlet_id != ledger.c.outlet_id)
        .order_by(visit.c.recipient_id, visit.c.ledger_id)
    )
    found: dict[RecipientId, list[LedgerId]] = {}
    for row in rows:
        found.setdefault(RecipientId(row.recipient_id), []).append(LedgerId(row.ledger_id))
    return found


def for_guests(item: feed.Item, ledger_ids: Iterable[LedgerId]) -> list[feed.Item]:
    """Return a home outlet's document as the tills that the family visits get it."""
    return [replace(item, audience=feed.for_ledger(ledger_id)) for ledger_id in ledger_ids]


def end_visits(connection: Connection, ledger_id: LedgerId, outlet_id: OutletId, now_ms: int) -> int:
    """Let a till forget the families that were there long ago and have nothing left at it; return how many."""
    visit, share, entitlement = tables.visit, tables.share, tables.entitlement
    unspent = func.sum(share.c.granted - share.c.released - share.c.spent)
    holds = (
        select(entitlement.c.recipient_id)
        .join(share, share.c.entitlement_id == entitlement.c.id)
        .where(share.c.ledger_id == ledger_id)
        .group_by(entitlement.c.recipient_id)
        .having(unspent > 0)
    )
    over = (
        visit.c.ledger_id == ledger_id,
        visit.c.asked_at <= now_ms - VISIT_LIFE_MS,
        visit.c.open_until <= now_ms,
    )
    recipient = tables.recipient
    rows = connection.execute(
        select(visit.c.recipient_id, recipient.c.home_outlet_id)
        .join(recipient, recipient.c.id == visit.c.recipient_id)
        .where(*over, visit.c.recipient_id.not_in(holds))
        .order_by(visit.c.recipient_id)
    ).all()
    for row in rows:
        mine = (visit.c.recipient_id == row.recipient_id, visit.c.ledger_id == ledger_id)
        connection.execute(delete(visit).where(*mine))
        # A family that has moved to this very outlet stays known here.
        if row.home_outlet_id != outlet_id:
            feed.put(connection, _farewell(connection, RecipientId(row.recipient_id), ledger_id))
    return len(rows)


def _farewell(connection: Connection, recipient_id: RecipientId, ledger_id: LedgerId) -> list[feed.Item]:
    audience, table = feed.for_ledger(ledger_id), tables.feed
    rows = select(tables.entitlement.c.id).where(tables.entitlement.c.recipient_id == recipient_id)
    items = [feed.Item(audience, "entitlement", str(row), None) for row in connection.execute(rows).scalars()]
    items.append(feed.Item(audience, "recipient", str(recipient_id), None))
    tokens = select(tables.card.c.token).where(tables.card.c.recipient_id == recipient_id)
    # What every other till has of the card, sent again: a deletion would take the card's state along.
    known = connection.execute(
        select(table.c.key, table.c.doc).where(
            table.c.audience == feed.ALL, table.c.kind == "card", table.c.key.in_(tokens)
        )
    )
    items += [feed.Item(audience, "card", row.key, row.doc) for row in known]
    return items
