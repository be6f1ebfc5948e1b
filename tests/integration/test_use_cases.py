"""The use cases on real files: what they store, what they wake, what they refuse and that nothing half done stays."""

from __future__ import annotations

from datetime import date

import pytest
from argon2 import PasswordHasher

from kube_pos.errors import (
    BasketEmpty,
    BasketTooMuch,
    KubePosError,
    NoPrice,
    NotEnoughShare,
    NotEnoughStock,
    NotOnAllowList,
    NotPermitted,
    UnknownSale,
    WrongPin,
)
from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.basket import Covered, TooMuch
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.ids import ProductId, SaleId, StaffId
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.sqlite_replica import ReplicaChange
from kube_pos.operations.closing import NothingToClose, close_day, x_report
from kube_pos.operations.corrections import reprint, reverse
from kube_pos.operations.look_up import ProductRead, goods_for, look_up, record_balance_inquiry, record_turned_away
from kube_pos.operations.redemption import Basket, quote, redeem, sell_for_cash
from kube_pos.operations.signing_in import LONGEST_WAIT_MS, PinGate, sign_in, sign_out
from kube_pos.operations.stock import DeliveryIncomplete, receive_delivery, stock_lines
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, EGG_KG, MANAGER, RICE, RICE_BAG, SOAP_BAR, Outlet, product
from tests.use_case_kit import ID, MANAGING, basket, may, on_hand, paper, redemption_of, scan, shop


@pytest.fixture
def card(outlet: Outlet) -> str:
    """A family with Rp300.000 for November."""
    digits = outlet.family()
    outlet.entitle()
    return digits


def stored_nothing(outlet: Outlet, error: type[KubePosError], wanted: Basket, card: str) -> KubePosError:
    visit = scan(outlet, card)
    assert isinstance(visit.decision, Allowed)
    before = (outlet.journal.head(), outlet.journal.stock(), outlet.prints_woken, outlet.syncs_woken)
    with pytest.raises(error) as caught:
        redeem(outlet.till, outlet.session, visit, visit.decision, wanted)
    assert (outlet.journal.head(), outlet.journal.stock(), outlet.prints_woken, outlet.syncs_woken) == before
    return caught.value


def test_a_sale_is_stored_then_printing_and_sending_are_woken(outlet: Outlet, card: str) -> None:
    stored = shop(outlet, card, (RICE_BAG, 2000), (EGG_KG, 500))
    entry = redemption_of(stored)
    assert (entry.receipt, entry.opening, entry.by) == ("A01-000001", 300_000, CASHIER.id)
    assert [line.total for line in entry.lines] == [150_000, 15_000]
    assert (outlet.prints_woken, outlet.syncs_woken) == (1, 1)
    assert may(outlet, card).balance == 135_000
    assert on_hand(outlet, RICE_BAG) == 98_000


def test_confirming_twice_stores_one_sale(outlet: Outlet, card: str) -> None:
    sale = SaleId("a" * 32)
    first = shop(outlet, card, (RICE_BAG, 1000), sale=sale)
    assert shop(outlet, card, (RICE_BAG, 1000), sale=sale) == first
    assert may(outlet, card).balance == 225_000


def test_the_part_beyond_the_balance_is_a_cash_sale_of_the_same_visit(outlet: Outlet, card: str) -> None:
    visit = scan(outlet, card)
    assert isinstance(visit.decision, Allowed)
    wanted = basket(outlet, (RICE_BAG, 4000), cash=((SOAP_BAR, 2000),))
    stored = redeem(outlet.till, outlet.session, visit, visit.decision, wanted)
    assert [line.total for line in redemption_of(stored).cash] == [10_000]
    report = x_report(outlet.till)
    assert (report.totals.entitlement_used, report.totals.goods_out, report.totals.cash) == (300_000, 300_000, 10_000)
    assert on_hand(outlet, SOAP_BAR) == 98_000


@pytest.mark.parametrize("quantity", [0, -1000])
def test_a_basket_without_goods_is_no_sale(outlet: Outlet, card: str, quantity: int) -> None:
    stored_nothing(outlet, BasketEmpty, basket(outlet), card)
    stored_nothing(outlet, BasketEmpty, basket(outlet, (RICE_BAG, quantity)), card)


