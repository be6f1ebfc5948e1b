"""«Full outage: pre-numbered paper slips entered later, each number once»: decided as of now, never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kube_pos.errors import BasketEmpty, NotEnoughStock
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.entries import SlipEntered
from kube_pos.ledger.ids import RecipientId
from kube_pos.ledger.records import SlipUsed
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.ledger.totals import over_of
from kube_pos.operations.closing import close_day, x_report
from kube_pos.operations.corrections import reverse
from kube_pos.operations.paper_slips import PaperSlip, SlipUnreadable, enter_slip, slip_number, void_slip
from tests.ledger_kit import EGG_KG, MANAGER, RICE, RICE_BAG, SOAP_BAR, Outlet
from tests.use_case_kit import MANAGING, basket, may, on_hand, paper, redemption_of, scan, shop

MORNING = at_wita(date(2026, 11, 22), 9, 30)
SLIP = PaperSlip("K-0017", MORNING)


def test_full_outage_a_slip_is_a_sale_with_the_time_that_it_carries(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    before = outlet.journal.last_at_ms()
    stored = enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet, (RICE_BAG, 2000)))
    entry = redemption_of(stored)
    assert entry.slip is not None
    assert (entry.slip.number, entry.slip.at) == ("K-0017", MORNING)
    assert entry.at >= before, "the chain's time never goes back"
    assert (over_of(entry), may(outlet, card).balance) == (0, 150_000)
    assert on_hand(outlet, RICE_BAG) == 98_000
    printed = " ".join(paper(outlet, stored.seq).split())
    assert "Dari nota kertas K-0017, diserahkan 22/11/2026 09:30 WITA" in printed
    assert verify(outlet.journal_file).is_clean


def test_each_number_once_also_after_a_restart_and_however_it_is_written(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    first = basket(outlet, (RICE_BAG, 1000))
    stored = enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, first)
    assert enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, first) == stored, "a retry is harmless"
    chance = outlet.till.random_bytes
    outlet.close()
    outlet.open()
    outlet.till = replace(outlet.till, random_bytes=chance)
    head = outlet.journal.head()
    for number in ("K-0017", " k-0017 ", "K - 0017"):
        with pytest.raises(SlipUsed) as caught:
            enter_slip(
                outlet.till, outlet.session, scan(outlet, card), PaperSlip(number, MORNING),
                basket(outlet, (EGG_KG, 500)),
            )  # fmt: skip
        assert caught.value.facts == {"slip": "K-0017", "seq": stored.seq}
        with pytest.raises(SlipUsed):
            void_slip(outlet.till, outlet.session, number, "sobek")
    assert outlet.journal.head() == head


def test_the_store_itself_keeps_a_number_once(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    entry = redemption_of(
        enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet, (RICE_BAG, 1000)))
    )
    with pytest.raises(SlipUsed):
        outlet.journal.append(SlipEntered(at=entry.at, day=entry.day, by=entry.by, slip="K-0017"))
    assert verify(outlet.journal_file).is_clean


def test_the_balance_gone_meanwhile_is_told_not_lost(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    shop(outlet, card, (RICE_BAG, 3000))
    stored = enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet, (RICE_BAG, 2000)))
    entry = redemption_of(stored)
    assert [(draw.amount, line.over) for line in entry.lines for draw in line.draws] == [(75_000, 75_000)]
    assert over_of(entry) == 75_000
    assert outlet.journal.uses([entry.sources[0].entitlement])[entry.sources[0].entitlement].spent == 300_000
    assert "Melebihi saldo" in paper(outlet, stored.seq)
    totals = x_report(outlet.till).totals
    assert (totals.over, totals.difference) == (75_000, 0)
    closed = close_day(outlet.till, MANAGING).entry
    assert closed.over == 75_000  # type: ignore[union-attr]


def test_a_line_in_kind_and_in_rupiah_beyond_both_still_adds_up(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle("2026-11", 5_000, commodity=RICE)
    outlet.entitle("2026-10", 75_000)
    stored = enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet, (RICE_BAG, 3000)))
    assert over_of(redemption_of(stored)) == 75_000
    assert x_report(outlet.till).totals.difference == 0


def test_a_card_blocked_or_unknown_meanwhile_is_a_fact_too(outlet: Outlet) -> None:
    blocked = outlet.family(1, docs.CardState.BLOCKED)
    outlet.entitle()
    stored = enter_slip(outlet.till, outlet.session, scan(outlet, blocked), SLIP, basket(outlet, (RICE_BAG, 1000)))
    entry = redemption_of(stored)
    assert (entry.recipient, entry.sources, over_of(entry)) == (RecipientId(1), (), 75_000)
    unknown = scan(outlet, card_number(77).digits)
    stored = enter_slip(
        outlet.till, outlet.session, unknown, PaperSlip("K-0018", MORNING), basket(outlet, (RICE_BAG, 1000))
    )
    entry = redemption_of(stored)
    assert (entry.recipient, entry.card, over_of(entry)) == (None, unknown.token, 75_000)
    assert "K-0018" in paper(outlet, stored.seq)
    assert verify(outlet.journal_file).is_clean


def test_goods_of_no_programme_are_over_and_cash_stays_cash(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    wanted = basket(outlet, (SOAP_BAR, 1000), cash=((SOAP_BAR, 2000),))
    entry = redemption_of(enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, wanted))
    assert (over_of(entry), x_report(outlet.till).totals.cash) == (5_000, 10_000)


def test_a_slip_undone_gives_back_what_it_drew_but_not_its_number(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    stored = enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet, (RICE_BAG, 1000)))
    reverse(outlet.till, outlet.session, stored.seq, "salah nota", MANAGER)
    assert may(outlet, card).balance == 300_000
    with pytest.raises(SlipUsed):
        enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet, (RICE_BAG, 1000)))


@pytest.mark.parametrize(
    ("slip", "field"),
    [
        (PaperSlip("", MORNING), "number"),
        (PaperSlip("6472 0141 0790 0001", MORNING), "number"),
        (PaperSlip("K_1", MORNING), "number"),
        (PaperSlip(card_number(1).digits, MORNING), "number"),
        (PaperSlip("K-1", 0), "time"),
        (PaperSlip("K-1", at_wita(date(2026, 11, 24), 10, 1)), "time"),
    ],
)
def test_a_slip_that_cannot_be_right_is_refused_by_its_field(outlet: Outlet, slip: PaperSlip, field: str) -> None:
    card = outlet.family()
    with pytest.raises(SlipUnreadable) as caught:
        enter_slip(outlet.till, outlet.session, scan(outlet, card), slip, basket(outlet, (RICE_BAG, 1000)))
    assert caught.value.facts == {"field": field}


def test_an_empty_slip_or_one_beyond_the_shelf_waits(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    with pytest.raises(BasketEmpty):
        enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet))
    with pytest.raises(NotEnoughStock):
        enter_slip(outlet.till, outlet.session, scan(outlet, card), SLIP, basket(outlet, (RICE_BAG, 101_000)))
    assert outlet.journal.slip_seq("K-0017") is None


def test_a_spoilt_slip_is_accounted_for(outlet: Outlet) -> None:
    stored = void_slip(outlet.till, outlet.session, "k-0019", " sobek ")
    assert isinstance(stored.entry, SlipEntered)
    assert (stored.entry.slip, stored.entry.note, stored.entry.sale) == ("K-0019", "sobek", "")
    assert slip_number("a01/7") == "A01/7"
    assert outlet.journal.slip_seq("K-0019") == stored.seq
