"""What every use case works with: the stores, the clock and the doors to printing and sending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from kube_pos.clock import Clock
from kube_pos.ledger.clock_guard import TOLERANCE_MS, ClockJudgement, ClockState, judge
from kube_pos.ledger.days import business_day
from kube_pos.ledger.documents import Policy, Staff, policy_on
from kube_pos.ledger.ids import ProgramId, SaleId, StaffId, uuid7
from kube_pos.ledger.ports import Identity, JournalStore, ReplicaStore


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens: the time that keeps the journal's order, the business day, and whether to trust them."""

    at: int
    day: date
    is_suspect: bool


@dataclass(frozen=True, slots=True)
class Till:
    """The till's parts, as its use cases see them."""

    identity: Identity
    replica: ReplicaStore
    journal: JournalStore
    clock: Clock
    random_bytes: Callable[[int], bytes]
    wake_printing: Callable[[], None]
    wake_sync: Callable[[], None]

    def now_ms(self) -> int:
        """Return the time for a new entry: the clock, but never before the newest entry (clock guard)."""
        return max(self.clock.now_ms(), self.journal.last_at_ms())

    def clock_judgement(self) -> ClockJudgement:
        """Return whether the clock can be believed, and the time to believe."""
        return judge(self.clock.now_ms(), self.journal.clock_marks())

    def believed_ms(self) -> int:
        """Return the time to decide by: the clock, or what upstream last signed when the clock is known to be wrong."""
        return self.clock_judgement().believed_ms

    def today(self) -> date:
        """Return the business day."""
        return business_day(self.believed_ms())

    def moment(self) -> Moment:
        """Return time, day and doubt for a new entry, in one read."""
        now, marks = self.clock.now_ms(), self.journal.clock_marks()
        judged, at = judge(now, marks), max(now, marks.last_at_ms)
        doubtful = judged.state is not ClockState.OK or abs(at - judged.believed_ms) > TOLERANCE_MS
        return Moment(at, business_day(judged.believed_ms), doubtful)

    def clock_is_behind_ms(self) -> int:
        """Return by how much the clock lies before the newest entry; 0 when it does not."""
        return max(0, self.journal.last_at_ms() - self.clock.now_ms())

    def policy(self, program_id: ProgramId) -> Policy:
        """Return the rules of a programme today."""
        return policy_on(self.replica.catalogue().policies, program_id, self.today())

    def new_sale_id(self) -> SaleId:
        """Return the id for a new basket."""
        return SaleId(uuid7(self.clock.now_ms(), self.random_bytes(10)).replace("-", ""))


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in."""

    staff: Staff

    @property
    def staff_id(self) -> StaffId:
        """Return the id that entries carry."""
        return self.staff.id
