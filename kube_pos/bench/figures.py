"""Figures and how they are taken: interleaved rounds, medians, one flat object of keys. Pure but for the clock."""

from __future__ import annotations

import platform
import sqlite3
import time
from collections.abc import Callable, Sequence

Figures = dict[str, float]
"""The keys of promises.md and what was measured."""


def microseconds(job: Callable[[], object]) -> float:
    """Return how long a job took, in µs."""
    begun = time.perf_counter_ns()
    job()
    return (time.perf_counter_ns() - begun) / 1000


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie; of none, raises IndexError."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def interleaved(rounds: int, jobs: dict[str, Callable[[int], object]]) -> dict[str, list[float]]:
    """Return the times in µs of jobs run in turn, so that a slow phase of the machine meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds):
        for name, job in jobs.items():
            begun = time.perf_counter_ns()
            job(number)
            times[name].append((time.perf_counter_ns() - begun) / 1000)
    return times


def rounded(figures: Figures) -> Figures:
    """Return the figures with three significant decimals at most, and whole numbers as such."""
    return {key: int(value) if value == int(value) else round(value, 3) for key, value in figures.items()}


def machine() -> dict[str, str]:
    """Return what the figures were taken on, for the table."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.machine(),
        "sqlite3": sqlite3.sqlite_version,
    }
