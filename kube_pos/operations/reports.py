"""Reports of any period from the journal: by month, fund, product and cashier, with what is out of the usual.

They read the whole journal, so they are made on the writer's thread or another background one, never while a family
waits. The same figures follow from the projections and from upstream's report; a test holds the three together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kube_pos.ledger.entries import Redemption, Reversal
from kube_pos.ledger.ids import StaffId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.records import HowFound
from kube_pos.ledger.totals import Totals, add_up
from kube_pos.operations.look_up_log import count_look_ups
from kube_pos.operations.till import Till


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The sales of business days, both included, and what they add up to.

    A reversal counts on its own day, as in a day close, with its sale's figures taken off again.
    """

    first: date
    last: date
    totals: Totals
    slips: int
    """Paper slips entered."""
    deliveries: int
    by_proxy: int
    typed_cards: int
    look_ups: dict[HowFound, int]
    """How families were looked up; what is older than the retention is not counted any more."""

    @property
    def number_look_ups(self) -> int:
        """Return the look-ups by NIK or KK number."""
        return self.look_ups[HowFound.NIK] + self.look_ups[HowFound.FAMILY_CARD]


def period_report(till: Till, first: date, last: date) -> PeriodReport:
    """Return the report of a period; raises ValueError when it ends before it begins."""
    if last < first:
        raise ValueError("a period ends on or after its first day")
    sales = list(till.journal.sales_of(first, last))
    redemptions = [stored.entry for stored in sales if isinstance(stored.entry, Redemption)]
    return PeriodReport(
        first,
        last,
        add_up(sales, _targets(till, sales)),
        slips=sum(entry.slip is not None for entry in redemptions),
        deliveries=sum(entry.delivery for entry in redemptions),
        by_proxy=sum(entry.proxy is not None for entry in redemptions),
        typed_cards=sum(entry.manual for entry in redemptions),
        look_ups=count_look_ups(till, first, last),
    )


def by_cashier(till: Till, report: PeriodReport) -> tuple[tuple[str, int], ...]:
    """Return the rupiah of entitlements that each cashier handed out, by name; an unknown one by number."""
    staff = till.replica.catalogue().staff

    def name(staff_id: StaffId) -> str:
        return staff[staff_id].name if staff_id in staff else f"#{staff_id}"

    return tuple(sorted((name(staff_id), amount) for staff_id, amount in report.totals.by_staff.items()))


def _targets(till: Till, sales: list[Stored]) -> dict[int, Stored]:
    """Return the sales that the period's reversals undo, also those of earlier days."""
    known = {stored.seq: stored for stored in sales}
    found: dict[int, Stored] = {}
    for stored in sales:
        if isinstance(stored.entry, Reversal):
            target = known.get(stored.entry.target) or till.journal.entry(stored.entry.target)
            if target is not None:
                found[target.seq] = target
    return found
