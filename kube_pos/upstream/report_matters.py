"""The reports of what needs an officer: aid about to expire, exceptions, mismatch reports, tills not heard from."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, select

from kube_pos.ledger.days import DAY_MS, at_wita, wita
from kube_pos.ledger.entries import DataMismatchReport, decode
from kube_pos.upstream import tables
from kube_pos.upstream.report_figures import drawn_by_row, units
from kube_pos.upstream.report_table import Period, ReportTable, amount, masked


def expiring(connection: Connection, period: Period) -> ReportTable:
    """Return what is unspent of the rows whose last day lies in the period, by that day, outlet, fund and month."""
    entitlement, recipient, outlet, fund = tables.entitlement, tables.recipient, tables.outlet, tables.fund
    drawn = drawn_by_row(Period(period.today))
    left = entitlement.c.amount - func.coalesce(drawn.c.used, 0)
    key = (
        entitlement.c.expires_on,
        outlet.c.district,
        outlet.c.code,
        fund.c.name,
        entitlement.c.budget_year,
        entitlement.c.month,
        entitlement.c.unit,
        entitlement.c.commodity_id,
    )
    last = () if period.last is None else (entitlement.c.expires_on <= period.last.isoformat(),)
    rows = connection.execute(
        select(*key, func.count(), func.sum(left))
        .join(recipient, recipient.c.id == entitlement.c.recipient_id)
        .join(outlet, outlet.c.id == recipient.c.home_outlet_id)
        .join(fund, fund.c.id == entitlement.c.fund_id)
        .outerjoin(drawn, drawn.c.entitlement_id == entitlement.c.id)
        .where(left > 0, entitlement.c.expires_on >= (period.first or period.today).isoformat(), *last)
        .group_by(*key)
        .order_by(*key)
    )
    named = units(connection)
    made = tuple((*row[:6], named.get(row[7], ""), int(row[8]), amount(row[6], row[9])) for row in rows)
    columns = ("expires_on", "district", "outlet_code", "fund", "budget_year", "month", "unit", "rows", "left")
    return ReportTable("expiring", columns, made)


def exceptions(connection: Connection, period: Period) -> ReportTable:
    """Return the matters opened in the period, with who decided them."""
    exception, ledger, outlet, sale = tables.exception, tables.ledger, tables.outlet, tables.sale
    rows = connection.execute(
        select(exception, outlet.c.code.label("outlet_code"), ledger.c.terminal, sale.c.recipient_id)
        .join(ledger, ledger.c.id == exception.c.ledger_id)
        .join(outlet, outlet.c.id == ledger.c.outlet_id)
        .outerjoin(sale, and_(sale.c.ledger_id == exception.c.ledger_id, sale.c.seq == exception.c.seq))
        .where(*_opened_in(exception.c.opened_at, period))
        .order_by(exception.c.id)
    )
    made = tuple(
        (
            _moment(row.opened_at),
            row.outlet_code,
            row.terminal,
            row.seq,
            row.code,
            row.recipient_id,
            row.owner,
            _moment(row.closed_at),
        )
        for row in rows
    )
    columns = ("opened_at", "outlet_code", "terminal", "entry", "matter", "family", "owner", "closed_at")
    return ReportTable("exceptions", columns, made)


def mismatches(connection: Connection, period: Period) -> ReportTable:
    """Return the mismatch reports of the tills, by their tickets, with the families that they name."""
    entry, ledger, outlet = tables.entry, tables.ledger, tables.outlet
    families = {row.id: row for row in connection.execute(select(tables.recipient))} if _any(connection) else {}
    rows = connection.execute(
        select(entry.c.body, outlet.c.code, ledger.c.terminal)
        .join(ledger, ledger.c.id == entry.c.ledger_id)
        .join(outlet, outlet.c.id == ledger.c.outlet_id)
        .where(entry.c.kind == DataMismatchReport.__name__)
        .order_by(entry.c.received_at, entry.c.ledger_id, entry.c.seq)
    )
    made = []
    for row in rows:
        report = decode(row.body)
        if not isinstance(report, DataMismatchReport) or not _is_in(report.day, period):
            continue
        family = families.get(report.recipient)
        name, nik = ("", "") if family is None else (family.name, masked(family.national_id_last4))
        category = msgspec.to_builtins(report.category)
        made.append((report.ticket, report.day, row.code, row.terminal, category, report.recipient, name, nik))
    columns = ("ticket", "day", "outlet_code", "terminal", "category", "family", "name", "nik")
    return ReportTable("mismatches", columns, tuple(made))


def silent_tills(connection: Connection, now_ms: int, days: int) -> ReportTable:
    """Return the active tills that the office has not heard from for some days, the longest silent first."""
    ledger, outlet = tables.ledger, tables.outlet
    rows = connection.execute(
        select(outlet.c.district, outlet.c.code, ledger.c.terminal, ledger.c.last_contact, ledger.c.acked)
        .join(outlet, outlet.c.id == ledger.c.outlet_id)
        .where(ledger.c.state == "active", ledger.c.last_contact <= now_ms - days * DAY_MS)
        .order_by(ledger.c.last_contact, ledger.c.terminal)
    )
    made = tuple(
        (
            row.district,
            row.code,
            row.terminal,
            _moment(row.last_contact),
            (now_ms - row.last_contact) // DAY_MS,
            row.acked,
        )
        for row in rows
    )
    columns = ("district", "outlet_code", "terminal", "last_contact", "silent_days", "entries")
    return ReportTable("silent", columns, made)


def _any(connection: Connection) -> bool:
    kind = tables.entry.c.kind
    return connection.execute(select(kind).where(kind == DataMismatchReport.__name__).limit(1)).first() is not None


def _opened_in(column: ColumnElement[Any], period: Period) -> list[ColumnElement[bool]]:
    found = [] if period.first is None else [column >= at_wita(period.first)]
    return found if period.last is None else [*found, column < at_wita(period.last + timedelta(days=1))]


def _is_in(day: date, period: Period) -> bool:
    return (period.first or date.min) <= day <= (period.last or date.max)


def _moment(at_ms: int | None) -> datetime | None:
    """Return a moment as a clock in Samarinda shows it; a spreadsheet knows no time zones."""
    return None if at_ms is None else wita(at_ms).replace(tzinfo=None, microsecond=0)
