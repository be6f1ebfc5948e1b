"""Starts and stops all devices in order, and brings their scans and statuses together in one place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from kube_pos.clock import Clock
from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, OnFrame, OnScan, OnStatus, Reader, Scan

_SAME_CODE_MS = 1000
"""The camera and the scanner may read one card at once, and a hand trembles: that is one scan."""

_OFF = {"scanner": "scanner_off", "camera": "camera_off", "printer": "printer_off", "printer_2": "printer_off"}

_log = logging.getLogger(__name__)


class Queue(Protocol):
    """What the supervisor needs of a print queue."""

    def start(self) -> None:
        """Start the queue's thread."""
        ...

    def stop(self) -> bool:
        """Stop the queue's thread and tell whether it ended in time."""
        ...


class Supervisor:
    """Owns readers and the print queues; its `scanned`, `told` and `shown` are the callbacks to build them with."""

    def __init__(self, on_scan: OnScan, on_status: OnStatus, on_frame: OnFrame, clock: Clock) -> None:
        """Keep who hears of scans, statuses and preview pictures, on the devices' threads."""
        self._on_scan = on_scan
        self._on_status = on_status
        self._on_frame = on_frame
        self._clock = clock
        self._lock = threading.Lock()
        self._statuses: dict[str, DeviceStatus] = {}
        self._last_scans: dict[str, int] = {}
        self._readers: tuple[Reader, ...] = ()
        self._queues: tuple[Queue, ...] = ()
        self._running = False

    def take(self, readers: Sequence[Reader], queues: Sequence[Queue]) -> None:
        """Own these devices from now on; what was owned before is stopped, and the new ones start if those ran."""
        was_running = self._running
        self.stop()
        self._readers, self._queues = tuple(readers), tuple(queues)
        with self._lock:
            known = tuple(self._statuses)
        self._tell_off(known)
        if was_running:
            self.start()

    def take_queues(self, queues: Sequence[Queue]) -> None:
        """Own these print queues from now on, as `take` does; the readers go on meanwhile."""
        for queue in self._queues:
            self._guard("print queue", queue.stop)
        self._queues = tuple(queues)
        with self._lock:
            known = tuple(device for device in self._statuses if device.startswith("printer"))
        self._tell_off(known)
        if self._running:
            for queue in self._queues:
                self._guard("print queue", queue.start)

    def take_readers(self, readers: Sequence[Reader]) -> None:
        """Own these readers from now on, as `take` does; the print queues go on meanwhile."""
        for reader in self._readers:
            self._guard("reader", reader.stop)
        self._readers = tuple(readers)
        with self._lock:
            known = tuple(device for device in self._statuses if not device.startswith("printer"))
        self._tell_off(known)
        if self._running:
            for reader in self._readers:
                self._guard("reader", reader.start)

    def start(self) -> None:
        """Start the print queues, then the readers: a receipt left over prints before the next scan."""
        self._running = True
        for queue in self._queues:
            self._guard("print queue", queue.start)
        for reader in self._readers:
            self._guard("reader", reader.start)

    def stop(self) -> None:
        """Stop the readers, then the print queues; no scan is passed on after this returns."""
        self._running = False
        for reader in self._readers:
            self._guard("reader", reader.stop)
        for queue in self._queues:
            self._guard("print queue", queue.stop)

    def _tell_off(self, devices: Sequence[str]) -> None:
        for device in devices:
            self.told(DeviceStatus(device, DeviceState.OFF, _OFF[device]))

    def statuses(self) -> dict[str, DeviceStatus]:
        """Return the last status of each device."""
        with self._lock:
            return dict(self._statuses)

    def scanned(self, scan: Scan) -> None:
        """Take a scan from a reader or from the keyboard and pass it on, unless it is the echo of one just passed."""
        if not self._running:
            return
        now_ms = self._clock.monotonic_ms()
        with self._lock:
            # Oldest first: a line gone mad must not make this a search through thousands.
            while self._last_scans and now_ms - next(iter(self._last_scans.values())) >= _SAME_CODE_MS:
                del self._last_scans[next(iter(self._last_scans))]
            is_echo = scan.payload in self._last_scans
            self._last_scans.setdefault(scan.payload, now_ms)
        if not is_echo:
            self._guard("scan", lambda: self._on_scan(scan))

    def told(self, status: DeviceStatus) -> None:
        """Take a status, remember it, and pass it on when it is news."""
        with self._lock:
            before = self._statuses.get(status.device)
            self._statuses[status.device] = status
        if status == before:
            return
        if status.state is DeviceState.LOST:
            _log.warning("%s lost: %s", status.device, status.detail)
        self._guard("status", lambda: self._on_status(status))

    def shown(self, frame: Frame) -> None:
        """Take a preview picture and pass it on."""
        self._guard("frame", lambda: self._on_frame(frame))

    def _guard(self, what: str, call: Callable[[], object]) -> None:
        # A device's thread must outlive whatever its listener does wrong. No traceback: it could show a payload.
        try:
            call()
        except Exception as error:  # noqa: BLE001 -- the one place in the room where everything is caught
            _log.error("%s failed: %s", what, type(error).__name__)
