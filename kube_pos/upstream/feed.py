"""The change feed: every document that a till may have to know, in one order.

A row is the newest version of one (audience, kind, key). A new version takes a new number and the old row goes, so
reading from 0 is always the compact snapshot. Deletions stay as rows without a document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from kube_pos.ledger.documents import Document
from kube_pos.ledger.ids import LedgerId, OutletId
from kube_pos.sync.wire import Change
from kube_pos.upstream.tables import feed

PAGE_LIMIT = 500
_CHUNK = 400
ALL = "all"
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Item:
    """A document on its way into the feed; without `doc`, its deletion."""

    audience: str
    kind: str
    key: str
    doc: bytes | None
    except_outlet: OutletId | None = None
    """Tills of this outlet don't get it: they have a fuller version in their outlet's audience."""


def for_outlet(outlet_id: OutletId) -> str:
    """Return the audience of an outlet's tills."""
    return f"outlet:{outlet_id}"


def for_ledger(ledger_id: LedgerId) -> str:
    """Return the audience of one till."""
    return f"ledger:{ledger_id}"


def encode(document: Document) -> bytes:
    """Return a document's bytes; made once, sent as they are."""
    return _ENCODER.encode(document)


def put(connection: Connection, items: Iterable[Item]) -> int:
    """Put documents and deletions in their order; return how many were news. Unchanged bytes are no news."""
    waiting = list(items)
    news = 0
    for start in range(0, len(waiting), _CHUNK):
        news += _put_chunk(connection, waiting[start : start + _CHUNK])
    return news


def page(
    connection: Connection, ledger_id: LedgerId, outlet_id: OutletId, after: int, limit: int = PAGE_LIMIT
) -> tuple[list[Change], bool]:
    """Return the changes after a number that a till is to know, oldest first, and whether others wait already."""
    statement = (
        select(feed.c.n, feed.c.kind, feed.c.key, feed.c.op, feed.c.doc)
        .where(feed.c.n > after, _audience_of(ledger_id, outlet_id))
        .order_by(feed.c.n)
        .limit(limit + 1)
    )
    rows = connection.execute(statement).all()
    changes = [
        Change(n=row.n, kind=row.kind, key=row.key, doc=msgspec.Raw(row.doc) if row.op == "put" else None)
        for row in rows[:limit]
    ]
    return changes, len(rows) > limit


def newest(connection: Connection) -> int:
    """Return the highest number given so far; 0 when there is none."""
    return int(connection.execute(select(func.coalesce(func.max(feed.c.n), 0))).scalar_one())


def _audience_of(ledger_id: LedgerId, outlet_id: OutletId) -> ColumnElement[bool]:
    foreign = or_(feed.c.except_outlet.is_(None), feed.c.except_outlet != outlet_id)
    return or_(
        and_(feed.c.audience == ALL, foreign), feed.c.audience.in_([for_outlet(outlet_id), for_ledger(ledger_id)])
    )


def _put_chunk(connection: Connection, items: list[Item]) -> int:
    known = _known(connection, items)
    fresh: dict[tuple[str, str, str], Item] = {}
    for item in items:
        place = (item.audience, item.kind, item.key)
        fresh.pop(place, None)
        if known.get(place, (None, None))[1] != _stored(item) and (item.doc is not None or place in known):
            fresh[place] = item
    gone = [known[place][0] for place in fresh if place in known]
    if gone:
        connection.execute(delete(feed).where(feed.c.n.in_(gone)))
    if fresh:
        connection.execute(insert(feed), [_row(item) for item in fresh.values()])
    return len(fresh)


def _known(
    connection: Connection, items: list[Item]
) -> dict[tuple[str, str, str], tuple[int | None, tuple[str, bytes, OutletId | None] | None]]:
    """Return number and contents of the rows that the items would replace."""
    statement = select(feed).where(
        feed.c.audience.in_({item.audience for item in items}), feed.c.key.in_({item.key for item in items})
    )
    return {
        (row.audience, row.kind, row.key): (row.n, (row.op, row.doc, row.except_outlet))
        for row in connection.execute(statement)
    }


def _stored(item: Item) -> tuple[str, bytes, OutletId | None]:
    return ("delete" if item.doc is None else "put", item.doc or b"", item.except_outlet)


def _row(item: Item) -> dict[str, object]:
    op, doc, except_outlet = _stored(item)
    return {
        "audience": item.audience,
        "except_outlet": except_outlet,
        "kind": item.kind,
        "key": item.key,
        "op": op,
        "doc": doc,
    }
