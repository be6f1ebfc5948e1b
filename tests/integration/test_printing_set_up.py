"""Choosing printers at run time: trying one out, taking it into use without a restart, two printers, odd settings."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.devices.camera import CameraCallbacks
from kube_pos.devices.document import Cut, PrintDocument, Text
from kube_pos.devices.ports import DeviceState, DeviceStatus, FoundPrinter, PrinterChoice, PrinterError
from kube_pos.devices.print_queue import PrintJob, QueueTimes
from kube_pos.devices.printer_finder import find_printers, udev_rule
from kube_pos.devices.registry import DeviceContext, DeviceSettingWrong
from kube_pos.devices.simulated_printer import LoopbackPrinter, PrinterBehaviour
from kube_pos.devices.supervisor import Supervisor
from kube_pos.devices.watchdog import Hung, Watchdog
from kube_pos.devices.worker import Backoff
from kube_pos.errors import KubePosError
from kube_pos.ledger.ports import PrintKind, PrintRequest
from kube_pos.ledger.sqlite_queues import SqlitePrints
from kube_pos.printing import FIRST, SECOND, Printing, PrintingParts, SettingsNotSaved
from kube_pos.settings import Settings, load
from tests.escpos_interpreter import run
from tests.fakes import FixedClock
from tests.ledger_kit import Outlet

PAGE = PrintDocument(48, (Text("uji " + "=" * 43 + "]"), Cut()))


class Desk:
    """A till's printing on real files, with what it told."""

    def __init__(self, outlet: Outlet, folder: Path) -> None:
        self.outlet, self.folder = outlet, folder
        self.prints = SqlitePrints(outlet.journal_file)
        self.statuses: list[DeviceStatus] = []
        self.changed = threading.Condition()
        self.supervisor = Supervisor(lambda _: None, self._heard, lambda _: None, FixedClock())
        self.file = folder / "settings.toml"
        self.answers: queue.Queue[object] = queue.Queue()

    def open(self, settings: Settings) -> Printing:
        callbacks = CameraCallbacks(lambda _: None, self.supervisor.told, lambda _: None)
        context = DeviceContext(FixedClock(), callbacks, lambda _: None, self.folder / "cache")
        times = QueueTimes(Backoff(0.03, 0.1), idle_s=0.2)
        parts = PrintingParts(
            self.prints, self._render, context, self.supervisor, self._printed, lambda: PAGE, self.file, times
        )
        printing = Printing(parts, settings)
        self.supervisor.take((), printing.queues)
        self.supervisor.start()
        return printing

    def ask(self, seq: int, kind: PrintKind = PrintKind.RECEIPT) -> None:
        self.outlet.journal.request_print(PrintRequest(kind, ref=seq))

    def wait_states(self, seq: int, *states: str) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.prints.states(seq) == states, 10)

    def answer(self) -> object:
        return self.answers.get(timeout=20)

    def _render(self, job: PrintJob, columns: int) -> PrintDocument:
        return PrintDocument(columns, (Text(f"{job.kind} {job.ref} {'x' * (columns - 20)}"),))

    def _heard(self, status: DeviceStatus) -> None:
        with self.changed:
            self.statuses.append(status)
            self.changed.notify_all()

    def _printed(self, _: int) -> None:
        with self.changed:
            self.changed.notify_all()


@pytest.fixture
def desk(outlet: Outlet, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(outlet, tmp_path)
    yield made
    made.supervisor.stop()


@pytest.fixture
def loopback() -> Iterator[LoopbackPrinter]:
    made = LoopbackPrinter(PrinterBehaviour(answers=True), allow=True)
    made.start()
    yield made
    made.stop()


def spec(printer: LoopbackPrinter) -> str:
    return f"network:127.0.0.1:{printer.port}"


def test_a_printer_is_tried_and_then_used_without_a_restart(desk: Desk, loopback: LoopbackPrinter) -> None:
    printing = desk.open(Settings())
    assert printing.choice(FIRST) == PrinterChoice("screen", 32)
    printing.try_out(PrinterChoice(spec(loopback), 42), desk.answers.put)
    assert desk.answer() == "confirmed"
    (job,) = loopback.jobs
    assert run(job, 48, 384).lines[0].text == PAGE.blocks[0].text  # type: ignore[union-attr]
    printing.choose(FIRST, PrinterChoice(spec(loopback), 42), desk.answers.put)
    assert desk.answer() is None
    saved = load(desk.file)
    assert (saved.printer, saved.printer_columns, saved.printer_2) == (spec(loopback), 42, "")
    desk.ask(1)
    printing.wake()
    assert desk.wait_states(1, "confirmed")
    assert b"receipt 1 " + b"x" * 22 in loopback.jobs[-1]


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [("network:127.0.0.1:9", "printer_unreachable"), ("nonsense", "printer_form"), ("screen", "confirmed")],
)
def test_a_trial_tells_what_is_wrong_and_the_old_printer_goes_on(desk: Desk, wanted: str, outcome: str) -> None:
    printing = desk.open(Settings())
    printing.try_out(PrinterChoice(wanted, 32), desk.answers.put)
    assert desk.answer() == outcome
    desk.ask(1)
    printing.wake()
    assert desk.wait_states(1, "confirmed")


