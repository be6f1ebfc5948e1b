"""The tables beside the journal follow from it: whatever is edited in them, `verify` finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.entries import MoveReason, Proxy
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.deliveries import confirm_delivery
from kube_pos.operations.exchanges import Swap, exchange
from kube_pos.operations.paper_slips import PaperSlip, enter_slip
from kube_pos.operations.stand_ins import redeem_stand_in, stand_in_offer
from tests.ledger_kit import CITY_KEY, ELSEWHERE, FOOD, MANAGER, RICE_BAG, Outlet
from tests.use_case_kit import basket, scan

FOREIGN = card_number(900)


@pytest.fixture
def history(outlet: Outlet) -> Outlet:
    card = outlet.family()
    outlet.entitle()
    rule = docs.Policy(program_id=FOOD, from_day=date(2026, 2, 1), stand_in_limit=Rupiah(100_000))
    foreign = docs.Card(token=card_token(CITY_KEY, FOREIGN), state=docs.CardState.ACTIVE, outlet_id=ELSEWHERE)
    outlet.take_in((rule, foreign))
    proxy = Proxy(name="Budi", relation="anak", family_card_shown=True, reason="sakit")
    wanted = replace(basket(outlet, (RICE_BAG, 1000)), delivery=True, proxy=proxy)
    slip = PaperSlip("K-1", at_wita(date(2026, 11, 20), 9))
    sale = enter_slip(outlet.till, outlet.session, scan(outlet, card), slip, wanted)
    confirm_delivery(outlet.till, outlet.session, sale.seq, "Budi")
    whole = Thousandths(1000)
    exchange(outlet.till, outlet.session, sale.seq, Swap(RICE_BAG, whole, RICE_BAG, whole, MoveReason.WET), MANAGER)
    visit = scan(outlet, FOREIGN.digits)
    offer = stand_in_offer(outlet.till, visit)
    assert offer is not None
    redeem_stand_in(outlet.till, outlet.session, visit, offer, basket(outlet, (RICE_BAG, 1000)))
    assert verify(outlet.journal_file).is_clean
    return outlet


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("slip", "UPDATE slip SET number = 'K-2'"),
        ("slip", "DELETE FROM slip"),
        ("slip", "INSERT INTO slip VALUES ('K-9', 2)"),
        ("delivery", "UPDATE delivery SET confirmed = NULL"),
        ("delivery", "DELETE FROM delivery"),
        ("collector", "UPDATE collector SET recipient = 7"),
        ("collector", "DELETE FROM collector"),
        ("stand_in", "UPDATE stand_in SET spent = 0"),
        ("stand_in", "DELETE FROM stand_in"),
        ("exchange", "UPDATE exchange SET quantity = 1"),
        ("exchange", "DELETE FROM exchange"),
    ],
)
def test_an_edited_record_is_found(history: Outlet, table: str, statement: str) -> None:
    with history.journal_file.write() as cursor:
        cursor.execute(statement)
    findings = verify(history.journal_file).findings
    assert findings
    assert all(found.code == "projection" and found.place.startswith(f"{table} ") for found in findings)


@pytest.mark.parametrize("statement", ["DELETE FROM lookup_log", "INSERT INTO pin_tries VALUES (1, 9)"])
def test_what_does_not_follow_from_the_journal_is_no_finding(history: Outlet, statement: str) -> None:
    with history.journal_file.write() as cursor:
        cursor.execute(statement)
    assert verify(history.journal_file).is_clean
