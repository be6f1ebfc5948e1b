"""The end of the day: an X report at any time, and a close that is a set of sales, never a span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kube_pos.errors import KubePosError, NotPermitted
from kube_pos.ledger import entries
from kube_pos.ledger.documents import Role, Staff
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.totals import Totals, add_up
from kube_pos.operations.till import Session, Till


class NothingToClose(KubePosError):
    """No sale waits for a close. Facts: none."""

    code = "nothing_to_close"


@dataclass(frozen=True, slots=True)
class DayReport:
    """What an X report shows: the sales of no close so far, their totals, and what is still unsent of them."""

    day: date
    sales: tuple[int, ...]
    totals: Totals


def x_report(till: Till) -> DayReport:
    """Return the open sales and what they add up to. Short reads."""
    sales = till.journal.open_sales()
    targets = {}
    for stored in sales:
        if isinstance(stored.entry, entries.Reversal):
            target = till.journal.entry(stored.entry.target)
            if target is not None:
                targets[target.seq] = target
    return DayReport(till.today(), tuple(stored.seq for stored in sales), add_up(sales, targets))


def close_day(till: Till, session: Session, approver: Staff | None = None) -> Stored:
    """Close the open sales as one set, offline too, with the manager's name when another closes.

    Raises NotPermitted for a cashier without a manager, NothingToClose when there is no sale.
    """
    if (approver or session.staff).role is Role.CASHIER:
        raise NotPermitted(role=Role.MANAGER.value)
    report = x_report(till)
    if not report.sales:
        raise NothingToClose
    now = till.moment()
    entry = entries.DayClosed(
        at=now.at,
        day=now.day,
        by=session.staff_id,
        clock_suspect=now.is_suspect,
        sales=report.sales,
        entitlement_used=Rupiah(report.totals.entitlement_used),
        goods_out=Rupiah(report.totals.goods_out),
        cash=Rupiah(report.totals.cash),
        over=Rupiah(report.totals.over),
        stand_in=Rupiah(report.totals.stand_in),
        approver=approver.id if approver is not None and approver.id != session.staff_id else None,
    )
    stored = till.journal.append(entry)
    till.wake_sync()
    return stored
