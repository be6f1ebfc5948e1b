"""What was entitled, used, served and not served, by outlet, programme, fund and month.

What was used is split by the entitlements that each sale drew on, as the sale itself says, so a release of several
months goes back to its months, and a later correction of a document changes no report.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from kube_pos.upstream import tables


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One outlet, programme, fund and month; amounts in rupiah, or thousandths for goods in kind.

    Families and entitled amounts stand with the home outlet, used amounts with the outlet that gave the goods out.
    """

    outlet_code: str
    outlet_name: str
    program: str
    fund: str
    budget_year: int
    month: str
    unit: str
    families: int
    served: int
    unserved: int
    entitled: int
    used: int


class _Key(NamedTuple):
    outlet_id: int
    program_id: int
    fund_id: int
    budget_year: int
    month: str
    unit: str


class _Entitled(NamedTuple):
    families: int = 0
    served: int = 0
    amount: int = 0


def report(connection: Connection) -> list[ReportLine]:
    """Return the report's lines in the order of outlet, programme, fund and month."""
    entitled = _entitled(connection)
    used = _used(connection)
    outlets = {row.id: row for row in connection.execute(select(tables.outlet))}
    programs = {row.id: row.name for row in connection.execute(select(tables.program))}
    funds = {row.id: row.name for row in connection.execute(select(tables.fund))}
    lines = []
    for key in sorted(entitled.keys() | used.keys()):
        found = entitled.get(key, _Entitled())
        outlet = outlets[key.outlet_id]
        lines.append(
            ReportLine(
                outlet_code=outlet.code,
                outlet_name=outlet.name,
                program=programs.get(key.program_id, ""),
                fund=funds.get(key.fund_id, ""),
                budget_year=key.budget_year,
                month=key.month,
                unit=key.unit,
                families=found.families,
                served=found.served,
                unserved=found.families - found.served,
                entitled=found.amount,
                used=used.get(key, 0),
            )
        )
    return lines


def as_csv(lines: list[ReportLine]) -> str:
    """Return a report as CSV with a header; semicolons, as Indonesian spreadsheets expect."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow([field.name for field in fields(ReportLine)])
    writer.writerows([_harmless(value) for value in asdict(line).values()] for line in lines)
    return text.getvalue()


def as_json(lines: list[ReportLine]) -> dict[str, object]:
    """Return a report with its totals, ready for JSON."""
    rupiah = [line for line in lines if line.unit == "rupiah"]
    return {
        "lines": [asdict(line) for line in lines],
        "entitled_rupiah": sum(line.entitled for line in rupiah),
        "used_rupiah": sum(line.used for line in rupiah),
        "rows": sum(line.families for line in lines),
        "served_rows": sum(line.served for line in lines),
        "unserved_rows": sum(line.unserved for line in lines),
    }


def _harmless(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value


def _entitled(connection: Connection) -> dict[_Key, _Entitled]:
    entitlement, recipient, share = tables.entitlement, tables.recipient, tables.share
    spent = (
        select(share.c.entitlement_id, func.sum(share.c.spent + share.c.settled).label("spent"))
        .group_by(share.c.entitlement_id)
        .subquery()
    )
    key = (
        recipient.c.home_outlet_id,
        entitlement.c.program_id,
        entitlement.c.fund_id,
        entitlement.c.budget_year,
        entitlement.c.month,
        entitlement.c.unit,
    )
    served = func.sum(case((func.coalesce(spent.c.spent, 0) > 0, 1), else_=0))
    rows = connection.execute(
        select(*key, func.count(), served, func.sum(entitlement.c.amount))
        .join(recipient, recipient.c.id == entitlement.c.recipient_id)
        .outerjoin(spent, spent.c.entitlement_id == entitlement.c.id)
        .group_by(*key)
    )
    return {_Key(*row[:6]): _Entitled(*map(int, row[6:])) for row in rows}


def _used(connection: Connection) -> dict[_Key, int]:
    """Return what was given out and not undone."""
    draw, sale, ledger = tables.draw, tables.sale, tables.ledger
    key: tuple[ColumnElement[Any], ...] = (
        ledger.c.outlet_id,
        draw.c.program_id,
        draw.c.fund_id,
        draw.c.budget_year,
        draw.c.month,
        draw.c.unit,
    )
    rows = connection.execute(
        select(*key, func.sum(draw.c.amount))
        .join(ledger, ledger.c.id == draw.c.ledger_id)
        .join(sale, and_(sale.c.ledger_id == draw.c.ledger_id, sale.c.seq == draw.c.seq))
        .where(sale.c.reversed_by.is_(None))
        .group_by(*key)
    )
    return {_Key(*row[:6]): int(row[6]) for row in rows}
