"""Changing rows that were published: another amount, a later last day. Each change is a new version of the row.

A grant never shrinks (protocol: shares). An amount that is lowered takes back what no till was granted; where a till
holds more than the new amount, or has spent it, a matter opens for the officer, and what is held and not spent is
recalled; the till honours the new version as soon as it hears of it. Sales keep what they were made with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, insert, select, update

from kube_pos.ledger.ids import BenefitMonth, EntitlementId, FundId, LedgerId, OutletId, ProgramId, RecipientId
from kube_pos.upstream import tables
from kube_pos.upstream.audit import note
from kube_pos.upstream.entitlements import tell_entitlements
from kube_pos.upstream.errors import NothingToAmend, PublicationRefused
from kube_pos.upstream.publication import LARGEST_AMOUNT
from kube_pos.upstream.requests import settle
from kube_pos.upstream.shares import Free, active_ledger, free_of_rows, grant
from kube_pos.upstream.verdicts import ReportCode

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows are meant: those of a programme, fund and month, of all families or of some."""

    program_id: ProgramId
    fund_id: FundId
    month: BenefitMonth
    recipients: frozenset[RecipientId] | None = None


@dataclass(frozen=True, slots=True)
class Amended:
    """What a change did: rows with a new version, rows that had it already, matters opened for the officer."""

    changed: int
    unchanged: int
    matters: int


@dataclass(frozen=True, slots=True)
class _Found:
    id: EntitlementId
    recipient_id: RecipientId
    outlet_id: OutletId
    amount: int
    expires_on: date


def amend(connection: Connection, rows: Rows, amount: int, officer: str, now_ms: int) -> Amended:
    """Give rows another amount; what is added is granted to the home outlet's till.

    Raises NothingToAmend or PublicationRefused, and changes nothing then.
    """
    if not 0 < amount <= LARGEST_AMOUNT:
        raise PublicationRefused(reason="amount")
    found = _find(connection, rows)
    changed = [row for row in found if row.amount != amount]
    _write(connection, changed, {"amount": amount})
    _grant_free(connection, changed)
    settle(connection, [row.id for row in changed], now_ms)
    matters = _open_matters(connection, rows, changed, amount, now_ms)
    detail = f"{_where(rows)} amount={amount} rows={len(changed)} matters={matters}"
    note(connection, now_ms, officer, "amended", detail)
    return Amended(len(changed), len(found) - len(changed), matters)


def extend(connection: Connection, rows: Rows, expires_on: date, officer: str, now_ms: int) -> Amended:
    """Give rows a later last day; an expired row can be used again.

    Raises NothingToAmend, or PublicationRefused when a row would end sooner than now, and changes nothing then.
    """
    found = _find(connection, rows)
    if any(row.expires_on > expires_on for row in found):
        raise PublicationRefused(reason="days")
    changed = [row for row in found if row.expires_on != expires_on]
    _write(connection, changed, {"expires_on": expires_on.isoformat()})
    note(connection, now_ms, officer, "extended", f"{_where(rows)} until={expires_on} rows={len(changed)}")
    return Amended(len(changed), len(found) - len(changed), 0)


def _find(connection: Connection, rows: Rows) -> list[_Found]:
    entitlement, recipient = tables.entitlement, tables.recipient
    statement = (
        select(entitlement, recipient.c.home_outlet_id)
        .join(recipient, recipient.c.id == entitlement.c.recipient_id)
        .where(
            entitlement.c.program_id == rows.program_id,
            entitlement.c.fund_id == rows.fund_id,
            entitlement.c.month == rows.month,
        )
        .order_by(entitlement.c.id)
    )
    found = [
        _Found(
            EntitlementId(row.id),
            RecipientId(row.recipient_id),
            OutletId(row.home_outlet_id),
            row.amount,
            date.fromisoformat(row.expires_on),
        )
        for row in connection.execute(statement)
        if rows.recipients is None or row.recipient_id in rows.recipients
    ]
    if not found or (rows.recipients is not None and len(found) != len(rows.recipients)):
        raise NothingToAmend(month=rows.month, program=rows.program_id, fund=rows.fund_id)
    return found


def _write(connection: Connection, changed: list[_Found], values: dict[str, object]) -> None:
    """Write the new version of each row, and tell the home outlets' tills."""
    if not changed:
        return
    table = tables.entitlement
    statement = update(table).where(table.c.id == bindparam("number")).values(**values, version=table.c.version + 1)
    connection.execute(statement, [{"number": row.id} for row in changed])
    tell_entitlements(connection, [row.recipient_id for row in changed])


def _grant_free(connection: Connection, changed: list[_Found]) -> None:
    """Grant what was added to the tills of the home outlets, when they have one."""
    by_outlet: dict[OutletId, list[EntitlementId]] = {}
    for row in changed:
        by_outlet.setdefault(row.outlet_id, []).append(row.id)
    for outlet_id, numbers in by_outlet.items():
        ledger_id = active_ledger(connection, outlet_id)
        free = [row for row in free_of_rows(connection, numbers) if row.amount > 0]
        if ledger_id is not None and free:
            grant(connection, ledger_id, [Free(row.entitlement_id, row.amount) for row in free])


def _open_matters(connection: Connection, rows: Rows, changed: list[_Found], amount: int, now_ms: int) -> int:
    """Open a matter for each till that holds or has spent more of some row than its new amount."""
    share = tables.share
    numbers = [row.id for row in changed if row.amount > amount]
    held: dict[LedgerId, int] = {}
    overspent: dict[LedgerId, int] = {}
    for place in _chunks(share.c.entitlement_id, numbers):
        by_row: dict[int, list[Row[Any]]] = {}
        for row in connection.execute(select(share).where(place)):
            by_row.setdefault(row.entitlement_id, []).append(row)
        for shares in by_row.values():
            spent = sum(row.spent + row.settled for row in shares)
            reserved = sum(max(row.granted - row.released, row.spent) + row.settled for row in shares)
            for row in shares:
                if spent > amount and row.spent + row.settled:
                    overspent[row.ledger_id] = overspent.get(row.ledger_id, 0) + 1
                elif spent <= amount < reserved and row.granted - row.released > row.spent:
                    held[row.ledger_id] = held.get(row.ledger_id, 0) + 1
    matters = [
        {
            "ledger_id": ledger_id,
            "seq": None,
            "code": code.value,
            "opened_at": now_ms,
            "detail": f"{_where(rows)} amount={amount} rows={count}",
        }
        for code, counts in ((ReportCode.AMOUNT_OVERSPENT, overspent), (ReportCode.AMOUNT_HELD, held))
        for ledger_id, count in sorted(counts.items())
    ]
    if matters:
        connection.execute(insert(tables.exception), matters)
    return len(matters)


def _chunks(column: ColumnElement[int], numbers: list[EntitlementId]) -> Iterable[ColumnElement[bool]]:
    for start in range(0, len(numbers), _CHUNK):
        yield column.in_(numbers[start : start + _CHUNK])


def _where(rows: Rows) -> str:
    return f"program={rows.program_id} fund={rows.fund_id} month={rows.month}"
