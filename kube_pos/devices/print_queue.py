"""Prints what the ledger says is to be printed: at most once by itself, and whatever happened is written down.

Nothing can tell for certain what came out on paper. So the store is told before the first byte; what failed before it
is tried again, what failed after it is UNKNOWN and waits for a person who looked at the paper. The next family's
receipt does not wait for that person, only for a printer that is there again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from kube_pos.devices.document import PrintDocument
from kube_pos.devices.ports import (
    DeviceState,
    DeviceStatus,
    OnStatus,
    Printed,
    Printer,
    PrinterError,
    PrintTerms,
)
from kube_pos.devices.printer_talk import TROUBLES
from kube_pos.devices.watchdog import Hung, Watchdog
from kube_pos.devices.worker import Backoff, StatusTeller, Worker
from kube_pos.errors import KubePosError

_RENDER_FAILED = "printer_document"
_HUNG = "printer_hung"
_MISSES = 3
"""So many looks in a row must fail before an idle printer counts as lost: some vanish for seconds."""


class JobState(StrEnum):
    """How far a print job is."""

    PENDING = "pending"
    SENDING = "sending"
    """Bytes may be leaving; found at start, nobody knows what was printed."""
    SENT = "sent"
    """All bytes left; the paper is probably there."""
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    """Broke off half-way: only a person can tell, and only a person reprints."""
    FAILED_CLEAN = "failed_clean"
    """Not a byte left; it is tried again by itself."""
    VOIDED = "voided"
    """It can't be drawn on this printer's paper: not a byte left, and trying again gives the same."""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One document to print: what it is, which record it shows, and which copy (0 = the original)."""

    id: int
    kind: str
    ref: int
    copy: int


class JobStore(Protocol):
    """Where print jobs are kept durably. Called on the queue's threads only."""

    def next_pending(self) -> PrintJob | None:
        """Return the oldest job of this printer that is PENDING or FAILED_CLEAN, or None."""
        ...

    def claim(self, job_id: int) -> bool:
        """Write SENDING, on the disk before this returns; False when the job is no longer PENDING or FAILED_CLEAN."""
        ...

    def mark(self, job_id: int, state: JobState, detail: str = "") -> None:
        """Write a job's state, durably."""
        ...

    def recover(self) -> list[PrintJob]:
        """Turn this printer's jobs found in SENDING into UNKNOWN and return them; called once at start."""
        ...


Render = Callable[[PrintJob, int], PrintDocument]
"""Makes the document of a job for a number of columns."""


@dataclass(frozen=True, slots=True)
class QueueCallbacks:
    """Who hears of the printer and of jobs, on the queue's thread."""

    on_status: OnStatus
    on_job: Callable[[PrintJob, JobState], None]


@dataclass(frozen=True, slots=True)
class QueueTimes:
    """The queue's own waits."""

    backoff: Backoff = field(default_factory=Backoff)
    """Between two tries of a printer that is not there."""
    idle_s: float = 15.0
    """Between two looks at a printer that has nothing to print."""
    hang_s: float = 40.0
    """Without a sign of life from a driver for so long, its thread counts as stuck; longer than any time-out of its."""


