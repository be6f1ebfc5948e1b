"""A scanner on a real pseudo terminal: cables pulled and plugged, fragments, rubbish."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.clock import SystemClock
from kube_pos.devices.ports import DeviceState
from kube_pos.devices.serial_port import PortNotFound, find_port
from kube_pos.devices.serial_scanner import SerialScanner, SerialScannerSettings, _why_not_open
from kube_pos.devices.simulated import PtyScanner, SimulationRefused
from kube_pos.devices.worker import Backoff
from tests.devices_kit import Heard, card_digits

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal needs a POSIX system")


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[PtyScanner]:
    scanner = PtyScanner(tmp_path / "scanner", allow=True)
    scanner.plug()
    yield scanner
    scanner.unplug()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def scanner(plug: PtyScanner, heard: Heard) -> Iterator[SerialScanner]:
    settings = SerialScannerSettings(str(plug.path), backoff=Backoff(0.05, 0.2))
    reader = SerialScanner(settings, heard.on_scan, heard.on_status, SystemClock())
    reader.start()
    assert heard.wait_state(DeviceState.READY)
    yield reader
    reader.stop()


@pytest.mark.usefixtures("scanner")
def test_a_pulled_cable_is_told_once_and_its_return_once(plug: PtyScanner, heard: Heard) -> None:
    for number in range(3):
        heard.statuses.clear()
        plug.unplug()
        assert heard.wait_state(DeviceState.LOST)
        plug.plug()
        assert heard.wait_state(DeviceState.READY)
        plug.type(card_digits(number))
        assert heard.wait(lambda count=number: len(heard.scans) == count + 1)
        assert [status.state for status in heard.statuses] == [DeviceState.LOST, DeviceState.READY]
    assert heard.payloads() == [card_digits(number) for number in range(3)]


@pytest.mark.usefixtures("scanner")
def test_half_a_code_before_the_cable_was_pulled_is_not_mixed_into_the_next(plug: PtyScanner, heard: Heard) -> None:
    plug.send(b"647")
    plug.unplug()
    assert heard.wait_state(DeviceState.LOST)
    plug.plug()
    assert heard.wait_state(DeviceState.READY)
    plug.type(card_digits(5), "\r\n")
    assert heard.wait(lambda: bool(heard.scans))
    assert heard.payloads() == [card_digits(5)]


@pytest.mark.usefixtures("scanner")
def test_five_hundred_codes_in_a_row_all_arrive(plug: PtyScanner, heard: Heard) -> None:
    codes = [card_digits(number) for number in range(500)]
    for code in codes:
        plug.type(code)
    assert heard.wait(lambda: len(heard.scans) == 500)
    assert heard.payloads() == codes


@pytest.mark.usefixtures("scanner")
def test_rubbish_is_dropped_and_a_code_without_ending_is_read(plug: PtyScanner, heard: Heard) -> None:
    plug.send(b"\xff\xfe\xfd\r\n\x1b[A\r")
    plug.type(card_digits(6), "")
    assert heard.wait(lambda: bool(heard.scans))
    assert heard.payloads() == [card_digits(6)]


@pytest.mark.parametrize(
    ("number", "detail"),
    [(errno.EACCES, "scanner_denied"), (errno.EBUSY, "scanner_busy"), (errno.ENOENT, "scanner_lost")],
)
def test_why_a_port_can_not_be_opened_is_told(number: int, detail: str) -> None:
    assert _why_not_open(OSError(number, "refused"), "scanner_lost") == detail


@pytest.mark.usefixtures("scanner")
def test_a_port_has_one_owner(plug: PtyScanner) -> None:
    other = Heard()
    settings = SerialScannerSettings(str(plug.path), backoff=Backoff(0.05, 0.2))
    second = SerialScanner(settings, other.on_scan, other.on_status, SystemClock())
    second.start()
    assert other.wait_state(DeviceState.LOST)
    second.stop()
    assert other.statuses[-1].detail == "scanner_busy"


def test_a_port_is_found_by_path_and_a_usb_number_that_is_not_plugged_in_is_not() -> None:
    assert find_port("COM3") == "COM3"
    with pytest.raises(PortNotFound):
        find_port("FFFF:FFFE:nobody")


def test_the_simulated_scanner_refuses_to_serve_the_till_itself(tmp_path: Path) -> None:
    with pytest.raises(SimulationRefused):
        PtyScanner(tmp_path / "scanner")
