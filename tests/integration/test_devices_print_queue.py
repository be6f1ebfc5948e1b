"""The print queue with a loopback printer: at most once by itself, through refusals, resets, stalls and power cuts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kube_pos.devices.conversation import Patience
from kube_pos.devices.document import PrintDocument, Text
from kube_pos.devices.escpos_printer import EscposPrinter, clearing
from kube_pos.devices.ports import DeviceState, DeviceStatus, Printed, PrinterError, PrintTerms
from kube_pos.devices.print_queue import JobState, PrintJob, PrintQueue, QueueCallbacks, QueueTimes
from kube_pos.devices.printer_models import MODELS
from kube_pos.devices.screen_printer import ScreenPrinter
from kube_pos.devices.simulated_printer import LoopbackPrinter, PrinterBehaviour
from kube_pos.devices.transports import NetworkTransport
from kube_pos.devices.worker import Backoff
from kube_pos.errors import StorageFailed

QUICK = Patience(connect_s=1.0, answer_s=0.2, write_s=0.5, barrier_s=0.5, drain_s=0.5)
SOON = QueueTimes(Backoff(0.05, 0.1), idle_s=0.2)


@dataclass
class MemoryStore:
    """A job store in memory, with the history of each job and a disk that can fail."""

    jobs: dict[int, PrintJob] = field(default_factory=dict)
    history: dict[int, list[JobState]] = field(default_factory=dict)
    details: dict[int, str] = field(default_factory=dict)
    disk_is_full: bool = False
    fails_at: JobState | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, number: int, state: JobState = JobState.PENDING) -> None:
        with self.lock:
            self.jobs[number] = PrintJob(number, "receipt", number, 0)
            self.history[number] = [state]

    def next_pending(self) -> PrintJob | None:
        with self.lock:
            waiting = (JobState.PENDING, JobState.FAILED_CLEAN)
            return next((job for number, job in self.jobs.items() if self.history[number][-1] in waiting), None)

    def claim(self, job_id: int) -> bool:
        if self.disk_is_full:
            raise StorageFailed(path="journal", reason="full")
        with self.lock:
            if self.history[job_id][-1] not in {JobState.PENDING, JobState.FAILED_CLEAN}:
                return False
            self.history[job_id].append(JobState.SENDING)
        return True

    def mark(self, job_id: int, state: JobState, detail: str = "") -> None:
        if self.disk_is_full or state is self.fails_at:
            raise StorageFailed(path="journal", reason="full")
        with self.lock:
            self.history[job_id].append(state)
            self.details[job_id] = detail

    def recover(self) -> list[PrintJob]:
        with self.lock:
            found = [job for number, job in self.jobs.items() if self.history[number][-1] is JobState.SENDING]
            for job in found:
                self.history[job.id].append(JobState.UNKNOWN)
        return found


def render(job: PrintJob, columns: int) -> PrintDocument:
    if job.ref == 666:
        raise KeyError(job.ref)
    text = "x" * 99 if job.ref == 667 else f"Struk {job.ref:06d}"
    return PrintDocument(columns, (Text(text),))


@dataclass
class Bench:
    """A store, a queue and what was heard of it."""

    store: MemoryStore = field(default_factory=MemoryStore)
    statuses: list[DeviceStatus] = field(default_factory=list)
    heard: list[tuple[int, JobState]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def on_status(self, status: DeviceStatus) -> None:
        with self.changed:
            self.statuses.append(status)
            self.changed.notify_all()

    def on_job(self, job: PrintJob, state: JobState) -> None:
        with self.changed:
            self.heard.append((job.id, state))
            self.changed.notify_all()

    def wait(self, until: Callable[[], bool], seconds: float = 10) -> bool:
        with self.changed:
            return self.changed.wait_for(until, seconds)

    def wait_for(self, number: int, state: JobState) -> bool:
        return self.wait(lambda: (number, state) in self.heard)

    def queue(self, port: int, folder: Path) -> PrintQueue:
        printer = EscposPrinter(NetworkTransport("127.0.0.1", port, QUICK), MODELS[0], folder)
        return PrintQueue(printer, self.store, render, QueueCallbacks(self.on_status, self.on_job), SOON)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def printer() -> Iterator[LoopbackPrinter]:
    loopback = LoopbackPrinter(allow=True)
    loopback.start()
    yield loopback
    loopback.stop()


@pytest.fixture
def queue(bench: Bench, printer: LoopbackPrinter, tmp_path: Path) -> Iterator[PrintQueue]:
    made = bench.queue(printer.port, tmp_path / "escpos")
    yield made
    made.stop(5)


def receipt(number: int) -> bytes:
    return b"\x1b@" + f"Struk {number:06d}\n".encode()


def test_a_job_is_marked_before_its_first_byte_and_sent_once(
    bench: Bench, printer: LoopbackPrinter, queue: PrintQueue
) -> None:
    bench.store.ask(1)
    queue.start()
    assert bench.wait_for(1, JobState.SENT)
    bench.store.ask(2)
    queue.wake()
    assert bench.wait_for(2, JobState.SENT)
    assert printer.wait_for_jobs(2)
    assert printer.jobs == [receipt(1), receipt(2)]
    assert bench.store.history[1] == [JobState.PENDING, JobState.SENDING, JobState.SENT]
    assert {status.state for status in bench.statuses} == {DeviceState.READY}


def test_a_refused_job_is_tried_again_until_the_printer_is_there(
    bench: Bench, printer: LoopbackPrinter, tmp_path: Path
) -> None:
    port = printer.port
    printer.stop()
    queue = bench.queue(port, tmp_path / "escpos")
    bench.store.ask(1)
    queue.start()
    assert bench.wait_for(1, JobState.FAILED_CLEAN)
    assert bench.wait(lambda: bool(bench.statuses) and bench.statuses[-1].state is DeviceState.LOST)
    assert not bench.wait(lambda: len(bench.heard) > 1, 0.5)
    lost = [status for status in bench.statuses if status.state is DeviceState.LOST]
    assert len(lost) == 1
    queue.stop(5)
    assert bench.store.history[1][-1] is JobState.FAILED_CLEAN


def test_a_job_waits_through_a_refusal_and_prints_once(bench: Bench, tmp_path: Path) -> None:
    late = LoopbackPrinter(allow=True)
    queue = bench.queue(late.port, tmp_path / "escpos")
    bench.store.ask(1)
    queue.start()
    assert bench.wait_for(1, JobState.FAILED_CLEAN)
    late.start()
    assert bench.wait_for(1, JobState.SENT)
    queue.stop(5)
    assert late.wait_for_jobs(1)
    late.stop()
    assert late.jobs == [receipt(1)]


@pytest.mark.parametrize("after", [1, 5, 14])
def test_a_job_broken_off_is_unknown_and_never_sent_again_by_itself(
    bench: Bench, printer: LoopbackPrinter, queue: PrintQueue, after: int
) -> None:
    printer.behaviour = PrinterBehaviour(reset_after=after)
    bench.store.ask(1)
    queue.start()
    assert bench.wait_for(1, JobState.UNKNOWN)
    assert bench.wait(lambda: DeviceState.ATTENTION in [status.state for status in bench.statuses])
    printer.behaviour = PrinterBehaviour()
    bench.store.ask(2)
    queue.wake()
    assert bench.wait_for(2, JobState.SENT)
    queue.wake()
    assert not bench.wait(lambda: len(printer.jobs) > 2, 0.4)
    assert printer.jobs == [receipt(1)[:after], clearing(MODELS[0]) + receipt(2)]
    assert bench.store.details[1] == "printer_broke_off"


def test_what_was_being_sent_when_the_power_went_is_unknown_at_the_start(
    bench: Bench, printer: LoopbackPrinter, queue: PrintQueue
) -> None:
    bench.store.ask(1, JobState.SENDING)
    bench.store.ask(2)
    queue.start()
    assert bench.wait_for(2, JobState.SENT)
    assert printer.wait_for_jobs(1)
    assert bench.heard[0] == (1, JobState.UNKNOWN)
    assert printer.jobs == [clearing(MODELS[0]) + receipt(2)]


def test_what_can_not_be_drawn_does_not_stand_in_the_way(
    bench: Bench, printer: LoopbackPrinter, queue: PrintQueue
) -> None:
    for number in (666, 667, 3):
        bench.store.ask(number)
    queue.start()
    assert bench.wait_for(3, JobState.SENT)
    assert bench.store.history[666][-1] is JobState.VOIDED
    assert bench.store.history[667][-1] is JobState.VOIDED
    assert bench.store.details[667] == "printer_document"
    assert printer.wait_for_jobs(1)
    assert printer.jobs == [receipt(3)]


def test_without_the_word_of_the_store_not_a_byte_leaves(
    bench: Bench, printer: LoopbackPrinter, queue: PrintQueue
) -> None:
    bench.store.ask(1)
    bench.store.disk_is_full = True
    queue.start()
    assert bench.wait(lambda: any(status.detail == "printer_store_failed" for status in bench.statuses))
    assert printer.jobs == []
    bench.store.disk_is_full = False
    queue.wake()
    assert bench.wait_for(1, JobState.SENT)
    assert printer.wait_for_jobs(1)
    assert printer.jobs == [receipt(1)]


def test_a_job_whose_end_can_not_be_written_is_unknown_once_the_disk_works_again(
    bench: Bench, printer: LoopbackPrinter, queue: PrintQueue
) -> None:
    bench.store.ask(1)
    bench.store.fails_at = JobState.SENT
    queue.start()
    assert bench.wait_for(1, JobState.UNKNOWN)
    bench.store.fails_at = None
    queue.wake()
    assert not bench.wait(lambda: (1, JobState.SENT) in bench.heard, 0.3)
    assert printer.jobs == [receipt(1)]


def test_the_screen_confirms(bench: Bench) -> None:
    shown: list[PrintDocument] = []
    callbacks = QueueCallbacks(bench.on_status, bench.on_job)
    queue = PrintQueue(ScreenPrinter(32, shown.append), bench.store, render, callbacks, SOON)
    bench.store.ask(1)
    queue.start()
    assert bench.wait_for(1, JobState.CONFIRMED)
    queue.stop()
    assert [document.plain_text() for document in shown] == ["Struk 000001\n"]


class HangingPrinter:
    """A printer whose cable takes bytes for as long as a test likes."""

    def __init__(self) -> None:
        self.columns = 32
        self.hangs, self.prints = True, False
        self.printing = threading.Event()
        self.go_on = threading.Event()

    def print(self, document: PrintDocument, terms: PrintTerms) -> Printed:
        self.printing.set()
        if self.hangs:
            self.go_on.wait(20)
        if self.prints:
            return Printed(confirmed=True)
        raise PrinterError("printer_stalled", clean=document.columns == 0)

    def look(self) -> str:
        return ""


def test_stopping_does_not_wait_for_a_printer_that_hangs(bench: Bench) -> None:
    hanging = HangingPrinter()
    slow = QueueTimes(SOON.backoff, hang_s=30)
    queue = PrintQueue(hanging, bench.store, render, QueueCallbacks(bench.on_status, bench.on_job), slow)
    bench.store.ask(1)
    queue.start()
    assert hanging.printing.wait(5)
    begun = time.monotonic()
    assert queue.stop(0.3) is False
    assert time.monotonic() - begun < 3
    assert bench.store.history[1][-1] is JobState.SENDING
    hanging.go_on.set()
    assert bench.wait_for(1, JobState.UNKNOWN)


def test_a_stalled_printer_leaves_the_job_unknown(bench: Bench) -> None:
    hanging = HangingPrinter()
    hanging.go_on.set()
    queue = PrintQueue(hanging, bench.store, render, QueueCallbacks(bench.on_status, bench.on_job), SOON)
    bench.store.ask(1)
    queue.start()
    assert bench.wait_for(1, JobState.UNKNOWN)
    assert queue.stop() is True
    assert bench.store.details[1] == "printer_stalled"


def test_stopping_an_idle_queue_is_quick_every_time(bench: Bench, queue: PrintQueue) -> None:
    assert bench.store.next_pending() is None
    for _ in range(50):
        queue.start()
        assert queue.stop(5) is True
