"""The office of the simulated city: the real upstream code on a real SQLite file, called without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random

from sqlalchemy import Connection, insert, select

from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.documents import CardState
from kube_pos.ledger.ids import (
    BenefitMonth,
    CardToken,
    CommodityId,
    FundId,
    LedgerId,
    OutletId,
    ProductId,
    ProgramId,
    RecipientId,
    StaffId,
)
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.sync.client import _Reply
from kube_pos.upstream import catalogue, tables
from kube_pos.upstream.counter import Caller, Office, Signed, give_changes, take_entries, take_share_request
from kube_pos.upstream.database import Database, open_database
from kube_pos.upstream.families import Family, save_card, save_family, tell_families
from kube_pos.upstream.keys import load_keys
from kube_pos.upstream.problems import RequestRefused
from kube_pos.upstream.publication import Publication, publish
from tests.simulation.clocks import WorldClock

FOOD, FUND = ProgramId(1), FundId(1)
RICE, EGGS = CommodityId(1), CommodityId(2)
SINCE = date(2026, 1, 1)
CASHIER = docs.Staff(id=StaffId(1), name="Kasir", role=docs.Role.CASHIER, pin_hash="")
MANAGER = docs.Staff(id=StaffId(2), name="Pengelola", role=docs.Role.MANAGER, pin_hash="")


def _product(number: int, commodity: CommodityId, name: str, price: int, step: int) -> docs.Product:
    prices = (docs.Price(from_day=SINCE, price=Rupiah(price)),)
    return docs.Product(
        id=ProductId(number), commodity_id=commodity, name=name, unit="kg", prices=prices, step=Thousandths(step)
    )


GOODS = (_product(1, RICE, "Beras", 75_000, 1000), _product(2, EGGS, "Telur", 30_000, 500))


class OfficeDied(Exception):
    """The office's process failed on a request."""


class FlakyDatabase(Database):
    """The office's database, which dies before or after a commit when it is told to."""

    dies = ""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Write as ever, unless the process is to die at this commit."""
        dies, self.dies = self.dies, ""
        with super().write() as connection:
            yield connection
            if dies == "before":
                raise OfficeDied
        if dies == "after":
            raise OfficeDied


class CityOffice:
    """The office and what its officers do."""

    def __init__(self, folder: Path, clock: WorldClock, rng: Random, outlets: int, families: int) -> None:
        """Make a city of outlets with families, a card each; nothing is published yet."""
        opened = open_database(str(folder / "office.db"))
        self.database = FlakyDatabase(opened._readers, opened.name)
        with self.database.write() as connection:
            secrets = [("upstream_key", rng.randbytes(32)), ("city_key", rng.randbytes(32))]
            connection.execute(insert(tables.secret), [{"name": name, "value": value} for name, value in secrets])
            keys = load_keys(connection)
        self.office = Office(self.database, keys, clock)
        self.clock = clock
        self.cards: dict[RecipientId, str] = {}
        """The newest card of each family, as it is read."""
        self.home: dict[RecipientId, OutletId] = {}
        self.months = 0
        self.serial = 0
        with self.database.write() as connection:
            self._make_city(connection, outlets, families)

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> _Reply:
        """Answer a request as the service would."""
        found = re.fullmatch(r"/v1/ledgers/([^/]+)/(entries|changes|share-requests)(?:\?after=(\d+))?", path)
        assert found is not None, path
        caller = Caller(LedgerId(found[1]), headers["Authorization"], headers.get("Kube-Signature", ""))
        try:
            answer = self._answer(caller, found[2], int(found[3] or 0), body)
        except RequestRefused as refused:
            return _Reply(refused.problem.status, "", refused.body)
        except OfficeDied:
            return _Reply(500, "", b"")
        return _Reply(200, answer.signature, answer.body)

    def publish(self, months: int, amount: int, *, since: date, until: date) -> None:
        """Publish the next months for all active families; several at once are a rapel."""
        labels = []
        for _ in range(months):
            labels.append(BenefitMonth(f"{2026 + self.months // 12}-{self.months % 12 + 1:02d}"))
            self.months += 1
        wanted = Publication(FOOD, FUND, tuple(labels), amount, since, until)
        with self.database.write() as connection:
            publish(connection, wanted, self.clock.now_ms())

    def token(self, family: RecipientId) -> CardToken:
        """Return the token of a family's newest card."""
        return card_token(self.office.keys.city, card_number(int(self.cards[family][4:12])))

    def new_number(self) -> int:
        """Return a card's serial that was never used."""
        self.serial += 1
        return self.serial

    def family(self, number: int, outlet_id: OutletId) -> Family:
        """Return a family as the list has it, at home at an outlet."""
        return Family(
            national_id=f"64720141{number:08d}",
            family_card=f"64720101{number:08d}",
            name=f"Keluarga {number}",
            address="",
            ward_id=1,
            neighbourhood="RT 01",
            home_outlet_id=outlet_id,
        )

    def amounts(self) -> dict[int, int]:
        """Return the present amount of every row."""
        table = tables.entitlement
        with self.database.read() as connection:
            return {row.id: row.amount for row in connection.execute(select(table.c.id, table.c.amount))}

    def _answer(self, caller: Caller, what: str, after: int, body: bytes) -> Signed:
        if what == "entries":
            return take_entries(self.office, caller, body)
        if what == "changes":
            return give_changes(self.office, caller, after)
        return take_share_request(self.office, caller, body)

    def _make_city(self, connection: Connection, outlets: int, families: int) -> None:
        numbers = [OutletId(number) for number in range(1, outlets + 1)]
        catalogue.put_outlets(
            connection,
            [docs.Outlet(id=n, code=f"K{n:03d}", name=f"KUBE {n}", ward="Bukuan", district="Palaran") for n in numbers],
        )
        ward = {"id": 1, "district_code": "64.72.01", "district": "Palaran", "name": "Bukuan", "outlet_id": 1}
        connection.execute(insert(tables.ward), ward)
        catalogue.put_program(connection, docs.Program(id=FOOD, name="Pangan", contact="Dinas Sosial"))
        catalogue.put_policy(connection, docs.Policy(program_id=FOOD, from_day=SINCE, stand_in_limit=Rupiah(90_000)))
        catalogue.put_fund(connection, docs.Fund(id=FUND, name="APBD"))
        for commodity in (RICE, EGGS):
            catalogue.put_commodity(connection, docs.Commodity(id=commodity, name=f"Barang {commodity}", unit="kg"))
            line = docs.Allowance(program_id=FOOD, commodity_id=commodity, from_day=SINCE)
            catalogue.put_allowance(connection, line)
        for product in GOODS:
            catalogue.put_product(connection, product)
        ids = []
        for outlet_id in numbers:
            for _ in range(families):
                serial = self.new_number()
                now, keys = self.clock.now_ms(), self.office.keys
                family = save_family(connection, keys, self.family(serial, outlet_id), now)
                save_card(connection, keys, card_number(serial), family, CardState.ACTIVE, now)
                self.cards[family] = card_number(serial).digits
                self.home[family] = outlet_id
                ids.append(family)
        tell_families(connection, ids)
