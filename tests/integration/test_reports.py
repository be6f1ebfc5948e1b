"""Totals three ways: a report from the journal, the projections of the till, and the office's own report agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_pos.errors import BasketTooMuch, NotEnoughStock
from kube_pos.ledger.days import DAY_MS
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import Proxy
from kube_pos.ledger.ids import EntitlementId, ProductId, StaffId
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.ledger.totals import Totals
from kube_pos.operations.closing import close_day
from kube_pos.operations.corrections import reverse
from kube_pos.operations.look_up_log import log_look_up
from kube_pos.operations.paper_slips import PaperSlip, enter_slip
from kube_pos.operations.redemption import redeem, sell_for_cash
from kube_pos.operations.reports import by_cashier, period_report
from kube_pos.upstream.reports import report
from tests.city_kit import MANAGER, RICE, CityTill, open_city
from tests.fakes import TODAY
from tests.ledger_kit import RICE_BAG, Outlet
from tests.upstream_kit import publish_two_months
from tests.use_case_kit import MANAGING, basket, may, scan, shop

FIRST, LAST = date(2026, 11, 24), date(2026, 12, 31)


def test_a_period_is_a_set_of_business_days_and_a_reversal_counts_on_its_own(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    sale = shop(outlet, card, (RICE_BAG, 2000))
    outlet.clock.now += DAY_MS
    reverse(outlet.till, outlet.session, sale.seq, "salah", MANAGER)
    shop(outlet, card, (RICE_BAG, 1000))
    tomorrow = TODAY + timedelta(days=1)
    first, second = period_report(outlet.till, TODAY, TODAY), period_report(outlet.till, tomorrow, tomorrow)
    assert (first.totals.entitlement_used, first.totals.reversals) == (150_000, 0)
    assert (second.totals.entitlement_used, second.totals.reversals) == (-75_000, 1)
    both = period_report(outlet.till, TODAY, tomorrow)
    assert both.totals.by_month == {"2026-11": 75_000}
    assert both.totals.by_product == {RICE_BAG.id: 1000}
    assert by_cashier(outlet.till, both) == (("Rahmah", 75_000),)
    assert by_cashier(outlet.till, replace(both, totals=Totals(by_staff={StaffId(9): 5}))) == (("#9", 5),)
    nothing = period_report(outlet.till, date(2027, 1, 1), date(2027, 1, 2))
    assert nothing.totals == Totals()
    with pytest.raises(ValueError, match="period"):
        period_report(outlet.till, tomorrow, TODAY)


def test_what_is_out_of_the_usual_is_counted(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    visit = replace(scan(outlet, card), manual=True)
    slip = PaperSlip("K-1", outlet.clock.now)
    wanted = replace(
        basket(outlet, (RICE_BAG, 1000)),
        delivery=True,
        proxy=Proxy(name="Budi", relation="anak", family_card_shown=True, reason="sakit"),
    )
    enter_slip(outlet.till, outlet.session, scan(outlet, card), slip, wanted)
    redeem(outlet.till, outlet.session, visit, may(outlet, card), basket(outlet, (RICE_BAG, 1000)))
    log_look_up(outlet.till, MANAGING, visit, visit.how)
    found = period_report(outlet.till, TODAY, TODAY)
    assert (found.slips, found.deliveries, found.by_proxy, found.typed_cards) == (1, 1, 1, 1)
    assert (sum(found.look_ups.values()), found.number_look_ups) == (1, 0)


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["shop", "shop", "slip", "cash", "undo", "close", "tomorrow", "push"]),
            st.sampled_from([1, 2]),
            st.integers(0, 3),
            st.integers(1, 4),
        ),
        max_size=20,
    )
)
def test_journal_projections_and_office_agree(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, int]]
) -> None:
    with open_city(tmp_path_factory.mktemp("city")) as city:
        publish_two_months(city.database)
        till = city.till()
        sold: list[int] = []
        for number, (step, family, bags, eggs) in enumerate(steps):
            _do(till, step, family, (bags, eggs), sold, number)
        while till.push():
            pass
        found = period_report(till.till, FIRST, LAST).totals
        assert _some(found.by_month) == _some(_spent_by_month(till))
        assert _some(found.by_product) == _some(_gone_from_the_shelf(till))
        assert sum(found.by_staff.values()) == sum(found.by_fund.values()) == found.entitlement_used
        assert found.difference == 0
        with city.database.read() as connection:
            office = {line.month: line.used for line in report(connection) if line.outlet_code == "KUBE-01"}
        assert _some(office) == _some(found.by_month)
        days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
        daily = [period_report(till.till, day, day).totals.entitlement_used for day in days]
        assert sum(daily) == found.entitlement_used
        assert verify(till.files[0]).is_clean


def _do(till: CityTill, step: str, family: int, counts: tuple[int, int], sold: list[int], number: int) -> None:
    wanted = till.basket(*counts)
    if step == "shop":
        visit = till.visit(family)
        if isinstance(visit.decision, Allowed):
            try:
                sold.append(redeem(till.till, till.session, visit, visit.decision, wanted).seq)
            except (BasketTooMuch, NotEnoughStock):
                return
    elif step == "slip":
        slip = PaperSlip(f"K-{number}", till.clock.now)
        sold.append(enter_slip(till.till, till.session, till.visit(family), slip, wanted).seq)
    elif step == "cash":
        bought = replace(wanted, picks=(), cash=wanted.picks)
        sold.append(sell_for_cash(till.till, till.session, bought).seq)
    elif step == "undo" and sold:
        reverse(till.till, till.session, sold.pop(), "salah", MANAGER)
    elif step == "close" and till.journal.open_sales():
        close_day(till.till, till.managing)
    elif step == "tomorrow":
        till.clock.now += DAY_MS
    elif step == "push":
        till.push()


def _spent_by_month(till: CityTill) -> dict[str, int]:
    months: dict[str, int] = {}
    for family in (1, 2):
        for row in till.replica.granted_rows(family):  # type: ignore[arg-type]
            number = EntitlementId(row.entitlement.id)
            use = till.journal.uses([number]).get(number)
            months[row.entitlement.month] = months.get(row.entitlement.month, 0) + (use.spent if use else 0)
    return months


def _gone_from_the_shelf(till: CityTill) -> dict[ProductId, int]:
    assert RICE.id in till.journal.stock()
    return {product: 1_000_000 - on_hand for product, on_hand in till.journal.stock().items()}


def _some(sums: dict[object, int] | dict[str, int] | dict[ProductId, int]) -> dict[object, int]:
    return {key: value for key, value in sums.items() if value}
