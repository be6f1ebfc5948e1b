"""The one gate between threads: what devices, sync and background jobs say arrives on the main thread here.

Plain threads call the `on_…` methods or finish a job; each emits a signal, and Qt delivers a signal from another thread
through the main thread's queue. Nothing else in the program crosses from a thread into the window.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeVar
from zlib import crc32

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal

from kube_pos.background import Worker
from kube_pos.devices.ports import DeviceStatus, Frame, Scan
from kube_pos.errors import KubePosError

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
MOST_WAITING = 8
"""So many scans may wait for the main thread: more than a person can make while the window stands still."""


class SyncNews(Protocol):
    """How sync stands, as far as the window needs it: `sync_state.<state>` is its sentence."""

    @property
    def state(self) -> str:
        """Return the state's code."""
        ...

    @property
    def error(self) -> KubePosError | None:
        """Return the error behind the state, which has the longer sentence."""
        ...


class Bridge(QObject):
    """Callbacks for other threads on one side, signals on the main thread on the other."""

    scan = Signal(object)
    device_status = Signal(object)
    frame = Signal(object)
    sync_state = Signal(object)
    print_job = Signal(object)
    failed = Signal(object)
    """A job failed and its caller left the telling to the window: the exception."""
    delivered = Signal()
    """The answer of a job was taken in: what is on the screen may have become old."""
    _delivery = Signal(object)
    _scans_wait = Signal()
    _frame_waits = Signal()

    def __init__(self, writer: Worker) -> None:
        """Make the gate on the main thread; jobs run on `writer`."""
        super().__init__()
        self._writer = writer
        self._lock = threading.Lock()
        self._scans: deque[Scan] = deque()
        self._newest_frame: Frame | None = None
        self.dropped_scans = 0
        """How many codes came faster than anyone could take them."""
        self._delivery.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._scans_wait.connect(self._deliver_scan, Qt.ConnectionType.QueuedConnection)
        self._frame_waits.connect(self._deliver_frame, Qt.ConnectionType.QueuedConnection)

    def on_scan(self, scan: Scan) -> None:
        """Take a scan from a reader's thread.

        A line gone mad sends thousands of codes a second. A few wait, the others are dropped, and the window takes
        one in each turn of its event loop, so that it goes on to paint and to answer keys.
        """
        if QThread.currentThread() is self.thread():
            self.scan.emit(scan)
            return
        with self._lock:
            if len(self._scans) >= MOST_WAITING:
                self.dropped_scans += 1
                return
            self._scans.append(scan)
            is_first = len(self._scans) == 1
        if is_first:
            self._scans_wait.emit()

    def on_status(self, status: DeviceStatus) -> None:
        """Take a device's status from its thread."""
        self.device_status.emit(status)

    def on_frame(self, frame: Frame) -> None:
        """Take a camera picture from its thread; one that was not shown yet gives way to the newer one."""
        with self._lock:
            was_empty = self._newest_frame is None
            self._newest_frame = frame
        if was_empty:
            self._frame_waits.emit()

    def on_sync(self, news: SyncNews) -> None:
        """Hear from the sync thread how it stands; the window then reads `Desk.sync_status` too."""
        self.sync_state.emit(news)

    def on_print_job(self, ref: int = 0) -> None:
        """Hear from the print queue that a job of the entry `ref` changed; the window reads `Desk.print_states`."""
        self.print_job.emit(ref)

    def post(self, call: Callable[[], None]) -> None:
        """Let the main thread do something; may be called on any thread."""
        self._delivery.emit(call)

    def run(
        self, job: Callable[[], T], success: Callable[[T], None], failure: Callable[[Exception], None] | None = None
    ) -> None:
        """Run a job on the writer's thread; on the main thread call `success` with its result or `failure`."""

        def done(result: T) -> None:
            self._delivery.emit(lambda: success(result))

        def failed(error: Exception) -> None:
            self._delivery.emit(lambda: (failure or self.failed.emit)(error))

        self._writer.submit(job, done, failed)

    def _deliver_scan(self) -> None:
        with self._lock:
            scan = self._scans.popleft()
            more = bool(self._scans)
        if more:
            QTimer.singleShot(0, self, self._deliver_scan)
        self.scan.emit(scan)

    def _deliver_frame(self) -> None:
        with self._lock:
            frame, self._newest_frame = self._newest_frame, None
        if frame is not None:
            self.frame.emit(frame)

    def _deliver(self, call: Callable[[], None]) -> None:
        call()
        self.delivered.emit()


def fault_code(error: BaseException) -> str:
    """Return a short code for an unforeseen exception: the same place and type give the same code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].name}" if frames else ""
    return f"E-{crc32(f'{type(error).__name__} {place}'.encode()) & 0xFFFF:04X}"


def log_fault(error: BaseException) -> str:
    """Log an exception by its code, type and places, never by its words (they may name a person); return the code."""
    code = fault_code(error)
    places = " < ".join(
        f"{f.filename}:{f.lineno} {f.name}" for f in reversed(traceback.extract_tb(error.__traceback__))
    )
    words = str(error) if isinstance(error, KubePosError) else type(error).__name__
    _LOG.error("%s %s at %s", code, words, places)
    return code


def install_excepthook(bridge: Bridge) -> None:
    """Let every exception that nobody caught end in a log line and a sentence on the screen; the till goes on."""

    def in_a_slot(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        bridge.failed.emit(error)

    def in_a_thread(args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            bridge.failed.emit(args.exc_value)

    sys.excepthook = in_a_slot
    threading.excepthook = in_a_thread