def test_a_choice_that_can_not_be_used_or_saved_changes_nothing(desk: Desk) -> None:
    printing = desk.open(Settings())
    printing.choose(FIRST, PrinterChoice("nonsense", 32), desk.answers.put)
    assert isinstance(desk.answer(), DeviceSettingWrong)
    desk.file.mkdir()
    printing.choose(FIRST, PrinterChoice("screen", 48), desk.answers.put)
    error = desk.answer()
    assert isinstance(error, KubePosError)
    assert isinstance(error, SettingsNotSaved)
    assert printing.settings == Settings()


def test_slips_come_out_of_the_second_printer_and_turning_it_off_brings_them_back(
    desk: Desk, loopback: LoopbackPrinter, tmp_path: Path
) -> None:
    printing = desk.open(Settings(printer=spec(loopback)))
    paper = tmp_path / "slips.bin"
    printing.choose(SECOND, PrinterChoice(f"file:{paper}", 48, "slips"), desk.answers.put)
    assert desk.answer() is None
    assert printing.choice(SECOND) == PrinterChoice(f"file:{paper}", 48, "slips")
    desk.ask(1)
    desk.ask(1, PrintKind.BALANCE)
    printing.wake()
    assert desk.wait_states(1, "confirmed", "confirmed")
    assert b"balance 1 " + b"x" * 28 in paper.read_bytes()
    assert b"receipt" not in paper.read_bytes()
    printing.choose(SECOND, PrinterChoice("", 32, "slips"), desk.answers.put)
    assert desk.answer() is None
    assert desk.statuses[-1].device in {FIRST, SECOND}
    desk.ask(2, PrintKind.BALANCE)
    printing.wake()
    assert desk.wait_states(2, "confirmed")
    assert b"balance 2" in loopback.jobs[-1]


def test_a_spare_printer_is_woken_when_the_first_is_away(desk: Desk, tmp_path: Path) -> None:
    paper = tmp_path / "spare.bin"
    settings = Settings(printer="network:127.0.0.1:9", printer_2=f"file:{paper}", printer_2_use="spare")
    printing = desk.open(settings)
    desk.ask(1)
    printing.wake()
    assert desk.wait_states(1, "confirmed")
    assert b"receipt 1" in paper.read_bytes()
    lost = [status for status in desk.statuses if status.state is DeviceState.LOST]
    assert {status.device for status in lost} == {FIRST}


def test_what_the_system_knows_of_is_found_and_nothing_fails() -> None:
    assert all(isinstance(found, FoundPrinter) for found in find_printers())


def test_a_usb_printer_has_a_rule_for_linux() -> None:
    rule = udev_rule("usb:0416:5011")
    for needed in ('ATTR{idVendor}=="0416"', 'ATTR{idProduct}=="5011"', 'TAG+="uaccess"'):
        assert needed in rule
    assert "777" not in rule
    assert udev_rule("serial:/dev/ttyUSB0") == ""


def test_a_driver_that_hangs_each_time_is_tried_ever_more_rarely() -> None:
    given_up: list[str | None] = []
    told = threading.Event()
    go_on = threading.Event()

    def hung(about: str | None) -> None:
        given_up.append(about)
        told.set()

    watchdog: Watchdog[str] = Watchdog(0.4, hung)
    ends: list[type[Exception]] = []

    def act() -> None:
        try:
            watchdog.watch(lambda _: go_on.wait(20), "receipt")
        except (Hung, KubePosError) as error:
            ends.append(type(error))

    thread = threading.Thread(target=act)
    thread.start()
    assert told.wait(5)
    assert given_up == ["receipt"]
    with pytest.raises(PrinterError) as caught:
        watchdog.watch(lambda _: None)
    assert (caught.value.detail, caught.value.clean) == ("printer_hung", True)
    go_on.set()
    thread.join(5)
    assert ends == [Hung]
    assert watchdog.watch(lambda goes_on: goes_on()) is True
