"""The window and its printers: the question after a broken print, reports on paper, setting a printer up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from kube_pos.devices.ports import DeviceState, DeviceStatus, FoundPrinter, PrinterChoice
from kube_pos.errors import KubePosError, SettingsUnreadable
from kube_pos.ledger import entries
from kube_pos.ledger.sqlite_queues import StoredPrintState
from kube_pos.ui.banner import Tone
from kube_pos.ui.printer_wizard import PrinterWizard
from tests.ledger_kit import Outlet
from tests.ui_kit import (
    MANAGER,
    Counter,
    banner,
    button,
    entries_of,
    family_with_rapel,
    furnish,
    open_counter,
    press,
    settle,
    shortcut,
    show,
    touch,
    type_in,
    words_on,
)

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
LOOPBACK = FoundPrinter("usb", "usb:0416:5011", "POS-58")


@dataclass
class Bench:
    """Printers as a technician has them before her: answers come from other threads, as in the till."""

    found: tuple[FoundPrinter, ...] = (LOOPBACK,)
    outcome: str = "sent"
    error: KubePosError | None = None
    now: dict[str, PrinterChoice] = field(
        default_factory=lambda: {"printer": PrinterChoice("screen", 32), "printer_2": PrinterChoice("", 32, "slips")}
    )
    tried: list[PrinterChoice] = field(default_factory=list)

    def find(self, said: Callable[[tuple[FoundPrinter, ...]], None]) -> None:
        threading.Thread(target=said, args=(self.found,)).start()

    def choice(self, place: str) -> PrinterChoice:
        return self.now[place]

    def try_out(self, choice: PrinterChoice, said: Callable[[str], None]) -> None:
        self.tried.append(choice)
        threading.Thread(target=said, args=(self.outcome,)).start()

    def choose(self, place: str, choice: PrinterChoice, said: Callable[[KubePosError | None], None]) -> None:
        if self.error is None:
            self.now[place] = choice
        threading.Thread(target=said, args=(self.error,)).start()

    def advice(self, spec: str) -> str:
        return f"rule for {spec}" if spec.startswith("usb:") else ""


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def counter(tmp_path: Path, qtbot: QtBot, bench: Bench) -> Iterator[Counter]:
    outlet = Outlet(tmp_path)
    outlet.stock_up()
    furnish(outlet)
    made = open_counter(outlet, signed_in=MANAGER, printers=bench)
    show(made, qtbot)
    yield made
    made.close()
    outlet.close()


def sell(counter: Counter) -> int:
    """Sell to a family and return the number of the sale."""
    counter.scan(family_with_rapel(counter.outlet))
    settle(counter)
    press(counter, Qt.Key.Key_Return)
    type_in("telur")
    press(counter, Qt.Key.Key_Return)
    press(counter, Qt.Key.Key_F9)
    settle(counter, lambda: bool(entries_of(counter, entries.Redemption)))
    settle(counter)
    return counter.outlet.journal.head()[0]


def break_off(counter: Counter) -> int:
    """Let the oldest print break off, and the window hear of it; return its entry's number."""
    job = counter.prints.next_pending()
    assert job is not None
    counter.prints.mark(job.id, StoredPrintState.UNKNOWN)
    counter.bridge.on_print_job(job.ref)
    settle(counter)
    return job.ref


def question(counter: Counter) -> str:
    return banner(counter)


def test_a_print_that_broke_off_is_asked_about_on_every_page_and_takes_no_keyboard_away(counter: Counter) -> None:
    sell(counter)
    counter.window.open_page("riwayat")
    before = QApplication.focusWidget()
    break_off(counter)
    assert "A01-000001" in question(counter)
    assert QApplication.focusWidget() is before
    press(counter, Qt.Key.Key_Return)
    assert "A01-000001" in question(counter)


def test_on_the_sales_own_page_the_question_stands_there_only(counter: Counter) -> None:
    sell(counter)
    break_off(counter)
    assert question(counter) == ""
    assert button(counter, "ui.print.came_out").isVisible()
    counter.window.open_page("stok")
    counter.bridge.on_print_job(0)
    settle(counter)
    assert "A01-000001" in question(counter)


def test_yes_confirms_and_no_prints_a_journalled_copy(counter: Counter) -> None:
    seq = sell(counter)
    counter.window.open_page("riwayat")
    break_off(counter)
    touch(counter, button(counter, "ui.printing.no_print_copy"))
    assert counter.prints.states(seq) == ("sent", "pending")
    copies = entries_of(counter, entries.ReceiptPrinted)
    assert [(entry.receipt, entry.copy, entry.by) for entry in copies] == [("A01-000001", 1, MANAGER.id)]  # type: ignore[attr-defined]
    assert question(counter) == "" or "A01-000001" not in question(counter)
    break_off(counter)
    assert "A01-000001" in question(counter)
    touch(counter, button(counter, "ui.printing.yes_whole"))
    assert counter.prints.states(seq) == ("sent", "confirmed")
    assert len(entries_of(counter, entries.ReceiptPrinted)) == 1


def test_what_was_found_broken_at_the_start_is_asked_at_sign_in(tmp_path: Path, qtbot: QtBot) -> None:
    outlet = Outlet(tmp_path)
    outlet.stock_up()
    furnish(outlet)
    first = open_counter(outlet, signed_in=MANAGER)
    show(first, qtbot)
    sell(first)
    first.close()
    job = first.prints.next_pending()
    assert job is not None
    assert first.prints.claim(job.id, "printer")
    first.prints.recover()
    second = open_counter(outlet, signed_in=MANAGER)
    show(second, qtbot)
    assert "A01-000001" in question(second)
    second.close()
    outlet.close()


