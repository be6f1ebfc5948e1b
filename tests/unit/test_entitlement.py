"""The decision: who may take what, and each refusal with its day, month and place. Named after the edge cases."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger import documents as docs
from kube_pos.ledger.days import DAY_MS, at_wita
from kube_pos.ledger.entitlement import (
    Allowed,
    LineState,
    Refusal,
    Refused,
    Row,
    decide,
    drawing_order,
    month_lines,
    next_release,
)
from kube_pos.ledger.ids import CommodityId, OutletId, ProgramId
from tests.fakes import TODAY
from tests.ledger_kit import ELSEWHERE, FOOD, RICE
from tests.pure_kit import CARD, FAMILY, NOW, cycle, entitlement, row, situation

OCTOBER = entitlement(1, "2026-10")
NOVEMBER = entitlement(2, "2026-11")
DECEMBER = entitlement(3, "2026-12", released_on=date(2026, 12, 16), expires_on=date(2027, 1, 31))


def refused(*rows: Row, **more: object) -> Refused:
    found = decide(situation(*rows, **more))  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    return found


def served(*rows: Row, **more: object) -> Allowed:
    found = decide(situation(*rows, **more))  # type: ignore[arg-type]
    assert isinstance(found, Allowed)
    return found


def states(*rows: Row, **more: object) -> list[LineState]:
    return [line.state for line in month_lines(situation(*rows, **more))]  # type: ignore[arg-type]


def test_one_month_is_open() -> None:
    found = served(row(NOVEMBER))
    assert found.balance == 300_000
    assert found.open_months == ("2026-11",)
    assert not found.is_arrears
    assert found.stale_days == 0


def test_rapel_of_two_months() -> None:
    found = served(row(NOVEMBER), row(OCTOBER, spent=100_000))
    assert [line.entitlement.month for line in found.lines] == ["2026-10", "2026-11"]
    assert found.balance == 500_000
    assert found.is_arrears
    assert [line.left for line in found.lines] == [200_000, 300_000]


def test_two_funds_of_one_month_are_no_rapel() -> None:
    found = served(row(NOVEMBER), row(entitlement(3, "2026-11", 50_000)))
    assert found.balance == 350_000
    assert not found.is_arrears


def test_in_kind_rows_are_no_rupiah() -> None:
    rice = entitlement(5, amount=10_000, commodity=RICE)
    found = served(row(rice, spent=4_000), row(entitlement(6, "2026-10", 5_000, commodity=RICE)))
    assert found.balance == 0
    assert found.in_kind == {RICE: 11_000}


def test_rapel_over_the_years_end() -> None:
    old = entitlement(1, "2026-12", expires_on=date(2026, 12, 31), released_on=date(2026, 12, 1))
    new = entitlement(2, "2027-01", expires_on=date(2027, 3, 31), released_on=date(2026, 12, 1))
    eve = at_wita(date(2026, 12, 31), 23, 59)
    both = served(row(new), row(old), now_ms=eve, as_of_ms=eve)
    assert [line.entitlement.budget_year for line in both.lines] == [2026, 2027]
    assert [line.entitlement.id for line in drawing_order(both.lines)] == [1, 2]
    after = served(row(new), row(old), now_ms=eve + 60_000, as_of_ms=eve)
    assert [line.state for line in after.lines] == [LineState.EXPIRED, LineState.OPEN]
    assert after.balance == 300_000


def test_the_earliest_expiry_is_drawn_first_then_the_earliest_month_then_the_id() -> None:
    late = entitlement(1, "2026-09", expires_on=date(2027, 1, 31))
    lines = month_lines(situation(row(late), row(NOVEMBER), row(OCTOBER), row(entitlement(9, "2026-10"))))
    assert [(line.entitlement.month, line.entitlement.id) for line in drawing_order(lines)] == [
        ("2026-10", 1),
        ("2026-10", 9),
        ("2026-11", 2),
        ("2026-09", 1),
    ]


def test_expired() -> None:
    gone = entitlement(1, "2026-10", expires_on=date(2026, 11, 23))
    found = refused(row(gone))
    assert (found.reason, found.day, found.month) == (Refusal.EXPIRED, date(2026, 11, 23), "2026-10")


def test_the_last_day_is_still_a_day_to_buy() -> None:
    served(row(entitlement(expires_on=TODAY)))


def test_an_extension_by_an_officer_opens_the_month_again() -> None:
    gone = entitlement(expires_on=date(2026, 11, 23))
    served(row(msgspec.structs.replace(gone, expires_on=date(2026, 12, 15), version=2)))


def test_an_expired_month_that_another_till_held_is_expired_not_held_elsewhere() -> None:
    gone = entitlement(1, "2026-10", expires_on=date(2026, 10, 31), released_on=date(2026, 10, 1))
    assert refused(row(gone, granted=0)).reason is Refusal.EXPIRED


def test_a_month_used_up_before_it_expired_stays_used_up() -> None:
    gone = entitlement(1, "2026-10", expires_on=date(2026, 10, 31), released_on=date(2026, 10, 1))
    assert states(row(gone, spent=300_000)) == [LineState.USED_UP]


def test_an_older_month_expired_says_less_than_the_newest_used_up() -> None:
    gone = entitlement(1, "2026-10", expires_on=date(2026, 11, 1))
    found = refused(row(gone), row(NOVEMBER, spent=300_000))
    assert (found.reason, found.month) == (Refusal.USED_UP, "2026-11")


def test_a_newer_month_expired_says_more_than_an_older_used_up() -> None:
    gone = entitlement(2, "2026-11", expires_on=date(2026, 11, 20))
    found = refused(row(OCTOBER, spent=300_000), row(gone))
    assert (found.reason, found.day) == (Refusal.EXPIRED, date(2026, 11, 20))


def test_not_yet_released() -> None:
    found = refused(row(DECEMBER))
    assert (found.reason, found.day, found.month) == (Refusal.NOT_RELEASED, date(2026, 12, 16), "2026-12")


def test_what_can_be_had_today_from_another_till_is_told_before_a_month_to_come() -> None:
    assert refused(row(DECEMBER), row(NOVEMBER, granted=0)).reason is Refusal.HELD_ELSEWHERE


def test_cycle_not_yet_published_is_not_a_balance_of_zero() -> None:
    coming = cycle("2026-11", released_on=date(2026, 11, 28))
    for rows in ((), (row(OCTOBER, spent=300_000),)):
        found = refused(*rows, cycles=(coming,))
        assert (found.reason, found.month, found.day) == (Refusal.NOT_PUBLISHED, "2026-11", date(2026, 11, 28))


def test_a_month_to_come_that_is_not_published_is_only_the_next_date() -> None:
    found = refused(row(NOVEMBER, spent=300_000), cycles=(cycle("2026-12", released_on=date(2026, 12, 10)),))
    assert found.reason is Refusal.USED_UP
    assert found.next_release is not None
    assert found.next_release.released_on == date(2026, 12, 10)


def test_a_cycle_without_months_or_already_published_is_no_next_release() -> None:
    assert next_release((cycle(), cycle("2026-11", published=True)), ()) is None
    assert refused(cycles=(cycle(),)).reason is Refusal.NO_ENTITLEMENT


def test_the_next_release_is_one_of_the_familys_programmes() -> None:
    other = cycle("2026-11", program=ProgramId(9), released_on=date(2026, 11, 25))
    own = cycle("2026-12", released_on=date(2026, 12, 5), number=2)
    assert next_release((other, own), (row(NOVEMBER),)) == own
    assert next_release((other, own), ()) == other


def test_amount_lowered_after_some_was_spent() -> None:
    lowered = msgspec.structs.replace(NOVEMBER, amount=200_000, version=2)
    assert states(row(lowered, granted=300_000, spent=250_000)) == [LineState.USED_UP]
    assert served(row(lowered, granted=300_000, spent=150_000)).balance == 50_000


def test_used_up() -> None:
    found = refused(row(NOVEMBER, spent=300_000))
    assert (found.reason, found.month) == (Refusal.USED_UP, "2026-11")


def test_used_up_at_another_till_is_used_up() -> None:
    found = refused(Row(NOVEMBER, granted=100_000, spent=100_000, spent_elsewhere=200_000))
    assert found.reason is Refusal.USED_UP
    assert found.lines[0].used == 300_000


def test_two_tills_both_offline_same_card() -> None:
    here, there = Row(NOVEMBER, granted=100_000), Row(NOVEMBER, granted=200_000)
    assert served(here).balance + served(there).balance == NOVEMBER.amount
    assert refused(Row(NOVEMBER, granted=100_000, released=100_000)).reason is Refusal.HELD_ELSEWHERE


def test_list_stale() -> None:
    for days, shown in ((2, 0), (3, 3), (13, 13)):
        assert served(row(OCTOBER), as_of_ms=NOW - days * DAY_MS - 1).stale_days == shown


def test_past_the_hard_limit_only_rows_already_released_may_be_used() -> None:
    before, after = entitlement(1, "2026-10", released_on=date(2026, 11, 1)), entitlement(2, "2026-11")
    as_of = NOW - 14 * DAY_MS
    found = served(row(before), row(after), as_of_ms=as_of)
    assert [line.state for line in found.lines] == [LineState.OPEN, LineState.LIST_TOO_OLD]
    assert found.balance == 300_000
    assert served(row(before), row(after), as_of_ms=as_of + 1).balance == 600_000


def test_a_list_too_old_refuses_with_its_day() -> None:
    found = refused(row(NOVEMBER), as_of_ms=at_wita(date(2026, 11, 2), 9))
    assert (found.reason, found.day) == (Refusal.LIST_TOO_OLD, date(2026, 11, 2))


def test_no_list_at_all_opens_nothing() -> None:
    found = refused(row(NOVEMBER), as_of_ms=None)
    assert (found.reason, found.day) == (Refusal.LIST_TOO_OLD, None)


def test_a_clock_set_back_makes_no_list_old() -> None:
    assert served(row(OCTOBER), as_of_ms=NOW + 400 * DAY_MS).stale_days == 0


def test_the_newest_policy_that_has_begun_holds() -> None:
    policies = (
        docs.Policy(program_id=FOOD, from_day=date(2026, 1, 1), stale_soft_days=9),
        docs.Policy(program_id=FOOD, from_day=date(2026, 11, 1), stale_soft_days=1),
        docs.Policy(program_id=FOOD, from_day=date(2026, 12, 1), stale_soft_days=5),
        docs.Policy(program_id=ProgramId(2), from_day=date(2026, 11, 2), stale_soft_days=0),
    )
    assert served(row(OCTOBER), as_of_ms=NOW - DAY_MS, policies=policies).stale_days == 1
    assert served(row(OCTOBER), as_of_ms=NOW - 3 * DAY_MS, policies=()).stale_days == 3


def test_card_of_another_outlets_family_offline_names_the_home_outlet() -> None:
    foreign = docs.Card(token=CARD.token, state=docs.CardState.ACTIVE, outlet_id=ELSEWHERE)
    found = refused(card=foreign, recipient=None)
    assert (found.reason, found.outlet_id) == (Refusal.OTHER_OUTLET, ELSEWHERE)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (docs.CardState.BLOCKED, Refusal.CARD_BLOCKED),
        (docs.CardState.LOST, Refusal.CARD_LOST),
        (docs.CardState.REPLACED, Refusal.CARD_REPLACED),
    ],
)
@pytest.mark.parametrize("outlet_id", [CARD.outlet_id, ELSEWHERE])
def test_lost_blocked_replaced_card_shows_no_balance(
    state: docs.CardState, reason: Refusal, outlet_id: OutletId
) -> None:
    found = refused(row(NOVEMBER), card=msgspec.structs.replace(CARD, state=state, outlet_id=outlet_id))
    assert found == Refused(reason)


def test_the_new_card_shows_the_same_balance() -> None:
    new = msgspec.structs.replace(CARD, token="b" * 32)
    assert served(row(NOVEMBER), card=new).balance == served(row(NOVEMBER)).balance


def test_unknown_card() -> None:
    assert refused(card=None, recipient=None) == Refused(Refusal.UNKNOWN_CARD)
    assert refused(card=CARD, recipient=None) == Refused(Refusal.UNKNOWN_CARD)


def test_holder_deceased_is_on_hold_and_shows_no_balance() -> None:
    held = msgspec.structs.replace(FAMILY, state=docs.RecipientState.ON_HOLD)
    assert refused(row(NOVEMBER), recipient=held) == Refused(Refusal.ON_HOLD, held)


def test_aid_transferred_to_another_family() -> None:
    moved = msgspec.structs.replace(FAMILY, state=docs.RecipientState.TRANSFERRED)
    assert refused(row(NOVEMBER), recipient=moved) == Refused(Refusal.TRANSFERRED, moved)


def test_no_entitlement() -> None:
    assert refused().reason is Refusal.NO_ENTITLEMENT


@st.composite
def any_row(draw: st.DrawFn) -> Row:
    amount = draw(st.integers(0, 500_000))
    granted = draw(st.integers(0, 600_000))
    released = draw(st.integers(0, granted))
    start = TODAY + timedelta(days=draw(st.integers(-60, 30)))
    of = entitlement(
        draw(st.integers(1, 10_000)),
        draw(st.sampled_from(["2026-09", "2026-10", "2026-11", "2026-12", "2027-01"])),
        amount,
        released_on=start,
        expires_on=start + timedelta(days=draw(st.integers(0, 90))),
        commodity=draw(st.sampled_from([None, CommodityId(1)])),
    )
    return Row(of, granted, released, draw(st.integers(0, granted)), draw(st.integers(0, 300_000)))


@given(st.lists(any_row(), max_size=6), st.none() | st.integers(-3, 40), st.booleans())
def test_no_row_opens_that_is_expired_unreleased_or_not_held(
    rows: list[Row],
    age: int | None,
    has_cycle: bool,  # noqa: FBT001
) -> None:
    as_of = None if age is None else NOW - age * DAY_MS
    cycles = (cycle("2026-11"),) if has_cycle else ()
    found = decide(situation(*rows, as_of_ms=as_of, cycles=cycles))
    by_line = list(zip(month_lines(situation(*rows, as_of_ms=as_of)), sorted_rows(rows), strict=True))
    for line, held in by_line:
        if line.is_open:
            of = line.entitlement
            assert of.released_on <= TODAY <= of.expires_on
            assert 0 < line.left <= held.granted - held.released - held.spent
            assert line.left + held.spent <= max(of.amount, held.spent)
            assert as_of is not None
    assert isinstance(found, Allowed) == any(line.is_open for line, _ in by_line)
    if isinstance(found, Allowed):
        opened = [line for line, _ in by_line if line.is_open]
        assert found.balance + sum(found.in_kind.values()) == sum(line.left for line in opened)
    else:
        assert found.recipient == FAMILY


def sorted_rows(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda held: (held.entitlement.month, held.entitlement.id))