class PrintQueue:
    """One thread that owns one printer, and a watchdog that replaces the thread when the printer's driver hangs."""

    def __init__(
        self,
        printer: Printer,
        store: JobStore,
        render: Render,
        callbacks: QueueCallbacks,
        times: QueueTimes | None = None,
        device: str = "printer",
    ) -> None:
        """Keep the printer, its jobs and how they look; `device` is its name in statuses."""
        self._printer = printer
        self._store = store
        self._render = render
        self._on_job = callbacks.on_job
        self._teller = StatusTeller(callbacks.on_status)
        self._times = times or QueueTimes()
        self._device = device
        self._wake = threading.Event()
        self._worker = Worker("print-queue", self._run)
        self._owner = threading.Lock()
        self._watchdog: Watchdog[PrintJob] = Watchdog(self._times.hang_s, self._replace_worker)
        self._recovered = False
        self._store_failed = False
        self._after_break = False
        self._misses = _MISSES - 1
        self._told_job: tuple[int, str] | None = None
        self._is_failing = False

    @property
    def is_failing(self) -> bool:
        """Tell whether the printer could not be reached, or could not print, at the last try."""
        return self._is_failing

    def start(self) -> None:
        """Start the thread: what was interrupted becomes UNKNOWN, the rest is printed."""
        self._worker.start()

    def wake(self) -> None:
        """Look for jobs now; called after each commit that made one. Returns at once."""
        self._wake.set()

    def stop(self, within_s: float = 2.5) -> bool:
        """Stop after the present job; tell whether it ended in time. A job left behind is UNKNOWN at the next start."""
        self._worker.ask_to_stop()
        self._wake.set()
        return self._worker.stop(within_s)

    def _run(self, stop: threading.Event) -> None:
        # A thread that hung at `stop` may still be printing when the queue is started again.
        with self._owner:
            self._recovered = False
            failures = 0
            must_look = True
            while not stop.is_set():
                try:
                    failures = 0 if self._round(stop, must_look=must_look) else failures + 1
                except Hung:
                    # Another thread has taken the queue over, and this one may touch nothing of it any more.
                    return
                wait_s = self._times.backoff.wait_s(failures) if failures else self._times.idle_s
                was_woken = self._wake.wait(wait_s)
                # Cleared before looking, so that a wake during the round is not lost.
                self._wake.clear()
                must_look = bool(failures) or not was_woken

    def _round(self, stop: threading.Event, *, must_look: bool) -> bool:
        try:
            self._recover_once()
            if must_look and not self._look():
                return False
            went_well = self._work(stop)
        except KubePosError:
            # The store can't be read or written: without its word not a byte may leave.
            self._tell(DeviceState.LOST, "printer_store_failed")
            # A job whose end could not be written is still SENDING there, though nothing is being sent.
            self._recovered = False
            self._store_failed = True
            return False
        if self._store_failed:
            self._store_failed = False
            self._tell(DeviceState.READY, "printer_waiting")
        return went_well

    def _recover_once(self) -> None:
        if not self._recovered:
            for job in self._store.recover():
                self._after_break = True
                self._on_job(job, JobState.UNKNOWN)
            self._recovered = True

    def _look(self) -> bool:
        """Tell whether the printer would print now, and light its lamp accordingly."""
        try:
            warning = self._watchdog.watch(lambda _: self._printer.look())
        except PrinterError as error:
            self._missed(error.detail)
            return False
        self._is_well(warning, "printer_waiting")
        return True

    def _missed(self, detail: str) -> None:
        self._misses += 1
        waiting = self._store.next_pending()
        if waiting is not None and self._told_job != (waiting.id, detail):
            self._told_job = (waiting.id, detail)
            self._mark(waiting, JobState.FAILED_CLEAN, detail)
        if waiting is not None or detail in TROUBLES or self._misses >= _MISSES:
            self._is_lost(detail)

    def _work(self, stop: threading.Event) -> bool:
        """Print all that waits; return False when one failed, and the printer is to be looked at before the next."""
        while not stop.is_set():
            job = self._store.next_pending()
            if job is None:
                return True
            if not self._print(job):
                return False
        return True

    def _print(self, job: PrintJob) -> bool:
        try:
            document = self._render(job, self._printer.columns)
        except (KubePosError, LookupError, ValueError):
            # Trying again gives the same; the job must not stand in the way of the next family's.
            self._mark(job, JobState.VOIDED, _RENDER_FAILED)
            return True
        if not self._store.claim(job.id):
            return True
        self._on_job(job, JobState.SENDING)

        def send(goes_on: Callable[[], bool]) -> Printed:
            return self._printer.print(document, PrintTerms(self._after_break, goes_on))

        try:
            printed = self._watchdog.watch(send, job)
        except PrinterError as error:
            return self._failed(job, error)
        self._after_break = False
        self._mark(job, JobState.CONFIRMED if printed.confirmed else JobState.SENT)
        self._is_well(printed.warning, "printer_ready")
        return True

    def _failed(self, job: PrintJob, error: PrinterError) -> bool:
        if error.detail == _RENDER_FAILED:
            self._mark(job, JobState.VOIDED, error.detail)
            return True
        self._mark(job, JobState.FAILED_CLEAN if error.clean else JobState.UNKNOWN, error.detail)
        self._told_job = (job.id, error.detail)
        if error.clean:
            self._is_lost(error.detail)
        else:
            self._after_break = True
            self._tell(DeviceState.ATTENTION, error.detail)
        return False

    def _replace_worker(self, job: PrintJob | None) -> None:
        """Give up the thread that hangs and go on with a fresh one. Called on the watchdog's thread."""
        self._after_break = self._after_break or job is not None
        if self._worker.is_asked_to_stop:
            # Nobody waits for this queue any more; the job is found in SENDING at the next start.
            return
        self._owner = threading.Lock()
        self._worker.ask_to_stop()
        self._worker = Worker("print-queue", self._run)
        self._is_failing = True
        self._tell(DeviceState.LOST, _HUNG)
        try:
            if job is not None:
                self._mark(job, JobState.UNKNOWN, _HUNG)
        finally:
            # Unwritten, the job is still SENDING, and the fresh thread's first act is to look for such.
            self._worker.start()

    def _is_well(self, warning: str, detail: str) -> None:
        self._misses = 0
        self._told_job = None
        self._is_failing = False
        if warning:
            self._tell(DeviceState.ATTENTION, warning)
        elif self._teller.last_state is not DeviceState.READY or detail != "printer_waiting":
            self._tell(DeviceState.READY, detail)

    def _is_lost(self, detail: str) -> None:
        self._is_failing = True
        self._tell(DeviceState.ATTENTION if detail in TROUBLES else DeviceState.LOST, detail)

    def _mark(self, job: PrintJob, state: JobState, detail: str = "") -> None:
        self._store.mark(job.id, state, detail)
        self._on_job(job, state)

    def _tell(self, state: DeviceState, detail: str) -> None:
        self._teller.tell(DeviceStatus(self._device, state, detail))
