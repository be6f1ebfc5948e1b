"""Paper slips, stand-ins, proxies and lying clocks on their way to the office: settled, or told to the officer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from kube_pos.ledger import entries
from kube_pos.ledger.days import DAY_MS, at_wita
from kube_pos.ledger.entries import ShareReleased
from kube_pos.ledger.ids import RecipientId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.records import StandInUsedUp
from kube_pos.operations.corrections import reverse
from kube_pos.operations.deliveries import confirm_delivery
from kube_pos.operations.paper_slips import PaperSlip, enter_slip, void_slip
from kube_pos.operations.stand_ins import redeem_stand_in, stand_in_offer
from kube_pos.upstream import tables
from kube_pos.upstream.reports import report
from kube_pos.upstream.shares import free_of_outlet, grant
from tests.city_kit import MANAGER, City, CityTill, open_city
from tests.upstream_kit import MONTHLY, PALARAN, SEBERANG, publish_two_months

SLIP = PaperSlip("K-0001", at_wita(date(2026, 11, 20), 9))
LIMIT = Rupiah(150_000)
STEPS = ("home", "guest", "other", "undo", "push", "pull", "release", "grant")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with open_city(tmp_path) as made:
        publish_two_months(made.database)
        yield made


def stand_in(till: CityTill, family: int, bags: int) -> Stored | None:
    """Give a family of another outlet what the rule allows; None when there is no offer or too little is left."""
    visit = till.visit(family)
    offer = stand_in_offer(till.till, visit)
    if offer is None:
        return None
    try:
        return redeem_stand_in(till.till, till.session, visit, offer, till.basket(bags))
    except StandInUsedUp:
        return None


def offline(till: CityTill) -> CityTill:
    till.clock.advance(20 * 60_000)
    return till


def spent_and_settled(city: City, family: int) -> tuple[int, int]:
    share, row = tables.share, tables.entitlement
    with city.database.read() as connection:
        rows = connection.execute(
            select(share.c.spent, share.c.settled)
            .join(row, row.c.id == share.c.entitlement_id)
            .where(row.c.recipient_id == family)
        ).all()
    return sum(found.spent for found in rows), sum(found.settled for found in rows)


def release_all(till: CityTill, family: int) -> None:
    """Give back all of a family's shares that is unspent."""
    for row in till.replica.granted_rows(RecipientId(family)):
        number = row.entitlement.id
        use = till.journal.uses([number]).get(number)
        entry = ShareReleased(
            at=till.till.now_ms(),
            day=till.till.today(),
            by=MANAGER.id,
            entitlement=number,
            released=row.granted - (use.spent if use else 0),
        )
        till.journal.release(entry, row.granted)
    till.push()


def test_a_slip_within_the_balance_is_a_sale_like_any_other(city: City) -> None:
    till = city.till()
    enter_slip(till.till, till.session, till.visit(1), SLIP, till.basket(2))
    assert till.push() == {}
    assert spent_and_settled(city, 1) == (150_000, 0)


def test_the_balance_gone_meanwhile_opens_a_matter_for_the_officer(city: City) -> None:
    till = city.till()
    till.shop(1, bags=8)
    stored = enter_slip(till.till, till.session, till.visit(1), SLIP, till.basket(1))
    assert till.push() == {stored.seq: ("slip_over",)}
    assert city.matters() == ["slip_over"]
    assert till.outbox.verdict_of(stored.seq) == ("slip_over",)
    assert spent_and_settled(city, 1) == (600_000, 0), "what no row covered draws on none"


def test_one_slips_number_at_two_tills_of_an_outlet_is_told_and_both_count(city: City) -> None:
    one, two, far = city.till(PALARAN), city.till(PALARAN), city.till(SEBERANG)
    enter_slip(one.till, one.session, one.visit(1), SLIP, one.basket(1))
    assert one.push() == {}
    void_slip(one.till, one.session, "K-0002", "sobek")
    assert one.push() == {}
    enter_slip(far.till, far.session, far.visit(3), SLIP, far.basket(1))
    assert far.push() == {}, "another outlet has its own slips"
    again = void_slip(two.till, two.session, "K-0001", "sobek")
    assert two.push() == {again.seq: ("slip_twice",)}
    assert city.matters() == ["slip_twice"]


def test_a_stand_in_whose_home_till_holds_all_is_for_the_officer(city: City) -> None:
    city.rule(stand_in_limit=LIMIT)
    city.till(SEBERANG)
    guest = offline(city.till(PALARAN))
    stored = stand_in(guest, 3, bags=2)
    assert stored is not None
    assert guest.push() == {stored.seq: ("stand_in",)}
    assert spent_and_settled(city, 3) == (0, 0)
    assert city.matters() == ["stand_in"]


def test_a_stand_in_is_settled_with_what_is_free_and_the_home_till_hears_of_it(city: City) -> None:
    city.rule(stand_in_limit=LIMIT)
    guest = offline(city.till(PALARAN))
    stored = stand_in(guest, 3, bags=2)
    assert stored is not None
    assert guest.push() == {}
    assert city.matters() == []
    assert spent_and_settled(city, 3) == (0, 150_000)
    home = city.till(SEBERANG)
    assert home.balance(3) == 2 * MONTHLY - 150_000, "a till that comes later is granted the rest"
    with city.database.read() as connection:
        used = {line.month: line.used for line in report(connection) if line.outlet_code == "KUBE-01"}
    assert used == {"2026-10": 150_000, "2026-11": 0}


