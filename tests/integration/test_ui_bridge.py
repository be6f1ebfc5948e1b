"""The one gate between threads, and what happens to exceptions."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Signal, Slot
from pytestqt.qtbot import QtBot

from kube_pos.background import Worker
from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, Scan, Source
from kube_pos.errors import BasketEmpty
from kube_pos.ui.bridge import Bridge, fault_code, install_excepthook, log_fault

NIK = "6472025208850003"


class Listener(QObject):
    """Takes everything the bridge says, and notes on which thread."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.heard: list[tuple[object, bool]] = []
        for signal in (bridge.scan, bridge.device_status, bridge.frame, bridge.sync_state, bridge.print_job):
            signal.connect(self.hear)

    @Slot(object)
    def hear(self, said: object) -> None:
        self.heard.append((said, threading.current_thread() is threading.main_thread()))


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    writer = Worker("writer")
    writer.start()
    yield Bridge(writer)
    writer.stop()


def test_what_other_threads_say_arrives_on_the_main_thread_in_order(bridge: Bridge, qtbot: QtBot) -> None:
    listener = Listener(bridge)
    scan = Scan("1", Source.SERIAL, "", 0)
    status = DeviceStatus("printer", DeviceState.LOST, "printer_not_found")
    frame = Frame(1, 1, b"\x00\x00\x00")

    def device() -> None:
        bridge.on_scan(scan)
        bridge.on_status(status)
        bridge.on_frame(frame)
        bridge.on_print_job(7)

    thread = threading.Thread(target=device)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(listener.heard) == 4)
    assert listener.heard == [(scan, True), (status, True), (frame, True), (7, True)]


def test_a_job_runs_elsewhere_and_its_result_comes_back_here(bridge: Bridge, qtbot: QtBot) -> None:
    ran: list[bool] = []
    got: list[tuple[int, bool]] = []

    def job() -> int:
        ran.append(threading.current_thread() is threading.main_thread())
        return 42

    bridge.run(job, lambda result: got.append((result, threading.current_thread() is threading.main_thread())))
    qtbot.waitUntil(lambda: bool(got))
    assert (ran, got) == ([False], [(42, True)])


def test_a_failure_goes_to_the_caller_or_else_to_the_window(bridge: Bridge, qtbot: QtBot) -> None:
    told: list[Exception] = []

    def job() -> None:
        raise BasketEmpty

    bridge.run(job, lambda _: None, told.append)
    qtbot.waitUntil(lambda: len(told) == 1)
    with qtbot.waitSignal(bridge.failed) as failed:
        bridge.run(job, lambda _: None)
    assert isinstance(told[0], BasketEmpty)
    assert isinstance(failed.args[0], BasketEmpty)


def test_an_exception_that_nobody_caught_is_told_and_the_program_goes_on(bridge: Bridge, qtbot: QtBot) -> None:
    before = sys.excepthook, threading.excepthook
    try:
        install_excepthook(bridge)
        error = RuntimeError("in a slot")
        with qtbot.waitSignal(bridge.failed) as failed:
            sys.excepthook(RuntimeError, error, None)
        assert failed.args == [error]
        with qtbot.waitSignal(bridge.failed) as failed:
            thread = threading.Thread(target=lambda: 1 // 0)
            thread.start()
            thread.join()
        assert isinstance(failed.args[0], ZeroDivisionError)
    finally:
        sys.excepthook, threading.excepthook = before


def test_a_fault_is_logged_by_code_and_place_never_by_its_words(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError(NIK)

    with pytest.raises(ValueError, match=NIK) as caught:
        fail()
    with caplog.at_level(logging.ERROR):
        code = log_fault(caught.value)
    assert code == fault_code(caught.value)
    assert code in caplog.text
    assert "ValueError" in caplog.text
    assert "test_ui_bridge.py" in caplog.text
    assert NIK not in caplog.text


class Bell(QObject):
    rings = Signal()


def test_the_binding_keeps_count_of_what_emit_returns() -> None:
    """PySide6 6.12.0 on Python 3.11 drops a reference to True at every emit, until the interpreter aborts."""
    bell = Bell()
    before = sys.getrefcount(True)
    for _ in range(50):
        bell.rings.emit()
    lost = before - sys.getrefcount(True)
    assert lost < 25
