"""Random keys, touches and scans on the real window with real stores: nothing fails, nothing freezes, nothing is lost.

`python -m tests.monkey --events 10000 --seed 1 [--json]` needs no screen. An event and all that the window does for it
is one frame, measured by the wall clock after each page was opened once; one longer than 100 ms counts as frozen. The
main thread's own processor time stands beside it (`busy`): on a crowded machine the wall clock counts others too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget

from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.sqlite_verify import verify
from tests.ledger_kit import CITY_KEY, ELSEWHERE, FOOD, RICE, Outlet
from tests.ui_kit import CASHIER, MANAGER_PIN, NIK, PIN, Counter, family_with_rapel, furnish, open_counter, settle

FROZEN_MS = 100
_K = Qt.Key
KEYS = (
    *(_K.Key_Return, _K.Key_Enter, _K.Key_Escape, _K.Key_Tab, _K.Key_Backtab, _K.Key_Space, _K.Key_Backspace),
    *(_K.Key_Up, _K.Key_Down, _K.Key_Left, _K.Key_Right, _K.Key_F1, _K.Key_F2, _K.Key_F3, _K.Key_F4, _K.Key_F5),
    *(_K.Key_F6, _K.Key_F7, _K.Key_F8, _K.Key_F9, _K.Key_F10, _K.Key_F11, _K.Key_F12, _K.Key_Delete, _K.Key_PageDown),
)
WORDS = (
    "3*",
    "beras",
    "gula",
    "1,5*",
    "minyak",
    "0",
    "999*",
    "x",
    PIN,
    MANAGER_PIN,
    "NK-1",
    "09:00",
    "12/11",
)


@dataclass
class Outcome:
    """What a run found; `frozen` frames after the warm-up, in milliseconds."""

    events: int = 0
    exceptions: int = 0
    frozen: int = 0
    longest_ms: float = 0.0
    p99_ms: float = 0.0
    busy: int = 0
    busiest_ms: float = 0.0
    sales: int = 0
    entries: int = 0
    verified: bool = False
    first_exception: str = ""
    _times: list[float] = field(default_factory=list)
    _busy: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


class Monkey:
    """One window, and a seeded hand on it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.outlet = Outlet(folder)
        self.outlet.stock_up(50_000_000)
        furnish(self.outlet)
        self.codes = _codes(self.outlet)
        self.counter: Counter = open_counter(self.outlet, clock_ns=time.perf_counter_ns)
        self.counter.window.show()
        self.outcome = Outcome()
        self._planned: list[Qt.Key | str] = []
        sys.excepthook = self._failed
        self.counter.bridge.failed.connect(self._unforeseen)

    def run(self, events: int) -> Outcome:
        for place in ("riwayat", "stok", "tutup", "sinkron", "perangkat", "bantuan", "kasir"):
            self.counter.window.open_page(place)
            settle(self.counter)
        for _ in range(events):
            began, busy = time.perf_counter_ns(), time.thread_time_ns()
            self._act()
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
            self.outcome._times.append((time.perf_counter_ns() - began) / 1e6)
            self.outcome._busy.append((time.thread_time_ns() - busy) / 1e6)
            self.outcome.events += 1
            self.outlet.clock.advance(self.random.randrange(3_000))
            if self.outcome.events % 20 == 0:
                settle(self.counter)
                self._come_back_in()
        return self._finish()

    def _act(self) -> None:
        chance = self.random.random()
        target = QApplication.focusWidget() or self.counter.window
        if self._planned:
            self._next_step()
        elif chance < 0.02:
            self.counter.scan(self.random.choice(self.codes))
            self._planned = [_K.Key_Return, "beras 5", _K.Key_Return, _K.Key_F9]
        elif chance < 0.40:
            QTest.keyClick(self.counter.window.windowHandle(), self.random.choice(KEYS))
        elif chance < 0.55:
            QTest.keyClicks(target, self.random.choice(WORDS))
        elif chance < 0.70:
            self.counter.scan(self.random.choice(self.codes))
        elif chance < 0.90:
            self._touch()
        else:
            self._touch_anywhere()

    def _next_step(self) -> None:
        """Go on with what a cashier does, wherever the window stands: it may end in a sale or in a question."""
        step = self._planned.pop(0)
        if isinstance(step, str):
            QTest.keyClicks(QApplication.focusWidget() or self.counter.window, step)
        else:
            QTest.keyClick(self.counter.window.windowHandle(), step)

    def _touch(self) -> None:
        buttons = [b for b in self.counter.window.findChildren(QAbstractButton) if b.isVisible() and b.isEnabled()]
        if buttons:
            button = self.random.choice(buttons)
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def _touch_anywhere(self) -> None:
        window = self.counter.window
        point = QPoint(self.random.randrange(window.width()), self.random.randrange(window.height()))
        hit: QWidget | None = window.childAt(point)
        if hit is not None and not isinstance(hit, QComboBox):
            QTest.mouseClick(hit, Qt.MouseButton.LeftButton, pos=hit.mapFrom(window, point))

    def _come_back_in(self) -> None:
        """Sign in again when the hand locked the till, so that the work goes on."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        if self.counter.window.place == "masuk":
            self.outlet.clock.advance(10 * 60_000)
            page = self.counter.window.page("masuk")
            names = [b for b in page.findChildren(QAbstractButton) if b.accessibleName().startswith(CASHIER.name)]
            names[0].click()
            pin = page.findChild(QLineEdit)
            pin.setText(PIN)
            QTest.keyClick(pin, _K.Key_Return)
            settle(self.counter)

    def _finish(self) -> Outcome:
        settle(self.counter, most_ms=20_000)
        self.counter.close()
        outcome, times = self.outcome, sorted(self.outcome._times)
        outcome.frozen = sum(took > FROZEN_MS for took in times)
        outcome.busy = sum(took > FROZEN_MS for took in self.outcome._busy)
        outcome.busiest_ms = round(max(self.outcome._busy), 1)
        outcome.longest_ms = round(times[-1], 1)
        outcome.p99_ms = round(times[int(len(times) * 0.99)], 1)
        outcome.sales = len(self.outlet.journal.sales(limit=1_000_000))
        report = verify(self.outlet.journal_file)
        outcome.entries, outcome.verified = report.entries, report.is_clean
        self.outlet.close()
        return outcome

    def _failed(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        self.outcome.exceptions += 1
        if not self.outcome.first_exception:
            frames = traceback.extract_tb(error.__traceback__)
            where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
            self.outcome.first_exception = f"{kind.__name__} {error} {where} (event {self.outcome.events})"

    def _unforeseen(self, error: Exception) -> None:
        if getattr(error, "code", "unexpected") == "unexpected":
            self._failed(type(error), error, None)


def _codes(outlet: Outlet) -> list[str]:
    families = [family_with_rapel(outlet, number) for number in range(1, 40)]
    blocked = outlet.family(101, state=docs.CardState.BLOCKED)
    in_kind = outlet.family(102)
    outlet.entitle("2026-11", 10_000_000, family=102, commodity=RICE)
    away = card_number(103)
    outlet.take_in(
        (
            docs.Card(token=card_token(CITY_KEY, away), state=docs.CardState.ACTIVE, outlet_id=ELSEWHERE),
            docs.Policy(program_id=FOOD, from_day=date(2026, 1, 2), stand_in_limit=Rupiah(100_000), proxy_families=2),
        )
    )
    goods = ["2000000000015", "8990000000112", "8990000000310", "8999999999999"]
    return [*families, blocked, in_kind, away.digits, card_number(999).digits, NIK, "garbage", "12345", *goods]


def run(events: int, seed: int) -> Outcome:
    """Do so many events with a seed on a new outlet."""
    with tempfile.TemporaryDirectory() as place:
        return Monkey(Path(place), seed).run(events)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.monkey", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    application = QApplication(sys.argv[:1])
    outcome = run(args.events, args.seed)
    application.processEvents()
    facts = outcome.facts()
    lines = [json.dumps(facts)] if args.json else [f"{name:16} {value}" for name, value in facts.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(outcome.exceptions or outcome.frozen or not outcome.verified))


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    raise SystemExit(main())
