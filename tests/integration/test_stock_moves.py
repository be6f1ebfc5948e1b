"""Goods that move without a sale: the rules of each movement, and opening + Σ = closing whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_pos.errors import BasketTooMuch, NotEnoughStock, NotPermitted
from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.days import DAY_MS
from kube_pos.ledger.effects import effects_of
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import MoveReason, Redemption, Reversal, StockCount, StockMove
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.closing import x_report
from kube_pos.operations.corrections import reverse
from kube_pos.operations.redemption import redeem, sell_for_cash
from kube_pos.operations.stock import receive_delivery
from kube_pos.operations.stock_card import StockBook
from kube_pos.operations.stock_moves import (
    MoveIncomplete,
    RepackGains,
    begin_count,
    difference,
    repack,
    repack_loss,
    return_to_supplier,
    shrink,
    store_count,
)
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, EGG_KG, MANAGER, RICE, RICE_BAG, SOAP_BAR, Outlet, product
from tests.use_case_kit import MANAGING, basket, on_hand, scan, shop

SACK = product(9, RICE, "Beras karung 50 kg", "karung", 700_000, contents=Thousandths(50_000))
ONE = Thousandths(1000)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Outlet]:
    outlet = Outlet(tmp_path)
    outlet.take_in((SACK,))
    outlet.stock_up(20_000)
    deliver(outlet, SACK, 2000)
    yield outlet
    outlet.close()


def deliver(outlet: Outlet, goods: docs.Product, accepted: int, *, stated: int | None = None) -> None:
    quantity = Thousandths(accepted)
    line = entries.ReceiptLine(
        product=goods.id, stated=Thousandths(stated or accepted), weighed=quantity, accepted=quantity
    )
    receive_delivery(outlet.till, MANAGING, "SJ-9", "Bulog", {goods.id: line})


def test_shrinkage_names_its_cause_and_the_manager(shelf: Outlet) -> None:
    stored = shrink(shelf.till, shelf.session, (EGG_KG, Thousandths(750), MoveReason.SPILL), "jatuh", MANAGER)
    assert isinstance(stored.entry, StockMove)
    assert (stored.entry.quantity, stored.entry.reason, stored.entry.approver) == (-750, MoveReason.SPILL, MANAGER.id)
    assert on_hand(shelf, EGG_KG) == 19_250
    own = shrink(shelf.till, MANAGING, (EGG_KG, ONE, MoveReason.WET), "")
    assert isinstance(own.entry, StockMove)
    assert own.entry.approver is None
    before = shelf.journal.head()
    for wrong, session in (
        ((EGG_KG, ONE, MoveReason.COUNT), MANAGING),
        ((EGG_KG, Thousandths(0), MoveReason.WET), MANAGING),
    ):
        with pytest.raises(MoveIncomplete):
            shrink(shelf.till, session, wrong, "")
    with pytest.raises(NotPermitted):
        shrink(shelf.till, shelf.session, (EGG_KG, ONE, MoveReason.WET), "")
    with pytest.raises(NotPermitted):
        shrink(shelf.till, shelf.session, (EGG_KG, ONE, MoveReason.WET), "", CASHIER)
    with pytest.raises(NotEnoughStock):
        shrink(shelf.till, MANAGING, (EGG_KG, Thousandths(99_000), MoveReason.PEST), "")
    assert shelf.journal.head() == before


def test_goods_go_back_to_the_supplier_with_a_paper(shelf: Outlet) -> None:
    with pytest.raises(MoveIncomplete):
        return_to_supplier(shelf.till, MANAGING, SOAP_BAR, ONE, " ")
    return_to_supplier(shelf.till, MANAGING, SOAP_BAR, ONE, "Bulog, retur R-1")
    assert on_hand(shelf, SOAP_BAR) == 19_000


def test_a_sack_becomes_bags_and_the_loss_is_its_own(shelf: Outlet) -> None:
    taken, made = (SACK, ONE), (RICE_BAG, Thousandths(9000))
    assert repack_loss(taken, made) == 5000
    repack(shelf.till, shelf.session, taken, made)
    assert (on_hand(shelf, SACK), on_hand(shelf, RICE_BAG)) == (1000, 29_000)
    with pytest.raises(RepackGains):
        repack(shelf.till, shelf.session, taken, (RICE_BAG, Thousandths(11_000)))
    for target in (SACK, EGG_KG):
        with pytest.raises(MoveIncomplete):
            repack(shelf.till, shelf.session, taken, (target, ONE))
    with pytest.raises(MoveIncomplete):
        repack(shelf.till, shelf.session, (SACK, Thousandths(0)), made)
    with pytest.raises(NotEnoughStock):
        repack(shelf.till, shelf.session, (SACK, Thousandths(3000)), made)


def test_a_count_is_against_the_book_of_the_moment_it_began(shelf: Outlet) -> None:
    frozen = begin_count(shelf.till, EGG_KG.id)
    sell_for_cash(shelf.till, shelf.session, basket(shelf, cash=((EGG_KG, 1000),)))
    counted = (frozen, Thousandths(18_500), Thousandths(500))
    assert difference(*counted) == -1000
    with pytest.raises(NotPermitted):
        store_count(shelf.till, shelf.session, counted, "selisih timbangan")
    with pytest.raises(MoveIncomplete):
        store_count(shelf.till, MANAGING, counted, "")
    stored = store_count(shelf.till, shelf.session, counted, "selisih timbangan", MANAGER)
    assert isinstance(stored.entry, StockCount)
    assert (stored.entry.counted, stored.entry.difference, stored.entry.approver) == (19_000, -1000, MANAGER.id)
    # 20 on the shelf − 1 sold − 1 missing − ½ damaged.
    assert on_hand(shelf, EGG_KG) == 17_500
    right = (begin_count(shelf.till, EGG_KG.id), Thousandths(17_500), Thousandths(0))
    assert store_count(shelf.till, shelf.session, right, "").seq == shelf.journal.head()[0]
    with pytest.raises(MoveIncomplete):
        store_count(shelf.till, MANAGING, (right[0], Thousandths(-1), Thousandths(0)), "x")


def test_a_count_whose_damaged_goods_were_sold_meanwhile_is_stored_whole_or_not_at_all(shelf: Outlet) -> None:
    frozen = begin_count(shelf.till, EGG_KG.id)
    sell_for_cash(shelf.till, shelf.session, basket(shelf, cash=((EGG_KG, 19_500),)))
    head = shelf.journal.head()
    with pytest.raises(NotEnoughStock):
        store_count(shelf.till, MANAGING, (frozen, Thousandths(19_000), Thousandths(1000)), "")
    assert shelf.journal.head() == head
    stored = store_count(shelf.till, MANAGING, (frozen, Thousandths(19_500), Thousandths(500)), "")
    assert (shelf.journal.head()[0], on_hand(shelf, EGG_KG)) == (stored.seq, 0)
    assert stored.seq == head[0] + 1


def test_the_card_tells_each_movement_with_its_paper(shelf: Outlet) -> None:
    family = shelf.family()
    shelf.entitle()
    sale = shop(shelf, family, (RICE_BAG, 2000))
    reverse(shelf.till, shelf.session, sale.seq, "salah", MANAGER)
    shelf.clock.now += DAY_MS
    repack(shelf.till, shelf.session, (SACK, ONE), (RICE_BAG, Thousandths(9000)))
    shrink(shelf.till, MANAGING, (RICE_BAG, ONE, MoveReason.PEST), "tikus")
    book = StockBook()
    assert book.catch_up(shelf.journal) == shelf.journal.head()[0]
    assert book.catch_up(shelf.journal) == 0
    card = book.card(shelf.journal, RICE_BAG.id)
    assert [(line.kind, line.paper, line.change, line.balance) for line in card] == [
        ("pest", "tikus", -1000, 28_000),
        ("repack", "", 9000, 29_000),
        ("reversal", "A01-000002", 2000, 20_000),
        ("redemption", "A01-000001", -2000, 18_000),
        ("receipt", "SJ-1 · Bulog", 20_000, 20_000),
    ]
    assert book.card(shelf.journal, RICE_BAG.id, limit=1) == card[:1]
    assert book.card(shelf.journal, product(77, RICE, "-", "-", 1).id) == ()
    first, second = book.by_day(RICE_BAG.id)
    assert (first.day, first.opening, first.came, first.went, first.closing) == (TODAY, 0, 22_000, 2000, 20_000)
    assert (second.day, second.opening, second.closing) == (TODAY + timedelta(days=1), 20_000, 28_000)


GOODS = (RICE_BAG, EGG_KG, SOAP_BAR, SACK)
KINDS = ["deliver", "shop", "cash", "undo", "shrink", "return", "repack", "count", "exchange", "tomorrow", "yesterday"]
steps = st.tuples(st.sampled_from(KINDS), st.integers(0, 3), st.integers(1, 12), st.integers(0, 4))


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(steps, max_size=25))
def test_opening_and_movements_are_the_closing_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[str, int, int, int]]
) -> None:
    outlet = Outlet(tmp_path_factory.mktemp("shelf"))
    outlet.take_in((SACK,))
    outlet.stock_up(10_000)
    family = outlet.family()
    outlet.entitle(amount=900_000)
    sold: list[int] = []
    early = StockBook()
    for kind, which, amount, part in sequence:
        try:
            _do(outlet, family, sold, (kind, GOODS[which], Thousandths(amount * 500), Thousandths(part * 500)))
        except (NotEnoughStock, MoveIncomplete, RepackGains, BasketTooMuch):
            continue
        early.catch_up(outlet.journal)
    _check(outlet, early)
    _check(outlet, StockBook())
    outlet.close()


def _do(outlet: Outlet, family: str, sold: list[int], step: tuple[str, docs.Product, Thousandths, Thousandths]) -> None:
    kind, goods, quantity, part = step
    till = outlet.till
    if kind == "deliver":
        deliver(outlet, goods, quantity, stated=quantity + part)
    elif kind == "shop":
        visit = scan(outlet, family)
        if isinstance(visit.decision, Allowed) and goods is not SOAP_BAR and quantity % goods.step == 0:
            sold.append(redeem(till, outlet.session, visit, visit.decision, basket(outlet, (goods, quantity))).seq)
    elif kind == "cash" and quantity % goods.step == 0:
        sold.append(sell_for_cash(till, outlet.session, basket(outlet, cash=((goods, quantity),))).seq)
    elif kind == "undo" and sold:
        reverse(till, outlet.session, sold.pop(), "salah", MANAGER)
    elif kind == "shrink":
        shrink(till, outlet.session, (goods, quantity, MoveReason.SCALE), "", MANAGER)
    elif kind == "return":
        return_to_supplier(till, MANAGING, goods, quantity, "R-1")
    elif kind == "repack":
        repack(till, outlet.session, (SACK, quantity), (goods, part))
    elif kind == "count":
        store_count(till, MANAGING, (begin_count(till, goods.id), quantity, part), "hitung")
    elif kind == "tomorrow":
        outlet.clock.now += DAY_MS
    elif kind == "yesterday":
        outlet.clock.now -= DAY_MS


def _check(outlet: Outlet, book: StockBook) -> None:
    """Hold cards, days and the projection to a sum made here from the entries alone, and the day to its three ways."""
    book.catch_up(outlet.journal)
    stock = outlet.journal.stock()
    stored = outlet.journal.since(0, 10_000)
    bodies = {each.seq: each.entry for each in stored}
    for goods in GOODS:
        changes = []
        for each in stored:
            target = bodies[each.entry.target] if isinstance(each.entry, Reversal) else None
            if change := effects_of(each.entry, target).stock.get(goods.id, 0):
                changes.append((each.seq, change))
        card = book.card(outlet.journal, goods.id, limit=10_000)
        assert [(line.seq, line.change) for line in reversed(card)] == changes
        assert (card[0].balance if card else 0) == sum(change for _, change in changes) == stock.get(goods.id, 0)
        assert all(line.balance >= 0 for line in card)
        days = book.by_day(goods.id)
        assert [day.opening for day in days[1:]] == [day.closing for day in days[:-1]]
        assert (days[-1].closing if days else 0) == stock.get(goods.id, 0)
        for day in days:
            on_day = [line.change for line in card if line.day == day.day]
            assert day.opening + sum(on_day) == day.closing
    totals = x_report(outlet.till).totals
    redeemed = [each for each in stored if isinstance(each.entry, Redemption)]
    assert totals.difference == 0
    assert totals.redemptions == len(redeemed)
    assert verify(outlet.journal_file).is_clean


def test_a_difference_of_the_three_ways_is_named(shelf: Outlet) -> None:
    family = shelf.family()
    shelf.entitle()
    sale = shop(shelf, family, (RICE_BAG, 1000))
    assert isinstance(sale.entry, Redemption)
    line = replace_line(sale.entry.lines[0])
    short = entries.Redemption(
        at=shelf.till.now_ms(), day=TODAY, by=CASHIER.id, sale=shelf.till.new_sale_id(), receipt="A01-000002",
        recipient=sale.entry.recipient, lines=(line,), sources=sale.entry.sources, opening=sale.entry.opening,
    )  # fmt: skip
    shelf.journal.redeem(short, {draw.entitlement: 300_000 for draw in line.draws})
    assert x_report(shelf.till).totals.difference == -5_000


def replace_line(line: entries.Line) -> entries.Line:
    draw = line.draws[0]
    return entries.Line(
        product=line.product, quantity=line.quantity, price=line.price, total=line.total,
        draws=(entries.Draw(draw.entitlement, draw.amount - 5_000),),
    )  # fmt: skip
