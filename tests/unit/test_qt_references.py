"""The Qt binding must give back every reference it takes: one release lost one to True with each signal.

Before Python 3.12 `True` and `None` are counted like any object; a till that emits a few thousand signals would end with
«deallocating True or False».
"""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

ROUNDS = 200
NOISE = 20


class Sender(QObject):
    told = Signal(object)


class Painted(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="True and None are immortal")
def test_signals_timers_and_paints_keep_the_counts(qtbot: QtBot, qapp: object) -> None:
    sender, widget = Sender(), Painted()
    qtbot.addWidget(widget)
    heard: list[object] = []
    sender.told.connect(heard.append)
    widget.show()

    def round_of_work() -> None:
        sender.told.emit("x")
        QTimer.singleShot(0, sender, heard.clear)
        widget.update()
        qapp.processEvents()  # type: ignore[attr-defined]

    for _ in range(5):
        round_of_work()
    before = [sys.getrefcount(constant) for constant in (True, False, None)]
    for _ in range(ROUNDS):
        round_of_work()
    after = [sys.getrefcount(constant) for constant in (True, False, None)]
    assert all(now > then - NOISE for then, now in zip(before, after, strict=True)), (before, after)
