"""The demo city through the eyes of a till: every card of the sheet says what the sheet promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from kube_pos.ledger.basket import permits_on
from kube_pos.ledger.cards import (
    CardNumber,
    PersonNumber,
    ProductCode,
    WrongCheckDigits,
    card_number,
    card_token,
    parse,
)
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.documents import KINDS, Allowance, Card, Cycle, Document, Policy, Product, Recipient, Staff
from kube_pos.ledger.entitlement import Allowed, Refused, Row, Situation, decide
from kube_pos.ledger.ids import ProgramId
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream import tables
from kube_pos.upstream.database import Database, open_database
from kube_pos.upstream.errors import CityNotEmpty
from kube_pos.upstream.keys import Keys, load_keys
from kube_pos.upstream.samarinda import DISTRICTS
from kube_pos.upstream.sample_cases import cases
from kube_pos.upstream.sample_city import CASHIER_PIN, DEMO_OUTLET, MANAGER_PIN, DemoCity, seed_city
from kube_pos.upstream.sample_families import SampleWard, make_families
from kube_pos.upstream.sample_goods import NOT_ALLOWED, ean13, products
from tests.upstream_kit import NOW_MS, SetClock, TestTill, new_code, serving


@dataclass
class Demo:
    database: Database
    keys: Keys
    city: DemoCity
    documents: dict[str, dict[str, Document]]
    """What a new till of the demo outlet knows, by kind and key."""

    def all(self, kind: str) -> list[Document]:
        return list(self.documents[kind].values())

    def decide(self, number: CardNumber, now_ms: int = NOW_MS) -> Allowed | Refused:
        card = self.documents["card"].get(card_token(self.keys.city, number))
        assert card is None or isinstance(card, Card)
        owner = None if card is None else self.documents["recipient"].get(str(card.recipient_id))
        assert owner is None or isinstance(owner, Recipient)
        return decide(
            Situation(
                now_ms=now_ms,
                outlet_id=DEMO_OUTLET,
                list_as_of_ms=now_ms,
                card=card,
                recipient=owner,
                rows=() if owner is None else tuple(self._rows(owner)),
                cycles=tuple(found for found in self.all("cycle") if isinstance(found, Cycle)),
                policies=tuple(found for found in self.all("policy") if isinstance(found, Policy)),
            )
        )

    def _rows(self, owner: Recipient) -> Iterator[Row]:
        for key, entitlement in self.documents["entitlement"].items():
            if entitlement.recipient_id == owner.id:  # type: ignore[attr-defined]
                share = self.documents["share"].get(key)
                granted, elsewhere = (0, 0) if share is None else (share.granted, share.spent_elsewhere)  # type: ignore[attr-defined]
                yield Row(entitlement, granted=granted, spent_elsewhere=elsewhere)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    database = open_database(str(tmp_path_factory.mktemp("demo") / "office.db"))
    with database.write() as connection:
        keys = load_keys(connection)
        city = seed_city(connection, keys, 1, 2026, "office.db")
    documents: dict[str, dict[str, Document]] = defaultdict(dict)
    with serving(database, SetClock()) as address, httpx.Client(base_url=address) as client:
        till = TestTill(client, SetClock())
        response = till.enrol(new_code(database, keys, DEMO_OUTLET))
        assert response.json()["is_demo"] is True
        for change in till.pull():
            if change.doc is None:
                documents[change.kind].pop(change.key, None)
            else:
                documents[change.kind][change.key] = msgspec.json.decode(change.doc, type=KINDS[change.kind])
    yield Demo(database, keys, city, documents)
    database.close()


def count(demo: Demo, table: str) -> int:
    with demo.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one())


def test_the_city_has_its_figures(demo: Demo) -> None:
    assert (count(demo, "outlet"), count(demo, "ward"), count(demo, "recipient")) == (51, 59, 1688)
    assert count(demo, "card") == 1689
    assert sum(len(wards) for _, _, wards in DISTRICTS) == 59
    assert len(DISTRICTS) == 10
    assert count(demo, "exception") == 0


def test_every_outlet_has_families_and_every_ward_an_outlet(demo: Demo) -> None:
    recipient, ward = tables.recipient, tables.ward
    with demo.database.read() as connection:
        counts = connection.execute(
            select(func.count()).select_from(recipient).group_by(recipient.c.home_outlet_id)
        ).scalars()
        assert set(counts) == {33, 34}
        assert connection.execute(select(ward.c.id).where(ward.c.outlet_id.is_(None))).first() is None


def test_each_card_says_what_the_sheet_promises(demo: Demo) -> None:
    found = {}
    for card in demo.city.cards:
        decision = demo.decide(card.number)
        said = "allowed" if isinstance(decision, Allowed) else f"refusal.{decision.reason}"
        found[card.case] = (said, card.sentence)
    assert len(found) == 18
    assert {case: pair for case, pair in found.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize(
    ("case", "balance", "months"),
    [
        ("arrears", 900_000, ("2026-10", "2026-11", "2026-12")),
        ("one_month", 300_000, ("2026-11",)),
        ("partly_used", 450_000, ("2026-11", "2026-12")),
        ("two_funds", 1_200_000, ("2026-10", "2026-11", "2026-12")),
        ("over_year_end", 600_000, ("2026-12", "2027-01")),
        ("delivery", 900_000, ("2026-10", "2026-11", "2026-12")),
        ("replacement", 900_000, ("2026-10", "2026-11", "2026-12")),
    ],
)
def test_the_balances_of_the_cards(demo: Demo, case: str, balance: int, months: tuple[str, ...]) -> None:
    decision = demo.decide(next(card.number for card in demo.city.cards if card.case == case))
    assert isinstance(decision, Allowed)
    assert (decision.balance, decision.open_months) == (balance, months)


def test_the_details_of_the_cards(demo: Demo) -> None:
    by_case = {card.case: demo.decide(card.number) for card in demo.city.cards}
    in_kind = by_case["in_kind"]
    assert isinstance(in_kind, Allowed)
    assert dict(in_kind.in_kind) == {1: 10_000}
    delivery = by_case["delivery"]
    assert isinstance(delivery, Allowed)
    assert delivery.recipient.delivery
    expired, waiting = by_case["expired"], by_case["not_published"]
    assert isinstance(expired, Refused)
    assert isinstance(waiting, Refused)
    assert (expired.day, expired.month) == (date(2026, 10, 31), "2026-09")
    assert (waiting.day, waiting.month) == (date(2026, 12, 10), "2026-11")
    year_end = by_case["over_year_end"]
    assert isinstance(year_end, Allowed)
    assert {line.entitlement.month: line.entitlement.budget_year for line in year_end.lines} == {
        "2026-12": 2026,
        "2027-01": 2027,
    }
    other = by_case["other_outlet"]
    assert isinstance(other, Refused)
    assert str(other.outlet_id) in demo.documents["outlet"]


def test_the_last_december_day_and_the_new_year(demo: Demo) -> None:
    card = next(card.number for card in demo.city.cards if card.case == "over_year_end")
    decision = demo.decide(card, at_wita(date(2027, 1, 5), 9))
    assert isinstance(decision, Allowed)
    assert decision.open_months == ("2027-01",)


def test_codes_that_are_no_known_card(demo: Demo) -> None:
    decision = demo.decide(demo.city.unknown_card)
    assert isinstance(decision, Refused)
    assert decision.reason == "unknown_card"
    assert parse(demo.city.unknown_card.digits) == demo.city.unknown_card
    assert isinstance(parse(demo.city.wrong_card), WrongCheckDigits)
    assert isinstance(parse(demo.city.national_id), PersonNumber)
    for _, barcode in demo.city.barcodes:
        assert parse(barcode) == ProductCode(barcode)


def test_a_till_learns_no_name_of_another_outlet(demo: Demo) -> None:
    families = [found for found in demo.all("recipient") if isinstance(found, Recipient)]
    assert {family.home_outlet_id for family in families} == {DEMO_OUTLET}
    assert len(families) == 34
    assert len(demo.documents["card"]) == 1689


def test_goods_and_staff(demo: Demo) -> None:
    goods = [found for found in demo.all("product") if isinstance(found, Product)]
    assert len(goods) == 13
    allowances = [found for found in demo.all("allowance") if isinstance(found, Allowance)]
    permitted = permits_on(allowances, date(2026, 11, 24))[ProgramId(1)]
    assert NOT_ALLOWED not in permitted
    assert len(permitted) == 11
    staff = sorted((found for found in demo.all("staff") if isinstance(found, Staff)), key=lambda found: found.id)
    for person, pin in zip(staff, (CASHIER_PIN, MANAGER_PIN), strict=True):
        assert PasswordHasher().verify(person.pin_hash, pin)


def test_the_city_is_a_function_of_its_seed() -> None:
    wards = [SampleWard(number, "64.72.01", DEMO_OUTLET) for number in (1, 2)]
    first, again, other = (make_families(Random(seed), wards, cases(2026)) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert len({sample.family.national_id for sample in first}) == len(first)
    assert ean13(1) == "2000000000015"
    assert [product.id for product in products(2026)] == list(range(1, 14))


def test_a_second_city_is_refused(demo: Demo) -> None:
    with pytest.raises(CityNotEmpty), demo.database.write() as connection:
        seed_city(connection, demo.keys, 1, 2026, "office.db")
    assert count(demo, "recipient") == 1688


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_case_has_its_words(demo: Demo, language: str) -> None:
    texts = Texts(language)
    for card in demo.city.cards:
        assert texts.say(f"demo_case.{card.case}")
        assert card.sentence == "allowed" or texts.has(card.sentence)


def test_card_serials_do_not_meet(demo: Demo) -> None:
    numbers = [card.number for card in demo.city.cards]
    assert len(set(numbers)) == len(numbers)
    assert card_number(1) in numbers
