"""The window's figures: from a scan to its decision on the screen, and how long the main thread is ever held up.

The till holds 60,000 families and 50,000 unsent entries, its printer accepts a connection and never reads, and a camera
(a film without a code) is on.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import msgspec
from PySide6.QtCore import QEventLoop, QTimer

from kube_pos.app import OpenWindow, open_window
from kube_pos.bench.figures import Figures, percentile
from kube_pos.bench.memory import rss_mib
from kube_pos.bench.outlet import BenchOutlet, make_outlet
from kube_pos.clock import SystemClock
from kube_pos.devices.ports import Scan, Source
from kube_pos.devices.simulated_video import VideoPlan, write_card_video
from kube_pos.folder import open_folder
from kube_pos.ledger.ids import StaffId
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.operations.till import Session
from kube_pos.settings import FILE_NAME, load, save
from kube_pos.texts import Texts

_FAMILIES = 60_000
_WAITING = 50_000
_SCANS = 200
_TICK_MS = 2


def run(folder: Path) -> Figures:
    """Measure in an empty folder; takes about a minute, most of it to fill the outlet."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    outlet = make_outlet(folder, _FAMILIES, waiting=_WAITING)
    outlet.close()
    film = folder / "empty.avi"
    write_card_video(film, ("0",), plan=VideoPlan(width=1280, height=720, fps=30, held_frames=0), allow=True)
    hung = socket.create_server(("127.0.0.1", 0))
    settings = load(folder / FILE_NAME)
    printer = f"network:127.0.0.1:{hung.getsockname()[1]}"
    save(folder / FILE_NAME, msgspec.structs.replace(settings, printer=printer, camera=str(film)))
    opened_folder = open_folder(folder)
    cashier = SqliteReplica(opened_folder.replica).catalogue().staff[StaffId(1)]
    opened = open_window(opened_folder, Texts(), SystemClock(), Session(cashier))
    try:
        return _measure(opened, outlet)
    finally:
        opened.close()
        opened_folder.close()
        hung.close()


def _measure(opened: OpenWindow, outlet: BenchOutlet) -> Figures:
    _settle(opened, 3_000)
    watch = _Watch(opened)
    painted: list[int] = []
    for number in range(_SCANS):
        painted.append(_scan(opened, outlet.card(number * 7919).digits))
        _settle(opened, 20)
    times = [nanoseconds / 1e6 for nanoseconds in painted]
    return {
        "ui.decision_ms.p50": percentile(times, 0.5),
        "ui.decision_ms.p99": percentile(times, 0.99),
        "ui.blocked_ms.max": watch.longest_ms(),
        "readers.rss_mib": rss_mib(),
    }


def _scan(opened: OpenWindow, digits: str) -> int:
    """Scan a card and return the nanoseconds until its decision was painted."""
    loop = QEventLoop()
    painted: list[int] = []

    def take(nanoseconds: int) -> None:
        painted.append(nanoseconds)
        loop.quit()

    opened.window.decision_painted.connect(take)
    opened.bridge.on_scan(Scan(digits, Source.SERIAL, "code128", 0))
    QTimer.singleShot(5_000, loop, loop.quit)
    loop.exec()
    opened.window.decision_painted.disconnect(take)
    if not painted:
        raise TimeoutError("no decision was painted")
    return painted[0]


def _settle(opened: OpenWindow, milliseconds: int) -> None:
    loop = QEventLoop(opened.window)
    QTimer.singleShot(milliseconds, loop, loop.quit)
    loop.exec()


class _Watch:
    """Notes the longest time between two turns of the event loop, beyond the timer's own pace."""

    def __init__(self, opened: OpenWindow) -> None:
        self._last_ns = time.perf_counter_ns()
        self._longest_ns = 0
        self._timer = QTimer(opened.window)
        self._timer.timeout.connect(self._tick)
        self._timer.start(_TICK_MS)

    def longest_ms(self) -> float:
        return max(0.0, self._longest_ns / 1e6 - _TICK_MS)

    def _tick(self) -> None:
        now = time.perf_counter_ns()
        self._longest_ns = max(self._longest_ns, now - self._last_ns)
        self._last_ns = now
