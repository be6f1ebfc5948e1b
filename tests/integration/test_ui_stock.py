"""Stok on the screen: a movement with the manager's PIN, a blind count, and the card of a product."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from kube_pos.ledger.entries import Repack, StockCount, StockMove
from kube_pos.operations import stock_card
from kube_pos.ui.approval import Approval
from kube_pos.ui.main_window import MainWindow
from kube_pos.ui.stock_page import StockPage
from tests.ledger_kit import EGG_KG, RICE_BAG, Outlet
from tests.ui_kit import (
    GOODS,
    MANAGER,
    MANAGER_PIN,
    Counter,
    banner,
    button,
    entries_of,
    furnish,
    open_counter,
    settle,
    show,
    touch,
    words_on,
)

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def counter(outlet: Outlet, qtbot: QtBot) -> Iterator[Counter]:
    furnish(outlet)
    made = open_counter(outlet)
    show(made, qtbot)
    settle(made)
    made.window.open_page("stok")
    settle(made)
    yield made
    made.close()


def page_of(window: MainWindow) -> StockPage:
    page = window.page("stok")
    assert isinstance(page, StockPage)
    return page


def choose(counter: Counter, product_id: int) -> StockPage:
    page = page_of(counter.window)
    names = [page._model.row(place) for place in range(page._model.rowCount())]
    page._table.selectRow(next(i for i, line in enumerate(names) if line and line.product.id == product_id))
    return page


def approve(counter: Counter) -> None:
    form = next(each for each in counter.window.findChildren(Approval) if each.isVisible())
    form._pin.setText(MANAGER_PIN)
    form._check()
    settle(counter)
    settle(counter)


def test_shrinkage_by_a_cashier_needs_the_manager(counter: Counter) -> None:
    page = choose(counter, EGG_KG.id)
    touch(counter, button(counter, "ui.stock_move.open"))
    touch(counter, button(counter, "ui.stock_move.save"))
    assert banner(counter) == counter.desk.texts.say("ui.stock_move.bad_quantity")
    page._moves._amounts["quantity"].setText("1,5")
    touch(counter, button(counter, "ui.stock_move.save"))
    assert entries_of(counter, StockMove) == []
    approve(counter)
    (moved,) = entries_of(counter, StockMove)
    assert isinstance(moved, StockMove)
    assert (moved.product, moved.quantity, moved.approver) == (EGG_KG.id, -1500, MANAGER.id)
    assert not page._moves.isVisible()
    assert counter.desk.till.journal.stock()[EGG_KG.id] == 98_500


def test_a_count_shows_the_book_only_after_it(counter: Counter) -> None:
    page = choose(counter, EGG_KG.id)
    touch(counter, button(counter, "ui.stock_move.open"))
    touch(counter, button(counter, "ui.stock_move.count"))
    assert page._table.isColumnHidden(1)
    assert "100 kg" not in words_on(counter)
    page._moves._amounts["good"].setText("97")
    page._moves._amounts["damaged"].setText("1")
    touch(counter, button(counter, "ui.stock_move.save"))
    assert "100 kg" in words_on(counter)
    assert entries_of(counter, StockCount) == []
    page._moves._note.setText("selisih timbangan")
    touch(counter, button(counter, "ui.stock_move.save"))
    approve(counter)
    (counted,) = entries_of(counter, StockCount)
    assert isinstance(counted, StockCount)
    assert (counted.counted, counted.difference, counted.approver) == (98_000, -2000, MANAGER.id)
    assert counter.desk.till.journal.stock()[EGG_KG.id] == 97_000
    assert not page._table.isColumnHidden(1)


def test_a_repack_that_gains_is_refused_and_one_that_loses_is_stored(counter: Counter) -> None:
    ten_kg = next(goods for goods in GOODS if goods.id == 16)
    page = choose(counter, ten_kg.id)
    touch(counter, button(counter, "ui.stock_move.open"))
    touch(counter, button(counter, "ui.stock_move.repack"))
    form = page._moves
    form._target.setCurrentIndex(form._target.findData(RICE_BAG.id))
    form._amounts["quantity"].setText("2")
    form._amounts["made"].setText("5")
    touch(counter, button(counter, "ui.stock_move.save"))
    assert entries_of(counter, Repack) == []
    assert RICE_BAG.name in banner(counter)
    form._amounts["made"].setText("3")
    touch(counter, button(counter, "ui.stock_move.save"))
    assert len(entries_of(counter, Repack)) == 1
    assert counter.desk.till.journal.stock()[RICE_BAG.id] == 103_000


def test_the_card_of_the_chosen_product_opens(counter: Counter) -> None:
    touch(counter, button(counter, "ui.stock_card.open"))
    assert banner(counter) == counter.desk.texts.say("ui.stock_card.choose")
    page = choose(counter, EGG_KG.id)
    touch(counter, button(counter, "ui.stock_card.open"))
    settle(counter)
    assert page._card._model.rowCount() == 1
    assert "Telur ayam" in words_on(counter)
    touch(counter, button(counter, "ui.stock_card.back"))
    assert page._table.isVisible()


def test_a_sale_comes_between_while_a_long_journal_is_read(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_card, "BATCH", 1)
    page, head = page_of(counter.window), counter.outlet.journal.head()[0]
    assert head > 1
    read_when_sold: list[int] = []
    page._card.open(EGG_KG)
    counter.bridge.run(lambda: page._card._book.read_to, read_when_sold.append)
    settle(counter, lambda: page._card._model.rowCount() == 1)
    assert read_when_sold == [1]
    assert page._card._book.read_to == head
