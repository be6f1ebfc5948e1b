"""Whether the till's clock can be believed, and what time it is when it can't. Pure.

Entries never go back: each is dated at least like the one before. That keeps the order, but not the truth when the
clock lies. The truth comes from upstream's newest signed time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kube_pos.ledger.days import DAY_MS

TOLERANCE_MS = 120_000
"""A difference that the network and drifting clocks explain."""
FAR_MS = 30 * DAY_MS
"""So far beyond everything known, the clock is doubted although nothing proves it wrong."""


class ClockState(StrEnum):
    """How the till's clock stands; sentences are `clock.<state>`."""

    OK = "ok"
    BEHIND = "behind"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class ClockMarks:
    """What the journal's file knows of time."""

    last_at_ms: int
    """The newest entry's time; 0 before the first."""
    last_contact_ms: int | None
    """The till's own clock when upstream last answered."""
    server_time_ms: int | None
    """Upstream's signed time in that answer."""


@dataclass(frozen=True, slots=True)
class ClockJudgement:
    """How the clock stands, by how much it is off, and the time to believe."""

    state: ClockState
    off_by_ms: int
    believed_ms: int


def judge(now_ms: int, marks: ClockMarks) -> ClockJudgement:
    """Return whether a clock that says `now_ms` can be believed.

    A clock that was off at the newest contact counts as still off by as much, until a contact says otherwise or it was
    set back behind that contact.
    """
    contact, server = marks.last_contact_ms, marks.server_time_ms
    if contact is None or server is None:
        return _against_the_journal(now_ms, 0, marks.last_at_ms)
    offset = contact - server
    if abs(offset) > TOLERANCE_MS:
        if now_ms >= contact - TOLERANCE_MS:
            state = ClockState.AHEAD if offset > 0 else ClockState.BEHIND
            return ClockJudgement(state, abs(offset), now_ms - offset)
        if now_ms >= server - TOLERANCE_MS:
            # Set right since: entries dated by the wrong clock say nothing of the time.
            return ClockJudgement(ClockState.OK, 0, max(now_ms, server))
    if now_ms < server - TOLERANCE_MS:
        believed = max(server, marks.last_at_ms) if marks.last_at_ms - server <= FAR_MS else server
        return ClockJudgement(ClockState.BEHIND, believed - now_ms, believed)
    return _against_the_journal(now_ms, server, marks.last_at_ms)


def _against_the_journal(now_ms: int, server_ms: int, last_at_ms: int) -> ClockJudgement:
    """Judge by the newest entry; one that lies far beyond what upstream knew was itself dated by a wrong clock."""
    last_at = last_at_ms if not server_ms or last_at_ms - server_ms <= FAR_MS else 0
    if now_ms < last_at - TOLERANCE_MS // 2:
        return ClockJudgement(ClockState.BEHIND, last_at - now_ms, last_at)
    newest = max(server_ms, last_at)
    if newest and now_ms - newest > FAR_MS:
        return ClockJudgement(ClockState.AHEAD, now_ms - newest, now_ms)
    return ClockJudgement(ClockState.OK, 0, max(now_ms, last_at))
