"""Publishing a disbursement cycle: one row per family, programme, fund and month, all or nothing.

A release of several months at once («rapel») makes a row for each month, never one doubled row; a month that a family
already has of the same programme and fund is refused with the row named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, insert, select

from kube_pos.ledger.days import month_start
from kube_pos.ledger.documents import Cycle, RecipientState, Unit
from kube_pos.ledger.ids import BenefitMonth, CommodityId, EntitlementId, FundId, OutletId, ProgramId, RecipientId
from kube_pos.upstream import tables
from kube_pos.upstream.audit import note
from kube_pos.upstream.catalogue import put_cycle
from kube_pos.upstream.entitlements import tell_entitlements
from kube_pos.upstream.errors import AlreadyPublished, MonthTwice, PublicationRefused
from kube_pos.upstream.shares import Free, active_ledger, grant

_CHUNK = 400
LARGEST_AMOUNT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Publication:
    """What an officer publishes: `amount` a month in rupiah, or in thousandths when a commodity is named."""

    program_id: ProgramId
    fund_id: FundId
    months: tuple[BenefitMonth, ...]
    amount: int
    released_on: date
    expires_on: date
    recipients: frozenset[RecipientId] | None = None
    """None: every family that is active."""
    commodity_id: CommodityId | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication made."""

    cycle_id: int
    families: int
    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class _Home:
    recipient_id: RecipientId
    outlet_id: OutletId


def publish(connection: Connection, wanted: Publication, now_ms: int) -> Published:
    """Publish a cycle's rows and grant them to the home outlets' tills; raises and changes nothing when one can't be.

    The caller's transaction must be undone on an error, as `Database.write` does.
    """
    _check(wanted)
    homes = _homes(connection, wanted)
    if not homes:
        raise PublicationRefused(reason="recipients")
    _refuse_duplicates(connection, wanted, {home.recipient_id for home in homes})
    rows = [_row(home, wanted, month) for home in homes for month in wanted.months]
    made = [EntitlementId(found) for found in _insert(connection, rows)]
    recipient_ids = [home.recipient_id for home in homes]
    tell_entitlements(connection, recipient_ids)
    _grant(connection, homes, made, wanted)
    cycle = plan_cycle(connection, wanted.program_id, wanted.months, wanted.released_on, published=True)
    total = wanted.amount * len(rows)
    detail = f"cycle={cycle.id} program={wanted.program_id} fund={wanted.fund_id} rows={len(rows)} total={total}"
    note(connection, now_ms, "officer", "published", detail)
    return Published(cycle.id, len(homes), len(rows), total)


def plan_cycle(
    connection: Connection,
    program_id: ProgramId,
    months: Iterable[BenefitMonth],
    released_on: date,
    *,
    published: bool = False,
) -> Cycle:
    """Put a cycle into the feed: planned with its expected day, or published, in place of a plan of the same months."""
    wanted = tuple(months)
    table = tables.cycle
    same = (table.c.published == 0) | (table.c.released_on == released_on.isoformat())
    found = connection.execute(
        select(table.c.id).where(table.c.program_id == program_id, table.c.months == ",".join(wanted), same)
    ).scalar()
    if found is None:
        blank = {"program_id": program_id, "months": "", "published": 0, "released_on": ""}
        found = connection.execute(insert(table).values(**blank).returning(table.c.id)).scalar_one()
    cycle = Cycle(id=found, program_id=program_id, months=wanted, published=published, released_on=released_on)
    put_cycle(connection, cycle)
    return cycle


def _check(wanted: Publication) -> None:
    if not wanted.months:
        raise MonthTwice(month="")
    for place, month in enumerate(wanted.months):
        try:
            month_start(month)
        except ValueError:
            raise MonthTwice(month=month) from None
        if month in wanted.months[:place]:
            raise MonthTwice(month=month)
    if not 0 < wanted.amount <= LARGEST_AMOUNT:
        raise PublicationRefused(reason="amount")
    if wanted.expires_on < wanted.released_on:
        raise PublicationRefused(reason="days")


def _homes(connection: Connection, wanted: Publication) -> list[_Home]:
    recipient = tables.recipient
    statement = select(recipient.c.id, recipient.c.home_outlet_id).order_by(recipient.c.id)
    if wanted.recipients is None:
        statement = statement.where(recipient.c.state == RecipientState.ACTIVE)
    found = [_Home(RecipientId(row.id), OutletId(row.home_outlet_id)) for row in connection.execute(statement)]
    if wanted.recipients is None:
        return found
    chosen = [home for home in found if home.recipient_id in wanted.recipients]
    if len(chosen) != len(wanted.recipients):
        raise PublicationRefused(reason="recipients")
    return chosen


def _refuse_duplicates(connection: Connection, wanted: Publication, recipient_ids: set[RecipientId]) -> None:
    """Name the first row that exists already; the unique key of the table stands behind this."""
    entitlement = tables.entitlement
    rows = connection.execute(
        select(entitlement.c.recipient_id, entitlement.c.month)
        .where(
            entitlement.c.program_id == wanted.program_id,
            entitlement.c.fund_id == wanted.fund_id,
            entitlement.c.month.in_(wanted.months),
        )
        .order_by(entitlement.c.recipient_id, entitlement.c.month)
    )
    for row in rows:
        if row.recipient_id in recipient_ids:
            raise AlreadyPublished(
                recipient=row.recipient_id, program=wanted.program_id, fund=wanted.fund_id, month=row.month
            )


def _row(home: _Home, wanted: Publication, month: BenefitMonth) -> dict[str, object]:
    unit = Unit.RUPIAH if wanted.commodity_id is None else Unit.COMMODITY
    return {
        "recipient_id": home.recipient_id,
        "program_id": wanted.program_id,
        "fund_id": wanted.fund_id,
        "month": month,
        "budget_year": month_start(month).year,
        "amount": wanted.amount,
        "unit": unit.value,
        "commodity_id": wanted.commodity_id,
        "released_on": wanted.released_on.isoformat(),
        "expires_on": wanted.expires_on.isoformat(),
        "version": 1,
    }


def _insert(connection: Connection, rows: list[dict[str, object]]) -> list[int]:
    made: list[int] = []
    statement = insert(tables.entitlement).returning(tables.entitlement.c.id, sort_by_parameter_order=True)
    for start in range(0, len(rows), _CHUNK):
        made += connection.execute(statement, rows[start : start + _CHUNK]).scalars()
    return made


def _grant(connection: Connection, homes: list[_Home], made: list[EntitlementId], wanted: Publication) -> None:
    """Grant the whole of each new row to the home outlet's till, when it has one yet."""
    by_outlet: dict[OutletId, list[Free]] = {}
    months = len(wanted.months)
    for place, home in enumerate(homes):
        rows = made[place * months : (place + 1) * months]
        by_outlet.setdefault(home.outlet_id, []).extend(Free(row, wanted.amount) for row in rows)
    for outlet_id, free in by_outlet.items():
        ledger_id = active_ledger(connection, outlet_id)
        if ledger_id is not None:
            grant(connection, ledger_id, free)
