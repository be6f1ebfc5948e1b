"""Sums over sales, and the three-way check."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger.entries import Draw, GeneralSale, Line, Redemption, Reversal
from kube_pos.ledger.ids import EntitlementId, ProductId, StaffId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.totals import Totals, add_up, rupiah_drawn
from tests.entry_kit import CASH, GENERAL, HEAD, KIND, REDEMPTION, SALE, SOURCES, general_sales, redemptions


def stored(*entries: Redemption | GeneralSale | Reversal) -> list[Stored]:
    return [Stored(seq, entry, bytes(32)) for seq, entry in enumerate(entries, start=1)]


def reversal(target: int) -> Reversal:
    return Reversal(**HEAD, sale=SALE, receipt="A01-000009", target=target, reason="salah", approver=StaffId(2))


def test_a_rapel_is_told_by_month_and_fund() -> None:
    found = add_up(stored(REDEMPTION, GENERAL), {})
    assert (found.redemptions, found.general_sales, found.reversals) == (1, 1, 0)
    assert (found.entitlement_used, found.goods_out, found.cash) == (150_000, 150_000, 10_000)
    assert found.by_month == {"2026-10": 100_000, "2026-11": 50_000}
    assert found.by_fund == {1: 150_000}
    assert found.by_product == {1: 2000, 3: 2000}
    assert found.by_staff == {1: 150_000}
    assert found.difference == 0


def test_draws_that_do_not_cover_the_goods_are_a_difference() -> None:
    line = msgspec.structs.replace(REDEMPTION.lines[0], total=Rupiah(160_000))
    found = add_up(stored(msgspec.structs.replace(REDEMPTION, lines=(line,))), {})
    assert found.difference == -10_000


def test_goods_in_kind_are_no_rupiah() -> None:
    line = Line(
        product=ProductId(1),
        quantity=Thousandths(3000),
        price=Rupiah(75_000),
        total=Rupiah(225_000),
        draws=(Draw(EntitlementId(3), 10_000), Draw(EntitlementId(1), 75_000)),
    )
    sale = msgspec.structs.replace(REDEMPTION, lines=(line,), sources=(SOURCES[0], KIND), cash=())
    found = add_up(stored(sale), {})
    assert rupiah_drawn(sale) == 75_000
    assert (found.entitlement_used, found.goods_out, found.in_kind_out) == (75_000, 75_000, 10_000)
    assert found.by_fund == {1: 75_000}
    assert found.by_product == {1: 3000}


def same(one: Totals, other: Totals) -> bool:
    def sums(found: Totals) -> tuple[object, ...]:
        maps = (found.by_month, found.by_fund, found.by_product, found.by_staff)
        rest = (found.entitlement_used, found.goods_out, found.in_kind_out, found.cash)
        return (*rest, *({key: value for key, value in kept.items() if value} for kept in maps))

    return sums(one) == sums(other)


sales = st.lists(redemptions | general_sales, max_size=4)


@given(sales)
def test_all_undone_is_nothing(found: list[Redemption | GeneralSale]) -> None:
    done = stored(*found)
    undone = [Stored(100 + sale.seq, reversal(sale.seq), bytes(32)) for sale in done]
    totals = add_up([*done, *undone], {sale.seq: sale for sale in done})
    assert totals.reversals == len(found)
    assert same(totals, Totals())


@given(sales, st.randoms(use_true_random=False))
def test_the_order_of_sales_does_not_matter(found: list[Redemption | GeneralSale], chance: st.DataObject) -> None:
    done = stored(*found)
    mixed = list(done)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert same(add_up(done, {}), add_up(mixed, {}))


@given(sales)
def test_months_and_funds_add_up_to_the_whole(found: list[Redemption | GeneralSale]) -> None:
    totals = add_up(stored(*found), {})
    assert sum(totals.by_month.values()) == sum(totals.by_fund.values()) == totals.entitlement_used
    assert sum(totals.by_staff.values()) == totals.entitlement_used
    assert totals.entitlement_used == sum(rupiah_drawn(sale) for sale in found if isinstance(sale, Redemption))


def test_the_cash_part_of_a_redemption_is_no_aid() -> None:
    found = add_up(stored(REDEMPTION), {})
    assert found.cash == CASH.total
    assert found.by_product[CASH.product] == CASH.quantity
