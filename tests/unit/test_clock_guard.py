"""The clock guard: when the till's clock is believed, and which time counts instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger.clock_guard import FAR_MS, TOLERANCE_MS, ClockMarks, ClockState, judge
from kube_pos.ledger.days import DAY_MS
from tests.pure_kit import NOW

HOUR = 3_600_000


def marks(last_at: int = 0, contact: int | None = None, server: int | None = None) -> ClockMarks:
    return ClockMarks(last_at, contact, server)


def test_a_new_till_believes_its_clock() -> None:
    found = judge(NOW, marks())
    assert (found.state, found.off_by_ms, found.believed_ms) == (ClockState.OK, 0, NOW)


def test_set_back_behind_the_newest_entry() -> None:
    found = judge(NOW - DAY_MS, marks(NOW))
    assert (found.state, found.off_by_ms, found.believed_ms) == (ClockState.BEHIND, DAY_MS, NOW)


def test_set_back_behind_upstreams_last_signed_time() -> None:
    found = judge(NOW - 400 * DAY_MS, marks(NOW - 5 * DAY_MS, NOW, NOW))
    assert (found.state, found.believed_ms) == (ClockState.BEHIND, NOW)


def test_an_empty_battery_after_a_day_of_sales_without_contact() -> None:
    found = judge(1_000_000_000_000, marks(NOW + DAY_MS, NOW, NOW))
    assert (found.state, found.believed_ms) == (ClockState.BEHIND, NOW + DAY_MS), "the newest entry knows more"


def test_ahead_when_upstream_last_answered_and_still_so() -> None:
    found = judge(NOW + DAY_MS + HOUR, marks(NOW + DAY_MS, NOW + DAY_MS, NOW))
    assert (found.state, found.off_by_ms, found.believed_ms) == (ClockState.AHEAD, DAY_MS, NOW + HOUR)


def test_behind_when_upstream_last_answered_and_still_so() -> None:
    found = judge(NOW - DAY_MS + HOUR, marks(NOW - DAY_MS, NOW - DAY_MS, NOW))
    assert (found.state, found.off_by_ms, found.believed_ms) == (ClockState.BEHIND, DAY_MS, NOW + HOUR)


def test_set_right_after_it_was_ahead_entries_of_the_wrong_time_count_for_nothing() -> None:
    found = judge(NOW + HOUR, marks(NOW + DAY_MS, NOW + DAY_MS, NOW))
    assert (found.state, found.believed_ms) == (ClockState.OK, NOW + HOUR)


def test_far_beyond_all_that_is_known_is_doubted_but_kept() -> None:
    found = judge(NOW + FAR_MS + 1, marks(NOW, NOW, NOW))
    assert (found.state, found.believed_ms) == (ClockState.AHEAD, NOW + FAR_MS + 1)
    assert judge(NOW + FAR_MS, marks(NOW, NOW, NOW)).state is ClockState.OK


def test_an_entry_far_beyond_upstreams_time_was_dated_by_a_wrong_clock() -> None:
    found = judge(NOW + HOUR, marks(NOW + 365 * DAY_MS, NOW, NOW))
    assert (found.state, found.believed_ms) == (ClockState.OK, NOW + HOUR)


@pytest.mark.parametrize("drift", [-TOLERANCE_MS, 0, TOLERANCE_MS])
def test_the_network_and_drift_explain_small_differences(drift: int) -> None:
    assert judge(NOW + HOUR, marks(NOW, NOW + drift, NOW)).state is ClockState.OK


@given(st.integers(0, 10**13), st.integers(0, 10**13), st.integers(0, 10**13), st.integers(-(10**12), 10**12))
def test_never_believes_a_time_before_upstreams_last_signed_one(now: int, at: int, server: int, off: int) -> None:
    found = judge(now, marks(at, server + off, server))
    assert found.believed_ms >= server - TOLERANCE_MS
    assert found.off_by_ms >= 0
    assert (found.state is ClockState.OK) == (found.off_by_ms == 0)
