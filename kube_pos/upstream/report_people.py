"""The reports with families' names: who was served and who was not. Reading one is noted in the office's log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from kube_pos.upstream import tables
from kube_pos.upstream.report_figures import drawn_by_row, is_of, units
from kube_pos.upstream.report_table import Period, ReportTable, Row, amount, masked

_COLUMNS = (
    "family", "name", "nik", "district", "ward", "neighbourhood", "outlet_code", "state", "months", "unit", "entitled",
    "used_before", "used", "left", "last_day",
)  # fmt: skip


def served(connection: Connection, period: Period) -> ReportTable:
    """Return the families that took something of their aid in the period."""
    return ReportTable("served", _COLUMNS, tuple(_row(row) for row in _families(connection, period) if row["used"]))


def unserved(connection: Connection, period: Period) -> ReportTable:
    """Return the families that took nothing in the period although something was left for them."""
    rows = (row for row in _families(connection, period) if not row["used"] and row["entitled"] > row["before"])
    return ReportTable("unserved", _COLUMNS, tuple(_row(row) for row in rows))


def _families(connection: Connection, period: Period) -> list[dict[str, Any]]:
    """Return each family's rows of a period added up, by unit."""
    entitlement, recipient, ward, outlet = tables.entitlement, tables.recipient, tables.ward, tables.outlet
    drawn = drawn_by_row(period)
    rows = connection.execute(
        select(
            recipient.c.id,
            recipient.c.name,
            recipient.c.national_id_last4,
            ward.c.district,
            ward.c.name.label("ward"),
            recipient.c.neighbourhood,
            outlet.c.code,
            recipient.c.state,
            entitlement.c.month,
            entitlement.c.unit,
            entitlement.c.commodity_id,
            entitlement.c.amount.label("entitled"),
            func.coalesce(drawn.c.before, 0).label("before"),
            func.coalesce(drawn.c.used, 0).label("used"),
            drawn.c.last_day,
        )
        .join(recipient, recipient.c.id == entitlement.c.recipient_id)
        .join(ward, ward.c.id == recipient.c.ward_id)
        .join(outlet, outlet.c.id == recipient.c.home_outlet_id)
        .outerjoin(drawn, drawn.c.entitlement_id == entitlement.c.id)
        .where(is_of(period, drawn))
        .order_by(ward.c.district_code, ward.c.name, recipient.c.name, recipient.c.id, entitlement.c.month)
    )
    return _added_up([dict(row) for row in rows.mappings()], units(connection))


def _added_up(rows: Sequence[dict[str, Any]], named: dict[int | None, str]) -> list[dict[str, Any]]:
    families: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row["id"], row["unit"], row["commodity_id"])
        family = families.get(key)
        if family is None:
            families[key] = {**row, "months": [row["month"]], "named": named.get(row["commodity_id"], "")}
            continue
        family["months"].append(row["month"])
        for name in ("entitled", "before", "used"):
            family[name] += row[name]
        family["last_day"] = max(family["last_day"] or "", row["last_day"] or "") or None
    return list(families.values())


def _row(row: dict[str, Any]) -> Row:
    left = row["entitled"] - row["before"] - row["used"]
    return (
        row["id"],
        row["name"],
        masked(row["national_id_last4"]),
        row["district"],
        row["ward"],
        row["neighbourhood"],
        row["code"],
        row["state"],
        ", ".join(dict.fromkeys(row["months"])),
        row["named"],
        *(amount(row["unit"], value) for value in (row["entitled"], row["before"], row["used"], left)),
        row["last_day"],
    )
