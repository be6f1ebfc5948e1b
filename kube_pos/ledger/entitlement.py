"""The decision: may this family take goods now, how much, and if not, why. Pure.

`decide` is the one place where eligibility is judged. It looks at a `Situation` (all facts, no clock, no database) and
answers `Allowed` or `Refused`; both carry the month lines that the screen and the slip show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kube_pos.ledger.days import DAY_MS, business_day, month_of
from kube_pos.ledger.documents import (
    Card,
    CardState,
    Cycle,
    Entitlement,
    Policy,
    Recipient,
    RecipientState,
    Unit,
    policy_on,
)
from kube_pos.ledger.ids import BenefitMonth, CommodityId, EntitlementId, OutletId
from kube_pos.ledger.quantity import Rupiah, Thousandths


@dataclass(frozen=True, slots=True)
class Row:
    """One entitlement with this ledger's cumulative share of it, in the entitlement's unit."""

    entitlement: Entitlement
    granted: int
    released: int = 0
    spent: int = 0
    spent_elsewhere: int = 0
    """What other tills spent of it, as the list says: tells «used up» from «held by another till»."""

    @property
    def used(self) -> int:
        """Return what is known to be spent of the row, here and elsewhere."""
        return self.spent + self.spent_elsewhere

    @property
    def available(self) -> int:
        """Return what this till may still give of the row, expiry aside.

        An amount that was lowered binds at once, although what was granted of it before never shrinks.
        """
        return min(self.granted - self.released, self.entitlement.amount) - self.spent


class LineState(StrEnum):
    """Where a month line stands."""

    OPEN = "open"
    USED_UP = "used_up"
    EXPIRED = "expired"
    NOT_RELEASED = "not_released"
    ELSEWHERE = "elsewhere"
    LIST_TOO_OLD = "list_too_old"


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One line of the decision panel: amounts in the entitlement's unit."""

    entitlement: Entitlement
    used: int
    left: int
    state: LineState

    @property
    def is_open(self) -> bool:
        """Tell whether goods may be drawn from the line."""
        return self.state is LineState.OPEN


class Refusal(StrEnum):
    """Why a family can't be served: each has a sentence with a next step in `texts`, under `refusal.<code>`."""

    UNKNOWN_CARD = "unknown_card"
    CARD_BLOCKED = "card_blocked"
    CARD_LOST = "card_lost"
    CARD_REPLACED = "card_replaced"
    ON_HOLD = "on_hold"
    TRANSFERRED = "transferred"
    OTHER_OUTLET = "other_outlet"
    NO_ENTITLEMENT = "no_entitlement"
    NOT_PUBLISHED = "not_published"
    NOT_RELEASED = "not_released"
    EXPIRED = "expired"
    USED_UP = "used_up"
    HELD_ELSEWHERE = "held_elsewhere"
    LIST_TOO_OLD = "list_too_old"


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a decision rests on."""

    now_ms: int
    outlet_id: OutletId
    list_as_of_ms: int | None
    card: Card | None
    recipient: Recipient | None
    rows: tuple[Row, ...]
    cycles: tuple[Cycle, ...]
    policies: tuple[Policy, ...]

    @property
    def today(self) -> date:
        """Return the business day of the decision."""
        return business_day(self.now_ms)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The family may take goods; lines are oldest first."""

    recipient: Recipient
    lines: tuple[MonthLine, ...]
    rows: tuple[Row, ...]
    stale_days: int
    """Whole days since the list was made, when past the soft limit; else 0."""
    next_release: Cycle | None

    @property
    def balance(self) -> Rupiah:
        """Return the rupiah that may be spent today."""
        return Rupiah(sum(line.left for line in self.lines if line.is_open and line.entitlement.unit is Unit.RUPIAH))

    @property
    def in_kind(self) -> dict[CommodityId, Thousandths]:
        """Return what may be taken of each commodity, in thousandths of its unit."""
        found: dict[CommodityId, Thousandths] = {}
        for line in self.lines:
            commodity = line.entitlement.commodity_id
            if line.is_open and commodity is not None:
                found[commodity] = Thousandths(found.get(commodity, 0) + line.left)
        return found

    @property
    def open_months(self) -> tuple[BenefitMonth, ...]:
        """Return the months that may be drawn from, oldest first, each once."""
        return tuple(sorted({line.entitlement.month for line in self.lines if line.is_open}))

    @property
    def is_arrears(self) -> bool:
        """Tell whether more than one month may be taken at once («rapel»)."""
        return len(self.open_months) > 1


@dataclass(frozen=True, slots=True)
class Refused:
    """The family can't be served now. `day` is the day the sentence speaks of; `outlet_id` the outlet to go to."""

    reason: Refusal
    recipient: Recipient | None = None
    lines: tuple[MonthLine, ...] = ()
    day: date | None = None
    month: BenefitMonth | None = None
    outlet_id: OutletId | None = None
    next_release: Cycle | None = None


Decision = Allowed | Refused

_CARD_REFUSALS = {
    CardState.BLOCKED: Refusal.CARD_BLOCKED,
    CardState.LOST: Refusal.CARD_LOST,
    CardState.REPLACED: Refusal.CARD_REPLACED,
}
_RECIPIENT_REFUSALS = {
    RecipientState.ON_HOLD: Refusal.ON_HOLD,
    RecipientState.TRANSFERRED: Refusal.TRANSFERRED,
}


