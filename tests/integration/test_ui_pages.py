"""The other pages on real stores: sign-in, history, stock, closing, sync, devices, help, and the frame around them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QTableView, QWidget
from pytestqt.qtbot import QtBot

from kube_pos.devices.ports import DeviceState, DeviceStatus, Source
from kube_pos.errors import StorageFailed
from kube_pos.ledger import entries
from kube_pos.ledger.cards import card_number
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ui.devices_page import DevicesPage
from kube_pos.ui.rail import PLACES
from tests.ledger_kit import RICE_BAG, Outlet
from tests.ui_kit import (
    CASHIER,
    MANAGER,
    MANAGER_PIN,
    PIN,
    Counter,
    banner,
    button,
    entries_of,
    family_with_rapel,
    furnish,
    open_counter,
    press,
    scan,
    settle,
    shortcut,
    show,
    touch,
    type_in,
    words_on,
)

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
Enter = Qt.Key.Key_Return
DEMO = "DEMO — DATA CONTOH, BUKAN TRANSAKSI SUNGGUHAN"


@pytest.fixture
def counter(outlet: Outlet, qtbot: QtBot) -> Iterator[Counter]:
    furnish(outlet)
    opened = open_counter(outlet)
    show(opened, qtbot)
    yield opened
    opened.close()


@pytest.fixture
def sold(counter: Counter) -> Counter:
    """A counter with one sale of two bags of rice."""
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    type_in("2*beras 5")
    for _ in range(3):
        press(counter, Enter)
    assert counter.outlet.journal.sales()
    return counter


def test_every_page_fits_a_small_laptop_beside_its_task_bar(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    size = counter.window.minimumSizeHint()
    assert size.width() <= 1366
    assert size.height() <= 728


def cells(counter: Counter) -> list[list[str]]:
    (table,) = [t for t in counter.window.findChildren(QTableView) if t.isVisible()][:1]
    model = table.model()
    return [
        [str(model.data(model.index(row, column))) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_a_locked_till_opens_by_name_and_pin(outlet: Outlet, qtbot: QtBot) -> None:
    furnish(outlet)
    counter = open_counter(outlet, signed_in=None)
    show(counter, qtbot)
    assert counter.window.place == "masuk"
    scan(counter, family_with_rapel(outlet))
    assert "Masuk dulu" in banner(counter)
    shortcut(counter, Qt.Key.Key_F2)
    assert counter.window.place == "masuk"
    type_in("0000")
    press(counter, Enter)
    assert "PIN salah" in words_on(counter)
    type_in(PIN)
    press(counter, Enter)
    assert counter.window.place == "kasir"
    assert len(entries_of(counter, entries.SignedIn)) == 1
    counter.close()


def test_guessing_pins_has_to_wait(outlet: Outlet, qtbot: QtBot) -> None:
    furnish(outlet)
    counter = open_counter(outlet, signed_in=None)
    show(counter, qtbot)
    for _ in range(4):
        type_in("0000")
        press(counter, Enter)
    assert "detik" in words_on(counter)
    type_in(PIN)
    press(counter, Enter)
    assert counter.window.place == "masuk"
    counter.close()


def test_locking_keeps_the_basket_and_writes_who_left(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    counter.window.lock()
    settle(counter)
    assert counter.window.place == "masuk"
    assert len(entries_of(counter, entries.SignedOut)) == 1
    type_in(PIN)
    press(counter, Enter)
    assert "Sisa Rp525.000 dari Rp600.000" in words_on(counter)


def test_an_idle_till_locks_itself_but_not_a_demo(counter: Counter, qtbot: QtBot) -> None:
    counter.window._idle.timeout.emit()
    settle(counter)
    assert counter.window.place == "masuk"
    demo = open_counter(counter.outlet, demo=True)
    show(demo, qtbot)
    demo.window._idle.timeout.emit()
    assert demo.window.place == "kasir"
    demo.close()


def test_every_page_opens_by_its_key_and_shows_the_demo_band(counter: Counter, qtbot: QtBot) -> None:
    demo = open_counter(counter.outlet, demo=True)
    show(demo, qtbot)
    for name, key, _ in PLACES:
        shortcut(demo, Qt.Key[f"Key_{key}"])
        assert demo.window.place == name
        assert demo.window.page(name).isVisible()
        assert DEMO in words_on(demo)
    demo.window.lock()
    assert DEMO in words_on(demo)
    demo.close()
    assert DEMO not in words_on(counter)


def test_a_reprint_is_marked_as_a_copy(sold: Counter) -> None:
    shortcut(sold, Qt.Key.Key_F2)
    assert cells(sold)[0][0] == "A01-000001"
    assert cells(sold)[0][3:] == ["Rp150.000", "Belum terkirim"]
    touch(sold, button(sold, "ui.history.copy", n=1))
    assert "SALINAN ke-1" in banner(sold)
    assert button(sold, "ui.history.copy", n=2).isEnabled()
    (printed,) = entries_of(sold, entries.ReceiptPrinted)
    assert isinstance(printed, entries.ReceiptPrinted)
    assert printed.copy == 1


def test_the_history_is_searched_by_number(sold: Counter) -> None:
    shortcut(sold, Qt.Key.Key_F2)
    type_in("000009")
    assert cells(sold) == []
    press(sold, Qt.Key.Key_Backspace)
    type_in("1")
    assert len(cells(sold)) == 1


@pytest.mark.parametrize(
    ("typed", "found"),
    [("24/11", 1), ("10:00", 1), ("23/11", 0), (card_number(1).digits, 1), (card_number(2).digits, 0)],
)
def test_the_history_is_searched_by_card_and_time(sold: Counter, typed: str, found: int) -> None:
    shortcut(sold, Qt.Key.Key_F2)
    type_in(typed)
    assert len(cells(sold)) == found


def test_undoing_a_sale_needs_a_reason_and_a_manager(sold: Counter) -> None:
    shortcut(sold, Qt.Key.Key_F2)
    touch(sold, button(sold, "ui.history.undo"))
    field = next(
        f for f in sold.window.findChildren(QLineEdit) if f.isVisible() and f.accessibleName() == "PIN pengelola"
    )
    field.setFocus()
    type_in("0000")
    press(sold, Enter)
    assert "PIN salah" in words_on(sold)
    type_in(MANAGER_PIN)
    press(sold, Enter)
    settle(sold)
    assert "dibatalkan" in banner(sold)
    (reversal,) = entries_of(sold, entries.Reversal)
    assert isinstance(reversal, entries.Reversal)
    assert (reversal.reason, reversal.approver) == ("Salah keluarga", MANAGER.id)
    assert [row[2] for row in cells(sold)] == ["Pembatalan", "Belanja bantuan · dibatalkan"]
    sold.window.open_page("kasir")
    scan(sold, card_number(1).digits)
    assert "Boleh belanja Rp600.000" in words_on(sold)


def test_a_delivery_goes_into_stock(counter: Counter) -> None:
    shortcut(counter, Qt.Key.Key_F3)
    before = counter.outlet.journal.stock()[RICE_BAG.id]
    touch(counter, button(counter, "ui.stock.receive"))
    type_in("SJ-77")
    press(counter, Qt.Key.Key_Tab)
    type_in("Bulog Samarinda")
    scan(counter, RICE_BAG.barcode)
    type_in("12,5")
    press(counter, Enter)
    touch(counter, button(counter, "ui.delivery.save"))
    assert "stok bertambah" in banner(counter)
    assert counter.outlet.journal.stock()[RICE_BAG.id] == before + 12_500


def test_a_delivery_without_a_note_is_refused_with_the_field(counter: Counter) -> None:
    shortcut(counter, Qt.Key.Key_F3)
    touch(counter, button(counter, "ui.stock.receive"))
    touch(counter, button(counter, "ui.delivery.save"))
    assert "Nomor surat jalan" in banner(counter)
    touch(counter, button(counter, "ui.delivery.add"))
    assert "angka" in banner(counter)


def test_the_day_is_closed_by_a_manager(sold: Counter) -> None:
    shortcut(sold, Qt.Key.Key_F4)
    assert "Rp150.000" in words_on(sold)
    assert "Cocok" in words_on(sold)
    assert "A01-000001" in words_on(sold)
    touch(sold, button(sold, "ui.closing.close"))
    assert entries_of(sold, entries.DayClosed) == []
    type_in(MANAGER_PIN)
    press(sold, Enter)
    settle(sold)
    (closed,) = entries_of(sold, entries.DayClosed)
    assert isinstance(closed, entries.DayClosed)
    assert (closed.entitlement_used, closed.by, closed.approver) == (150_000, CASHIER.id, MANAGER.id)
    assert not button(sold, "ui.closing.close").isEnabled()


def test_a_manager_at_work_closes_without_asking(sold: Counter, qtbot: QtBot) -> None:
    sold.close()
    counter = open_counter(sold.outlet, signed_in=MANAGER)
    show(counter, qtbot)
    shortcut(counter, Qt.Key.Key_F4)
    touch(counter, button(counter, "ui.closing.close"))
    assert len(entries_of(counter, entries.DayClosed)) == 1
    counter.close()


def test_sync_tells_what_waits_and_tries_again(sold: Counter) -> None:
    shortcut(sold, Qt.Key.Key_F6)
    unsent = sold.desk.sync_status().unsent
    assert f"{unsent} catatan menunggu dikirim" in words_on(sold)
    assert cells(sold)[0][0] == "A01-000001"
    touch(sold, button(sold, "ui.sync.now"))
    assert sold.synced == [1]
    SqliteOutbox(sold.outlet.journal_file).acknowledge(sold.outlet.journal.head()[0], {})
    sold.bridge.sync_state.emit(_News("online"))
    settle(sold)
    assert "Semua sudah terkirim" in words_on(sold)
    assert cells(sold) == []


def test_a_sale_says_what_the_office_answered(sold: Counter) -> None:
    shortcut(sold, Qt.Key.Key_F2)
    assert "Belum dijawab kantor" in words_on(sold)
    head = sold.outlet.journal.head()[0]
    (sale,) = sold.outlet.journal.sales()
    for verdicts, said in (
        ({}, "Diterima kantor tanpa pertanyaan."),
        ({sale.seq: ("no_share", "new_code")}, "pertanyaan: melebihi jatah kasir ini; new_code."),
    ):
        SqliteOutbox(sold.outlet.journal_file).acknowledge(head, verdicts)
        sold.bridge.sync_state.emit(_News("online"))
        settle(sold)
        assert said in words_on(sold)


def test_trouble_with_sync_is_told_with_its_remedy(counter: Counter) -> None:
    shortcut(counter, Qt.Key.Key_F6)
    counter.bridge.on_sync(_News("stopped_damaged", StorageFailed(path="/data", reason="penuh")))
    settle(counter)
    assert "Periksa ruang disk" in words_on(counter)
    assert lamp(counter, "Jaringan") == "Jaringan: Bermasalah"


def test_lamps_say_in_words_how_the_devices_are_and_lead_to_the_remedy(counter: Counter) -> None:
    counter.bridge.on_status(DeviceStatus("printer", DeviceState.LOST, "printer_not_found"))
    settle(counter)
    assert lamp(counter, "Printer") == "Printer: Terputus"
    assert lamp(counter, "Jaringan") == "Jaringan: Luring"
    touch(
        counter,
        next(b for b in counter.window.findChildren(QAbstractButton) if b.accessibleName() == "Printer: Terputus"),
    )
    assert counter.window.place == "perangkat"
    assert "Nyalakan dan colokkan printer" in words_on(counter)


def test_the_device_test_shows_a_code_masked_and_sells_nothing(counter: Counter) -> None:
    digits = family_with_rapel(counter.outlet)
    shortcut(counter, Qt.Key.Key_F7)
    before = counter.outlet.journal.head()
    counter.scan(digits, Source.CAMERA)
    settle(counter)
    assert isinstance(counter.window.page("perangkat"), DevicesPage)
    assert cells(counter) == [["Kamera", "code128", "14", "••••••••••" + digits[-4:], "0"]]
    assert digits not in words_on(counter)
    assert counter.outlet.journal.head() == before


def test_a_scan_on_another_page_leads_to_the_family(counter: Counter) -> None:
    shortcut(counter, Qt.Key.Key_F2)
    scan(counter, family_with_rapel(counter.outlet))
    assert counter.window.place == "kasir"
    assert "Boleh belanja" in words_on(counter)


def test_help_verifies_the_journal(counter: Counter) -> None:
    shortcut(counter, Qt.Key.Key_F12)
    assert str(counter.outlet.folder) in words_on(counter)
    touch(counter, button(counter, "ui.help.verify"))
    assert banner(counter) == "Jurnal utuh."


def test_an_unforeseen_exception_ends_in_a_sentence_with_a_code(counter: Counter) -> None:
    thread = threading.Thread(target=lambda: counter.bridge.failed.emit(ValueError("x")))
    thread.start()
    thread.join()
    settle(counter)
    assert "kode E-" in banner(counter)
    assert "tetap aman" in banner(counter)
    scan(counter, family_with_rapel(counter.outlet))
    assert "Boleh belanja" in words_on(counter)


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_control_has_a_name_and_room_for_a_finger(outlet: Outlet, qtbot: QtBot, language: str) -> None:
    furnish(outlet)
    counter = open_counter(outlet, language=language, demo=True)
    show(counter, qtbot)
    digits = family_with_rapel(outlet)
    steps = [lambda: None, lambda: scan(counter, digits), lambda: press(counter, Enter)]
    steps += [lambda: (type_in("12*beras 5"), press(counter, Enter)), lambda: scan(counter, "8990000000310")]
    steps += [lambda: scan(counter, digits)]
    steps += [lambda name=name: counter.window.open_page(name) for name, _, _ in PLACES[1:]]
    steps += [counter.window.lock]
    for step in steps:
        step()
        settle(counter)
        controls = [w for w in counter.window.findChildren(QWidget) if w.isVisible() and _is_control(w)]
        assert controls
        assert [type(w).__name__ for w in controls if not w.accessibleName()] == []
        small = [(w.accessibleName(), w.size().toTuple()) for w in controls if w.height() < 46 or w.width() < 46]
        assert small == []
        assert [w.accessibleName() for w in controls if _is_cut_off(counter, w)] == []
        assert [w.text() for w in controls if isinstance(w, QAbstractButton) and _has_no_room_for_its_words(w)] == []
        assert [label.text() for label in counter.window.findChildren(QLabel) if _is_squeezed(label)] == []
    counter.close()


def test_no_name_of_a_person_is_in_the_windows_title(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    assert counter.window.windowTitle() == "Kasir bantuan pangan"


def lamp(counter: Counter, name: str) -> str:
    lamps = [b.accessibleName() for b in counter.window.findChildren(QAbstractButton)]
    return next(words for words in lamps if words.startswith(f"{name}: "))


class _News:
    def __init__(self, state: str, error: StorageFailed | None = None) -> None:
        self.state = state
        self.error = error


def _is_control(widget: QWidget) -> bool:
    # A combo box brings its own line edit and list.
    return isinstance(widget, QAbstractButton | QLineEdit | QComboBox) and not isinstance(widget.parent(), QComboBox)


def _is_cut_off(counter: Counter, control: QWidget) -> bool:
    """Tell whether a control sticks out of the window; what scrolls may."""
    if control.visibleRegion().isEmpty():
        return False
    place = control.mapTo(counter.window, control.rect().bottomRight())
    return place.x() > counter.window.width() or (place.y() > counter.window.height())


def _has_no_room_for_its_words(button: QAbstractButton) -> bool:
    """Tell whether a button is narrower than its words and icon need."""
    return bool(button.text()) and button.width() + 1 < button.sizeHint().width()


def _is_squeezed(label: QLabel) -> bool:
    """Tell whether a label has less room than its words need."""
    if not label.isVisible() or not label.text() or label.visibleRegion().isEmpty():
        return False
    if label.wordWrap():
        return label.height() + 1 < label.heightForWidth(label.width())
    return label.width() + 1 < label.sizeHint().width()
