"""Pictures of every state of the window, to be looked at.

`python -m tests.ui_album FOLDER [id|en] [light|high_contrast]` opens the window at 1366 × 768 on sample data and keeps
a picture of each state in FOLDER.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from kube_pos.devices.ports import DeviceState, DeviceStatus, FoundPrinter, Frame, PrinterChoice, Source
from kube_pos.devices.printer_finder import udev_rule
from kube_pos.errors import KubePosError
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.sqlite_queues import StoredPrintState
from kube_pos.ui.printer_wizard import PrinterWizard
from kube_pos.ui.theme import LIGHT, THEMES, Theme
from tests.ledger_kit import CITY_KEY, ELSEWHERE, RICE, Outlet
from tests.ui_kit import CASHIER, NIK, Counter, family_with_rapel, furnish, open_counter, settle

_PAGES = ("riwayat", "stok", "tutup", "sinkron", "perangkat", "bantuan")


class _Printers:
    """Three printers, of which none may be used."""

    def find(self, said: Callable[[tuple[FoundPrinter, ...]], None]) -> None:
        usb, node = (
            FoundPrinter("usb", "usb:0416:5011", "POS-58 Printer"),
            FoundPrinter("node", "file:/dev/usb/lp0", "lp0"),
        )
        said((usb, node, FoundPrinter("serial", "serial:/dev/ttyUSB0", "USB2.0-Ser!")))

    def choice(self, place: str) -> PrinterChoice:
        return PrinterChoice("network:192.168.1.50:9100", 48) if place == "printer" else PrinterChoice("", 32, "slips")

    def try_out(self, choice: PrinterChoice, said: Callable[[str], None]) -> None:
        said("printer_denied")

    def choose(self, place: str, choice: PrinterChoice, said: Callable[[KubePosError | None], None]) -> None:
        said(None)

    def advice(self, spec: str) -> str:
        return udev_rule(spec)


class Album:
    """Leads the window through its states and keeps a picture of each."""

    def __init__(self, folder: Path, language: str, theme: Theme) -> None:
        self._folder = folder
        self.outlet = Outlet(Path(tempfile.mkdtemp()))
        self.outlet.stock_up()
        furnish(self.outlet)
        self.rapel = family_with_rapel(self.outlet)
        self.blocked = self.outlet.family(2, state=docs.CardState.BLOCKED)
        self.expired = self.outlet.family(3)
        self.outlet.entitle("2026-09", family=3, expires_on=date(2026, 10, 31))
        self.in_kind = self.outlet.family(4)
        self.outlet.entitle("2026-11", 10_000, family=4, commodity=RICE)
        self.outlet.entitle("2026-11", 150_000, family=4, expires_on=date(2026, 12, 1))
        elsewhere = card_number(5)
        token = card_token(CITY_KEY, elsewhere)
        self.outlet.take_in((docs.Card(token=token, state=docs.CardState.ACTIVE, outlet_id=ELSEWHERE),))
        self.elsewhere = elsewhere.digits
        self.counter = open_counter(
            self.outlet, language=language, signed_in=CASHIER, demo=True, theme=theme, printers=_Printers()
        )
        self.window = self.counter.window
        self.window.resize(1366, 768)
        self.window.show()
        self.window.activateWindow()
        self._light_lamps()

    def take_all(self) -> None:
        for part in (self._decisions, self._goods, self._sold, self._numbers, self._pages, self._forms):
            part()

    def _decisions(self) -> None:
        self._take("01-waiting")
        self.counter.bridge.on_frame(_picture())
        self._take("02-waiting-camera")
        for name, card in (
            ("03-refused-blocked", self.blocked),
            ("04-refused-unknown", card_number(99).digits),
            ("05-refused-elsewhere", self.elsewhere),
            ("06-refused-expired", self.expired),
            ("07-in-kind", self.in_kind),
            ("08-decision", self.rapel),
        ):
            self.counter.scan(card)
            self._take(name)
        self._press(Qt.Key.Key_F11)
        self._take("09-mismatch")
        self._press(Qt.Key.Key_Escape)
        self._press(Qt.Key.Key_F10)
        self._take("10-proxy")
        self._type("Budi Santoso")
        self._press(Qt.Key.Key_Return)
        self._take("11-proxy-kept")

    def _goods(self) -> None:
        self._press(Qt.Key.Key_Return)
        self._take("20-goods")
        for typed in ("6*beras 5", "telur", "3*minyak goreng 1", "1,5*gula pasir"):
            self._type(typed)
            self._press(Qt.Key.Key_Return)
        self._take("21-goods-filled")
        self._type("4*beras 5")
        self._press(Qt.Key.Key_Return)
        self._take("22-too-much")
        self.counter.scan("8990000000310")
        self._take("23-not-permitted")
        self.counter.scan(self.in_kind)
        self._take("24-other-card")
        self._answer(0)
        self._click("ui.goods.pay_cash")
        self._take("25-cash-part")

    def _sold(self) -> None:
        self._press(Qt.Key.Key_F9)
        self._take("30-done")
        job = self.counter.prints.next_pending()
        assert job is not None
        self.counter.prints.mark(job.id, StoredPrintState.UNKNOWN)
        self.counter.bridge.on_print_job(job.ref)
        self._take("31-done-print-unknown")
        self.counter.scan(self.in_kind)
        self._press(Qt.Key.Key_Return)
        for typed in ("2*beras 5", "3*susu"):
            self._type(typed)
            self._press(Qt.Key.Key_Return)
        self._press(Qt.Key.Key_F9)
        self._take("32-done-in-kind")
        self.counter.scan(self.in_kind)
        self._press(Qt.Key.Key_Return)
        self._take("33-repeat-offered")
        self._press(Qt.Key.Key_F5)
        self._take("34-repeated")
        self._press(Qt.Key.Key_Escape)
        self._press(Qt.Key.Key_Escape)
        self._take("35-drop-question")
        self._answer(1)
        self._take("36-waiting-again")

    def _numbers(self) -> None:
        self.counter.scan(NIK)
        self._take("40-number")
        self._press(Qt.Key.Key_Space)
        self._take("41-number-approval")
        self._press(Qt.Key.Key_Escape)

    def _pages(self) -> None:
        for place, name in enumerate(_PAGES):
            self.window.open_page(name)
            self._take(f"5{place}-{name}")

    def _forms(self) -> None:
        self.window.open_page("perangkat")
        self.counter.bridge.on_frame(_picture())
        self.counter.scan(self.rapel)
        self.counter.scan("8990000000112", Source.WEDGE)
        self._take("60-devices-test")
        self._printing()
        for name, page, key in (
            ("61-closing-approval", "tutup", "ui.closing.close"),
            ("62-delivery", "stok", "ui.stock.receive"),
            ("63-reversal", "riwayat", "ui.history.undo"),
        ):
            self.window.open_page(page)
            self._click(key)
            self._take(name)
        self.window.lock()
        self._take("70-sign-in")

    def _printing(self) -> None:
        self._click("ui.printing.set_up")
        self._take("80-printer-wizard")
        wizard = self.window.findChild(PrinterWizard)
        wizard._table.selectRow(1)
        self._click("ui.printing.print_test")
        self._take("81-printer-denied")
        self._click("ui.printing.place_printer_2")
        self._take("82-second-printer")
        job = self.counter.prints.next_pending()
        if job is not None:
            self.counter.prints.mark(job.id, StoredPrintState.UNKNOWN)
            self.counter.bridge.on_print_job(job.ref)
        self._take("83-print-question")

    def _light_lamps(self) -> None:
        facts = (("port", "/dev/ttyACM0"), ("camera", "0"))
        for device, state, detail in (
            ("scanner", DeviceState.READY, "scanner_ready"),
            ("camera", DeviceState.READY, "camera_ready"),
            ("printer", DeviceState.LOST, "printer_not_found"),
        ):
            self.counter.bridge.on_status(DeviceStatus(device, state, detail, facts))

    def _take(self, name: str) -> None:
        settle(self.counter)
        self.window.grab().save(str(self._folder / f"{name}.png"))

    def _press(self, key: Qt.Key) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.window, key)
        settle(self.counter)

    def _type(self, text: str) -> None:
        QTest.keyClicks(QApplication.focusWidget(), text)

    def _answer(self, place: int) -> None:
        self.window.findChild(QPushButton, f"answer-{place}").click()
        settle(self.counter)

    def _click(self, key: str) -> None:
        button_named(self.counter, self.counter.desk.texts.say(key)).click()
        settle(self.counter)


def button_named(counter: Counter, name: str) -> QPushButton:
    """Return the button on show that says `name`."""
    found = [b for b in counter.window.findChildren(QPushButton) if b.accessibleName() == name and b.isVisible()]
    return found[0]


def _picture(width: int = 320, height: int = 240) -> Frame:
    rows = bytearray()
    for y in range(height):
        for x in range(width):
            inside = 60 < x < 260 and 60 < y < 180
            dark = inside and (x // 3) % 2 == 0 and 100 < y < 150
            rows += bytes((30, 30, 30) if dark else (235, 238, 232) if inside else (90 + y // 4, 104, 100))
    return Frame(width, height, bytes(rows), "blurred")


def main(arguments: list[str]) -> None:
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(arguments[:1])
    language = arguments[2] if len(arguments) > 2 else "id"
    theme = THEMES[arguments[3]] if len(arguments) > 3 else LIGHT
    album = Album(folder, language, theme)
    album.take_all()
    album.counter.close()
    application.processEvents()


if __name__ == "__main__":
    main(sys.argv)