def test_a_stand_in_undone_frees_what_it_took(city: City) -> None:
    city.rule(stand_in_limit=LIMIT)
    guest = offline(city.till(PALARAN))
    stored = stand_in(guest, 3, bags=2)
    assert stored is not None
    guest.push()
    reverse(guest.till, guest.session, stored.seq, "salah", MANAGER)
    assert guest.push() == {}
    assert spent_and_settled(city, 3) == (0, 0)
    again = stand_in(guest, 3, bags=1)
    assert again is not None
    reverse(guest.till, guest.session, again.seq, "salah", MANAGER)
    assert guest.push() == {}, "sale and reversal in one batch"
    assert spent_and_settled(city, 3) == (0, 0)


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(1, 4)),
        max_size=14,
    ),
)
def test_no_family_gets_more_than_its_rows_and_the_stand_ins_bound(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """FORMAT.md: Σ spent ≤ Σ amount + tills × cards × limit, whatever is done in whatever order."""
    with open_city(tmp_path_factory.mktemp("city")) as city:
        publish_two_months(city.database)
        city.rule(stand_in_limit=LIMIT)
        home, guests = city.till(SEBERANG), [city.till(PALARAN), city.till(PALARAN)]
        given_out: list[tuple[CityTill, Stored, int]] = []
        for step, count in steps:
            for till in city.tills:
                offline(till)
            if step == "home" and home.balance(3) >= count * 75_000:
                given_out.append((home, home.shop(3, bags=count), count * 75_000))
            elif step in {"guest", "other"}:
                till = guests[step == "other"]
                if (stored := stand_in(till, 3, bags=count)) is not None:
                    given_out.append((till, stored, count * 75_000))
            elif step == "undo" and given_out:
                till, stored, _ = given_out.pop()
                reverse(till.till, till.session, stored.seq, "salah", MANAGER)
            elif step == "push":
                city.tills[count % 3].push()
            elif step == "pull":
                home.pull()
            elif step == "release":
                release_all(home, 3)
            elif step == "grant":
                with city.database.write() as connection:
                    free = [row for row in free_of_outlet(connection, SEBERANG) if row.amount > 0]
                    grant(connection, home.ledger_id, free)
        total = sum(amount for _, _, amount in given_out)
        assert total <= 2 * MONTHLY + 2 * LIMIT
        for till in city.tills:
            till.push()
        spent, settled = spent_and_settled(city, 3)
        assert spent + settled <= 2 * MONTHLY, "the rows themselves are never overdrawn"
        assert "overdrawn" not in city.matters()
        assert "no_share" not in city.matters()


def test_one_proxy_for_many_families_at_any_till_is_told_to_the_officer(city: City) -> None:
    city.rule(proxy_families=3, proxy_days=10)
    here, there = city.till(PALARAN), city.till(SEBERANG)

    def proxy(name: str) -> entries.Proxy:
        return entries.Proxy(name=name, relation="tetangga", family_card_shown=True, reason="sakit")

    here.shop(1, proxy=proxy("Budi Santoso"))
    undone = here.shop(2, proxy=proxy("Budi Santoso"))
    reverse(here.till, here.session, undone.seq, "salah", MANAGER)
    here.push()
    there.shop(3, proxy=proxy("BUDI SANTOSO"))
    there.push()
    assert city.matters() == []
    there.shop(4, proxy=proxy("budi santoso"))
    assert there.push() == {}, "no fault of the entry, so the till is not told"
    assert city.matters() == ["proxy_many"]
    there.clock.now += 10 * DAY_MS
    there.pull()
    there.shop(3, proxy=proxy("Budi Santoso"))
    there.push()
    assert city.matters() == ["proxy_many"], "the others lie before the period"
    with city.database.read() as connection:
        keys = connection.execute(select(tables.collector.c.who)).scalars().all()
        assert len(set(keys)) == 1
        assert "udi" not in keys[0].lower()


def test_a_clock_that_the_till_doubts_is_told(city: City) -> None:
    till = city.till()
    till.clock.now -= 365 * DAY_MS
    stored = till.shop(1)
    till.clock.now += 365 * DAY_MS
    assert till.push() == {stored.seq: ("clock_suspect",)}


def test_a_delivery_and_its_confirmation_reach_the_office(city: City) -> None:
    till = city.till()
    visit = till.visit(1)
    basket = till.basket(1)
    enter_slip(till.till, till.session, visit, SLIP, replace(basket, delivery=True))
    confirm_delivery(till.till, till.session, till.journal.head()[0], "Budi", "anak")
    assert till.push() == {}
    with city.database.read() as connection:
        kinds = connection.execute(select(tables.entry.c.kind).order_by(tables.entry.c.seq)).scalars().all()
    assert kinds == ["GoodsReceipt", "Redemption", "DeliveryConfirmed"]
