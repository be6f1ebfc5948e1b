"""Entitlement rows as documents of the feed: told to the tills of the family's home outlet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, Row, select

from kube_pos.ledger.documents import Entitlement, Unit
from kube_pos.ledger.ids import OutletId, RecipientId
from kube_pos.upstream import feed, tables
from kube_pos.upstream.guests import for_guests, guests_of

_CHUNK = 400


def tell_entitlements(connection: Connection, recipient_ids: Iterable[RecipientId]) -> None:
    """Put all rows of families into the feed of their home outlet; unchanged ones are no news."""
    entitlement, recipient = tables.entitlement, tables.recipient
    wanted = sorted(set(recipient_ids))
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            select(entitlement, recipient.c.home_outlet_id)
            .join(recipient, recipient.c.id == entitlement.c.recipient_id)
            .where(recipient.c.id.in_(wanted[start : start + _CHUNK]))
            .order_by(entitlement.c.id)
        )
        guests = guests_of(connection, wanted[start : start + _CHUNK])
        items = [(_item(row), guests.get(row.recipient_id, ())) for row in rows]
        feed.put(connection, [home for item, visited in items for home in (item, *for_guests(item, visited))])


def _item(row: Row[tuple[object, ...]]) -> feed.Item:
    document = Entitlement(
        id=row.id,
        recipient_id=row.recipient_id,
        program_id=row.program_id,
        fund_id=row.fund_id,
        budget_year=row.budget_year,
        month=row.month,
        amount=row.amount,
        released_on=date.fromisoformat(row.released_on),
        expires_on=date.fromisoformat(row.expires_on),
        unit=Unit(row.unit),
        commodity_id=row.commodity_id,
        version=row.version,
    )
    return feed.Item(feed.for_outlet(OutletId(row.home_outlet_id)), "entitlement", str(row.id), feed.encode(document))
