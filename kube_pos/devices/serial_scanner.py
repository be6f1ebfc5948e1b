"""A scanner on a serial line (USB CDC or RS-232): needs no focus, no keyboard layout and no Enter key."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass, field

from kube_pos.clock import Clock
from kube_pos.devices.framing import Framer, FramingSettings
from kube_pos.devices.ports import DeviceState, DeviceStatus, OnScan, OnStatus, Scan, Source
from kube_pos.devices.serial_port import SerialLine, find_port
from kube_pos.devices.worker import Backoff, StatusTeller, Worker

_READ_TIMEOUT_S = 0.05


@dataclass(frozen=True, slots=True)
class SerialScannerSettings:
    """Where the scanner is and how it speaks."""

    port: str
    """A path (`/dev/ttyACM0`, `COM3`), or `VID:PID` or `VID:PID:SERIAL` of a USB scanner."""
    baud: int = 9600
    framing: FramingSettings = field(default_factory=FramingSettings)
    backoff: Backoff = field(default_factory=Backoff)


class SerialScanner:
    """A `Reader` over a serial port that comes back by itself after the cable was pulled."""

    def __init__(self, settings: SerialScannerSettings, on_scan: OnScan, on_status: OnStatus, clock: Clock) -> None:
        """Keep the settings and callbacks; nothing is opened yet."""
        self._settings = settings
        self._on_scan = on_scan
        self._teller = StatusTeller(on_status)
        self._clock = clock
        self._worker = Worker("serial-scanner", self._run)

    def start(self) -> None:
        """Start the thread; a port that can't be opened is told as a status."""
        self._worker.start()

    def stop(self) -> None:
        """Stop the thread and release the port."""
        self._worker.stop()

    def _run(self, stop: threading.Event) -> None:
        self._tell(DeviceState.STARTING, "scanner_starting")
        failures = 0
        absent = "scanner_not_found"
        while not stop.is_set():
            try:
                line = SerialLine(find_port(self._settings.port), self._settings.baud, _READ_TIMEOUT_S)
            except OSError as error:
                failures += 1
                self._tell(DeviceState.LOST, _why_not_open(error, absent))
                stop.wait(self._settings.backoff.wait_s(failures))
                continue
            failures = 1
            # From now on an absent port is the same loss, not a second one.
            absent = "scanner_lost"
            self._tell(DeviceState.READY, "scanner_ready")
            try:
                self._read(line, stop)
            except OSError:
                self._tell(DeviceState.LOST, "scanner_lost")
                stop.wait(self._settings.backoff.wait_s(failures))
            finally:
                line.close()

    def _read(self, line: SerialLine, stop: threading.Event) -> None:
        framer = Framer(self._settings.framing)
        while not stop.is_set():
            data = line.read_some()
            now_ms = self._clock.monotonic_ms()
            for payload in framer.feed(data, now_ms) if data else framer.expire(now_ms):
                if not stop.is_set():
                    self._on_scan(Scan(payload, Source.SERIAL, "", now_ms))

    def _tell(self, state: DeviceState, detail: str) -> None:
        self._teller.tell(DeviceStatus("scanner", state, detail, (("port", self._settings.port),)))


def _why_not_open(error: OSError, absent: str) -> str:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "scanner_denied"
    if error.errno in {errno.EBUSY, errno.EAGAIN}:
        return "scanner_busy"
    return absent
