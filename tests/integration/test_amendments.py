"""Published rows changed by the office, as the till and the family see it: late, more, less, longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from kube_pos.ledger.days import at_wita
from kube_pos.ledger.entitlement import Refusal, Refused
from kube_pos.ledger.entries import Redemption
from kube_pos.ledger.ids import BenefitMonth, FundId, RecipientId
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.upstream import tables
from kube_pos.upstream.amendments import Amended, Rows, amend, extend
from kube_pos.upstream.errors import AlreadyPublished, NothingToAmend, PublicationRefused
from kube_pos.upstream.publication import Publication, publish
from tests.city_kit import City, open_city
from tests.integration.test_upstream_commands import Line, line  # noqa: F401 -- a fixture
from tests.upstream_kit import APBD, BAZNAS, NOW_MS, PROGRAM, SEBERANG

NOVEMBER = Rows(PROGRAM, APBD, BenefitMonth("2026-11"))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with open_city(tmp_path) as made:
        yield made


def publication(month: str = "2026-11", **changes: object) -> Publication:
    made = Publication(
        program_id=PROGRAM,
        fund_id=APBD,
        months=(BenefitMonth(month),),
        amount=300_000,
        released_on=date(2026, 11, 16),
        expires_on=date(2026, 12, 31),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def published(city: City, month: str = "2026-11", **changes: object) -> None:
    with city.database.write() as connection:
        publish(connection, publication(month, **changes), NOW_MS)


def amended(city: City, amount: int, rows: Rows = NOVEMBER) -> Amended:
    with city.database.write() as connection:
        return amend(connection, rows, amount, "Bu Ratna", NOW_MS)


def extended(city: City, until: date, rows: Rows = NOVEMBER) -> Amended:
    with city.database.write() as connection:
        return extend(connection, rows, until, "Bu Ratna", NOW_MS)


def held(city: City) -> int:
    share = tables.share
    with city.database.read() as connection:
        return int(connection.execute(select(func.sum(share.c.granted - share.c.released))).scalar_one())


def test_late_publication_makes_a_rapel_and_never_a_doubled_row(city: City) -> None:
    published(city)
    till = city.till()
    assert till.balance(1) == 300_000
    published(city, "2026-10")
    till.pull()
    assert till.balance(1) == 600_000
    for month in ("2026-10", "2026-11"):
        with pytest.raises(AlreadyPublished):
            published(city, month, amount=600_000)
    till.pull()
    assert till.balance(1) == 600_000
    published(city, fund_id=FundId(BAZNAS), recipients=frozenset({RecipientId(1)}))
    till.pull()
    assert (till.balance(1), till.balance(2)) == (900_000, 600_000)


def test_expired_then_extended_by_an_officer(city: City) -> None:
    published(city)
    till = city.till()
    till.clock.now = at_wita(date(2027, 1, 2), 9)
    refused = till.visit(1).decision
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.day) == (Refusal.EXPIRED, date(2026, 12, 31))
    assert extended(city, date(2027, 1, 31)) == Amended(changed=4, unchanged=0, matters=0)
    till.pull()
    assert till.balance(1) == 300_000
    stored = till.shop(1)
    assert isinstance(stored.entry, Redemption)
    assert [source.expires_on for source in stored.entry.sources] == [date(2027, 1, 31)]
    assert till.push() == {}, "the office judges by the same version"
    assert extended(city, date(2027, 1, 31)) == Amended(changed=0, unchanged=4, matters=0)
    with pytest.raises(PublicationRefused):
        extended(city, date(2027, 1, 30))


def test_amount_lowered_after_some_was_spent(city: City) -> None:
    published(city)
    till = city.till()
    first = till.shop(1, bags=2)
    assert till.push() == {}
    assert amended(city, 100_000, replace(NOVEMBER, recipients=frozenset({RecipientId(1)}))).matters == 1
    assert city.matters() == ["amount_overspent"]
    till.pull()
    refused = till.visit(1).decision
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.USED_UP
    assert till.balance(2) == 300_000
    again = till.journal.entry(first.seq)
    assert again == first, "old entries keep what they were made with"
    assert verify(till.files[0]).is_clean


def test_amount_lowered_while_the_till_holds_more(city: City) -> None:
    published(city)
    till = city.till()
    assert amended(city, 200_000) == Amended(changed=4, unchanged=0, matters=1)
    assert city.matters() == ["amount_held"]
    assert till.balance(1) == 300_000, "it has not heard"
    till.pull()
    assert till.balance(1) == 200_000
    till.shop(1, bags=2)
    assert till.balance(1) == 50_000


def test_what_is_sold_before_the_till_heard_is_a_fact_with_a_verdict(city: City) -> None:
    published(city)
    till = city.till()
    stored = till.shop(1, bags=4)
    amended(city, 200_000)
    assert till.push() == {stored.seq: ("overdrawn",)}
    assert "overdrawn" in city.matters()


def test_an_amount_lowered_takes_back_what_nobody_was_granted(city: City) -> None:
    published(city)
    assert amended(city, 200_000) == Amended(changed=4, unchanged=0, matters=0)
    assert city.till(SEBERANG).balance(3) == 200_000


def test_what_an_amount_is_raised_by_is_granted_once(city: City) -> None:
    published(city)
    till = city.till()
    till.shop(1, bags=4)
    assert amended(city, 450_000).changed == 4
    assert amended(city, 450_000) == Amended(changed=0, unchanged=4, matters=0)
    till.pull()
    assert (till.balance(1), till.balance(2)) == (150_000, 450_000)
    assert held(city) == 2 * 450_000
    till.shop(1, bags=2)
    assert till.push() == {}


def test_raised_after_lowered_grants_nothing_twice(city: City) -> None:
    published(city)
    till = city.till()
    amended(city, 100_000)
    amended(city, 350_000)
    till.pull()
    assert till.balance(1) == 350_000
    assert held(city) == 2 * 350_000


@pytest.mark.parametrize("amount", [0, -1, 10**12])
def test_an_amount_that_cannot_be_right_changes_nothing(city: City, amount: int) -> None:
    published(city)
    with pytest.raises(PublicationRefused):
        amended(city, amount)


@pytest.mark.parametrize(
    "rows",
    [
        replace(NOVEMBER, month=BenefitMonth("2026-09")),
        replace(NOVEMBER, fund_id=BAZNAS),
        replace(NOVEMBER, recipients=frozenset({RecipientId(1), RecipientId(99)})),
    ],
)
def test_rows_that_were_never_published_are_not_amended(city: City, rows: Rows) -> None:
    published(city)
    with pytest.raises(NothingToAmend):
        amended(city, 100_000, rows)
    with pytest.raises(NothingToAmend):
        extended(city, date(2027, 1, 1), rows)


def test_every_change_stands_in_the_offices_log_with_a_name(city: City) -> None:
    published(city)
    amended(city, 200_000)
    extended(city, date(2027, 1, 31))
    with city.database.read() as connection:
        rows = connection.execute(select(tables.audit.c.actor, tables.audit.c.action).order_by(tables.audit.c.id))
        assert [tuple(row) for row in rows][-2:] == [("Bu Ratna", "amended"), ("Bu Ratna", "extended")]
        versions = connection.execute(select(tables.entitlement.c.version)).scalars()
        assert set(versions) == {3}


def test_amend_and_extend_from_the_command_line(line: Line) -> None:  # noqa: F811
    rows = ("--program", "Bantuan Pangan", "--fund", "APBD", "--month", "2026-10")
    days = ("--released-on", "2026-11-16", "--expires-on", "2026-12-31")
    assert line("publish", *rows[:4], "--months", "2026-10", "--amount", "300000", *days)[0] == 0
    code, said, _ = line("amend", *rows, "--amount", "250000", "--recipient", "1", "--recipient", "2")
    assert (code, "2 rows changed; 0 rows" in said) == (0, True)
    code, said, _ = line("extend", *rows, "--until", "2027-01-31", "--officer", "Bu Ratna")
    assert (code, "4 rows changed" in said) == (0, True)
    code, _, wrong = line("extend", *rows, "--until", "2026-12-31")
    assert (code, bool(wrong)) == (1, True)
    code, _, wrong = line("amend", *rows[:5], "2026-12", "--amount", "1", language="id")
    assert (code, "2026-12" in wrong) == (1, True)


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.one_of(st.integers(1, 8).map(lambda n: n * 50_000), st.just(0), st.just(-1)), max_size=10))
def test_in_any_order_of_changes_and_sales_no_more_is_held_than_ever_published(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    """0 is a sale, -1 an exchange of news; anything else a new amount."""
    with open_city(tmp_path_factory.mktemp("city")) as city:
        published(city)
        till = city.till()
        highest = amount = 300_000
        for step in steps:
            if step == 0 and till.balance(1) >= 75_000:
                till.shop(1)
            elif step == -1:
                till.push()
                till.pull()
            elif step > 0:
                amended(city, step)
                amount, highest = step, max(highest, step)
        till.push()
        till.pull()
        assert held(city) <= 2 * highest
        spent = till.journal.uses([1])  # type: ignore[list-item]
        used = sum(use.spent for use in spent.values())
        assert till.balance(1) == max(0, min(amount, highest) - used)
        assert verify(till.files[0]).is_clean
