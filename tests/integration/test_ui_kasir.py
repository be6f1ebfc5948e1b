"""The Kasir page by keys, touches and scans, on real stores: from card to receipt, and every way off that road."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from kube_pos.devices.ports import Scan, Source
from kube_pos.ledger import entries
from kube_pos.ledger.cards import card_number
from kube_pos.ledger.documents import CardState
from kube_pos.ledger.entries import Redemption
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.sqlite_queues import StoredPrintState
from kube_pos.ui.kasir_decision import DecisionPanel
from kube_pos.ui.kasir_done import DonePanel
from kube_pos.ui.kasir_goods import GoodsPanel
from kube_pos.ui.kasir_page import KasirPage
from kube_pos.ui.kasir_waiting import WaitingPanel
from kube_pos.ui.number_question import NumberQuestion
from tests.fakes import TODAY
from tests.ledger_kit import RICE, RICE_BAG, Outlet, product
from tests.ui_kit import (
    CASHIER,
    MANAGER_PIN,
    NIK,
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

Enter = Qt.Key.Key_Return
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def counter(outlet: Outlet, qtbot: QtBot) -> Iterator[Counter]:
    furnish(outlet)
    opened = open_counter(outlet)
    show(opened, qtbot)
    yield opened
    opened.close()


def kasir(counter: Counter) -> KasirPage:
    page = counter.window.page("kasir")
    assert isinstance(page, KasirPage)
    return page


def state(counter: Counter) -> type[QWidget]:
    return type(kasir(counter).state)


def sales(counter: Counter) -> list[Redemption]:
    rows = counter.outlet.journal.sales()
    return [row.entry for row in rows if isinstance(row.entry, Redemption)]


def test_scan_choose_confirm_is_a_whole_visit_by_keyboard(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    assert state(counter) is DecisionPanel
    assert "Boleh belanja Rp600.000 — 2 bulan dirapel" in words_on(counter)
    press(counter, Enter)
    assert state(counter) is GoodsPanel
    type_in("2*beras 5")
    press(counter, Enter)
    press(counter, Enter)
    press(counter, Enter)
    assert state(counter) is DonePanel
    (sale,) = sales(counter)
    assert [(line.product, line.quantity, line.total) for line in sale.lines] == [(RICE_BAG.id, 2000, 150_000)]
    shown = words_on(counter)
    assert "Tersimpan" in shown
    assert "Rp450.000" in shown
    press(counter, Enter)
    assert state(counter) is WaitingPanel
    assert counter.outlet.journal.open_basket() is None


def test_touch_alone_suffices(counter: Counter) -> None:
    digits = family_with_rapel(counter.outlet)
    for digit in digits:
        touch(counter, next(b for b in kasir(counter).state.findChildren(QPushButton) if b.accessibleName() == digit))
    touch(counter, button(counter, "ui.waiting.look"))
    assert state(counter) is DecisionPanel
    touch(counter, button(counter, "ui.decision.shop"))
    tile = next(b for b in counter.window.findChildren(QPushButton) if b.accessibleName().startswith("Beras 5 kg,"))
    touch(counter, tile)
    touch(counter, button(counter, "ui.goods.more", product="Beras 5 kg"))
    touch(counter, button(counter, "ui.goods.confirm"))
    assert state(counter) is DonePanel
    (sale,) = sales(counter)
    assert sale.lines[0].quantity == 2000
    assert sale.manual


def test_the_next_scan_starts_the_next_family_at_once(counter: Counter) -> None:
    first = family_with_rapel(counter.outlet)
    second = family_with_rapel(counter.outlet, 2)
    buy_rice(counter, first)
    scan(counter, second)
    assert state(counter) is DecisionPanel
    assert len(sales(counter)) == 1


def test_confirming_twice_stores_one_sale(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    confirm = button(counter, "ui.goods.confirm")
    QTest.mouseDClick(confirm, Qt.MouseButton.LeftButton)
    QTest.mouseClick(confirm, Qt.MouseButton.LeftButton)
    QTest.keyClick(counter.window, Enter)
    QTest.keyClick(confirm, Enter)
    settle(counter)
    assert len(sales(counter)) == 1


def test_a_scan_while_the_sale_is_being_stored_waits_and_is_served(counter: Counter) -> None:
    second = family_with_rapel(counter.outlet, 2)
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    QTest.mouseClick(button(counter, "ui.goods.confirm"), Qt.MouseButton.LeftButton)
    counter.window._take_scan(_scan(second))
    settle(counter)
    assert len(sales(counter)) == 1
    assert state(counter) is DecisionPanel
    assert card_number(2).last4 in words_on(counter)


def test_a_refused_family_gets_a_reason_and_is_written_down(counter: Counter) -> None:
    scan(counter, counter.outlet.family(3, state=CardState.BLOCKED))
    assert "Kartu diblokir" in words_on(counter)
    assert "Dinas Sosial (0541) 000000" in words_on(counter)
    (turned_away,) = entries_of(counter, entries.TurnedAway)
    assert isinstance(turned_away, entries.TurnedAway)
    assert turned_away.reason == "card_blocked"
    press(counter, Enter)
    assert "Alasan dicetak" in banner(counter)
    job = counter.prints.next_pending()
    assert job is not None
    assert job.kind == "turned_away"
    assert len(entries_of(counter, entries.TurnedAway)) == 1


def test_the_same_refused_card_again_is_written_down_once_and_its_reason_can_be_printed(counter: Counter) -> None:
    digits = counter.outlet.family(3, state=CardState.BLOCKED)
    counter.scan(digits)
    counter.scan(digits)
    QTest.keyClick(QApplication.focusWidget(), Enter)
    settle(counter)
    settle(counter)
    assert len(entries_of(counter, entries.TurnedAway)) == 1
    assert "Alasan dicetak" in banner(counter)
    counter.outlet.clock.advance(61_000)
    scan(counter, digits)
    assert len(entries_of(counter, entries.TurnedAway)) == 2


def test_the_same_card_again_brings_a_new_decision_and_keeps_the_basket(counter: Counter) -> None:
    digits = family_with_rapel(counter.outlet)
    scan(counter, digits)
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    counter.outlet.entitle("2026-09")
    scan(counter, digits)
    assert "Sisa Rp825.000 dari Rp900.000" in words_on(counter)


def test_a_price_above_the_ceiling_is_told_and_blocks_nothing(counter: Counter) -> None:
    dear = product(41, RICE, "Beras premium", "kg", 20_000, ceiling_price=Rupiah(15_000))
    counter.outlet.take_in((dear,))
    counter.outlet.journal.append(
        entries.StockMove(
            at=counter.outlet.till.now_ms(),
            day=TODAY,
            by=CASHIER.id,
            product=dear.id,
            quantity=5_000,
            reason=entries.MoveReason.EXCHANGE,
        )
    )
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    assert "di atas HET Rp15.000" in words_on(counter)
    type_in("premium")
    for _ in range(3):
        press(counter, Enter)
    assert len(sales(counter)) == 1


def test_a_card_that_was_misread_changes_nothing(counter: Counter) -> None:
    digits = card_number(1).digits
    before = counter.outlet.journal.head()
    scan(counter, digits[:-1] + str((int(digits[-1]) + 1) % 10))
    assert "salah baca" in banner(counter)
    assert state(counter) is WaitingPanel
    assert counter.outlet.journal.head() == before


def test_a_basket_that_is_too_much_says_what_to_take_out(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    type_in("9*beras 5")
    press(counter, Enter)
    assert "Lebih Rp75.000 dari saldo" in words_on(counter)
    assert not button(counter, "ui.goods.confirm").isEnabled()
    press(counter, Qt.Key.Key_F9)
    assert sales(counter) == []
    touch(counter, button(counter, "ui.goods.put_back"))
    assert "Sisa Rp0 dari Rp600.000" in words_on(counter)
    press(counter, Enter)
    (sale,) = sales(counter)
    assert sale.lines[0].quantity == 8000
    assert sale.cash == ()


def test_or_what_is_too_much_is_paid_in_cash(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    type_in("9*beras 5")
    press(counter, Enter)
    touch(counter, button(counter, "ui.goods.pay_cash"))
    assert "Bayar tunai Rp75.000" in words_on(counter)
    press(counter, Enter)
    assert state(counter) is DonePanel
    (sale,) = sales(counter)
    assert (sale.lines[0].total, sale.cash[0].total) == (600_000, 75_000)
    assert "Terima tunai Rp75.000" in words_on(counter)


def test_goods_outside_the_aid_are_offered_for_cash_only(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    scan(counter, "8990000000310")
    assert "Rokok filter tidak termasuk bantuan" in banner(counter)
    touch(counter, button(counter, "ui.goods.sell_cash"))
    press(counter, Qt.Key.Key_F9)
    (sale,) = sales(counter)
    assert [line.product for line in sale.cash] == [31]


def test_another_card_in_the_middle_never_loses_the_basket(counter: Counter) -> None:
    other = family_with_rapel(counter.outlet, 2)
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    scan(counter, other)
    assert "Kartu lain dipindai" in banner(counter)
    assert state(counter) is GoodsPanel
    press(counter, Enter)
    assert banner(counter) == ""
    assert "Sisa Rp525.000" in words_on(counter)
    scan(counter, other)
    touch(counter, button(counter, "ui.kasir.leave_basket"))
    assert state(counter) is DecisionPanel
    assert card_number(2).last4 in words_on(counter)
    assert counter.outlet.journal.open_basket() is None


def test_the_same_card_again_goes_on_with_the_basket(counter: Counter) -> None:
    digits = family_with_rapel(counter.outlet)
    scan(counter, digits)
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    scan(counter, digits)
    assert "sudah terbuka" in banner(counter)
    assert state(counter) is GoodsPanel


def test_the_basket_comes_back_after_the_till_was_killed(counter: Counter, qtbot: QtBot) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    type_in("2*beras 5")
    press(counter, Enter)
    counter.close()
    again = open_counter(counter.outlet)
    show(again, qtbot)
    settle(again)
    assert state(again) is GoodsPanel
    assert "Sisa Rp450.000 dari Rp600.000" in words_on(again)
    press(again, Qt.Key.Key_Escape)
    press(again, Enter)
    press(again, Enter)
    press(again, Enter)
    assert len(sales(again)) == 1
    again.close()


def test_a_basket_whose_sale_was_stored_before_the_power_cut_is_not_sold_again(counter: Counter, qtbot: QtBot) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    body = counter.outlet.journal.open_basket()
    assert body is not None
    press(counter, Enter)
    press(counter, Enter)
    assert len(sales(counter)) == 1
    counter.close()
    counter.outlet.journal.save_basket(body)
    again = open_counter(counter.outlet)
    show(again, qtbot)
    settle(again)
    assert state(again) is DonePanel
    assert len(sales(again)) == 1
    assert again.outlet.journal.open_basket() is None
    again.close()


def test_leaving_a_family_with_goods_asks_first(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    shortcut(counter, Qt.Key.Key_Escape)
    assert state(counter) is DecisionPanel
    shortcut(counter, Qt.Key.Key_Escape)
    assert "masih berisi barang" in banner(counter)
    shortcut(counter, Qt.Key.Key_Escape)
    assert (banner(counter), state(counter)) == ("", DecisionPanel)
    shortcut(counter, Qt.Key.Key_Escape)
    touch(counter, button(counter, "ui.kasir.drop"))
    assert state(counter) is WaitingPanel
    assert counter.outlet.journal.open_basket() is None


def test_the_last_basket_is_offered_again(counter: Counter) -> None:
    digits = family_with_rapel(counter.outlet)
    buy_rice(counter, digits)
    scan(counter, digits)
    press(counter, Enter)
    touch(counter, button(counter, "ui.goods.repeat", goods="Beras 5 kg 1 karung"))
    assert "Sisa Rp450.000 dari Rp525.000" in words_on(counter)
    press(counter, Enter)
    assert len(sales(counter)) == 2


def test_a_step_that_does_not_exist_is_refused(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    type_in("0,3*telur")
    press(counter, Enter)
    assert "kelipatan 0,5 kg" in banner(counter)
    assert "Sisa Rp600.000" in words_on(counter)


def test_a_proxy_is_kept_and_printed_with_the_sale(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    touch(counter, button(counter, "ui.decision.proxy"))
    type_in("Budi Santoso")
    press(counter, Enter)
    assert "Wakil: Budi Santoso" in words_on(counter)
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    press(counter, Enter)
    press(counter, Enter)
    (sale,) = sales(counter)
    assert sale.proxy is not None
    assert sale.proxy.name == "Budi Santoso"


def test_a_mismatch_is_one_tap_and_changes_no_balance(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    touch(counter, button(counter, "ui.decision.mismatch"))
    touch(counter, button(counter, "mismatch.wrong_name"))
    assert "A01-L" in banner(counter)
    (report,) = entries_of(counter, entries.DataMismatchReport)
    assert isinstance(report, entries.DataMismatchReport)
    assert report.category is entries.Mismatch.WRONG_NAME
    assert "Rp600.000" in words_on(counter)


def test_the_balance_is_printed_and_written_down(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    touch(counter, button(counter, "ui.decision.balance"))
    assert len(entries_of(counter, entries.BalanceInquiry)) == 1
    job = counter.prints.next_pending()
    assert job is not None
    assert job.kind == "balance"


def test_sixteen_digits_are_asked_about_and_need_a_manager(counter: Counter) -> None:
    family_with_rapel(counter.outlet)
    scan(counter, NIK)
    assert state(counter) is NumberQuestion
    assert "8003" not in words_on(counter)
    assert NIK not in words_on(counter)
    touch(counter, button(counter, "ui.number.nik"))
    type_in("0000")
    press(counter, Enter)
    settle(counter)
    assert state(counter) is NumberQuestion
    assert "PIN salah" in words_on(counter)
    type_in(MANAGER_PIN)
    press(counter, Enter)
    settle(counter)
    assert state(counter) is DecisionPanel
    assert "Boleh belanja" in words_on(counter)
    assert "Diketik, bukan dipindai" in words_on(counter)


def test_an_uncertain_print_is_asked_about_and_a_no_prints_a_copy(counter: Counter) -> None:
    buy_rice(counter, family_with_rapel(counter.outlet))
    job = counter.prints.next_pending()
    assert job is not None
    counter.prints.mark(job.id, StoredPrintState.UNKNOWN)
    counter.bridge.on_print_job(job.ref)
    settle(counter)
    assert "Apakah struk keluar utuh?" in words_on(counter)
    touch(counter, button(counter, "ui.print.came_out"))
    assert counter.prints.states(job.ref) == ("confirmed",)
    assert "Struk tercetak." in words_on(counter)


def test_a_product_code_without_a_family_is_explained(counter: Counter) -> None:
    scan(counter, RICE_BAG.barcode)
    assert "Pindai kartu keluarga dulu" in banner(counter)
    assert state(counter) is WaitingPanel


def test_arrow_keys_walk_over_the_tiles_and_typing_goes_to_the_field(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    find = QApplication.focusWidget()
    assert isinstance(find, QLineEdit)
    shortcut(counter, Qt.Key.Key_Down)
    first = QApplication.focusWidget()
    assert first.accessibleName().startswith("Beras 5 kg,")
    press(counter, Qt.Key.Key_Right)
    assert QApplication.focusWidget().accessibleName().startswith("Beras Mayas 10 kg,")
    press(counter, Enter)
    assert "Sisa Rp451.000" in words_on(counter)
    type_in("t")
    assert QApplication.focusWidget() is find
    assert find.text() == "t"


def test_the_time_to_the_painted_decision_is_reported(outlet: Outlet, qtbot: QtBot) -> None:
    furnish(outlet)
    ticks = iter(range(0, 10_000_000, 1_000))
    counter = open_counter(outlet, clock_ns=lambda: next(ticks))
    show(counter, qtbot)
    digits = family_with_rapel(outlet)
    with qtbot.waitSignal(counter.window.decision_painted) as painted:
        counter.scan(digits)
    assert painted.args == [1_000]
    counter.close()


def buy_rice(counter: Counter, digits: str) -> None:
    scan(counter, digits)
    press(counter, Enter)
    scan(counter, RICE_BAG.barcode)
    press(counter, Enter)
    press(counter, Enter)
    assert state(counter) is DonePanel


def _scan(payload: str) -> Scan:
    return Scan(payload, Source.SERIAL, "code128", 0)