def decide(situation: Situation) -> Decision:
    """Return whether the family may take goods now, with the month lines or the reason."""
    card, recipient = situation.card, situation.recipient
    if card is not None and card.state in _CARD_REFUSALS:
        return Refused(_CARD_REFUSALS[card.state])
    if recipient is None:
        if card is not None and card.outlet_id != situation.outlet_id:
            return Refused(Refusal.OTHER_OUTLET, outlet_id=card.outlet_id)
        return Refused(Refusal.UNKNOWN_CARD)
    if recipient.state in _RECIPIENT_REFUSALS:
        return Refused(_RECIPIENT_REFUSALS[recipient.state], recipient)
    lines = month_lines(situation)
    upcoming = next_release(situation.cycles, situation.rows)
    if any(line.is_open for line in lines):
        return Allowed(recipient, lines, situation.rows, _stale_days(situation), upcoming)
    return _why_nothing(situation, recipient, lines, upcoming)


def month_lines(situation: Situation) -> tuple[MonthLine, ...]:
    """Return a family's rows as lines, oldest month first."""
    ordered = sorted(situation.rows, key=lambda row: (row.entitlement.month, row.entitlement.id))
    return tuple(_month_line(row, situation) for row in ordered)


def drawing_order(lines: Iterable[MonthLine]) -> list[MonthLine]:
    """Return the open lines in the order goods are drawn: earliest expiry, then earliest month, then id."""

    def order(line: MonthLine) -> tuple[date, BenefitMonth, EntitlementId]:
        return line.entitlement.expires_on, line.entitlement.month, line.entitlement.id

    return sorted((line for line in lines if line.is_open), key=order)


def next_release(cycles: Iterable[Cycle], rows: Iterable[Row]) -> Cycle | None:
    """Return the next cycle not yet published, of the programmes the family has rows in (or of any, if none)."""
    programs = {row.entitlement.program_id for row in rows}
    waiting = [c for c in cycles if c.months and not c.published and (not programs or c.program_id in programs)]
    return min(waiting, key=lambda cycle: (cycle.released_on, cycle.id), default=None)


def _month_line(row: Row, situation: Situation) -> MonthLine:
    entitlement, today = row.entitlement, situation.today
    if entitlement.released_on > today:
        state = LineState.NOT_RELEASED
    elif row.available <= 0 and row.used >= entitlement.amount:
        state = LineState.USED_UP
    elif entitlement.expires_on < today:
        state = LineState.EXPIRED
    elif row.available <= 0:
        state = LineState.ELSEWHERE
    elif _beyond_old_list(entitlement, situation):
        state = LineState.LIST_TOO_OLD
    else:
        state = LineState.OPEN
    return MonthLine(entitlement, used=row.used, left=max(row.available, 0), state=state)


def _beyond_old_list(entitlement: Entitlement, situation: Situation) -> bool:
    """Tell whether the list is past its hard limit and the row was not yet released when the list was made."""
    as_of = situation.list_as_of_ms
    if as_of is None:
        return True
    policy = _policy(situation, entitlement)
    age_days = (situation.now_ms - as_of) // DAY_MS
    return age_days >= policy.stale_hard_days and entitlement.released_on > business_day(as_of)


def _policy(situation: Situation, entitlement: Entitlement) -> Policy:
    return policy_on(situation.policies, entitlement.program_id, situation.today)


def _stale_days(situation: Situation) -> int:
    if situation.list_as_of_ms is None:
        return 0
    days = max(0, (situation.now_ms - situation.list_as_of_ms) // DAY_MS)
    soft = min((_policy(situation, row.entitlement).stale_soft_days for row in situation.rows), default=0)
    return days if days >= soft else 0


def _why_nothing(
    situation: Situation, recipient: Recipient, lines: tuple[MonthLine, ...], upcoming: Cycle | None
) -> Refused:
    """Return the refusal for a family with no open line: the reason the family can act on soonest."""

    def refused(reason: Refusal, day: date | None = None, month: BenefitMonth | None = None) -> Refused:
        return Refused(reason, recipient, lines, day=day, month=month, next_release=upcoming)

    by_state: dict[LineState, list[Entitlement]] = {}
    for line in lines:
        by_state.setdefault(line.state, []).append(line.entitlement)
    if LineState.LIST_TOO_OLD in by_state:
        as_of = situation.list_as_of_ms
        return refused(Refusal.LIST_TOO_OLD, business_day(as_of) if as_of is not None else None)
    if LineState.ELSEWHERE in by_state:
        return refused(Refusal.HELD_ELSEWHERE)
    if waiting := by_state.get(LineState.NOT_RELEASED):
        soonest = min(waiting, key=lambda e: e.released_on)
        return refused(Refusal.NOT_RELEASED, soonest.released_on, soonest.month)
    # A month that is due but was never published is not a balance of zero.
    if upcoming is not None and min(upcoming.months) <= _this_month(situation):
        return refused(Refusal.NOT_PUBLISHED, upcoming.released_on, min(upcoming.months))
    if used := by_state.get(LineState.USED_UP):
        newest = max(used, key=lambda e: e.month)
        gone = by_state.get(LineState.EXPIRED, [])
        if not any(e.month > newest.month for e in gone):
            return refused(Refusal.USED_UP, month=newest.month)
    if expired := by_state.get(LineState.EXPIRED):
        last = max(expired, key=lambda e: e.expires_on)
        return refused(Refusal.EXPIRED, last.expires_on, last.month)
    return refused(Refusal.NO_ENTITLEMENT)


def _this_month(situation: Situation) -> BenefitMonth:
    return month_of(situation.today)
