"""Sales on the real journal and a printer with every bad habit: sales stand, no original twice, the queue is true."""

from __future__ import annotations

import os
import pty
import select
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kube_pos.devices.conversation import Patience
from kube_pos.devices.document import PrintDocument, Text
from kube_pos.devices.escpos_printer import EscposPrinter, clearing
from kube_pos.devices.ports import DeviceState, DeviceStatus, Printed, Printer, PrinterError, PrintTerms
from kube_pos.devices.print_queue import JobState, PrintJob, PrintQueue, QueueCallbacks, QueueTimes
from kube_pos.devices.printer_models import MODELS
from kube_pos.devices.simulated_printer import LoopbackPrinter, PrinterBehaviour
from kube_pos.devices.transports import FileTransport, NetworkTransport, SerialTransport
from kube_pos.devices.worker import Backoff
from kube_pos.ledger import entries
from kube_pos.ledger.ports import PrintKind, PrintRequest
from kube_pos.ledger.sqlite_queues import SqlitePrints
from kube_pos.operations import corrections
from kube_pos.operations.report_slips import ReportPapers
from kube_pos.printing import FIRST, SECOND, SLIPS, PrintJobs
from tests.escpos_interpreter import Roll, run
from tests.ledger_kit import EGG_KG, Outlet
from tests.use_case_kit import papers, shop

MODEL = MODELS[1]
CLEARING = clearing(MODEL)
QUICK = Patience(connect_s=1.0, answer_s=0.25, write_s=0.4, barrier_s=0.4, job_s=3.0, drain_s=0.3)
TIMES = QueueTimes(Backoff(0.03, 0.1), idle_s=0.2, hang_s=5)
ANSWERING = PrinterBehaviour(answers=True)
MUTE = PrinterBehaviour()


@dataclass
class Shop:
    """An outlet with a print queue on a printer that a test chooses."""

    outlet: Outlet
    prints: SqlitePrints
    changed: threading.Condition = field(default_factory=threading.Condition)
    statuses: list[DeviceStatus] = field(default_factory=list)
    queues: list[PrintQueue] = field(default_factory=list)
    families: int = 0

    def sell(self) -> int:
        """Sell to the next family, and return the number of the sale; it takes the time of a sale, no more."""
        self.families += 1
        card = self.outlet.family(self.families)
        self.outlet.entitle(family=self.families)
        stored = shop(self.outlet, card, (EGG_KG, 500))
        begun = time.monotonic()
        for queue in self.queues:
            queue.wake()
        assert time.monotonic() - begun < 0.05, "the screen's thread waited for the printer"
        return stored.seq

    def queue(self, printer: Printer, jobs: PrintJobs | None = None, times: QueueTimes = TIMES) -> PrintQueue:
        kinds = ReportPapers(papers(self.outlet))

        def render(job: PrintJob, columns: int) -> PrintDocument:
            return kinds.paper(PrintKind(job.kind), job.ref, job.copy, columns)

        source = jobs or PrintJobs(self.prints)
        callbacks = QueueCallbacks(self.on_status, self.on_job)
        made = PrintQueue(printer, source, render, callbacks, times, source.printer)
        self.queues.append(made)
        return made

    def on_status(self, status: DeviceStatus) -> None:
        with self.changed:
            self.statuses.append(status)
            self.changed.notify_all()

    def on_job(self, _: PrintJob, __: JobState) -> None:
        with self.changed:
            self.changed.notify_all()

    def wait(self, until: Callable[[], bool], seconds: float = 12) -> bool:
        deadline = time.monotonic() + seconds
        with self.changed:
            while not until():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, 0.1))
        return True

    def wait_state(self, seq: int, state: str) -> bool:
        return self.wait(lambda: self.prints.states(seq)[-1:] == (state,))

    def told(self) -> list[str]:
        return [status.detail for status in self.statuses]

    def stop(self) -> None:
        for queue in self.queues:
            queue.stop(5)


@pytest.fixture
def shop_(outlet: Outlet) -> Iterator[Shop]:
    outlet.stock_up()
    made = Shop(outlet, SqlitePrints(outlet.journal_file))
    yield made
    made.stop()


@pytest.fixture
def loopback() -> Iterator[LoopbackPrinter]:
    made = LoopbackPrinter(allow=True)
    made.start()
    yield made
    made.stop()


def network(port: int, folder: Path) -> EscposPrinter:
    return EscposPrinter(NetworkTransport("127.0.0.1", port, QUICK), MODEL, folder)


def roll_of(job: bytes) -> Roll:
    return run(job, MODEL.columns, MODEL.dots)


def originals(jobs: list[bytes], receipt: str) -> int:
    """Return how many whole prints of a receipt without the mark of a copy came out."""
    whole = [job for job in jobs if b"--- AKHIR " + receipt.encode() in job]
    return sum(b"SALINAN" not in job for job in whole)


