"""The log of look-ups: who looked a family up, when, how and why (UU PDP 27/2022). No names and no numbers.

It is no part of the journal: it is written off the decision's path, stays at the till, and is deleted after the
policy's retention. The report counts the look-ups by NIK or KK number.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from kube_pos.ledger.clock_guard import ClockState
from kube_pos.ledger.days import DAY_MS, at_wita
from kube_pos.ledger.documents import Staff
from kube_pos.ledger.ids import ProgramId
from kube_pos.ledger.records import HowFound, LookUpLine
from kube_pos.operations.look_up import Visit
from kube_pos.operations.till import Session, Till

LONGEST_REASON = 100
_NUMBERS = re.compile(r"\d[\d .-]{3,}\d|\d{5,}")


def log_look_up(
    till: Till, session: Session, visit: Visit, how: HowFound, reason: str = "", approver: Staff | None = None
) -> None:
    """Write a line of the log, on the writer's thread. Digits in the reason are struck out: no number gets in."""
    family = visit.decision.recipient
    till.journal.log_look_up(
        LookUpLine(
            at_ms=till.believed_ms(),
            by=session.staff_id,
            how=how,
            card=visit.token,
            recipient=family.id if family else None,
            approver=approver.id if approver else None,
            reason=_NUMBERS.sub("#", reason).strip()[:LONGEST_REASON],
        )
    )


def count_look_ups(till: Till, first: date, last: date) -> dict[HowFound, int]:
    """Return how many look-ups there were of each kind, both days included: the report «NIK look-ups»."""
    lines = till.journal.look_ups(at_wita(first), at_wita(last + timedelta(days=1)))
    counts = dict.fromkeys(HowFound, 0)
    for line in lines:
        counts[line.how] += 1
    return counts


def forget_old(till: Till, now_ms: int) -> int:
    """Delete look-ups older than the longest retention of the policies in force; return how many.

    On the writer's thread, once a day. While the clock is in doubt nothing is deleted: a clock set far ahead must not
    wipe the log.
    """
    if till.clock_judgement().state is not ClockState.OK:
        return 0
    return till.journal.forget_look_ups(now_ms - _retention_days(till) * DAY_MS)


def _retention_days(till: Till) -> int:
    programs = till.replica.catalogue().programs or (ProgramId(0),)
    return max(till.policy(program).retention_days for program in programs)