def test_too_much_says_by_how_much(outlet: Outlet, card: str) -> None:
    error = stored_nothing(outlet, BasketTooMuch, basket(outlet, (RICE_BAG, 5000)), card)
    assert ID.error(error) == "Belanja melebihi saldo Rp75.000. Kurangi barang atau bayar selisihnya tunai."


def test_a_share_given_back_while_the_basket_was_filled_is_told_in_words(outlet: Outlet, card: str) -> None:
    rice = outlet.entitle("2026-10", 10_000, commodity=RICE)
    visit = scan(outlet, card)
    assert isinstance(visit.decision, Allowed)
    outlet.journal.release(
        entries.ShareReleased(at=outlet.till.now_ms(), day=TODAY, by=MANAGER.id, entitlement=rice, released=6_000),
        10_000,
    )
    head = outlet.journal.head()
    with pytest.raises(NotEnoughShare) as caught:
        redeem(outlet.till, outlet.session, visit, visit.decision, basket(outlet, (RICE_BAG, 1000)))
    assert ID.error(caught.value).startswith("Hak bantuan di kasir ini tinggal 4 kg, diminta 5 kg.")
    assert outlet.journal.head() == head
    shop(outlet, card, (RICE_BAG, 1000))


def test_a_till_whose_list_is_fetched_anew_still_prints(outlet: Outlet, card: str) -> None:
    stored = shop(outlet, card, (RICE_BAG, 1000))
    asked = record_balance_inquiry(outlet.till, outlet.session, may(outlet, card))
    cursor = outlet.replica.cursor()
    gone = [
        ReplicaChange("outlet", "1", None),
        ReplicaChange("recipient", "1", None),
        ReplicaChange("product", "1", None),
    ]
    outlet.replica.apply(cursor, cursor + 3, None, gone)
    assert "A01-000001" in paper(outlet, stored.seq)
    assert "KETERANGAN" in paper(outlet, asked.seq)


def test_goods_of_no_programme_are_refused_by_name(outlet: Outlet, card: str) -> None:
    error = stored_nothing(outlet, NotOnAllowList, basket(outlet, (SOAP_BAR, 1000)), card)
    assert ID.error(error).startswith("Sabun cuci tidak termasuk bantuan.")


def test_more_than_the_shelf_has_is_refused_in_words(outlet: Outlet, card: str) -> None:
    outlet.entitle("2026-10", 30_000_000)
    wanted = basket(outlet, (RICE_BAG, 60_000), (RICE_BAG, 41_000))
    error = stored_nothing(outlet, NotEnoughStock, wanted, card)
    assert ID.error(error).startswith("Stok Beras 5 kg tinggal 100 karung, diminta 101 karung.")


def test_the_cash_part_counts_against_the_shelf_too(outlet: Outlet, card: str) -> None:
    wanted = basket(outlet, (RICE_BAG, 1000), cash=((RICE_BAG, 100_000),))
    stored_nothing(outlet, NotEnoughStock, wanted, card)


def test_goods_without_a_price_today_are_refused(outlet: Outlet, card: str) -> None:
    prices = (docs.Price(from_day=date(2026, 12, 1), price=Rupiah(1)),)
    future = docs.Product(id=ProductId(8), commodity_id=RICE, name="Beras baru", unit="kg", prices=prices)
    outlet.take_in((future,))
    stored_nothing(outlet, NoPrice, basket(outlet, (future, 1000)), card)
    assert future not in [good.product for good in goods_for(outlet.till, may(outlet, card))]


def test_a_quote_stores_nothing(outlet: Outlet, card: str) -> None:
    allowed, head = may(outlet, card), outlet.journal.head()
    assert isinstance(quote(outlet.till, allowed, basket(outlet, (RICE_BAG, 4000))), Covered)
    found = quote(outlet.till, allowed, basket(outlet, (RICE_BAG, 5000)))
    assert isinstance(found, TooMuch)
    assert [(drop.product, drop.quantity) for drop in found.drops] == [(RICE_BAG, 1000)]
    assert outlet.journal.head() == head


def test_a_cash_sale_needs_no_card(outlet: Outlet) -> None:
    stored = sell_for_cash(outlet.till, outlet.session, basket(outlet, cash=((SOAP_BAR, 3000),)))
    assert isinstance(stored.entry, entries.GeneralSale)
    assert x_report(outlet.till).totals.cash == 15_000
    with pytest.raises(BasketEmpty):
        sell_for_cash(outlet.till, outlet.session, basket(outlet))


