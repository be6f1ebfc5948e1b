"""The till's real window in a process of its own; it answers one line of JSON for each line it is told."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from kube_pos.clock import SystemClock
from kube_pos.devices.ports import Scan
from kube_pos.devices.wedge import Key
from kube_pos.devices.wedge_calibration import Calibration, learn
from kube_pos.ui.application import make_application
from kube_pos.ui.wedge_filter import WedgeFilter
from tests.ledger_kit import Outlet
from tests.ui_kit import Counter, furnish, open_counter


class Orders(QObject):
    """Brings lines from standard input to the main thread."""

    came = Signal(str)

    def listen(self) -> None:
        """Read until the other side closes."""
        for line in sys.stdin:
            self.came.emit(line.strip())


class Witness(QObject):
    """Writes down when each key was struck, before the filter sees it."""

    def __init__(self) -> None:
        """Begin with no key."""
        super().__init__()
        self.keys: list[tuple[int, str]] = []

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Let everything through."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.text():
            self.keys.append((event.timestamp(), event.text()))
        return False


class Storm:
    """The window under test and what happened to it."""

    def __init__(self, counter: Counter) -> None:
        """Put the filter before the window and count every press of a button."""
        self._counter = counter
        self._scans: list[str] = []
        self._pressed = 0
        self.wedge = WedgeFilter(self._take, SystemClock())
        self.field = counter.window.findChild(QLineEdit)
        self.witness = Witness()
        # A question with a default button, as a dialog has: a scanner's Enter must not answer it.
        self.question = QWidget(counter.window)
        column = QVBoxLayout(self.question)
        self.answer = QPushButton("OK")
        column.addWidget(self.answer)
        self.question.setGeometry(900, 200, 200, 80)
        self.question.show()
        for button in counter.window.findChildren(QPushButton):
            button.clicked.connect(self._press)

    def obey(self, order: str) -> None:
        """Do what a line asks for and answer with what was seen since the last answer."""
        # The wedge filter puts itself first whenever the window gets the keyboard; the witness wants to be before it.
        self._counter.window.windowHandle().installEventFilter(self.witness)
        match order.split():
            case ["field"]:
                self.field.setFocus(Qt.FocusReason.OtherFocusReason)
            case ["button"]:
                self.answer.setFocus(Qt.FocusReason.OtherFocusReason)
            case ["learn"]:
                self.wedge.record(self._learn)
            case ["freeze", ms]:
                # As a slow disk would: the main thread stands still while keys go on to come.
                QTimer.singleShot(200, lambda: time.sleep(int(ms) / 1000))
        self._say("done")

    def _take(self, scan: Scan) -> None:
        self._scans.append(scan.payload)
        self._counter.bridge.on_scan(scan)

    def _press(self) -> None:
        self._pressed += 1

    def _learn(self, keys: tuple[Key, ...]) -> None:
        found = learn(keys)
        if isinstance(found, Calibration):
            self.wedge.use(found.settings)
            self._say("learnt")
        else:
            self._say(found.value)

    def _say(self, what: str) -> None:
        facts = {"what": what, "scans": self._scans, "text": self.field.text(), "pressed": self._pressed}
        facts["keys"] = self.witness.keys
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        self._scans, self._pressed, self.witness.keys = [], 0, []
        self.field.clear()


def main() -> None:
    """Open the window and serve until standard input closes."""
    application = make_application(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="kube-pos-storm-") as folder:
        outlet = Outlet(Path(folder))
        outlet.stock_up()
        furnish(outlet)
        counter = open_counter(outlet, demo=True)
        # Codes that are no card only beep and tell; the counter's state stays as it is.
        counter.window.show()
        storm = Storm(counter)
        storm.wedge.watch_all(application)
        counter.window.windowHandle().installEventFilter(storm.witness)
        orders = Orders()
        orders.came.connect(storm.obey)
        threading.Thread(target=orders.listen, daemon=True).start()
        QTimer.singleShot(500, lambda: storm.obey("field"))
        application.exec()


if __name__ == "__main__":
    main()
