"""Covering a basket: which row pays for what, what is too much and what to put back."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger import documents as docs
from kube_pos.ledger.basket import Covered, Pick, TooMuch, cover, is_permitted, permits_on
from kube_pos.ledger.entitlement import Allowed, Row, drawing_order
from kube_pos.ledger.entries import Draw
from kube_pos.ledger.ids import CommodityId, EntitlementId, ProgramId
from kube_pos.ledger.quantity import Rupiah, Thousandths
from tests.fakes import TODAY
from tests.ledger_kit import EGG_KG, EGGS, FOOD, RICE, RICE_BAG, SOAP, SOAP_BAR, product
from tests.pure_kit import allowed, entitlement, row

PERMITS = {FOOD: frozenset({RICE, EGGS})}
OTHER = ProgramId(2)


def bags(count: int) -> Pick:
    return Pick(RICE_BAG, Thousandths(count * 1000), Rupiah(75_000))


def eggs(half_kilos: int) -> Pick:
    return Pick(EGG_KG, Thousandths(half_kilos * 500), Rupiah(30_000))


def covered(family: Allowed, *picks: Pick) -> Covered:
    found = cover(family, picks, PERMITS)
    assert isinstance(found, Covered)
    return found


def too_much(family: Allowed, *picks: Pick) -> TooMuch:
    found = cover(family, picks, PERMITS)
    assert isinstance(found, TooMuch)
    return found


def after(picks: tuple[Pick, ...], advice: TooMuch) -> tuple[Pick, ...]:
    """The picks that stay when the advice is followed, line by line from the last on."""
    left = [pick.quantity for pick in picks]
    for drop in advice.drops:
        place = max(i for i, pick in enumerate(picks) if pick.product == drop.product and left[i] >= drop.quantity)
        left[place] = Thousandths(left[place] - drop.quantity)
    return tuple(Pick(p.product, q, p.price) for p, q in zip(picks, left, strict=True) if q)


def test_one_month_pays_for_a_basket() -> None:
    found = covered(allowed(row(entitlement())), bags(2), eggs(1))
    assert [line.total for line in found.lines] == [150_000, 15_000]
    assert (found.used, found.remaining) == (165_000, 135_000)
    assert found.lines[0].draws == (Draw(EntitlementId(1), 150_000),)


def test_rapel_draws_the_earliest_expiry_first_across_lines() -> None:
    old = entitlement(7, "2026-10", 100_000, expires_on=date(2026, 12, 1))
    found = covered(allowed(row(entitlement(3)), row(old)), bags(1), bags(1))
    assert found.lines[0].draws == (Draw(EntitlementId(7), 75_000),)
    assert found.lines[1].draws == (Draw(EntitlementId(7), 25_000), Draw(EntitlementId(3), 50_000))


def test_rapel_over_the_years_end_draws_december_first() -> None:
    december = entitlement(1, "2026-12", released_on=TODAY, expires_on=date(2026, 12, 31))
    january = entitlement(2, "2027-01", released_on=TODAY, expires_on=date(2027, 1, 31))
    found = covered(allowed(row(january), row(december)), bags(1))
    assert found.lines[0].draws == (Draw(EntitlementId(1), 75_000),)


def test_goods_in_kind_come_before_rupiah() -> None:
    rice = entitlement(1, amount=10_000, commodity=RICE)
    found = covered(allowed(row(entitlement(2)), row(rice)), bags(3))
    assert found.lines[0].draws == (Draw(EntitlementId(1), 10_000), Draw(EntitlementId(2), 75_000))
    assert (found.lines[0].total, found.used) == (225_000, 75_000)


def test_a_bag_is_not_opened_for_what_is_left_in_kind() -> None:
    rice = entitlement(1, amount=9_000, commodity=RICE)
    found = covered(allowed(row(entitlement(2)), row(rice)), bags(2))
    assert found.lines[0].draws == (Draw(EntitlementId(1), 5_000), Draw(EntitlementId(2), 75_000))


def test_in_kind_rows_of_two_months_fill_one_bag() -> None:
    rows = [row(entitlement(i, f"2026-{9 + i}", 3_000, commodity=RICE)) for i in (1, 2)]
    found = covered(allowed(*rows), bags(1))
    assert found.lines[0].draws == (Draw(EntitlementId(1), 3_000), Draw(EntitlementId(2), 2_000))
    assert (found.used, found.remaining) == (0, 0)


def test_in_kind_of_another_commodity_pays_nothing() -> None:
    oil = entitlement(1, amount=10_000, commodity=EGGS)
    assert too_much(allowed(row(oil)), bags(1)).excess == 75_000


def test_a_step_that_is_no_whole_thousandth_in_kind_is_not_given_away() -> None:
    syrup = product(9, RICE, "Sirup", "botol", 1_000, step=Thousandths(1), contents=Thousandths(1500))
    family = allowed(row(entitlement(1, amount=1_500, commodity=RICE)))
    found = covered(family, Pick(syrup, Thousandths(1000), Rupiah(1_000)))
    assert found.lines[0].draws == (Draw(EntitlementId(1), 1_500),)
    assert too_much(family, Pick(syrup, Thousandths(1001), Rupiah(1_000))).drops[0].quantity == 1


def test_a_closed_month_pays_nothing() -> None:
    gone = entitlement(1, expires_on=date(2026, 11, 23))
    future = entitlement(2, released_on=date(2026, 11, 25))
    found = cover(allowed(row(gone), row(future)), (bags(1),), PERMITS)
    assert found == TooMuch(Rupiah(75_000), found.drops) if isinstance(found, TooMuch) else False


def test_goods_of_no_programme_are_not_permitted() -> None:
    family = allowed(row(entitlement()))
    assert not is_permitted(SOAP_BAR, family, PERMITS)
    assert is_permitted(EGG_KG, family, PERMITS)
    assert not is_permitted(EGG_KG, allowed(row(entitlement(expires_on=date(2026, 11, 1)))), PERMITS)


def test_a_row_pays_only_what_its_programme_permits() -> None:
    soap_only = entitlement(2, program=OTHER, expires_on=date(2026, 11, 30))
    family = allowed(row(entitlement(1)), row(soap_only))
    permits = {**PERMITS, OTHER: frozenset({SOAP})}
    found = cover(family, (bags(1), Pick(SOAP_BAR, Thousandths(1000), Rupiah(5_000))), permits)
    assert isinstance(found, Covered)
    assert [line.draws[0].entitlement for line in found.lines] == [1, 2]


def test_the_row_that_alone_can_pay_for_eggs_is_not_eaten_up_by_rice() -> None:
    both = entitlement(1, amount=75_000, expires_on=date(2026, 11, 30))
    rice_only = entitlement(2, amount=75_000, program=OTHER)
    permits = {FOOD: frozenset({RICE, EGGS}), OTHER: frozenset({RICE})}
    found = cover(allowed(row(both), row(rice_only)), (bags(1), eggs(5)), permits)
    assert isinstance(found, Covered)
    assert [line.product for line in found.lines] == [RICE_BAG.id, EGG_KG.id]
    assert [line.draws[0].entitlement for line in found.lines] == [2, 1]


def test_the_allow_list_of_a_day() -> None:
    def one(first: date, last: date | None) -> docs.Allowance:
        return docs.Allowance(program_id=FOOD, commodity_id=RICE, from_day=first, until_day=last)

    assert permits_on([one(TODAY, TODAY)], TODAY) == {FOOD: {RICE}}
    assert permits_on([one(date(2026, 1, 1), date(2026, 11, 23)), one(date(2026, 11, 25), None)], TODAY) == {}


def test_too_much_says_by_how_much_and_what_to_put_back() -> None:
    found = too_much(allowed(row(entitlement(amount=200_000))), bags(2), eggs(5))
    assert found.excess == 25_000
    assert [(drop.product, drop.quantity) for drop in found.drops] == [(EGG_KG, 1000)]


def test_a_line_that_fits_is_not_put_back_for_the_one_before_it() -> None:
    found = too_much(allowed(row(entitlement(amount=70_000))), eggs(3), bags(1), eggs(1))
    assert [(drop.product, drop.quantity) for drop in found.drops] == [(RICE_BAG, 1000)]


def test_a_line_that_is_no_whole_step_stays_when_it_fits() -> None:
    odd = Pick(EGG_KG, Thousandths(750), Rupiah(30_000))
    found = too_much(allowed(row(entitlement(amount=30_000))), odd, bags(1))
    assert [(drop.product, drop.quantity) for drop in found.drops] == [(RICE_BAG, 1000)]


GOODS = (RICE_BAG, EGG_KG, product(5, CommodityId(5), "Minyak", "liter", 17_333, step=Thousandths(250)))
ALL = {FOOD: frozenset({RICE, EGGS, CommodityId(5)}), OTHER: frozenset({EGGS})}


@st.composite
def families(draw: st.DrawFn) -> Allowed:
    rows: list[Row] = []
    for number in range(draw(st.integers(1, 5))):
        of = entitlement(
            number + 1,
            draw(st.sampled_from(["2026-09", "2026-10", "2026-11"])),
            draw(st.integers(1, 300_000)),
            expires_on=draw(st.sampled_from([TODAY, date(2026, 11, 1), date(2026, 12, 31)])),
            commodity=draw(st.sampled_from([None, None, RICE, EGGS])),
            program=draw(st.sampled_from([FOOD, FOOD, OTHER])),
        )
        rows.append(row(of, spent=draw(st.integers(0, of.amount))))
    return allowed(*rows)


picks = st.lists(
    st.builds(
        lambda goods, steps, price: Pick(goods, Thousandths(steps * goods.step), Rupiah(price)),
        st.sampled_from(GOODS),
        st.integers(1, 12),
        st.integers(1, 90_001),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda pick: pick.product.id,
).map(tuple)


@given(families(), picks)
def test_the_draws_pay_for_the_lines_exactly(family: Allowed, basket: tuple[Pick, ...]) -> None:
    found = cover(family, basket, ALL)
    left = {line.entitlement.id: line.left for line in family.lines if line.is_open}
    commodity = {line.entitlement.id: line.entitlement.commodity_id for line in family.lines}
    if isinstance(found, TooMuch):
        assert found.excess > 0
        return
    rupiah = 0
    for line, pick in zip(found.lines, basket, strict=True):
        assert (line.product, line.quantity, line.total) == (pick.product.id, pick.quantity, pick.total)
        paid = sum(draw.amount for draw in line.draws if commodity[draw.entitlement] is None)
        rupiah += paid
        kinds = [commodity[draw.entitlement] for draw in line.draws]
        assert set(kinds) <= {None, pick.product.commodity_id}
        assert kinds == sorted(kinds, key=lambda kind: kind is None), "in kind first"
        if None in kinds or not kinds:
            assert set(kinds) != {None} or paid == line.total
        for draw in line.draws:
            assert draw.amount > 0
            left[draw.entitlement] -= draw.amount
    assert min(left.values(), default=0) >= 0
    assert found.used == rupiah
    assert found.used + found.remaining == family.balance


@given(families(), picks)
def test_with_one_programme_no_row_is_drawn_while_an_earlier_one_has_something_left(
    family: Allowed, basket: tuple[Pick, ...]
) -> None:
    one = {program: frozenset({RICE, EGGS, CommodityId(5)}) for program in (FOOD, OTHER)}
    found = cover(family, basket, one)
    if isinstance(found, TooMuch):
        return
    drawn: dict[EntitlementId, int] = {}
    for line in found.lines:
        for draw in line.draws:
            drawn[draw.entitlement] = drawn.get(draw.entitlement, 0) + draw.amount
    order = [line for line in drawing_order(family.lines) if line.entitlement.commodity_id is None]
    for earlier, later in pairwise(order):
        if drawn.get(later.entitlement.id):
            assert drawn.get(earlier.entitlement.id) == earlier.left


@given(families(), picks)
def test_the_advice_makes_the_basket_fit_and_nothing_can_be_put_back_into_it(
    family: Allowed, basket: tuple[Pick, ...]
) -> None:
    found = cover(family, basket, ALL)
    if isinstance(found, Covered):
        return
    assert found.drops
    kept = after(basket, found)
    assert isinstance(cover(family, kept, ALL), Covered)
    left = {pick.product.id: pick.quantity for pick in kept}
    for pick in basket:
        if left.get(pick.product.id, 0) == pick.quantity:
            continue
        more = {**left, pick.product.id: left.get(pick.product.id, 0) + pick.product.step}
        tried = tuple(
            Pick(p.product, Thousandths(more[p.product.id]), p.price) for p in basket if more.get(p.product.id)
        )
        assert isinstance(cover(family, tried, ALL), TooMuch), "a whole step more would have fitted"


@given(picks.filter(lambda basket: all(pick.price >= 2000 for pick in basket)))
def test_a_family_with_nothing_puts_everything_back(basket: tuple[Pick, ...]) -> None:
    found = cover(allowed(row(entitlement(), spent=300_000)), basket, ALL)
    assert isinstance(found, TooMuch)
    assert found.excess == sum(pick.total for pick in basket)
    assert {(drop.product.id, drop.quantity) for drop in found.drops} == {(p.product.id, p.quantity) for p in basket}
    assert after(basket, found) == ()