def test_a_cash_sale_confirmed_twice_is_one_even_when_the_shelf_is_empty_now(outlet: Outlet) -> None:
    wanted = basket(outlet, cash=((SOAP_BAR, 100_000),))
    first = sell_for_cash(outlet.till, outlet.session, wanted)
    assert sell_for_cash(outlet.till, outlet.session, wanted) == first
    assert on_hand(outlet, SOAP_BAR) == 0


def test_goods_are_shown_permitted_first_then_by_name(outlet: Outlet, card: str) -> None:
    outlet.take_in((product(9, RICE, "Anggur", "kg", 1_000),))
    shown = goods_for(outlet.till, may(outlet, card))
    assert [(good.product.name, good.permitted) for good in shown] == [
        ("Anggur", True),
        ("Beras 5 kg", True),
        ("Telur ayam", True),
        ("Sabun cuci", False),
    ]
    assert [good.on_hand for good in shown] == [0, 100_000, 100_000, 100_000]


def test_a_products_code_is_no_card(outlet: Outlet) -> None:
    assert look_up(outlet.till, "2000000000015") == ProductRead(RICE_BAG)
    assert look_up(outlet.till, "96385074") == ProductRead(None)


def test_a_balance_inquiry_is_journaled_and_printed(outlet: Outlet, card: str) -> None:
    outlet.entitle("2026-10", 10_000, expires_on=date(2026, 11, 1), released_on=date(2026, 10, 1))
    stored = record_balance_inquiry(outlet.till, outlet.session, may(outlet, card))
    text = paper(outlet, stored.seq)
    assert "hangus per 01/11/2026" in text
    assert "Saldo tersedia         Rp300.000" in text
    assert outlet.prints_woken == 1


def test_a_family_that_may_shop_is_not_turned_away(outlet: Outlet, card: str) -> None:
    with pytest.raises(TypeError):
        record_turned_away(outlet.till, outlet.session, scan(outlet, card))


@pytest.mark.parametrize("seq", [1, 99])
def test_what_is_no_sale_is_neither_undone_nor_printed_again(outlet: Outlet, seq: int) -> None:
    with pytest.raises(UnknownSale):
        reverse(outlet.till, outlet.session, seq, "salah", MANAGER)
    with pytest.raises(UnknownSale):
        reprint(outlet.till, outlet.session, seq)
    with pytest.raises(UnknownSale):
        paper(outlet, seq)


def test_a_copy_is_journaled(outlet: Outlet, card: str) -> None:
    stored = shop(outlet, card, (RICE_BAG, 1000))
    reprint(outlet.till, outlet.session, stored.seq)
    newest = outlet.journal.entry(outlet.journal.head()[0])
    assert newest is not None
    assert isinstance(newest.entry, entries.ReceiptPrinted)
    assert (newest.entry.receipt, newest.entry.copy) == ("A01-000001", 1)


def test_only_a_manager_closes_the_day(outlet: Outlet, card: str) -> None:
    shop(outlet, card, (RICE_BAG, 1000))
    with pytest.raises(NotPermitted):
        close_day(outlet.till, outlet.session)
    close_day(outlet.till, MANAGING)
    with pytest.raises(NothingToClose):
        close_day(outlet.till, MANAGING)


def test_a_cashier_closes_with_a_managers_name_beside_her_own(outlet: Outlet, card: str) -> None:
    shop(outlet, card, (RICE_BAG, 1000))
    closed = close_day(outlet.till, outlet.session, MANAGER).entry
    assert isinstance(closed, entries.DayClosed)
    assert (closed.by, closed.approver) == (outlet.session.staff_id, MANAGER.id)
    shop(outlet, card, (RICE_BAG, 1000))
    with pytest.raises(NotPermitted):
        close_day(outlet.till, MANAGING, outlet.session.staff)
    alone = close_day(outlet.till, MANAGING, MANAGER).entry
    assert isinstance(alone, entries.DayClosed)
    assert (alone.by, alone.approver) == (MANAGER.id, None)