FAULTS: dict[str, tuple[PrinterBehaviour, str, str]] = {
    "power lost after the first byte": (PrinterBehaviour(answers=True, mute_after=1), "unknown", "printer_no_answer"),
    "power lost in the text": (PrinterBehaviour(answers=True, mute_after=600), "unknown", "printer_no_answer"),
    "power lost in the picture": (PrinterBehaviour(answers=True, mute_after=6000), "unknown", "printer_no_answer"),
    "paper ends": (PrinterBehaviour(answers=True, paper_ends_after=600), "unknown", "printer_paper_out"),
    "reset": (PrinterBehaviour(answers=True, reset_after=600), "unknown", "printer_broke_off"),
    "reset of a mute one": (PrinterBehaviour(reset_after=600), "unknown", "printer_broke_off"),
    "close": (PrinterBehaviour(answers=True, close_after=600), "unknown", "printer_broke_off"),
    "late end": (PrinterBehaviour(answers=True, end_after_s=3.4), "unknown", "printer_no_answer"),
    "never tells the end": (PrinterBehaviour(answers=True, tells_end=False), "sent", "printer_ready"),
    "mute": (MUTE, "sent", "printer_ready"),
    "late answers": (PrinterBehaviour(answers=True, answer_after_s=0.5), "sent", "printer_ready"),
    "automatic status": (
        PrinterBehaviour(answers=True, automatic=b"\x14\x00\x00\x0f"), "confirmed", "printer_ready"
    ),
    "automatic status of a mute one": (PrinterBehaviour(automatic=b"\x14\x00\x00\x0f" * 9), "sent", "printer_ready"),
    "slow": (PrinterBehaviour(answers=True, bytes_per_s=60_000), "confirmed", "printer_ready"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_one_receipt_is_told_truly_and_does_not_stop_the_next_familys(
    shop_: Shop, loopback: LoopbackPrinter, tmp_path: Path, fault: str
) -> None:
    behaviour, state, detail = FAULTS[fault]
    loopback.behaviour = behaviour
    queue = shop_.queue(network(loopback.port, tmp_path / "cache"))
    queue.start()
    first = shop_.sell()
    assert shop_.wait_state(first, state)
    assert shop_.wait(lambda: detail in shop_.told())
    loopback.behaviour = ANSWERING
    second = shop_.sell()
    assert shop_.wait(lambda: shop_.prints.states(second)[-1] in {"sent", "confirmed"})
    queue.stop(5)
    assert loopback.wait_for_jobs(2)
    for seq in (first, second):
        stored = shop_.outlet.journal.entry(seq)
        assert stored is not None
        assert isinstance(stored.entry, entries.Redemption)
    assert shop_.prints.states(first) == (state,)
    assert originals(loopback.jobs, "A01-000001") <= 1
    assert originals(loopback.jobs, "A01-000002") == 1
    last = loopback.jobs[-1]
    assert last.startswith(CLEARING if state == "unknown" else b"\x1b@")
    assert roll_of(last).codes[0].startswith("KUBER1.")


@pytest.mark.parametrize("states", [b"\x1a\x32\x72", b"\x1a\x16\x12", b"\x1a\x12\x12"])
def test_a_printer_that_says_it_can_not_print_is_waited_for_and_said_before_the_sale(
    shop_: Shop, loopback: LoopbackPrinter, tmp_path: Path, states: bytes
) -> None:
    loopback.behaviour = PrinterBehaviour(answers=True, states=states)
    shop_.queue(network(loopback.port, tmp_path / "cache")).start()
    assert shop_.wait(lambda: any(status.state is DeviceState.ATTENTION for status in shop_.statuses))
    first, second = shop_.sell(), shop_.sell()
    assert shop_.wait_state(first, "failed_clean")
    loopback.mended = ANSWERING.states
    assert shop_.wait_state(second, "confirmed")
    assert shop_.prints.states(first) == ("confirmed",)
    assert [originals(loopback.jobs, f"A01-00000{number}") for number in (1, 2)] == [1, 1]
    assert shop_.wait(lambda: shop_.statuses[-1].state is DeviceState.READY)


def test_a_printer_that_is_off_is_said_once_and_prints_when_it_is_back(shop_: Shop, tmp_path: Path) -> None:
    late = LoopbackPrinter(ANSWERING, allow=True)
    shop_.queue(network(late.port, tmp_path / "cache")).start()
    assert shop_.wait(lambda: "printer_unreachable" in shop_.told())
    sales = [shop_.sell() for _ in range(3)]
    assert shop_.wait_state(sales[0], "failed_clean")
    late.start()
    assert shop_.wait_state(sales[-1], "confirmed")
    late.stop()
    assert [originals(late.jobs, f"A01-00000{number}") for number in (1, 2, 3)] == [1, 1, 1]
    assert [status.state for status in shop_.statuses].count(DeviceState.LOST) == 1


def test_a_short_absence_of_an_idle_printer_is_not_told(shop_: Shop, loopback: LoopbackPrinter, tmp_path: Path) -> None:
    queue = shop_.queue(network(loopback.port, tmp_path / "cache"), times=QueueTimes(Backoff(0.2, 0.2), idle_s=0.1))
    queue.start()
    assert shop_.wait(lambda: bool(shop_.statuses))
    port = loopback.port
    loopback.stop()
    assert not shop_.wait(lambda: len(shop_.statuses) > 1, 0.25)
    back = LoopbackPrinter(allow=True, port=port)
    assert shop_.wait(lambda: "printer_unreachable" in shop_.told()), "after three misses it is"
    back.start()
    assert shop_.wait(lambda: shop_.statuses[-1].state is DeviceState.READY)
    queue.stop(5)
    back.stop()


class Stuck:
    """A printer whose driver hangs in a system call, the first time, until it is let go."""

    columns = 32

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.began = threading.Event()
        self.printed: list[PrintDocument] = []
        self.terms: list[PrintTerms] = []
        self.signs_after: list[bool] = []

    def print(self, document: PrintDocument, terms: PrintTerms) -> Printed:
        self.terms.append(terms)
        if len(self.terms) == 1:
            self.began.set()
            self.go_on.wait(30)
            self.signs_after.append(terms.goes_on())
            raise PrinterError("printer_broke_off", clean=False)
        self.printed.append(document)
        return Printed(confirmed=True)

    def look(self) -> str:
        return ""


def test_a_driver_that_hangs_is_left_behind_and_the_next_family_is_printed(shop_: Shop) -> None:
    printer = Stuck()
    queue = shop_.queue(printer, times=QueueTimes(TIMES.backoff, idle_s=0.2, hang_s=0.3))
    queue.start()
    first = shop_.sell()
    assert printer.began.wait(5)
    second = shop_.sell()
    assert shop_.wait_state(first, "unknown")
    assert "printer_hung" in shop_.told()
    assert shop_.wait_state(second, "confirmed")
    assert printer.terms[1].after_break
    assert shop_.statuses[-1].state is DeviceState.READY
    printer.go_on.set()
    assert shop_.wait(lambda: bool(printer.signs_after))
    assert printer.signs_after == [False], "the thread that comes back may send no more"
    third = shop_.sell()
    assert shop_.wait_state(third, "confirmed")
    assert shop_.prints.states(first) == ("unknown",)
    assert len(printer.printed) == 2


def test_after_a_power_cut_the_half_receipt_is_cleared_and_only_the_cashier_has_it_printed_again(
    shop_: Shop, loopback: LoopbackPrinter, tmp_path: Path
) -> None:
    first, second = shop_.sell(), shop_.sell()
    job = shop_.prints.next_pending()
    assert job is not None
    assert shop_.prints.claim(job.id, FIRST)
    loopback.behaviour = ANSWERING
    queue = shop_.queue(network(loopback.port, tmp_path / "cache"))
    queue.start()
    assert shop_.wait(lambda: shop_.prints.states(second)[-1] in {"sent", "confirmed"})
    assert shop_.prints.states(first) == ("unknown",)
    assert loopback.jobs[0].startswith(CLEARING)
    assert originals(loopback.jobs, "A01-000001") == 0
    copy = corrections.reprint(shop_.outlet.till, shop_.outlet.session, first)
    shop_.prints.answer_unknown(first, came_out=False)
    queue.wake()
    assert copy == 1
    assert shop_.wait_state(first, "confirmed")
    assert loopback.wait_for_jobs(2)
    assert loopback.jobs[-1].count(b"SALINAN ke-1") == 2
    assert not loopback.jobs[-1].startswith(CLEARING)


def test_two_printers_share_the_work_by_kind(shop_: Shop, tmp_path: Path) -> None:
    receipts, slips = tmp_path / "receipts.bin", tmp_path / "slips.bin"
    for printer, path, others, kinds in (
        (FIRST, receipts, (SECOND,), ("receipt",)),
        (SECOND, slips, (FIRST, ""), SLIPS),
    ):
        jobs = PrintJobs(shop_.prints, printer, others, kinds)
        shop_.queue(EscposPrinter(FileTransport(path, QUICK), MODEL, tmp_path / "cache"), jobs).start()
    sale = shop_.sell()
    shop_.outlet.journal.request_print(PrintRequest(PrintKind.STOCK, ref=sale))
    assert shop_.wait(
        lambda: shop_.prints.states(sale) == ("confirmed", "confirmed") or any(q.wake() for q in shop_.queues)
    )
    assert b"STRUK BANTUAN" in receipts.read_bytes()
    assert b"STOK MENURUT BUKU" in slips.read_bytes()
    assert b"STRUK BANTUAN" not in slips.read_bytes()


def test_a_spare_printer_stands_in_while_the_first_is_away_and_nothing_comes_out_twice(
    shop_: Shop, tmp_path: Path
) -> None:
    late = LoopbackPrinter(allow=True)
    spare = tmp_path / "spare.bin"
    first = shop_.queue(network(late.port, tmp_path / "cache"), PrintJobs(shop_.prints, FIRST, (SECOND,)))
    jobs = PrintJobs(shop_.prints, SECOND, (FIRST, ""), is_wanted=lambda: first.is_failing)
    second = shop_.queue(EscposPrinter(FileTransport(spare, QUICK), MODEL, tmp_path / "cache"), jobs)
    first.start()
    second.start()
    assert shop_.wait(lambda: first.is_failing)
    sales = [shop_.sell() for _ in range(4)]
    assert shop_.wait(lambda: all(shop_.prints.states(seq) == ("confirmed",) for seq in sales))
    late.start()
    assert shop_.wait(lambda: not first.is_failing)
    last = shop_.sell()
    assert shop_.wait_state(last, "sent")
    shop_.stop()
    late.stop()
    printed = [spare.read_bytes(), *late.jobs]
    assert [sum(f"--- AKHIR A01-00000{n}".encode() in job for job in printed) for n in (1, 2, 3, 4, 5)] == [1] * 5
    assert b"A01-000005" not in spare.read_bytes()


def test_what_could_not_be_drawn_is_tried_once_more_with_other_paper(shop_: Shop) -> None:
    sale = shop_.sell()
    job = shop_.prints.next_pending()
    assert job is not None
    PrintJobs(shop_.prints).mark(job.id, JobState.VOIDED, "printer_document")
    assert shop_.prints.next_pending() is None
    shop_.prints.revive()
    assert shop_.prints.next_pending() == job
    PrintJobs(shop_.prints).mark(job.id, JobState.VOIDED, "printer_document")
    corrections.reprint(shop_.outlet.till, shop_.outlet.session, sale)
    shop_.prints.revive()
    waiting = shop_.prints.next_pending()
    assert waiting is not None
    assert waiting.copy == 1, "an original never follows its copy"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")
@pytest.mark.parametrize("stops_after", [None, 500])
def test_a_serial_printer_that_stops_reading_and_comes_back(
    shop_: Shop, tmp_path: Path, stops_after: int | None
) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    arrived = bytearray()
    reads = threading.Event()
    reads.set()
    ends = threading.Event()

    def printer() -> None:
        while not ends.is_set():
            if not reads.wait(0.05) or not select.select([master], [], [], 0.05)[0]:
                continue
            arrived.extend(os.read(master, 256))
            if stops_after is not None and len(arrived) >= stops_after and not ends.is_set() and not back:
                reads.clear()

    back: list[bool] = []
    thread = threading.Thread(target=printer, daemon=True)
    thread.start()
    path = os.ttyname(slave)
    serial = EscposPrinter(SerialTransport(path, patience=QUICK), MODEL, tmp_path / "cache")
    shop_.queue(serial, times=QueueTimes(Backoff(0.03, 0.1), idle_s=5, hang_s=5)).start()
    try:
        first = shop_.sell()
        assert shop_.wait_state(first, "sent" if stops_after is None else "unknown")
        back.append(True)
        reads.set()
        second = shop_.sell()
        assert shop_.wait_state(second, "sent")
        assert shop_.wait(lambda: b"--- AKHIR A01-000002" in bytes(arrived))
    finally:
        shop_.stop()
        ends.set()
        thread.join(3)
        os.close(slave)
        os.close(master)
    assert bytes(arrived).count(b"--- AKHIR A01-000001") == (1 if stops_after is None else 0)
    assert bytes(arrived).count(b"--- AKHIR A01-000002") == 1


def test_a_job_of_200_kb_arrives_whole_at_a_slow_printer_that_talks(loopback: LoopbackPrinter, tmp_path: Path) -> None:
    loopback.behaviour = PrinterBehaviour(answers=True, bytes_per_s=400_000, automatic=b"\x14\x00\x00\x0f" * 20)
    patient = Patience(connect_s=1, answer_s=1, write_s=5, barrier_s=5, job_s=20)
    printer = EscposPrinter(NetworkTransport("127.0.0.1", loopback.port, patient), MODEL, tmp_path / "cache")
    line = "".join(chr(0x21 + place) for place in range(MODEL.columns))
    document = PrintDocument(MODEL.columns, tuple(Text(line) for _ in range(4200)))
    assert printer.print(document, PrintTerms()).confirmed
    assert loopback.wait_for_jobs(1)
    assert len(loopback.jobs[0]) > 200_000
    assert len(roll_of(loopback.jobs[0]).lines) == 4200
