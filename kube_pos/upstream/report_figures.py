"""The sums that the reports are made of: what was entitled, and what was drawn of it.

A draw counts when its sale was not undone, on the business day of the sale. It is split by the entitlements that the
sale itself names, so a release of several months goes back to its months and no later document changes a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, distinct, func, or_, select

from kube_pos.ledger.documents import Unit
from kube_pos.upstream import tables
from kube_pos.upstream.report_table import Period

Column = ColumnElement[Any]
Key = tuple[Any, ...]


class Figures(NamedTuple):
    """Families of some entitlements, those who took something in the period, and amounts."""

    families: int = 0
    served: int = 0
    entitled: int = 0
    before: int = 0
    used: int = 0


class Drawn(NamedTuple):
    """What was drawn before a period, and in it."""

    before: int = 0
    used: int = 0


def drawn_by_row(period: Period) -> Subquery:
    """Return what was drawn of each entitlement before the period and in it, and the last day of that."""
    draw, sale = tables.draw, tables.sale
    in_time = sale.c.day >= period.begins
    statement = (
        select(
            draw.c.entitlement_id,
            func.sum(case((in_time, 0), else_=draw.c.amount)).label("before"),
            func.sum(case((in_time, draw.c.amount), else_=0)).label("used"),
            func.max(case((in_time, sale.c.day))).label("last_day"),
        )
        .join(sale, and_(sale.c.ledger_id == draw.c.ledger_id, sale.c.seq == draw.c.seq))
        .where(sale.c.reversed_by.is_(None), *_until(sale.c.day, period))
        .group_by(draw.c.entitlement_id)
    )
    return statement.subquery()


def is_of(period: Period, drawn: Subquery) -> ColumnElement[bool]:
    """Return the condition for entitlements of a period: usable in it, or drawn on in it all the same."""
    entitlement = tables.entitlement
    usable = and_(entitlement.c.released_on <= period.usable_until, entitlement.c.expires_on >= period.begins)
    return or_(usable, func.coalesce(drawn.c.used, 0) != 0)


def by_entitlement(connection: Connection, period: Period, keys: Sequence[Column]) -> dict[Key, Figures]:
    """Sum a period's entitlements by columns of entitlement, recipient and ward; unit and commodity end the key."""
    entitlement, recipient, ward = tables.entitlement, tables.recipient, tables.ward
    drawn = drawn_by_row(period)
    key = (*keys, entitlement.c.unit, entitlement.c.commodity_id)
    used = func.coalesce(drawn.c.used, 0)
    rows = connection.execute(
        select(
            *key,
            func.count(distinct(recipient.c.id)),
            func.count(distinct(case((used > 0, recipient.c.id)))),
            func.sum(entitlement.c.amount),
            func.sum(func.coalesce(drawn.c.before, 0)),
            func.sum(used),
        )
        .join(recipient, recipient.c.id == entitlement.c.recipient_id)
        .join(ward, ward.c.id == recipient.c.ward_id)
        .outerjoin(drawn, drawn.c.entitlement_id == entitlement.c.id)
        .where(is_of(period, drawn))
        .group_by(*key)
    )
    size = len(key)
    return {tuple(row[:size]): Figures(*map(int, row[size:])) for row in rows}


def by_draw(connection: Connection, period: Period, keys: Sequence[Column]) -> dict[Key, Drawn]:
    """Sum what was given out by columns of draw and ledger, the unknown entitlements too; keys end as above."""
    draw, sale, ledger, entitlement = tables.draw, tables.sale, tables.ledger, tables.entitlement
    key = (*keys, draw.c.unit, entitlement.c.commodity_id)
    in_time = sale.c.day >= period.begins
    rows = connection.execute(
        select(
            *key,
            func.sum(case((in_time, 0), else_=draw.c.amount)),
            func.sum(case((in_time, draw.c.amount), else_=0)),
        )
        .join(sale, and_(sale.c.ledger_id == draw.c.ledger_id, sale.c.seq == draw.c.seq))
        .join(ledger, ledger.c.id == draw.c.ledger_id)
        .outerjoin(entitlement, entitlement.c.id == draw.c.entitlement_id)
        .where(sale.c.reversed_by.is_(None), *_until(sale.c.day, period))
        .group_by(*key)
    )
    size = len(key)
    return {_with_commodity(row[:size]): Drawn(*map(int, row[size:])) for row in rows}


def units(connection: Connection) -> dict[int | None, str]:
    """Return how each commodity is counted, as «kg Beras»; rupiah stands under None."""
    commodity = tables.commodity
    named = {row.id: f"{row.unit} {row.name}" for row in connection.execute(select(commodity))}
    return {None: "Rp", **named}


def _with_commodity(key: Sequence[Any]) -> Key:
    """Return a key whose rupiah have no commodity, whatever the row is that an odd sale drew them from."""
    return (*key[:-1], None) if key[-2] == Unit.RUPIAH else tuple(key)


def _until(day: Column, period: Period) -> tuple[ColumnElement[bool], ...]:
    return () if period.last is None else (day <= period.last.isoformat(),)
