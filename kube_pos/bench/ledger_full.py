"""The ledger's figures that take minutes: import, a million families and entries, twenty million cold."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from kube_pos.bench.city import build_city, family_card
from kube_pos.bench.figures import Figures, microseconds, percentile
from kube_pos.bench.outlet import BenchOutlet, fill_journal, make_outlet
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.look_up import Visit, look_up

MILLION = 1_000_000
_LOOK_UPS = 3_000
_COLD = 300
_IMPORTED = 125_000
"""Families of eight documents each: a million rows."""


def run(folder: Path, families: int = 0) -> Figures:
    """Measure in an empty folder; `families` (20 million for the goal's key) are looked up cold, 0 leaves that out."""
    figures: Figures = {}
    for name, measure in (("import", _import), ("list", _warm), ("journal", _journal)):
        place = folder / name
        place.mkdir()
        figures |= measure(place)
    if families:
        place = folder / "cold"
        place.mkdir()
        figures |= _cold(place, families)
    return figures


def _import(folder: Path) -> Figures:
    words = [sys.executable, "-m", "kube_pos.bench.import_probe", str(folder), str(_IMPORTED)]
    done = subprocess.run(words, capture_output=True, check=True)  # noqa: S603 -- our own program
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Figures)


def _warm(folder: Path) -> Figures:
    outlet = make_outlet(folder, 1)
    try:
        build_city(outlet.files[1], MILLION, outlet.till.now_ms())
        return {"ledger.lookup_1m_us.p50": percentile(_look_ups(outlet, MILLION, _LOOK_UPS), 0.5)}
    finally:
        outlet.close()
        (folder / "replica.db").unlink()


def _cold(folder: Path, families: int) -> Figures:
    outlet = make_outlet(folder, 1)
    try:
        build_us = microseconds(lambda: build_city(outlet.files[1], families, outlet.till.now_ms()))
        times = _look_ups(outlet, families, _COLD, cold=folder / "replica.db")
        name = f"{families // MILLION}m"
        return {
            f"ledger.lookup_{name}_cold_us.p50": percentile(times, 0.5),
            f"ledger.lookup_{name}_build_s": build_us / 1e6,
            f"ledger.lookup_{name}_file_gib": (folder / "replica.db").stat().st_size / 2**30,
        }
    finally:
        outlet.close()
        (folder / "replica.db").unlink()


def _look_ups(outlet: BenchOutlet, families: int, count: int, cold: Path | None = None) -> list[float]:
    """Return the times of look-ups of families all over the list; `cold`: the system forgets that file before each."""
    look_up(outlet.till, family_card(1).digits)
    times: list[float] = []
    for number in range(count):
        card = family_card(1 + number * 7_919_911 % families).digits
        if cold is not None:
            _forget(cold)
        begun = time.perf_counter_ns()
        found = look_up(outlet.till, card)
        times.append((time.perf_counter_ns() - begun) / 1000)
        if not isinstance(found, Visit) or not isinstance(found.decision, Allowed):
            raise TypeError("a bench family is always found")
    return times


def _forget(file: Path) -> None:
    """Drop a file from the system's memory, where the system can."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        if sys.platform.startswith("linux"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def _journal(folder: Path) -> Figures:
    outlet = make_outlet(folder, 1)
    try:
        fill_journal(outlet, MILLION)
        took_us = microseconds(lambda: _prove(outlet))
    finally:
        outlet.close()
    return {"ledger.verify_1m_s": took_us / 1e6}


def _prove(outlet: BenchOutlet) -> None:
    if not (report := verify(outlet.files[0])).is_clean:
        raise ValueError(report.findings[:3])
