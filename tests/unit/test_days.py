"""Days and months in WITA."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger.days import DAY_MS, at_wita, business_day, month_of, month_start, next_month, wita
from kube_pos.ledger.ids import BenefitMonth

days = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(days)
def test_a_day_begins_and_ends_at_midnight_in_samarinda(day: date) -> None:
    start = at_wita(day)
    assert business_day(start) == day
    assert business_day(start + DAY_MS - 1) == day
    assert business_day(start - 1) != day


def test_samarinda_is_eight_hours_ahead() -> None:
    assert at_wita(date(1970, 1, 1), 8) == 0
    assert wita(0).hour == 8


def test_the_first_hours_of_a_year_are_still_last_year_in_utc() -> None:
    assert business_day(at_wita(date(2027, 1, 1), 0, 1)) == date(2027, 1, 1)


@given(days)
def test_months_follow_on_each_other(day: date) -> None:
    month = month_of(day)
    assert month_start(month) == day.replace(day=1)
    after = month_start(next_month(month))
    assert after.day == 1
    assert 28 <= (after - month_start(month)).days <= 31


def test_december_is_followed_by_january() -> None:
    assert next_month(BenefitMonth("2026-12")) == "2027-01"


@given(days, days)
def test_months_sort_as_text(one: date, other: date) -> None:
    assert (month_of(one) < month_of(other)) == ((one.year, one.month) < (other.year, other.month))


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "", "Nov 2026", "202611"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        month_start(BenefitMonth(text))
