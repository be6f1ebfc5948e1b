"""The supervisor's order, echoes and news, and the registry that builds devices from settings."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from kube_pos.devices.camera import CameraCallbacks, CameraReader
from kube_pos.devices.document import PrintDocument, Text
from kube_pos.devices.escpos_printer import EscposPrinter
from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, PrintTerms, Reader, Scan, Source
from kube_pos.devices.registry import (
    DeviceContext,
    DeviceSettings,
    DeviceSettingWrong,
    build_printer,
    build_readers,
)
from kube_pos.devices.screen_printer import ScreenPrinter
from kube_pos.devices.serial_scanner import SerialScanner
from kube_pos.devices.supervisor import Supervisor
from kube_pos.devices.worker import Backoff, StatusTeller, Worker
from kube_pos.texts import LANGUAGES, Texts
from tests.devices_kit import Heard
from tests.fakes import FixedClock

LOST = DeviceStatus("scanner", DeviceState.LOST, "scanner_lost", (("port", "COM3"),))
READY = DeviceStatus("scanner", DeviceState.READY, "scanner_ready", (("port", "COM3"),))


@dataclass
class Part:
    """A reader or queue that writes down when it is started and stopped."""

    name: str
    log: list[str]
    breaks: bool = False

    def start(self) -> None:
        self.log.append(f"start {self.name}")
        if self.breaks:
            raise OSError(self.name)

    def stop(self) -> bool:
        self.log.append(f"stop {self.name}")
        return True


@dataclass
class Desk:
    clock: FixedClock = field(default_factory=FixedClock)
    heard: Heard = field(default_factory=Heard)
    frames: list[Frame] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def supervisor(self) -> Supervisor:
        return Supervisor(self.heard.on_scan, self.heard.on_status, self.frames.append, self.clock)

    def reader(self, name: str, *, breaks: bool = False) -> Reader:
        class _Reader(Part):
            def stop(self) -> None:  # type: ignore[override]
                self.log.append(f"stop {self.name}")

        return _Reader(name, self.log, breaks)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def scan(payload: str, source: Source = Source.SERIAL) -> Scan:
    return Scan(payload, source, "", 0)


def test_parts_start_and_stop_in_order(desk: Desk) -> None:
    supervisor = desk.supervisor()
    supervisor.take([desk.reader("scanner"), desk.reader("camera")], [Part("queue", desk.log)])
    supervisor.start()
    supervisor.stop()
    assert desk.log[-6:] == [
        "start queue", "start scanner", "start camera", "stop scanner", "stop camera", "stop queue",
    ]  # fmt: skip


def test_one_part_that_breaks_does_not_keep_the_others_from_starting(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = desk.supervisor()
    supervisor.take([desk.reader("scanner", breaks=True), desk.reader("camera")], [])
    supervisor.start()
    assert desk.log[-2:] == ["start scanner", "start camera"]
    assert [record.getMessage() for record in caplog.records] == ["reader failed: OSError"]


def test_new_devices_replace_the_old_ones_while_running(desk: Desk) -> None:
    supervisor = desk.supervisor()
    supervisor.take([desk.reader("old")], [])
    supervisor.start()
    supervisor.told(READY)
    supervisor.take([desk.reader("new")], [])
    assert desk.log == ["start old", "stop old", "start new"]
    assert [(status.device, status.state) for status in desk.heard.statuses[-1:]] == [("scanner", DeviceState.OFF)]


def test_the_same_code_from_two_readers_within_a_second_is_one_scan(desk: Desk) -> None:
    supervisor = desk.supervisor()
    supervisor.start()
    supervisor.scanned(scan("64720000000123"))
    desk.clock.advance(900)
    supervisor.scanned(scan("64720000000123", Source.CAMERA))
    supervisor.scanned(scan("8991234567890", Source.WEDGE))
    desk.clock.advance(100)
    supervisor.scanned(scan("64720000000123"))
    assert desk.heard.payloads() == ["64720000000123", "8991234567890", "64720000000123"]


def test_no_scan_passes_before_the_start_or_after_the_stop(desk: Desk) -> None:
    supervisor = desk.supervisor()
    supervisor.scanned(scan("1"))
    supervisor.start()
    supervisor.scanned(scan("2"))
    supervisor.stop()
    supervisor.scanned(scan("3"))
    assert desk.heard.payloads() == ["2"]


def test_a_device_is_lost_once_and_back_once_and_remembered(desk: Desk) -> None:
    supervisor = desk.supervisor()
    for status in (READY, LOST, LOST, LOST, READY, READY):
        supervisor.told(status)
    assert desk.heard.statuses == [READY, LOST, READY]
    assert supervisor.statuses() == {"scanner": READY}


def test_a_listener_that_fails_is_logged_without_the_payload(caplog: pytest.LogCaptureFixture) -> None:
    def fail(scanned: Scan) -> None:
        raise ValueError(scanned.payload)

    heard = Heard()
    supervisor = Supervisor(fail, heard.on_status, [].append, FixedClock())
    supervisor.start()
    with caplog.at_level(logging.DEBUG):
        supervisor.scanned(scan("64720000000123"))
        supervisor.told(LOST)
    assert "64720000000123" not in caplog.text
    assert "scan failed: ValueError" in caplog.text
    assert heard.statuses == [LOST]


def test_preview_pictures_are_passed_on(desk: Desk) -> None:
    frame = Frame(1, 1, b"abc")
    desk.supervisor().shown(frame)
    assert desk.frames == [frame]


def test_waits_grow_and_are_bounded() -> None:
    backoff = Backoff(0.5, 5.0)
    assert [backoff.wait_s(failures) for failures in (1, 2, 3, 4, 5, 99, 10**9)] == [0.5, 1, 2, 4, 5, 5, 5]


def test_a_worker_may_stop_itself_and_start_again() -> None:
    ended: list[bool] = []
    worker = Worker("self", lambda stop: ended.append(worker.stop()) if not stop.is_set() else None)
    for _ in range(2):
        worker.start()
        assert worker.stop() is True
    assert len(ended) <= 2


def test_a_thread_that_fails_is_logged_without_its_words_and_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []
    good = threading.Event()

    def run(stop: threading.Event) -> None:
        runs.append(len(runs))
        if len(runs) < 3:
            raise RuntimeError("64720000000123")
        good.set()
        stop.wait(10)

    worker = Worker("scanner", run, again_after_s=0.01)
    worker.start()
    assert good.wait(5)
    assert worker.stop() is True
    assert runs == [0, 1, 2]
    assert [record.getMessage() for record in caplog.records] == ["scanner failed: RuntimeError"] * 2
    assert "6472" not in caplog.text


def test_a_teller_tells_changes_only() -> None:
    heard = Heard()
    teller = StatusTeller(heard.on_status)
    for status in (READY, READY, LOST, replace(LOST), READY):
        teller.tell(status)
    assert heard.statuses == [READY, LOST, READY]


@pytest.fixture
def context(desk: Desk, tmp_path: Path) -> DeviceContext:
    callbacks = CameraCallbacks(desk.heard.on_scan, desk.heard.on_status, desk.frames.append)
    return DeviceContext(desk.clock, callbacks, [].append, tmp_path / "escpos")


def test_no_reader_is_built_where_none_is_named(context: DeviceContext) -> None:
    assert build_readers(DeviceSettings(), context) == []


def test_the_named_readers_are_built(context: DeviceContext) -> None:
    readers = build_readers(DeviceSettings(scanner_port="0C2E:0901", camera="0"), context)
    assert [type(reader) for reader in readers] == [SerialScanner, CameraReader]


@pytest.mark.parametrize(
    "printer",
    [
        "network:192.168.1.50:9100",
        "network:[::1]:9100",
        "file:/dev/usb/lp0",
        "serial:/dev/ttyUSB0",
        "serial:COM3@38400",
        "usb:0416:5011",
        "lp:KASIR",
        "windows:POS-58",
    ],
)
@pytest.mark.parametrize("columns", [32, 42, 48])
def test_every_form_of_printer_is_built(context: DeviceContext, printer: str, columns: int) -> None:
    built = build_printer(DeviceSettings(printer=printer, columns=columns), context)
    assert isinstance(built, EscposPrinter)
    assert built.columns == columns


def test_the_screen_is_a_printer(context: DeviceContext) -> None:
    built = build_printer(DeviceSettings(columns=48), context)
    assert isinstance(built, ScreenPrinter)
    assert built.columns == 48
    assert built.print(PrintDocument(48, (Text("x"),)), PrintTerms()).confirmed
    assert built.look() == ""


@pytest.mark.parametrize(
    ("settings", "field_name"),
    [
        (DeviceSettings(columns=40), "columns"),
        (DeviceSettings(columns=48, model="generic-58"), "columns"),
        (DeviceSettings(model="epson"), "model"),
        (DeviceSettings(printer=""), "printer"),
        (DeviceSettings(printer="laser"), "printer"),
        (DeviceSettings(printer="network:host"), "printer"),
        (DeviceSettings(printer="network:host:0"), "printer"),
        (DeviceSettings(printer="network:host:99999"), "printer"),
        (DeviceSettings(printer="serial:@9600"), "printer"),
        (DeviceSettings(printer="serial:COM3@fast"), "printer"),
        (DeviceSettings(printer="usb:1:2"), "printer"),
        (DeviceSettings(printer="lp:"), "printer"),
    ],
)
def test_a_wrong_value_names_its_field_and_what_is_allowed(
    context: DeviceContext, settings: DeviceSettings, field_name: str
) -> None:
    with pytest.raises(DeviceSettingWrong) as caught:
        build_printer(settings, context)
    assert caught.value.facts["field"] == field_name
    assert caught.value.facts["allowed"]
    for language in LANGUAGES:
        assert str(caught.value.facts["allowed"]) in Texts(language).error(caught.value)


@pytest.mark.parametrize("settings", [DeviceSettings(scanner_port=" "), DeviceSettings(camera="")])
def test_an_empty_reader_is_refused(context: DeviceContext, settings: DeviceSettings) -> None:
    with pytest.raises(DeviceSettingWrong):
        build_readers(settings, context)
