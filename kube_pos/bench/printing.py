"""The printer's figures: laying out and encoding a receipt at each width, and from the commit to the first byte."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from kube_pos.bench.figures import Figures, interleaved, percentile
from kube_pos.bench.outlet import BenchOutlet, make_outlet
from kube_pos.devices.document import WIDTHS, PrintDocument, Text
from kube_pos.devices.escpos_printer import EscposPrinter, to_bytes
from kube_pos.devices.print_queue import JobState, PrintJob, PrintQueue, QueueCallbacks
from kube_pos.devices.printer_models import PrinterModel, model_for
from kube_pos.devices.printer_talk import BARRIER
from kube_pos.devices.screen_printer import ScreenPrinter
from kube_pos.devices.transports import NetworkTransport
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.ids import ProductId
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_queues import SqlitePrints
from kube_pos.operations.look_up import Visit, look_up
from kube_pos.operations.papers import Papers
from kube_pos.operations.receipts import Paper, render
from kube_pos.operations.redemption import Basket, redeem
from kube_pos.operations.sample import sample_paper
from kube_pos.printing import PrintJobs
from kube_pos.sync.signing import DeviceKey
from kube_pos.texts import Texts

_QUESTION, _READY, _ENDED = b"\x10\x04", b"\x12", b"\x00"
_ROUNDS = 200
_SALES = 60


def run(folder: Path) -> Figures:
    """Measure in an empty folder."""
    texts = Texts()
    paper = sample_paper(texts)
    models = {columns: _model(columns) for columns in WIDTHS}
    to_bytes(render(paper, texts, 32), models[32])
    jobs: dict[str, Callable[[int], object]] = {}
    for columns in WIDTHS:
        jobs[f"render{columns}"] = partial(_render, paper, texts, columns)
        jobs[f"bytes{columns}"] = partial(_encode, paper, texts, models[columns])
    times = interleaved(_ROUNDS, jobs)
    figures: Figures = {"printing.render_ms.p50": percentile(times["bytes48"], 0.5) / 1000}
    for columns in WIDTHS:
        figures[f"printing.render_{columns}_ms.p50"] = percentile(times[f"render{columns}"], 0.5) / 1000
        figures[f"printing.bytes_{columns}_ms.p50"] = percentile(times[f"bytes{columns}"], 0.5) / 1000
    for name in ("queue", "printer"):
        (folder / name).mkdir()
    return figures | _overhead(folder / "queue") | _first_byte(folder / "printer", texts)


def _render(paper: Paper, texts: Texts, columns: int, _: int) -> object:
    return render(paper, texts, columns)


def _encode(paper: Paper, texts: Texts, model: PrinterModel, _: int) -> object:
    return to_bytes(render(paper, texts, model.columns), model)


def _model(columns: int) -> PrinterModel:
    model = model_for(columns)
    if model is None:
        raise ValueError(columns)
    return model


class _Clocking:
    """A printer on loopback that answers, and notes when the first byte of each job comes; looks are no jobs."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.first_bytes: list[int] = []
        self.came = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._serve, name="bench-printer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the port."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        is_job = False
        while data := connection.recv(65_536):
            if data[:2] == _QUESTION:
                connection.sendall(_READY)
                continue
            if not is_job:
                self.first_bytes.append(time.perf_counter_ns())
                is_job = True
            if data.endswith(BARRIER):
                connection.sendall(_ENDED)
        if is_job:
            self.came.release()


def _first_byte(folder: Path, texts: Texts) -> Figures:
    outlet = make_outlet(folder, 100)
    printer = _Clocking()
    ready, heard = threading.Event(), _Ends()
    papers = Papers(outlet.till, texts, DeviceKey(bytes(range(32))).sign, lambda: 0)
    queue = PrintQueue(
        EscposPrinter(NetworkTransport("127.0.0.1", printer.port), _model(48), folder),
        PrintJobs(SqlitePrints(outlet.files[0])),
        lambda job, columns: papers.document(job.ref, job.copy, columns),
        QueueCallbacks(lambda _: ready.set(), heard.append_state),
    )
    queue.start()
    # The first look, which loads the encoder, is over before the first family comes.
    if not ready.wait(30):
        raise TimeoutError("the loopback printer was not found")
    committed = []
    for number in range(_SALES):
        _sell(outlet, number)
        committed.append(time.perf_counter_ns())
        queue.wake()
        if not heard.came.acquire(timeout=30):
            raise TimeoutError("the loopback printer got nothing")
    queue.stop()
    printer.close()
    outlet.close()
    waits = [(first - stored) / 1e6 for first, stored in zip(printer.first_bytes, committed, strict=True)]
    ends = [(end - stored) / 1e6 for end, stored in zip(heard.confirmed, committed, strict=True)]
    return {
        "printing.first_byte_ms.p50": statistics.median(waits),
        "printing.first_byte_ms.max": max(waits),
        "printing.confirmed_ms.p50": statistics.median(ends),
    }


def _overhead(folder: Path) -> Figures:
    """Measure what the queue itself costs a print: the durable states around a printer that takes no time."""
    outlet = make_outlet(folder, 100)
    heard = _Ends()
    document = PrintDocument(32, (Text("-"),))
    queue = PrintQueue(
        ScreenPrinter(32, lambda _: None),
        PrintJobs(SqlitePrints(outlet.files[0])),
        lambda _job, _columns: document,
        QueueCallbacks(lambda _: None, heard.append_state),
    )
    asked = []
    queue.start()
    for number in range(_SALES):
        _sell(outlet, number)
        asked.append(time.perf_counter_ns())
        queue.wake()
        if not heard.came.acquire(timeout=30):
            raise TimeoutError("the queue did nothing")
    queue.stop()
    outlet.close()
    waits = [(end - begun) / 1e6 for end, begun in zip(heard.confirmed, asked, strict=True)]
    return {"printing.queue_ms.p50": statistics.median(waits)}


def _sell(outlet: BenchOutlet, number: int) -> None:
    visit = look_up(outlet.till, outlet.card(number).digits)
    if not isinstance(visit, Visit) or not isinstance(visit.decision, Allowed):
        raise TypeError("a bench family is always allowed")
    rice = outlet.replica.catalogue().products[ProductId(1)]
    basket = Basket(outlet.till.new_sale_id(), ((rice, Thousandths(1000)),))
    redeem(outlet.till, outlet.session, visit, visit.decision, basket)


class _Ends:
    """Notes when a print was confirmed."""

    def __init__(self) -> None:
        self.confirmed: list[int] = []
        self.came = threading.Semaphore(0)

    def append_state(self, _: PrintJob, state: JobState) -> None:
        """Hear of a job."""
        if state is JobState.CONFIRMED:
            self.confirmed.append(time.perf_counter_ns())
            self.came.release()
