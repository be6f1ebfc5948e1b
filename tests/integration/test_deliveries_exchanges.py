"""«Bedridden or disabled: antar, confirmed on return» and «Spoilt goods: exchange for the same commodity only»."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kube_pos.errors import NotEnoughStock, NotPermitted, UnknownSale
from kube_pos.ledger.entries import DeliveryConfirmed, Exchange, MoveReason
from kube_pos.ledger.ports import PrintKind, Stored
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.records import NoOpenDelivery
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.corrections import reverse
from kube_pos.operations.deliveries import ReceiverMissing, bring_back, confirm_delivery, open_deliveries
from kube_pos.operations.exchanges import NotOfThatSale, OtherCommodity, Swap, exchange, spoilt_goods
from kube_pos.operations.redemption import redeem, sell_for_cash
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, EGG_KG, MANAGER, RICE, RICE_BAG, Outlet, product
from tests.use_case_kit import basket, may, on_hand, paper, scan, shop

SMALL_BAG = product(7, RICE, "Beras 1 kg", "bungkus", 15_000, contents=Thousandths(1000))


def send(outlet: Outlet, card: str) -> Stored:
    visit = scan(outlet, card)
    wanted = replace(basket(outlet, (RICE_BAG, 1000)), delivery=True)
    return redeem(outlet.till, outlet.session, visit, may(outlet, card), wanted)


@pytest.fixture
def card(outlet: Outlet) -> str:
    number = outlet.family(1, delivery=True)
    outlet.entitle()
    return number


def test_a_delivery_is_out_of_the_shelf_at_once_and_open_until_confirmed(outlet: Outlet, card: str) -> None:
    stored = send(outlet, card)
    assert on_hand(outlet, RICE_BAG) == 99_000
    assert may(outlet, card).balance == 225_000
    assert "ANTAR" in paper(outlet, stored.seq)
    (waiting,) = open_deliveries(outlet.till)
    assert (waiting.seq, waiting.entry, waiting.family) == (stored.seq, stored.entry, "Siti Aminah")
    done = confirm_delivery(outlet.till, outlet.session, stored.seq, " Budi ", "anak")
    assert isinstance(done.entry, DeliveryConfirmed)
    assert (done.entry.target, done.entry.received_by, done.entry.relation) == (stored.seq, "Budi", "anak")
    assert open_deliveries(outlet.till) == ()
    assert verify(outlet.journal_file).is_clean


def test_goods_brought_back_are_on_the_shelf_and_in_the_balance_again(outlet: Outlet, card: str) -> None:
    stored = send(outlet, card)
    with pytest.raises(NotPermitted):
        bring_back(outlet.till, outlet.session, stored.seq, "rumah kosong", CASHIER)
    bring_back(outlet.till, outlet.session, stored.seq, "rumah kosong", MANAGER)
    assert (on_hand(outlet, RICE_BAG), may(outlet, card).balance) == (100_000, 300_000)
    assert open_deliveries(outlet.till) == ()
    for again in (
        lambda: confirm_delivery(outlet.till, outlet.session, stored.seq, "Budi"),
        lambda: bring_back(outlet.till, outlet.session, stored.seq, "lagi", MANAGER),
    ):
        with pytest.raises(NoOpenDelivery):
            again()
    assert verify(outlet.journal_file).is_clean


def test_a_delivery_is_confirmed_once_and_with_a_name(outlet: Outlet, card: str) -> None:
    stored = send(outlet, card)
    with pytest.raises(ReceiverMissing):
        confirm_delivery(outlet.till, outlet.session, stored.seq, "  ")
    confirm_delivery(outlet.till, outlet.session, stored.seq, "Budi")
    head = outlet.journal.head()
    with pytest.raises(NoOpenDelivery):
        confirm_delivery(outlet.till, outlet.session, stored.seq, "Budi")
    assert outlet.journal.head() == head


@pytest.mark.parametrize("seq", [1, 2, 99])
def test_what_is_no_delivery_is_not_confirmed(outlet: Outlet, card: str, seq: int) -> None:
    shop(outlet, card, (RICE_BAG, 1000))
    with pytest.raises(NoOpenDelivery):
        confirm_delivery(outlet.till, outlet.session, seq, "Budi")


def swap(quantity: int = 1000, **changes: object) -> Swap:
    whole = Thousandths(quantity)
    return replace(Swap(RICE_BAG, whole, RICE_BAG, whole, MoveReason.WET), **changes)


def test_spoilt_goods_are_exchanged_without_money_or_balance(outlet: Outlet, card: str) -> None:
    sale = shop(outlet, card, (RICE_BAG, 2000))
    done = exchange(outlet.till, outlet.session, sale.seq, swap(to_supplier=True), MANAGER)
    assert isinstance(done.entry, Exchange)
    assert (done.entry.target, done.entry.approver, done.entry.to_supplier) == (sale.seq, MANAGER.id, True)
    assert on_hand(outlet, RICE_BAG) == 97_000
    assert may(outlet, card).balance == 150_000
    printed = paper(outlet, done.seq)
    assert f"A01-T{done.seq:06d}" in printed
    assert "Saldo tidak berubah" in printed
    assert "A01-000001" in printed
    queued = outlet.journal_file.read().exec_driver_sql("SELECT kind, ref FROM print_job ORDER BY id DESC").first()
    assert queued == (PrintKind.EXCHANGE, done.seq)
    assert verify(outlet.journal_file).is_clean
    assert spoilt_goods(outlet.till, TODAY, TODAY) == (done.entry,)
    assert spoilt_goods(outlet.till, date(2026, 11, 25), date(2026, 11, 30)) == ()


def test_the_same_commodity_in_another_pack_is_as_good(outlet: Outlet, card: str) -> None:
    outlet.take_in((SMALL_BAG,))
    sale = shop(outlet, card, (RICE_BAG, 1000))
    with pytest.raises(NotEnoughStock):
        exchange(
            outlet.till, outlet.session, sale.seq, swap(given=SMALL_BAG, given_quantity=Thousandths(5000)), MANAGER
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"given": EGG_KG},
        {"given_quantity": Thousandths(2000)},
        {"given": SMALL_BAG},
        {"spoilt_quantity": Thousandths(0), "given_quantity": Thousandths(0)},
    ],
)
def test_never_for_another_commodity_or_more_of_it(outlet: Outlet, card: str, changes: dict[str, object]) -> None:
    sale = shop(outlet, card, (RICE_BAG, 1000))
    with pytest.raises(OtherCommodity):
        exchange(outlet.till, outlet.session, sale.seq, swap(**changes), MANAGER)


def test_no_more_comes_back_than_was_handed_out(outlet: Outlet, card: str) -> None:
    sale = shop(outlet, card, (RICE_BAG, 2000))
    exchange(outlet.till, outlet.session, sale.seq, swap(1000), MANAGER)
    with pytest.raises(NotOfThatSale) as caught:
        exchange(outlet.till, outlet.session, sale.seq, swap(2000), MANAGER)
    assert caught.value.facts == {"product": "Beras 5 kg", "left": "1 karung"}
    exchange(outlet.till, outlet.session, sale.seq, swap(1000), MANAGER)
    reverse(outlet.till, outlet.session, shop(outlet, card, (RICE_BAG, 1000)).seq, "salah", MANAGER)


def test_nothing_of_a_sale_undone_is_exchanged(outlet: Outlet, card: str) -> None:
    sale = shop(outlet, card, (RICE_BAG, 2000))
    reverse(outlet.till, outlet.session, sale.seq, "salah", MANAGER)
    with pytest.raises(NotOfThatSale):
        exchange(outlet.till, outlet.session, sale.seq, swap(), MANAGER)


def test_goods_of_a_cash_sale_too_but_nothing_without_a_sale_or_a_manager(outlet: Outlet) -> None:
    sale = sell_for_cash(outlet.till, outlet.session, basket(outlet, cash=((RICE_BAG, 1000),)))
    with pytest.raises(NotPermitted):
        exchange(outlet.till, outlet.session, sale.seq, swap(), CASHIER)
    for seq in (1, 99):
        with pytest.raises(UnknownSale):
            exchange(outlet.till, outlet.session, seq, swap(), MANAGER)
    with pytest.raises(UnknownSale):
        exchange(outlet.till, outlet.session, sale.seq, swap(reason=MoveReason.COUNT), MANAGER)
    exchange(outlet.till, outlet.session, sale.seq, swap(), MANAGER)