def test_another_question_is_not_pushed_aside(counter: Counter) -> None:
    sell(counter)
    counter.window.open_page("riwayat")
    counter.window.context.banner.ask(Tone.WARN, "Keranjang?", ("ya", lambda: None), key="basket")
    break_off(counter)
    assert question(counter) == "Keranjang?"


def test_a_printer_in_trouble_is_said_before_the_sale(counter: Counter) -> None:
    counter.bridge.on_status(DeviceStatus("printer", DeviceState.ATTENTION, "printer_paper_out"))
    settle(counter)
    assert "Kertas printer habis" in banner(counter)
    counter.bridge.on_status(DeviceStatus("printer", DeviceState.READY, "printer_waiting"))
    counter.bridge.on_status(DeviceStatus("printer_2", DeviceState.LOST, "printer_not_found"))
    settle(counter)
    lamps = [lamp.accessibleName() for lamp in counter.window.findChildren(QPushButton)]
    assert "Printer: Terputus" in lamps


def test_reports_and_stock_are_asked_for(counter: Counter) -> None:
    sell(counter)
    counter.window.open_page("tutup")
    touch(counter, button(counter, "ui.printing.print_x"))
    touch(counter, button(counter, "ui.printing.print_x"))
    touch(counter, button(counter, "ui.closing.close"))
    settle(counter)
    counter.window.open_page("stok")
    touch(counter, button(counter, "ui.printing.print_stock"))
    read = counter.outlet.journal_file.read()
    rows = read.exec_driver_sql("SELECT kind, copy FROM print_job WHERE kind <> 'receipt' ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [("x_report", 0), ("x_report", 1), ("z_report", 0), ("stock", 0)]


def open_wizard(counter: Counter) -> PrinterWizard:
    counter.window.open_page("perangkat")
    touch(counter, button(counter, "ui.printing.set_up"))
    wizard = counter.window.findChild(PrinterWizard)
    assert isinstance(wizard, PrinterWizard)
    settle(counter, lambda: button(counter, "ui.printing.again").isEnabled())
    return wizard


def test_a_printer_is_found_tried_and_taken_with_the_width_that_the_ruler_shows(counter: Counter, bench: Bench) -> None:
    wizard = open_wizard(counter)
    wizard._table.selectRow(0)
    touch(counter, button(counter, "ui.printing.print_test"))
    settle(counter, lambda: "sudah dikirim" in words_on(counter))
    assert bench.tried == [PrinterChoice("usb:0416:5011", 32)]
    assert "sudah dikirim" in words_on(counter)
    touch(counter, button(counter, "ui.printing.width_48"))
    touch(counter, button(counter, "ui.printing.save"))
    settle(counter, lambda: "langsung dipakai" in banner(counter))
    assert bench.now["printer"] == PrinterChoice("usb:0416:5011", 48)
    shortcut(counter, Qt.Key.Key_Escape)
    assert button(counter, "ui.printing.set_up").isVisible()


def test_an_address_is_typed_and_tried_by_the_keyboard_alone(counter: Counter, bench: Bench) -> None:
    wizard = open_wizard(counter)
    wizard._typed.setFocus()
    type_in("192.168.1.50")
    press(counter, Qt.Key.Key_Return)
    press(counter, Qt.Key.Key_Return)
    assert bench.tried == [PrinterChoice("network:192.168.1.50:9100", 32)]
    wizard._typed.setText("10.0.0.7:9101")
    wizard._take_typed()
    assert wizard._choice().spec == "network:10.0.0.7:9101"


@pytest.mark.parametrize(
    ("spec", "needed"), [("usb:0416:5011", "rule for usb:0416:5011"), ("serial:/dev/ttyUSB0", "usermod")]
)
def test_a_printer_that_may_not_be_used_comes_with_advice(
    counter: Counter, bench: Bench, spec: str, needed: str
) -> None:
    bench.found = (FoundPrinter(spec.partition(":")[0], spec),)
    bench.outcome = "printer_denied"
    wizard = open_wizard(counter)
    wizard._table.selectRow(next(n for n, row in enumerate(wizard._rows()) if row.spec == spec))
    touch(counter, button(counter, "ui.printing.print_test"))
    settle(counter, lambda: needed in words_on(counter))
    assert needed in words_on(counter)


def test_a_second_printer_has_a_use_and_may_be_none(counter: Counter, bench: Bench) -> None:
    wizard = open_wizard(counter)
    touch(counter, button(counter, "ui.printing.place_printer_2"))
    assert not button(counter, "ui.printing.print_test").isEnabled()
    wizard._table.selectRow(next(n for n, row in enumerate(wizard._rows()) if row.kind == "usb"))
    touch(counter, button(counter, "ui.printing.use_spare"))
    touch(counter, button(counter, "ui.printing.save"))
    settle(counter, lambda: "langsung dipakai" in banner(counter))
    assert bench.now["printer_2"] == PrinterChoice("usb:0416:5011", 32, "spare")
    assert bench.now["printer"] == PrinterChoice("screen", 32)


def test_settings_that_can_not_be_written_are_told(counter: Counter, bench: Bench) -> None:
    bench.error = SettingsUnreadable(path="x", reason="penuh")
    bench.found = ()
    open_wizard(counter)
    assert "Tidak ada printer" in words_on(counter)
    touch(counter, button(counter, "ui.printing.save"))
    settle(counter, lambda: "penuh" in banner(counter))
    assert "penuh" in banner(counter)
    assert bench.now["printer"] == PrinterChoice("screen", 32)
