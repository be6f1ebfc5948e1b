"""The reports by money: by fund and budget year, and by benefit month, where a release of several months is split back.

What was used comes from the sales themselves, so money of an entitlement that the office does not know is here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from kube_pos.upstream import tables
from kube_pos.upstream.report_figures import Drawn, Figures, by_draw, by_entitlement, units
from kube_pos.upstream.report_table import Period, ReportTable, Row, amount

_FIGURES = ("unit", "families", "served", "unserved", "entitled", "used_before", "used", "left")


def funds(connection: Connection, period: Period) -> ReportTable:
    """Return families and amounts by fund, budget year and programme."""
    found = _merged(connection, period, ("fund_id", "budget_year", "program_id"))
    funds_by_id, programs = _names(connection, tables.fund), _names(connection, tables.program)
    rows = [
        (funds_by_id.get(fund, ""), year, programs.get(program, ""), *rest) for (fund, year, program), rest in found
    ]
    return ReportTable("funds", ("fund", "budget_year", "program", *_FIGURES), _sorted(rows, 4))


def months(connection: Connection, period: Period) -> ReportTable:
    """Return families and amounts by benefit month, programme and fund."""
    found = _merged(connection, period, ("month", "program_id", "fund_id", "budget_year"))
    funds_by_id, programs = _names(connection, tables.fund), _names(connection, tables.program)
    rows = [
        (month, programs.get(program, ""), funds_by_id.get(fund, ""), year, *rest)
        for (month, program, fund, year), rest in found
    ]
    return ReportTable("months", ("month", "program", "fund", "budget_year", *_FIGURES), _sorted(rows, 5))


def _merged(
    connection: Connection, period: Period, names: Sequence[str]
) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Return key and cells of what was entitled and what was given out, by columns that both tables have."""
    entitled = by_entitlement(connection, period, [tables.entitlement.c[name] for name in names])
    drawn = by_draw(connection, period, [tables.draw.c[name] for name in names])
    named = units(connection)
    rows = []
    for key in entitled.keys() | drawn.keys():
        mine, given = entitled.get(key, Figures()), drawn.get(key, Drawn())
        left = mine.entitled - given.before - given.used if key in entitled else -given.used
        before = given.before if key in entitled else 0
        amounts = (amount(key[-2], value) for value in (mine.entitled, before, given.used, left))
        if key in entitled or given.used:
            counts = (mine.families, mine.served, mine.families - mine.served)
            rows.append((key[:-2], (named.get(key[-1], ""), *counts, *amounts)))
    return rows


def _names(connection: Connection, table: Table) -> dict[int, str]:
    return {row.id: row.name for row in connection.execute(select(table.c.id, table.c.name))}


def _sorted(rows: Sequence[Row], width: int) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: [(str(cell)) for cell in row[:width]]))
