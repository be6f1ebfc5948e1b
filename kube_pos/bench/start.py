"""From the start of the process to ready for a scan, and the memory then; cold processes, warm disk cache."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from kube_pos.bench.figures import Figures
from kube_pos.bench.outlet import fill_journal, make_outlet

_STARTS = 7
_FAMILIES = 2_000
_ENTRIES = 1_000_000


class Probe(msgspec.Struct, frozen=True):
    """What one start tells: ms from the start of the process, MiB, and heavy libraries loaded too early."""

    ready_ms: float
    rss_mib: float
    early: list[str]


def run(folder: Path) -> Figures:
    """Measure in an empty folder."""
    make_outlet(folder, _FAMILIES).close()
    found = _starts(folder)
    return {
        "start.ready_ms.p50": statistics.median(probe.ready_ms for probe in found),
        "start.rss_mib": statistics.median(probe.rss_mib for probe in found),
        "start.heavy_modules_loaded": max(len(probe.early) for probe in found),
    }


def run_full(folder: Path) -> Figures:
    """Measure the start with a million entries in the journal, in an empty folder."""
    outlet = make_outlet(folder, _FAMILIES)
    fill_journal(outlet, _ENTRIES)
    outlet.close()
    return {"start.with_1m_entries_ms": statistics.median(probe.ready_ms for probe in _starts(folder))}


def _starts(folder: Path) -> list[Probe]:
    environment = dict(os.environ)
    if sys.platform.startswith("linux") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    return [_start(folder, environment) for _ in range(_STARTS)]


def _start(folder: Path, environment: dict[str, str]) -> Probe:
    words = [sys.executable, "-m", "kube_pos.bench.start_probe", str(folder), str(time.time_ns())]
    done = subprocess.run(words, env=environment, capture_output=True, check=True)  # noqa: S603 -- our own program
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Probe)
