"""Business days and months in Samarinda's time, WITA (UTC+8, no summer time). Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from kube_pos.ledger.ids import BenefitMonth

WITA = timezone(timedelta(hours=8), "WITA")
DAY_MS = 86_400_000


def wita(at_ms: int) -> datetime:
    """Return the moment `at_ms` (ms since 1970 UTC) on a clock in Samarinda."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(WITA)


def business_day(at_ms: int) -> date:
    """Return the calendar day in Samarinda at the moment `at_ms`."""
    return wita(at_ms).date()


def at_wita(day: date, hour: int = 0, minute: int = 0) -> int:
    """Return the moment of a wall-clock time in Samarinda, in ms since 1970 UTC."""
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=WITA).timestamp()) * 1000


def month_of(day: date) -> BenefitMonth:
    """Return the month that a day lies in."""
    return BenefitMonth(f"{day.year:04d}-{day.month:02d}")


def month_start(month: BenefitMonth) -> date:
    """Return the first day of a month; raises ValueError when it is not written like 2026-10."""
    return date.fromisoformat(f"{month}-01")


def next_month(month: BenefitMonth) -> BenefitMonth:
    """Return the month after `month`."""
    return month_of(month_start(month) + timedelta(days=31))
