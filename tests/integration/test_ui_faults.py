"""A fault planted in each thread ends in a sentence with a code, a line in the log, and a till that goes on."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt, QTimer
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from kube_pos.ledger import entries
from kube_pos.ui.bridge import install_excepthook
from kube_pos.ui.context import TillLocked
from tests.ledger_kit import Outlet
from tests.ui_kit import (
    Counter,
    banner,
    entries_of,
    family_with_rapel,
    furnish,
    open_counter,
    press,
    scan,
    settle,
    show,
    type_in,
)

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


def _fault() -> None:
    raise ZeroDivisionError("Siti Aminah 6472025208850003")


def _in_a_slot(counter: Counter) -> None:
    QTimer.singleShot(0, counter.window, _fault)


def _on_the_writer(counter: Counter) -> None:
    counter.bridge.run(_fault, lambda _: None)


def _in_an_answer(counter: Counter) -> None:
    counter.bridge.run(lambda: None, lambda _: _fault())


def _in_another_thread(_: Counter) -> None:
    thread = threading.Thread(target=_fault, name="sync")
    thread.start()
    thread.join()


@pytest.fixture
def counter(outlet: Outlet, qtbot: QtBot) -> Iterator[Counter]:
    furnish(outlet)
    opened = open_counter(outlet)
    show(opened, qtbot)
    hooks = sys.excepthook, threading.excepthook
    yield opened
    sys.excepthook, threading.excepthook = hooks
    opened.close()


@pytest.mark.parametrize("plant", [_in_a_slot, _on_the_writer, _in_an_answer, _in_another_thread])
def test_a_fault_is_told_and_the_till_goes_on(
    counter: Counter, plant: Callable[[Counter], None], caplog: pytest.LogCaptureFixture
) -> None:
    card = family_with_rapel(counter.outlet)
    with capture_exceptions(), caplog.at_level(logging.ERROR):
        install_excepthook(counter.bridge)
        plant(counter)
        settle(counter, lambda: bool(banner(counter)))
    assert "kode E-" in banner(counter)
    assert "E-" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "Siti" not in caplog.text + banner(counter)
    assert "6472025208850003" not in caplog.text + banner(counter)
    scan(counter, card)
    press(counter, Qt.Key.Key_Return)
    type_in("beras 5")
    for _ in range(3):
        press(counter, Qt.Key.Key_Return)
    assert len(entries_of(counter, entries.Redemption)) == 1


def test_what_comes_after_the_lock_is_refused_in_words(counter: Counter) -> None:
    counter.window.lock()
    with pytest.raises(TillLocked) as caught:
        counter.window.context.session()
    assert "terkunci" in counter.window.context.words_of(caught.value)
