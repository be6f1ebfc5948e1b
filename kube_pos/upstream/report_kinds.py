"""Every kind of report by its name, as the command line and the console ask for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import Connection

from kube_pos.ledger.days import business_day
from kube_pos.upstream import report_matters, report_money, report_people, report_places
from kube_pos.upstream.audit import note
from kube_pos.upstream.report_table import Period, ReportTable

Maker = Callable[[Connection, Period], ReportTable]

_MAKERS: dict[str, Maker] = {
    "districts": report_places.districts,
    "wards": report_places.wards,
    "outlets": report_places.outlets,
    "funds": report_money.funds,
    "months": report_money.months,
    "served": report_people.served,
    "unserved": report_people.unserved,
    "expiring": report_matters.expiring,
    "exceptions": report_matters.exceptions,
    "mismatches": report_matters.mismatches,
}
KINDS = (*_MAKERS, "silent")
"""What can be asked for."""
NAMES = frozenset({"served", "unserved", "mismatches"})
"""The kinds that hold families' names."""
EXPIRING_DAYS, SILENT_DAYS = 30, 3


def make_report(
    connection: Connection,
    kind: str,
    now_ms: int,
    actor: str,
    *,
    first: date | None = None,
    last: date | None = None,
    days: int | None = None,
) -> ReportTable:
    """Make a report in a transaction that writes; raises KeyError for a kind that does not exist.

    One with families' names is noted in the audit log in the same transaction: no names without a line there. `days`
    is how long ahead `expiring` looks, and how long a till of `silent` has been so.
    """
    today = business_day(now_ms)
    if kind == "silent":
        return report_matters.silent_tills(connection, now_ms, SILENT_DAYS if days is None else days)
    if kind == "expiring" and last is None:
        last = (first or today) + timedelta(days=EXPIRING_DAYS if days is None else days)
    table = _MAKERS[kind](connection, Period(today, first, last))
    if kind in NAMES:
        span = f"from={first or ''} to={last or ''}"
        note(connection, now_ms, actor, "report_with_names", f"kind={kind} {span} rows={len(table.rows)}")
    return table
