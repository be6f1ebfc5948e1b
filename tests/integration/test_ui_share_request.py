"""«Minta ke kantor» on the decision: when it is offered, what it sends, and that the family is judged anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.documents import Card, CardState
from kube_pos.ledger.ids import CardToken
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from tests.ledger_kit import CITY_KEY, ELSEWHERE, Outlet
from tests.ui_kit import Counter, banner, furnish, open_counter, scan, settle, shortcut, show, words_on

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
CARD = card_number(77)
TOKEN = card_token(CITY_KEY, CARD)
ASK = "Minta ke kantor"


class Office:
    """Hears what is asked for; the answer is given when the test says so."""

    def __init__(self) -> None:
        self.asked: list[CardToken] = []
        self.told: Callable[[str], None] = lambda _: None

    def ask(self, card: CardToken, told: Callable[[str], None]) -> None:
        self.asked.append(card)
        self.told = told


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def counter(outlet: Outlet, qtbot: QtBot, office: Office) -> Iterator[Counter]:
    furnish(outlet)
    outlet.take_in([Card(token=TOKEN, state=CardState.ACTIVE, outlet_id=ELSEWHERE)])
    opened = open_counter(outlet, ask_share=office.ask)
    show(opened, qtbot)
    yield opened
    opened.close()


def is_offered(counter: Counter) -> bool:
    buttons = counter.window.findChildren(QPushButton)
    return any(ASK in (one.text() + one.accessibleName()) and one.isVisible() for one in buttons)


def online(counter: Counter) -> None:
    now = counter.outlet.clock.now_ms()
    SqliteOutbox(counter.outlet.journal_file).note_contact(now, now, 0, 0)


def test_offline_there_is_nothing_to_ask(counter: Counter, office: Office) -> None:
    scan(counter, CARD.digits)
    settle(counter)
    assert not is_offered(counter)
    shortcut(counter, Qt.Key.Key_F9)
    assert office.asked == []


def test_a_family_of_another_outlet_is_served_when_its_share_came(counter: Counter, office: Office) -> None:
    online(counter)
    scan(counter, CARD.digits)
    settle(counter)
    assert is_offered(counter)
    shortcut(counter, Qt.Key.Key_F9)
    assert office.asked == [TOKEN]
    assert "dikirim ke kantor" in banner(counter)
    office.told("waiting")
    settle(counter, lambda: "kasir outlet asal" in banner(counter))
    assert "kasir outlet asal" in banner(counter)
    counter.outlet.family(77)
    counter.outlet.entitle(family=77)
    office.told("granted")
    settle(counter, lambda: "sudah sampai" in banner(counter))
    assert "sudah sampai" in banner(counter)
    assert "Siti Aminah" in words_on(counter)
    assert not is_offered(counter)


def test_a_family_of_this_outlet_is_not_asked_for(counter: Counter, office: Office) -> None:
    online(counter)
    number = counter.outlet.family(5)
    counter.outlet.entitle(family=5)
    scan(counter, number)
    settle(counter)
    assert not is_offered(counter)
    shortcut(counter, Qt.Key.Key_F9)
    assert office.asked == []


def test_the_cashier_hears_that_nothing_comes(counter: Counter, office: Office) -> None:
    online(counter)
    scan(counter, CARD.digits)
    settle(counter)
    shortcut(counter, Qt.Key.Key_F9)
    office.told("nothing")
    settle(counter, lambda: "Tidak ada hak" in banner(counter))
    assert "Tidak ada hak" in banner(counter)
