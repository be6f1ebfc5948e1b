"""The demo city: Samarinda with made-up families, a function of a seed and a year.

Numbers, names and dates depend on nothing else; only the hashes under which they are stored depend on the city's key.
No real person, card or outlet is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from random import Random

from argon2 import PasswordHasher
from sqlalchemy import Connection, insert, select

from kube_pos.ledger.cards import CardNumber, check_digits
from kube_pos.ledger.days import at_wita, month_of
from kube_pos.ledger.documents import CardState, Fund, Outlet, Policy, Program, Role, Staff
from kube_pos.ledger.ids import OutletId, RecipientId, StaffId
from kube_pos.upstream import catalogue, tables
from kube_pos.upstream.card_signing import issuer_key, signed_card
from kube_pos.upstream.errors import CityNotEmpty
from kube_pos.upstream.families import save_card, save_family, tell_families
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.publication import Publication, plan_cycle, publish
from kube_pos.upstream.samarinda import DISTRICTS
from kube_pos.upstream.sample_cases import (
    ALLOWED,
    APBD,
    BAZNAS,
    ELDERLY_PROGRAM,
    OTHER_OUTLET,
    PROGRAM,
    Release,
    baznas_release,
    cases,
    usual_releases,
)
from kube_pos.upstream.sample_families import SampleFamily, SampleWard, make_families
from kube_pos.upstream.sample_goods import allowances, commodities, products
from kube_pos.upstream.sample_names import outlet_name, woman
from kube_pos.upstream.sample_tills import Visit, run_earlier_tills
from kube_pos.upstream.settings import mark_demo

OUTLETS = 51
DEMO_OUTLET = OutletId(1)
DEMO_OUTLET_CODE = "KUBE-01"
CASHIER_PIN = "1234"
MANAGER_PIN = "5678"
_BAZNAS_EVERY = 5
_CONTACT = "Dinas Sosial Kota Samarinda, (0541) 000-000"
_PINS = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Far too cheap for a real PIN: 102 of them are made for a demo, and they are printed on its card sheet."""


@dataclass(frozen=True, slots=True)
class DemoCard:
    """A card to try: its number, the case it shows (`demo_case.<case>`), and what the till must say.

    `sentence` is «allowed» or the key of the refusal's sentence.
    """

    number: CardNumber
    case: str
    sentence: str
    name: str


@dataclass(frozen=True, slots=True)
class DemoCity:
    """What the card sheet, the demo and the tests need to know of the city."""

    cards: tuple[DemoCard, ...]
    unknown_card: CardNumber
    """Right check digits, but nobody's."""
    wrong_card: str
    """One digit of a real card is wrong."""
    national_id: str
    """What happens when an identity card is scanned in place of the aid card."""
    barcodes: tuple[tuple[str, str], ...]
    """Names and EAN-13 numbers of the products."""
    signed_card: str = ""
    """The first card's number, signed by the office."""
    forged_card: str = ""
    """The same signature under another card's number."""


def seed_city(connection: Connection, keys: Keys, seed: int, year: int, name: str) -> DemoCity:
    """Put the demo city into an empty database, called `name` in the error; raises CityNotEmpty."""
    if connection.execute(select(tables.outlet.c.id)).first() is not None:
        raise CityNotEmpty(path=name)
    rng = Random(seed)  # noqa: S311 - a made-up city, the same each time
    now_ms = at_wita(date(year, 11, 16), 7)
    mark_demo(connection)
    wards = _seed_places(connection)
    _seed_catalogue(connection, rng, year)
    catalogue.put_issuer_key(connection, issuer_key(keys, date(year, 1, 1)))
    families = make_families(rng, wards, cases(year))
    ids = _seed_families(connection, keys, families, now_ms)
    _seed_cycles(connection, families, ids, year, now_ms)
    run_earlier_tills(
        connection, keys, rng, _visits(families, ids), _moved(families, ids), at_wita(date(year, 11, 17), 9)
    )
    city = _describe(families, year)
    first, second = city.cards[0].number, city.cards[1].number
    signed = signed_card(keys, first, date(year, 1, 2))
    return replace(city, signed_card=signed, forged_card=signed.replace(first.digits, second.digits))


def _seed_places(connection: Connection) -> list[SampleWard]:
    """Store 51 outlets and 59 wards; in the eight largest districts, the last ward shares its first ward's outlet."""
    largest = sorted(DISTRICTS, key=lambda district: -len(district[2]))[: 59 - OUTLETS]
    sharing = {code for code, _, _ in largest}
    outlets: list[Outlet] = []
    wards: list[SampleWard] = []
    rows: list[dict[str, object]] = []
    for code, district, names in DISTRICTS:
        first = OutletId(len(outlets) + 1)
        for place, name in enumerate(names):
            shares = code in sharing and place == len(names) - 1
            outlet_id = first if shares else OutletId(len(outlets) + 1)
            if not shares:
                outlets.append(_outlet(outlet_id, name, district))
            wards.append(SampleWard(len(wards) + 1, code, outlet_id))
            rows.append(
                {
                    "id": len(wards),
                    "district_code": code,
                    "district": district,
                    "name": name,
                    "official_code": None,
                    "outlet_id": outlet_id,
                }
            )
    catalogue.put_outlets(connection, outlets)
    connection.execute(insert(tables.ward), rows)
    return wards


