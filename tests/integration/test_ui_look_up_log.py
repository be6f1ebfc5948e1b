"""Looking a family up in the window leaves a line in the log, by whatever way, and never stops the decision."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from kube_pos.ledger.records import HowFound
from kube_pos.operations.look_up import NumberKind
from kube_pos.operations.look_up_log import count_look_ups
from kube_pos.ui.kasir_page import KasirPage
from kube_pos.ui.number_question import NumberQuestion
from tests.fakes import TODAY
from tests.ledger_kit import MANAGER, Outlet
from tests.ui_kit import NIK, Counter, family_with_rapel, furnish, open_counter, scan, settle, show

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def counter(outlet: Outlet, qtbot: QtBot) -> Iterator[Counter]:
    furnish(outlet)
    opened = open_counter(outlet)
    show(opened, qtbot)
    yield opened
    opened.close()


def counts(counter: Counter) -> dict[HowFound, int]:
    return count_look_ups(counter.outlet.till, TODAY, TODAY)


def test_a_scanned_card_and_the_same_again_are_two_look_ups(counter: Counter) -> None:
    card = family_with_rapel(counter.outlet)
    for _ in range(2):
        scan(counter, card)
    settle(counter, lambda: counts(counter)[HowFound.SCAN] == 2)
    assert counts(counter)[HowFound.SCAN] == 2


def test_a_products_code_is_no_look_up_of_a_family(counter: Counter) -> None:
    scan(counter, "2000000000015")
    scan(counter, family_with_rapel(counter.outlet))
    settle(counter, lambda: sum(counts(counter).values()) == 1)
    assert sum(counts(counter).values()) == 1


def test_a_look_up_by_number_names_the_manager_who_approved(counter: Counter) -> None:
    family_with_rapel(counter.outlet)
    page = counter.window.page("kasir")
    assert isinstance(page, KasirPage)
    scan(counter, NIK)
    (question,) = page.findChildren(NumberQuestion)
    question._choose(NumberKind.NIK)
    question._approval.approved.emit(MANAGER)
    settle(counter, lambda: counts(counter)[HowFound.NIK] == 1)
    (line,) = counter.outlet.journal.look_ups(0, counter.outlet.clock.now + 1)
    assert (line.how, line.approver) == (HowFound.NIK, MANAGER.id)
    assert NIK not in str(line)
