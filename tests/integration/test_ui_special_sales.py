"""The unusual sales by real keys and touches on real stores: cash, paper slip, delivery, stand-in, proxy, NIK."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.sqlite_verify import verify
from tests.ledger_kit import CITY_KEY, ELSEWHERE, FOOD, Outlet
from tests.ui_kit import (
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

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
Enter = Qt.Key.Key_Return


@pytest.fixture
def counter(outlet: Outlet, qtbot: QtBot) -> Iterator[Counter]:
    furnish(outlet)
    opened = open_counter(outlet)
    show(opened, qtbot)
    yield opened
    opened.close()
    assert verify(outlet.journal_file).is_clean


def basket_of(counter: Counter, *typed: str) -> None:
    for each in typed:
        type_in(each)
        press(counter, Enter)
    shortcut(counter, Qt.Key.Key_F9)


def only(counter: Counter, kind: type[entries.Redemption]) -> entries.Redemption:
    (found,) = entries_of(counter, kind)
    assert isinstance(found, entries.Redemption)
    return found


def test_goods_are_sold_for_cash_without_a_family(counter: Counter) -> None:
    touch(counter, button(counter, "ui.special.cash"))
    basket_of(counter, "2*rokok")
    (sale,) = entries_of(counter, entries.GeneralSale)
    assert isinstance(sale, entries.GeneralSale)
    assert [line.total for line in sale.lines] == [56_000]
    assert "Terima tunai Rp56.000" in words_on(counter)
    assert not entries_of(counter, entries.Redemption)


def test_a_paper_slip_is_entered_once_with_its_own_time(counter: Counter) -> None:
    digits = family_with_rapel(counter.outlet)
    for attempt in range(2):
        touch(counter, button(counter, "ui.waiting.slip"))
        type_in("nk-0042")
        press(counter, Enter)
        type_in("09:15")
        if attempt:
            break
        press(counter, Enter)
        scan(counter, digits)
        basket_of(counter, "9*beras 5")
        press(counter, Enter)
    sale = only(counter, entries.Redemption)
    assert sale.slip is not None
    assert sale.slip.number == "NK-0042"
    assert sale.slip.at == counter.outlet.clock.now_ms() - 45 * 60_000
    assert sum(line.over for line in sale.lines) == 75_000
    scan(counter, digits)
    assert "NK-0042 sudah dimasukkan" in banner(counter)
    assert len(entries_of(counter, entries.Redemption)) == 1


def test_a_slip_of_the_future_or_without_a_time_is_not_taken(counter: Counter) -> None:
    digits = family_with_rapel(counter.outlet)
    touch(counter, button(counter, "ui.waiting.slip"))
    type_in("NK-7")
    press(counter, Enter)
    type_in("23:59")
    scan(counter, digits)
    assert "waktu penyerahan" in banner(counter)
    assert not entries_of(counter, entries.Redemption)


def test_an_empty_slip_is_accounted_for(counter: Counter) -> None:
    touch(counter, button(counter, "ui.waiting.slip"))
    type_in("NK-8")
    touch(counter, button(counter, "ui.slip_entry.void"))
    assert counter.outlet.journal.slip_seq("NK-8") is not None
    assert "NK-8" in banner(counter)


def test_goods_are_delivered_and_confirmed_on_return(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    shortcut(counter, Qt.Key.Key_F5)
    press(counter, Enter)
    basket_of(counter, "beras 5")
    assert only(counter, entries.Redemption).delivery
    press(counter, Enter)
    touch(counter, button(counter, "ui.waiting.deliveries", n=1))
    press(counter, Enter)
    assert "nama orang yang menerima" in banner(counter)
    type_in("Pak Udin")
    press(counter, Enter)
    (confirmed,) = entries_of(counter, entries.DeliveryConfirmed)
    assert isinstance(confirmed, entries.DeliveryConfirmed)
    assert confirmed.received_by == "Pak Udin"
    shortcut(counter, Qt.Key.Key_Escape)
    assert button(counter, "ui.waiting.deliveries", n=0)


def test_a_delivery_that_came_back_is_undone_by_a_manager(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    shortcut(counter, Qt.Key.Key_F5)
    press(counter, Enter)
    basket_of(counter, "beras 5")
    press(counter, Enter)
    touch(counter, button(counter, "ui.waiting.deliveries", n=1))
    approve = button(counter, "ui.on_the_way.bring_back")
    pin = next(w for w in counter.window.findChildren(QLineEdit) if w.isVisible()
               and w.accessibleName() == counter.desk.texts.say("ui.approval.pin"))  # fmt: skip
    pin.setFocus()
    type_in(MANAGER_PIN)
    touch(counter, approve)
    settle(counter, lambda: bool(entries_of(counter, entries.Reversal)))
    assert not counter.outlet.journal.open_deliveries()


def test_another_outlets_family_gets_the_stand_in_and_not_more(counter: Counter) -> None:
    number = card_number(5)
    token = card_token(CITY_KEY, number)
    counter.outlet.take_in(
        (
            docs.Card(token=token, state=docs.CardState.ACTIVE, outlet_id=ELSEWHERE),
            docs.Policy(program_id=FOOD, from_day=date(2026, 1, 1), stand_in_limit=Rupiah(100_000)),
        )
    )
    scan(counter, number.digits)
    shortcut(counter, Qt.Key.Key_F5)
    type_in("2*beras 5")
    press(counter, Enter)
    assert "Lebih Rp50.000" in words_on(counter)
    touch(counter, button(counter, "ui.goods.put_back"))
    shortcut(counter, Qt.Key.Key_F9)
    sale = only(counter, entries.Redemption)
    assert sale.stand_in is not None
    assert sale.stand_in.amount == 75_000
    assert "Rp75.000" in words_on(counter)


def test_one_proxy_for_many_families_is_told(counter: Counter) -> None:
    counter.outlet.take_in((docs.Policy(program_id=FOOD, from_day=date(2026, 1, 1), proxy_families=2, proxy_days=30),))
    for number in (1, 2):
        scan(counter, family_with_rapel(counter.outlet, number))
        shortcut(counter, Qt.Key.Key_F10)
        type_in("Budi Santoso")
        press(counter, Enter)
        assert ("2 keluarga" in banner(counter)) == (number == 2)
        press(counter, Enter)
        basket_of(counter, "beras 5")


def test_a_family_sought_by_nik_is_logged_with_the_reason(counter: Counter) -> None:
    family_with_rapel(counter.outlet)
    scan(counter, NIK)
    press(counter, Qt.Key.Key_Space)
    assert "Alasan tanpa kartu" in words_on(counter)
    type_in(MANAGER_PIN)
    press(counter, Enter)
    (line,) = counter.outlet.journal.look_ups(0, counter.outlet.clock.now_ms() + 1)
    assert line.reason == "Kartu tidak terbaca"
    assert line.approver is not None


def test_spoilt_goods_are_exchanged_with_a_managers_approval(counter: Counter) -> None:
    scan(counter, family_with_rapel(counter.outlet))
    press(counter, Enter)
    basket_of(counter, "2*beras 5")
    shortcut(counter, Qt.Key.Key_F2)
    touch(counter, button(counter, "ui.history.exchange"))
    pin = next(w for w in counter.window.findChildren(QLineEdit) if w.isVisible()
               and w.accessibleName() == counter.desk.texts.say("ui.approval.pin"))  # fmt: skip
    pin.setFocus()
    type_in(MANAGER_PIN)
    press(counter, Enter)
    settle(counter, lambda: bool(entries_of(counter, entries.Exchange)))
    (swapped,) = entries_of(counter, entries.Exchange)
    assert isinstance(swapped, entries.Exchange)
    assert (swapped.product, swapped.quantity, swapped.spoilt_quantity) == (1, 1000, 1000)
    assert "Penukaran tersimpan" in banner(counter)