def _outlet(outlet_id: OutletId, ward: str, district: str) -> Outlet:
    return Outlet(
        id=outlet_id,
        code=f"KUBE-{outlet_id:02d}",
        name=outlet_name(outlet_id - 1, ward),
        ward=ward,
        district=district,
        address=f"Jl. Contoh, {ward}",
    )


def _seed_catalogue(connection: Connection, rng: Random, year: int) -> None:
    catalogue.put_program(connection, Program(id=PROGRAM, name="Bantuan Pangan Samarinda", contact=_CONTACT))
    catalogue.put_program(connection, Program(id=ELDERLY_PROGRAM, name="Bantuan Lansia", contact=_CONTACT))
    catalogue.put_fund(connection, Fund(id=APBD, name="APBD"))
    catalogue.put_fund(connection, Fund(id=BAZNAS, name="BAZNAS"))
    for commodity in commodities():
        catalogue.put_commodity(connection, commodity)
    for product in products(year):
        catalogue.put_product(connection, product)
    for program_id in (PROGRAM, ELDERLY_PROGRAM):
        catalogue.put_policy(connection, Policy(program_id=program_id, from_day=date(year, 1, 1)))
        for allowance in allowances(program_id, year):
            catalogue.put_allowance(connection, allowance)
    for number in range(1, OUTLETS + 1):
        for place, (role, pin) in enumerate(((Role.CASHIER, CASHIER_PIN), (Role.MANAGER, MANAGER_PIN))):
            pin_hash = _PINS.hash(pin, salt=rng.randbytes(16))
            staff = Staff(id=StaffId(number * 10 + place), name=woman(rng), role=role, pin_hash=pin_hash)
            catalogue.put_staff(connection, OutletId(number), staff)


def _seed_families(
    connection: Connection, keys: Keys, families: list[SampleFamily], now_ms: int
) -> dict[CardNumber, RecipientId]:
    ids: dict[CardNumber, RecipientId] = {}
    for sample in families:
        recipient_id = save_family(connection, keys, sample.family, now_ms)
        state = CardState.ACTIVE if sample.case is None else sample.case.card_state
        save_card(connection, keys, sample.card, recipient_id, state, now_ms)
        if sample.second_card is not None:
            save_card(connection, keys, sample.second_card, recipient_id, CardState.ACTIVE, now_ms)
        ids[sample.card] = recipient_id
    tell_families(connection, ids.values())
    return ids


def _seed_cycles(
    connection: Connection,
    families: list[SampleFamily],
    ids: dict[CardNumber, RecipientId],
    year: int,
    now_ms: int,
) -> None:
    """Publish what each family gets, the families with the same releases together; then plan what is to come."""
    wanted: dict[Release, set[RecipientId]] = {}
    for place, sample in enumerate(families):
        releases = usual_releases(year)
        if sample.case is not None:
            releases = releases if sample.case.releases is None else sample.case.releases
        elif place % _BAZNAS_EVERY == 0:
            releases = (*releases, baznas_release(year))
        for release in releases:
            wanted.setdefault(release, set()).add(ids[sample.card])
    for release, recipient_ids in wanted.items():
        publication = Publication(
            program_id=PROGRAM,
            fund_id=release.fund_id,
            months=release.months,
            amount=release.amount,
            released_on=release.released_on,
            expires_on=release.expires_on,
            recipients=frozenset(recipient_ids),
            commodity_id=release.commodity_id,
        )
        publish(connection, publication, now_ms)
    coming = [month_of(date(year + 1, number, 1)) for number in (1, 2, 3)]
    plan_cycle(connection, PROGRAM, coming, date(year + 1, 1, 20))
    elderly = [month_of(date(year, number, 1)) for number in (11, 12)]
    plan_cycle(connection, ELDERLY_PROGRAM, elderly, date(year, 12, 10))


def _visits(families: list[SampleFamily], ids: dict[CardNumber, RecipientId]) -> list[Visit]:
    return [
        Visit(ids[sample.card], sample.card, sample.case.spent)
        for sample in families
        if sample.case is not None and sample.case.spent
    ]


def _moved(families: list[SampleFamily], ids: dict[CardNumber, RecipientId]) -> list[RecipientId]:
    return [ids[sample.card] for sample in families if sample.case is not None and sample.case.moved_share]


def _describe(families: list[SampleFamily], year: int) -> DemoCity:
    cards = []
    for sample in families:
        if sample.case is None:
            continue
        cards.append(DemoCard(sample.card, sample.case.key, sample.case.sentence, sample.family.name))
        if sample.second_card is not None:
            cards.append(DemoCard(sample.second_card, sample.case.second_card, ALLOWED, sample.family.name))
    other = next(sample for sample in families if sample.family.home_outlet_id != DEMO_OUTLET)
    cards.append(DemoCard(other.card, OTHER_OUTLET, f"refusal.{OTHER_OUTLET}", other.family.name))
    right = families[0].card.digits
    wrong = right[:5] + str((int(right[5]) + 1) % 10) + right[6:]
    unknown = f"6472{99_999_999:08d}"
    return DemoCity(
        cards=tuple(cards),
        unknown_card=CardNumber(unknown + check_digits(unknown)),
        wrong_card=wrong,
        national_id=families[0].family.national_id,
        barcodes=tuple((product.name, product.barcode) for product in products(year)),
    )
