"""«Card of another outlet's family; offline: stand-in rule if the programme has one»: bounded, marked, by token."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_pos.errors import BasketEmpty, NotEnoughStock, NotOnAllowList
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.days import DAY_MS
from kube_pos.ledger.entitlement import Refusal
from kube_pos.ledger.entries import StandIn
from kube_pos.ledger.ids import ProgramId, SaleId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.records import StandInUsedUp
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.closing import close_day, x_report
from kube_pos.operations.corrections import reverse
from kube_pos.operations.stand_ins import StandInOffer, redeem_stand_in, stand_in_offer
from tests.ledger_kit import CITY_KEY, EGG_KG, ELSEWHERE, FOOD, MANAGER, RICE_BAG, SOAP_BAR, Outlet
from tests.use_case_kit import MANAGING, basket, go_to, may_not, paper, redemption_of, scan

CARD = card_number(900)
LIMIT = 100_000


def allow(outlet: Outlet, limit: int = LIMIT, **more: object) -> None:
    outlet.take_in(
        (docs.Policy(program_id=FOOD, from_day=date(2026, 2, 1), stand_in_limit=Rupiah(limit), **more),)  # type: ignore[arg-type]
    )


@pytest.fixture
def foreign(outlet: Outlet) -> str:
    foreign_card(outlet)
    allow(outlet)
    return CARD.digits


def foreign_card(outlet: Outlet, state: docs.CardState = docs.CardState.ACTIVE) -> None:
    outlet.take_in((docs.Card(token=card_token(CITY_KEY, CARD), state=state, outlet_id=ELSEWHERE),))


def offer(outlet: Outlet, card: str) -> StandInOffer | None:
    return stand_in_offer(outlet.till, scan(outlet, card))


def give(outlet: Outlet, card: str, *picks: tuple[docs.Product, int]) -> Stored:
    found = offer(outlet, card)
    assert found is not None
    return redeem_stand_in(outlet.till, outlet.session, scan(outlet, card), found, basket(outlet, *picks))


def test_without_a_rule_the_family_is_sent_to_its_home_outlet(outlet: Outlet) -> None:
    foreign_card(outlet)
    assert may_not(outlet, CARD.digits).reason is Refusal.OTHER_OUTLET
    assert offer(outlet, CARD.digits) is None


def test_with_a_rule_a_bounded_marked_sale_by_token(outlet: Outlet, foreign: str) -> None:
    found = offer(outlet, foreign)
    assert found is not None
    assert (found.program, found.month, found.limit, found.left, found.home) == (
        FOOD, "2026-11", LIMIT, LIMIT, ELSEWHERE,
    )  # fmt: skip
    stored = give(outlet, foreign, (RICE_BAG, 1000))
    entry = redemption_of(stored)
    assert (entry.recipient, entry.card, entry.sources) == (None, card_token(CITY_KEY, CARD), ())
    assert entry.stand_in == StandIn(program=FOOD, month="2026-11", amount=75_000, limit=LIMIT)  # type: ignore[arg-type]
    assert all(line.draws == () for line in entry.lines)
    printed = " ".join(paper(outlet, stored.seq).split())
    assert "PENGGANTI untuk outlet lain, program Bantuan Pangan, batas Rp100.000 sebulan" in printed
    left = offer(outlet, foreign)
    assert left is not None
    assert left.left == 25_000
    totals = x_report(outlet.till).totals
    assert (totals.stand_in, totals.entitlement_used, totals.difference) == (75_000, 0, 0)
    assert close_day(outlet.till, MANAGING).entry.stand_in == 75_000  # type: ignore[union-attr]
    assert verify(outlet.journal_file).is_clean


def test_beyond_the_limit_is_refused_in_words_and_stores_nothing(outlet: Outlet, foreign: str) -> None:
    give(outlet, foreign, (RICE_BAG, 1000))
    head = outlet.journal.head()
    with pytest.raises(StandInUsedUp) as caught:
        give(outlet, foreign, (EGG_KG, 1000))
    assert caught.value.facts == {"available": "Rp25.000", "wanted": "Rp30.000"}
    assert outlet.journal.head() == head


def test_the_store_itself_holds_the_bound(outlet: Outlet, foreign: str) -> None:
    entry = redemption_of(give(outlet, foreign, (RICE_BAG, 1000)))
    doubled = msgspec.structs.replace(entry, sale=SaleId("f" * 32), receipt="A01-000009")
    with pytest.raises(StandInUsedUp):
        outlet.journal.redeem(doubled, {})
    assert outlet.journal.stand_in_given(card_token(CITY_KEY, CARD), entry.stand_in.month) == 75_000  # type: ignore[union-attr]


def test_a_reversal_gives_it_back_and_a_new_month_begins_anew(outlet: Outlet, foreign: str) -> None:
    stored = give(outlet, foreign, (RICE_BAG, 1000))
    go_to(outlet, date(2026, 12, 1))
    outlet.list_made(date(2026, 12, 1))
    fresh = offer(outlet, foreign)
    assert fresh is not None
    assert (fresh.month, fresh.left) == ("2026-12", LIMIT)
    reverse(outlet.till, outlet.session, stored.seq, "salah", MANAGER)
    assert outlet.journal.stand_in_given(card_token(CITY_KEY, CARD), "2026-11") == 0  # type: ignore[arg-type]
    assert outlet.journal.stand_in_given(card_token(CITY_KEY, CARD), "2026-12") == 0  # type: ignore[arg-type]
    assert verify(outlet.journal_file).is_clean


def test_not_while_upstream_answers(outlet: Outlet, foreign: str) -> None:
    now = outlet.clock.now
    SqliteOutbox(outlet.journal_file).note_contact(now, now, 0, 0)
    assert offer(outlet, foreign) is None
    outlet.clock.advance(15 * 60_000)
    assert offer(outlet, foreign) is not None


def test_not_with_a_list_past_its_hard_limit_or_none(outlet: Outlet, foreign: str) -> None:
    outlet.clock.now += 14 * DAY_MS
    assert offer(outlet, foreign) is None


@pytest.mark.parametrize("state", [docs.CardState.BLOCKED, docs.CardState.LOST, docs.CardState.REPLACED])
def test_not_for_a_card_that_cannot_be_used(outlet: Outlet, foreign: str, state: docs.CardState) -> None:
    foreign_card(outlet, state)
    assert offer(outlet, foreign) is None


@pytest.mark.usefixtures("foreign")
def test_not_for_an_unknown_card_or_an_own_family(outlet: Outlet) -> None:
    assert offer(outlet, card_number(901).digits) is None
    assert offer(outlet, outlet.family(5)) is None


def test_only_goods_that_the_programme_allows_and_the_shelf_has(outlet: Outlet, foreign: str) -> None:
    with pytest.raises(NotOnAllowList):
        give(outlet, foreign, (SOAP_BAR, 1000))
    with pytest.raises(BasketEmpty):
        give(outlet, foreign)
    allow(outlet, 10**9)
    with pytest.raises(NotEnoughStock):
        give(outlet, foreign, (RICE_BAG, 101_000))


def test_a_retry_is_one_sale_and_an_offer_of_before_is_judged_again(outlet: Outlet, foreign: str) -> None:
    found = offer(outlet, foreign)
    assert found is not None
    wanted = basket(outlet, (RICE_BAG, 1000))
    visit = scan(outlet, foreign)
    stored = redeem_stand_in(outlet.till, outlet.session, visit, found, wanted)
    assert redeem_stand_in(outlet.till, outlet.session, visit, found, wanted) == stored
    with pytest.raises(StandInUsedUp):
        redeem_stand_in(outlet.till, outlet.session, visit, found, basket(outlet, (RICE_BAG, 1000)))


def test_the_programme_with_most_left_stands_in(outlet: Outlet, foreign: str) -> None:
    other = docs.Program(id=ProgramId(2), name="Lain", contact="-")
    rule = docs.Policy(program_id=ProgramId(2), from_day=date(2026, 1, 1), stand_in_limit=Rupiah(200_000))
    outlet.take_in((other, rule))
    found = offer(outlet, foreign)
    assert found is not None
    assert (found.program, found.left) == (ProgramId(2), 200_000)


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(st.sampled_from([RICE_BAG, EGG_KG]), st.integers(1, 5), st.booleans()), max_size=8))
def test_no_card_gets_more_than_the_limit_in_a_month(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[tuple[docs.Product, int, bool]]
) -> None:
    outlet = Outlet(tmp_path_factory.mktemp("till"))
    outlet.stock_up()
    foreign_card(outlet)
    allow(outlet)
    for wished, steps, undo in wishes:
        try:
            stored = give(outlet, CARD.digits, (wished, steps * 500 if wished is EGG_KG else steps * 1000))
        except StandInUsedUp:
            continue
        except AssertionError:
            assert outlet.journal.stand_in_given(card_token(CITY_KEY, CARD), "2026-11") == LIMIT  # type: ignore[arg-type]
            continue
        if undo:
            reverse(outlet.till, outlet.session, stored.seq, "salah", MANAGER)
    assert 0 <= x_report(outlet.till).totals.stand_in <= LIMIT
    assert verify(outlet.journal_file).is_clean
    outlet.close()
