"""A serial scanner's worst days: a line gone mad while the window works, a thousand pulled cables, odd bytes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QElapsedTimer, QTimer
from pytestqt.qtbot import QtBot

from kube_pos.background import Worker
from kube_pos.clock import SystemClock
from kube_pos.devices import serial_port
from kube_pos.devices.framing import Framer
from kube_pos.devices.ports import DeviceState, Frame, Scan, Source
from kube_pos.devices.serial_port import PortNotFound, find_port, usb_spec
from kube_pos.devices.serial_scanner import SerialScanner, SerialScannerSettings
from kube_pos.devices.simulated import PtyScanner
from kube_pos.devices.supervisor import Supervisor
from kube_pos.devices.worker import Backoff
from kube_pos.ui.bridge import MOST_WAITING, Bridge
from tests.devices_kit import Heard, card_digits, unseen

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal needs a POSIX system")
BYTES_A_SECOND = 11_520
"""What 115,200 baud carry."""


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[PtyScanner]:
    scanner = PtyScanner(tmp_path / "scanner", allow=True)
    scanner.plug()
    yield scanner
    scanner.unplug()


def flood(plug: PtyScanner, seconds: float) -> threading.Thread:
    """Send short codes, each another, as fast as the line carries them."""

    def send() -> None:
        pause = threading.Event()
        number = count(1000)
        for _ in range(int(seconds * 50)):
            chunk = b""
            while len(chunk) < BYTES_A_SECOND // 50:
                chunk += b"%d\r" % next(number)
            plug.send(chunk)
            pause.wait(0.02)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def test_a_flooding_line_does_not_slow_the_window(plug: PtyScanner, qtbot: QtBot) -> None:
    clock = SystemClock()
    bridge = Bridge(Worker("unused"))
    heard = Heard()
    supervisor = Supervisor(bridge.on_scan, heard.on_status, unseen, clock)
    settings = SerialScannerSettings(str(plug.path), baud=115_200)
    supervisor.take([SerialScanner(settings, supervisor.scanned, supervisor.told, clock)], ())
    taken: list[Scan] = []
    gaps: list[int] = []
    since = QElapsedTimer()

    def work(scan: Scan) -> None:
        taken.append(scan)
        # A look-up and a page painted anew: 4 ms of the main thread.
        busy = QElapsedTimer()
        busy.start()
        while busy.elapsed() < 4:
            pass

    def tick() -> None:
        gaps.append(since.restart())

    bridge.scan.connect(work)
    supervisor.start()
    assert heard.wait_state(DeviceState.READY)
    timer = QTimer()
    timer.timeout.connect(tick)
    since.start()
    timer.start(5)
    sending = flood(plug, 2.0)
    qtbot.waitUntil(lambda: not sending.is_alive(), timeout=10_000)
    qtbot.wait(100)
    timer.stop()
    supervisor.stop()
    assert bridge.dropped_scans > 1000
    assert len(taken) > 100
    assert len(bridge._scans) <= MOST_WAITING
    # Each turn takes one scan of 4 ms, so that a tick of 5 ms comes after 10 or so; the machine's own hiccups apart.
    assert sorted(gaps)[len(gaps) * 95 // 100] <= 50
    assert len(gaps) > 50


def test_after_a_flood_the_next_code_is_read(plug: PtyScanner) -> None:
    heard = Heard()
    reader = SerialScanner(SerialScannerSettings(str(plug.path)), heard.on_scan, heard.on_status, SystemClock())
    reader.start()
    assert heard.wait_state(DeviceState.READY)
    flood(plug, 0.5).join()
    plug.send(b"\x00\xff" * 3000 + b"\r")
    plug.type(card_digits(8))
    assert heard.wait(lambda: card_digits(8) in heard.payloads())
    reader.stop()


def test_frames_that_nobody_looked_at_give_way_to_the_newest(qtbot: QtBot) -> None:
    bridge = Bridge(Worker("unused"))
    shown: list[Frame] = []
    bridge.frame.connect(shown.append)
    frames = [Frame(1, 1, bytes(3), str(number)) for number in range(20)]
    sending = threading.Thread(target=lambda: [bridge.on_frame(frame) for frame in frames])
    sending.start()
    sending.join()
    qtbot.waitUntil(lambda: bool(shown))
    qtbot.wait(20)
    assert shown == [frames[-1]]


def test_codes_that_wait_come_in_order_and_too_many_are_dropped(qtbot: QtBot) -> None:
    bridge = Bridge(Worker("unused"))
    taken: list[str] = []
    bridge.scan.connect(lambda scan: taken.append(scan.payload))
    sending = threading.Thread(
        target=lambda: [bridge.on_scan(Scan(str(number), Source.SERIAL, "", 0)) for number in range(30)]
    )
    sending.start()
    sending.join()
    qtbot.waitUntil(lambda: len(taken) == MOST_WAITING)
    assert taken == [str(number) for number in range(MOST_WAITING)]
    assert bridge.dropped_scans == 30 - MOST_WAITING


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_thousand_pulled_cables_leak_nothing(plug: PtyScanner) -> None:
    heard = Heard()
    settings = SerialScannerSettings(str(plug.path), backoff=Backoff(0.002, 0.002))
    reader = SerialScanner(settings, heard.on_scan, heard.on_status, SystemClock())
    reader.start()
    assert heard.wait_state(DeviceState.READY)
    for number in range(20):
        cycle(plug, heard, number)
    descriptors, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    for number in range(20, 1000):
        cycle(plug, heard, number)
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
    assert threading.active_count() <= threads
    reader.stop()
    assert heard.payloads() == [card_digits(number) for number in range(1000)]
    states = [status.state for status in heard.statuses]
    assert states.count(DeviceState.LOST) == 1000
    assert states.count(DeviceState.READY) == 1001


def cycle(plug: PtyScanner, heard: Heard, number: int) -> None:
    plug.unplug()
    assert heard.wait_state(DeviceState.LOST)
    plug.plug()
    assert heard.wait_state(DeviceState.READY)
    plug.type(card_digits(number))
    assert heard.wait(lambda: len(heard.scans) == number + 1)


class Port:
    """A port as the system lists it."""

    def __init__(self, device: str, vid: int | None, pid: int | None, serial_number: str | None) -> None:
        self.device, self.vid, self.pid, self.serial_number = device, vid, pid, serial_number


def test_a_usb_scanner_is_found_by_its_numbers_in_whatever_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [
        Port("/dev/ttyS0", None, None, None),
        Port("/dev/ttyACM1", 0x0C2E, 0x0B61, "B2"),
        Port("/dev/ttyACM0", 0x0C2E, 0x0B61, "A1"),
    ]
    monkeypatch.setattr(serial_port.list_ports, "comports", lambda: ports)
    assert find_port("0c2e:0b61") == "/dev/ttyACM0"
    assert find_port("0C2E:0B61:B2") == "/dev/ttyACM1"
    assert usb_spec("/dev/ttyACM1") == "0C2E:0B61:B2"
    assert usb_spec("/dev/ttyS0") == "/dev/ttyS0"
    assert usb_spec("COM9") == "COM9"
    ports[1].device, ports[2].device = ports[2].device, ports[1].device
    assert find_port("0C2E:0B61:B2") == "/dev/ttyACM0"
    with pytest.raises(PortNotFound):
        find_port("0C2E:0B61:C3")


_CODES = st.text("0123456789ABCxyz-./]", min_size=4, max_size=30)
_NOISE = st.binary(max_size=12).map(lambda data: bytes(b for b in data if b not in b"\x02\x03\t\n\r"))


@settings(max_examples=400, deadline=None)
@given(
    turns=st.lists(st.tuples(_CODES, st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03", b"\x03\r"]), _NOISE)),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_framed_codes_come_through_noise_between_them_whatever_the_fragments(
    turns: list[tuple[str, bytes, bytes]], cuts: list[int]
) -> None:
    # Noise stands before STX: a scanner that frames its codes loses none to what the line picks up between them.
    data = b"".join(noise + b"\x02" + code.encode() + end for code, end, noise in turns)
    framer, found, place, turn = Framer(), [], 0, 0
    while place < len(data):
        size = cuts[turn % len(cuts)]
        found += framer.feed(data[place : place + size], turn)
        place, turn = place + size, turn + 1
    assert found == [code for code, _, _ in turns]


@settings(max_examples=400, deadline=None)
@given(chunks=st.lists(st.tuples(st.binary(max_size=80), st.integers(0, 400)), max_size=20))
def test_whatever_comes_and_whenever_memory_stays_bounded_and_the_next_frame_is_read(
    chunks: list[tuple[bytes, int]],
) -> None:
    framer, now_ms = Framer(), 0
    for data, pause_ms in chunks:
        now_ms += pause_ms
        for code in (*framer.expire(now_ms), *framer.feed(data, now_ms)):
            assert code == code.strip(" ")
            assert code.replace("\x1d", "").isprintable()
            assert len(code) <= 512
    framed = framer.feed(f"\x02{card_digits(3)}\r".encode(), now_ms + 1)
    assert framed[-1] == card_digits(3)