def test_a_close_is_a_set_of_sales_and_adds_up(outlet: Outlet, card: str) -> None:
    first = shop(outlet, card, (RICE_BAG, 1000))
    undone = reverse(outlet.till, outlet.session, first.seq, "salah", MANAGER)
    second = shop(outlet, card, (EGG_KG, 1500))
    entry = close_day(outlet.till, MANAGING).entry
    assert isinstance(entry, entries.DayClosed)
    assert entry.sales == (first.seq, undone.seq, second.seq)
    assert (entry.entitlement_used, entry.goods_out, entry.cash) == (45_000, 45_000, 0)
    assert x_report(outlet.till).sales == ()


def test_a_delivery_goes_on_the_shelf(outlet: Outlet) -> None:
    line = entries.ReceiptLine(
        product=RICE_BAG.id, stated=Thousandths(10_000), weighed=Thousandths(9_500), accepted=Thousandths(9_000)
    )
    nothing = entries.ReceiptLine(
        product=EGG_KG.id, stated=Thousandths(0), weighed=Thousandths(0), accepted=Thousandths(0)
    )
    stored = receive_delivery(outlet.till, MANAGING, " SJ-7 ", "Bulog", {RICE_BAG.id: line, EGG_KG.id: nothing})
    assert isinstance(stored.entry, entries.GoodsReceipt)
    assert (stored.entry.delivery_note_no, stored.entry.lines) == ("SJ-7", (line,))
    assert on_hand(outlet, RICE_BAG) == 109_000
    (rice,) = [line for line in stock_lines(outlet.till) if line.product == RICE_BAG]
    assert rice.worth == 109 * 75_000


@pytest.mark.parametrize(
    ("note", "supplier", "field"), [(" ", "B", "delivery_note_no"), ("1", "", "supplier"), ("1", "B", "lines")]
)
def test_a_delivery_that_is_not_complete_says_what_is_missing(
    outlet: Outlet, note: str, supplier: str, field: str
) -> None:
    with pytest.raises(DeliveryIncomplete) as caught:
        receive_delivery(outlet.till, MANAGING, note, supplier, {})
    assert caught.value.facts == {"field": field}


def staffed(outlet: Outlet, pin: str = "4711", *, active: bool = True) -> PinGate:
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(pin)
    person = docs.Staff(id=StaffId(7), name="Ani", role=docs.Role.CASHIER, pin_hash=hashed, active=active)
    outlet.take_in((person,))
    return PinGate(outlet.till)


def wait_after(gate: PinGate, pin: str, staff: int = 7) -> int:
    with pytest.raises(WrongPin) as caught:
        gate.check(StaffId(staff), pin)
    return int(caught.value.facts["wait_s"])


def test_the_right_pin_signs_in_and_out(outlet: Outlet) -> None:
    person = staffed(outlet).check(StaffId(7), "4711")
    session = sign_in(outlet.till, person)
    sign_out(outlet.till, session)
    newest = outlet.journal.entry(outlet.journal.head()[0])
    assert newest is not None
    assert isinstance(newest.entry, entries.SignedOut)
    assert newest.entry.by == 7


def test_guessing_gets_slower_and_the_right_pin_must_wait_too(outlet: Outlet) -> None:
    gate = staffed(outlet)
    waits = []
    for _ in range(9):
        waits.append(wait_after(gate, "0000"))
        outlet.clock.advance(waits[-1] * 1000)
    assert waits == [0, 0, 5, 10, 20, 40, 80, 160, 300]
    assert waits[-1] * 1000 == LONGEST_WAIT_MS
    wait_after(gate, "0000")
    assert wait_after(gate, "4711") == 300
    outlet.clock.advance(LONGEST_WAIT_MS)
    gate.check(StaffId(7), "4711")
    assert wait_after(gate, "0000") == 0


def test_a_clock_set_forward_shortens_no_wait(outlet: Outlet) -> None:
    gate = staffed(outlet)
    for _ in range(3):
        wait_after(gate, "0000")
    outlet.clock.now += 86_400_000
    assert wait_after(gate, "4711") == 5


@pytest.mark.parametrize("staff", [99, 1])
def test_who_is_unknown_or_has_no_pin_does_not_sign_in(outlet: Outlet, staff: int) -> None:
    assert wait_after(staffed(outlet), "", staff) == 0


def test_who_left_does_not_sign_in(outlet: Outlet) -> None:
    assert wait_after(staffed(outlet, active=False), "4711") == 0
