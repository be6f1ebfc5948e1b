"""What the cashier is told of the till's clock."""

from __future__ import annotations

from kube_pos.ledger.clock_guard import ClockJudgement, ClockState
from kube_pos.ledger.days import DAY_MS
from kube_pos.operations.till import Till
from kube_pos.texts import Texts

_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


def clock_state(till: Till) -> ClockJudgement:
    """Return whether the till's clock is ok, behind or ahead, by how much, and the time that is believed instead."""
    return till.clock_judgement()


def clock_sentence(judgement: ClockJudgement, texts: Texts) -> str:
    """Return what to tell of the clock, with the remedy; empty when it is ok."""
    if judgement.state is ClockState.OK:
        return ""
    return texts.say(
        f"clock.{judgement.state.value}",
        off=_span(judgement.off_by_ms, texts),
        believed=texts.moment(judgement.believed_ms),
    )


def _span(ms: int, texts: Texts) -> str:
    for unit, name in ((DAY_MS, "days"), (_HOUR_MS, "hours")):
        if ms >= unit:
            return texts.say(f"clock.{name}", count=ms // unit)
    return texts.say("clock.minutes", count=max(1, ms // _MINUTE_MS))
