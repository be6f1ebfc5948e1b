"""Prints what the ledger says is to be printed: at most once by itself, and whatever happened is written down.

Nothing can tell for certain what came out on paper. So the store is told before the first byte; what failed before it
is tried again, what failed after it is UNKNOWN and waits for a person who looked at the paper.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kube_pos.devices.document import PrintDocument
from kube_pos.devices.ports import DeviceState, DeviceStatus, OnStatus, Printer, PrinterError
from kube_pos.devices.worker import Backoff, StatusTeller, Worker
from kube_pos.errors import KubePosError

_RENDER_FAILED = "printer_document"


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


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One document to print: what it is, which record it shows, and which copy (0 = the original)."""

    id: int
    kind: str
    ref: int
    copy: int


class JobStore(Protocol):
    """Where print jobs are kept durably. Called on the queue's thread only."""

    def next_pending(self) -> PrintJob | None:
        """Return the oldest job that is PENDING or FAILED_CLEAN, or None."""
        ...

    def mark(self, job_id: int, state: JobState, detail: str = "") -> None:
        """Write a job's state; SENDING must be on the disk before this returns."""
        ...

    def recover(self) -> list[PrintJob]:
        """Turn the jobs found in SENDING into UNKNOWN and return them; called once at start."""
        ...


Render = Callable[[PrintJob, int], PrintDocument]
"""Makes the document of a job for a number of columns."""


@dataclass(frozen=True, slots=True)
class QueueCallbacks:
    """Who hears of the printer and of jobs, on the queue's thread."""

    on_status: OnStatus
    on_job: Callable[[PrintJob, JobState], None]


class PrintQueue:
    """One thread that owns one printer."""

    def __init__(
        self,
        printer: Printer,
        store: JobStore,
        render: Render,
        callbacks: QueueCallbacks,
        backoff: Backoff | None = None,
    ) -> None:
        """Keep the printer, its jobs and how they look."""
        self._printer = printer
        self._store = store
        self._render = render
        self._on_job = callbacks.on_job
        self._teller = StatusTeller(callbacks.on_status)
        self._backoff = backoff or Backoff()
        self._wake = threading.Event()
        self._worker = Worker("print-queue", self._run)
        self._owner = threading.Lock()
        self._recovered = False
        self._store_failed = False

    def start(self) -> None:
        """Start the thread: what was interrupted becomes UNKNOWN, the rest is printed."""
        self._worker.start()

    def wake(self) -> None:
        """Look for jobs now; called after each commit that made one."""
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
            self._tell(DeviceState.READY, "printer_waiting")
            failures = 0
            while not stop.is_set():
                failures = 0 if self._round(stop) else failures + 1
                self._wake.wait(self._backoff.wait_s(failures) if failures else None)
                # Cleared before looking, so that a wake during the round is not lost.
                self._wake.clear()

    def _round(self, stop: threading.Event) -> bool:
        try:
            self._recover_once()
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
                self._on_job(job, JobState.UNKNOWN)
            self._recovered = True

    def _work(self, stop: threading.Event) -> bool:
        """Print all that waits; return False when the first failed cleanly and is to be tried again later."""
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
            self._mark(job, JobState.UNKNOWN, _RENDER_FAILED)
            return True
        self._mark(job, JobState.SENDING)
        try:
            confirmed = self._printer.print(document)
        except PrinterError as error:
            return self._failed(job, error)
        self._mark(job, JobState.CONFIRMED if confirmed else JobState.SENT)
        self._tell(DeviceState.READY, "printer_ready")
        return True

    def _failed(self, job: PrintJob, error: PrinterError) -> bool:
        if error.detail == _RENDER_FAILED:
            self._mark(job, JobState.UNKNOWN, error.detail)
            return True
        self._mark(job, JobState.FAILED_CLEAN if error.clean else JobState.UNKNOWN, error.detail)
        self._tell(DeviceState.LOST if error.clean else DeviceState.ATTENTION, error.detail)
        return not error.clean

    def _mark(self, job: PrintJob, state: JobState, detail: str = "") -> None:
        self._store.mark(job.id, state, detail)
        self._on_job(job, state)

    def _tell(self, state: DeviceState, detail: str) -> None:
        self._teller.tell(DeviceStatus("printer", state, detail))
