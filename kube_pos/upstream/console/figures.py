"""What the console's pages show, read from the office's database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, case, distinct, func, insert, select, update

from kube_pos.upstream import tables
from kube_pos.upstream.audit import note

DECISIONS = ("accepted", "corrected", "referred")
SILENT_MS = 3 * 86_400_000
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A district's families: how many took something and how many nothing yet."""

    name: str
    families: int
    served: int

    @property
    def unserved(self) -> int:
        """Return how many families took nothing yet."""
        return self.families - self.served


def districts(connection: Connection) -> list[Place]:
    """Return served and unserved families by the district that they live in, of all that is published."""
    entitlement, recipient, ward, share = tables.entitlement, tables.recipient, tables.ward, tables.share
    spent = (
        select(share.c.entitlement_id)
        .where(share.c.spent + share.c.settled > 0)
        .group_by(share.c.entitlement_id)
        .subquery()
    )
    took = case((spent.c.entitlement_id.is_not(None), recipient.c.id))
    rows = connection.execute(
        select(ward.c.district, func.count(distinct(recipient.c.id)), func.count(distinct(took)))
        .select_from(entitlement)
        .join(recipient, recipient.c.id == entitlement.c.recipient_id)
        .join(ward, ward.c.id == recipient.c.ward_id)
        .outerjoin(spent, spent.c.entitlement_id == entitlement.c.id)
        .group_by(ward.c.district)
        .order_by(ward.c.district)
    )
    return [Place(*row) for row in rows]


def tills(connection: Connection) -> list[Row[Any]]:
    """Return every till with its outlet, those not heard from longest first."""
    ledger, outlet = tables.ledger, tables.outlet
    return list(
        connection.execute(
            select(ledger, outlet.c.name.label("outlet"), outlet.c.code)
            .join(outlet, outlet.c.id == ledger.c.outlet_id)
            .order_by(ledger.c.last_contact)
        )
    )


def open_matters(connection: Connection) -> list[Row[Any]]:
    """Return the open exceptions, oldest first, as many as a page holds."""
    matter, ledger = tables.exception, tables.ledger
    return list(
        connection.execute(
            select(matter, ledger.c.terminal)
            .join(ledger, ledger.c.id == matter.c.ledger_id)
            .where(matter.c.closed_at.is_(None))
            .order_by(matter.c.opened_at, matter.c.id)
            .limit(_MOST_ROWS)
        )
    )


def open_count(connection: Connection) -> int:
    """Return how many exceptions are open."""
    matter = tables.exception
    return int(connection.execute(select(func.count()).where(matter.c.closed_at.is_(None))).scalar_one())


def decide(connection: Connection, number: int, officer: str, decision: str, words: str, now_ms: int) -> bool:
    """Close an open exception with a decision, a note and the officer's name; tell whether it was open."""
    matter = tables.exception
    closed = connection.execute(
        update(matter)
        .where(matter.c.id == number, matter.c.closed_at.is_(None))
        .values(closed_at=now_ms, owner=officer)
    )
    if closed.rowcount != 1:
        return False
    row = {"exception_id": number, "at": now_ms, "officer": officer, "decision": decision, "note": words}
    connection.execute(insert(tables.exception_decision), row)
    note(connection, now_ms, officer, "exception_decided", f"exception={number} decision={decision}")
    return True
