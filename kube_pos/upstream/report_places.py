"""The reports by place: districts, wards and outlets.

Families and what they used stand with their home; an outlet's own line also tells what its tills gave out, to families
of other outlets too.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from kube_pos.upstream import tables
from kube_pos.upstream.report_figures import Drawn, Figures, Key, by_draw, by_entitlement, units
from kube_pos.upstream.report_table import Period, ReportTable, Row, amount

_FIGURES = ("unit", "families", "served", "unserved", "entitled", "used_before", "used", "left")


def districts(connection: Connection, period: Period) -> ReportTable:
    """Return families, served and unserved, and amounts by district."""
    ward = tables.ward
    figures = by_entitlement(connection, period, (ward.c.district_code, ward.c.district))
    rows = _rows(connection, figures, lambda key: (key[0], key[1]))
    return ReportTable("districts", ("district_code", "district", *_FIGURES), rows)


def wards(connection: Connection, period: Period) -> ReportTable:
    """Return the same by ward."""
    ward = tables.ward
    figures = by_entitlement(connection, period, (ward.c.district_code, ward.c.district, ward.c.name))
    rows = _rows(connection, figures, lambda key: (key[1], key[2]))
    return ReportTable("wards", ("district", "ward", *_FIGURES), rows)


def outlets(connection: Connection, period: Period) -> ReportTable:
    """Return the same by home outlet, with what each outlet's own tills gave out."""
    figures = by_entitlement(connection, period, (tables.recipient.c.home_outlet_id,))
    given = by_draw(connection, period, (tables.ledger.c.outlet_id,))
    known = {row.id: row for row in connection.execute(select(tables.outlet))}
    named = units(connection)
    rows = []
    for key in figures.keys() | given.keys():
        outlet = known[key[0]]
        cells = _cells(named, key, figures.get(key, Figures()))
        given_out = amount(key[-2], given.get(key, Drawn()).used)
        rows.append((outlet.district, outlet.ward, outlet.code, outlet.name, *cells, given_out))
    columns = ("district", "ward", "outlet_code", "outlet", *_FIGURES, "given_out")
    return ReportTable("outlets", columns, tuple(sorted(rows, key=lambda row: (row[2], row[4]))))


def _rows(
    connection: Connection, figures: dict[Key, Figures], place: Callable[[Key], tuple[str, ...]]
) -> tuple[Row, ...]:
    named = units(connection)
    made = [(key, (*place(key), *_cells(named, key, found))) for key, found in figures.items()]
    return tuple(row for _, row in sorted(made, key=lambda item: (*item[0][:-1], item[0][-1] or 0)))


def _cells(named: dict[int | None, str], key: Key, found: Figures) -> tuple[Any, ...]:
    """Return the cells that every place has: counts and amounts, `left` being what adds up to what was entitled."""
    amounts: list[int | Decimal] = [
        amount(key[-2], value)
        for value in (found.entitled, found.before, found.used, found.entitled - found.before - found.used)
    ]
    return (named.get(key[-1], ""), found.families, found.served, found.families - found.served, *amounts)
