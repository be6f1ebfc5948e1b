"""The small city's office and real tills of it, without a network: documents and entries are handed over in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import select

from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.cards import card_number
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.ids import CommodityId, LedgerId, OutletId, ProductId, StaffId
from kube_pos.ledger.migrations import JOURNAL, REPLICA
from kube_pos.ledger.ports import Identity, Stored
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.sqlite_engine import Database as TillFile
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import ReplicaChange, SqliteReplica
from kube_pos.operations.look_up import Visit, look_up
from kube_pos.operations.redemption import Basket, redeem
from kube_pos.operations.till import Session, Till
from kube_pos.sync import wire
from kube_pos.upstream import catalogue, feed, tables
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import enrol, make_code
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.receive import Fork, receive
from tests.fakes import CountingBytes, FixedClock
from tests.ledger_kit import KEY
from tests.upstream_kit import PALARAN, PROGRAM, open_small_city

RICE = docs.Product(
    id=ProductId(1),
    commodity_id=CommodityId(1),
    name="Beras 5 kg",
    unit="karung",
    prices=(docs.Price(from_day=date(2026, 1, 1), price=Rupiah(75_000)),),
)
EGGS = docs.Product(
    id=ProductId(2),
    commodity_id=CommodityId(2),
    name="Telur",
    unit="kg",
    prices=(docs.Price(from_day=date(2026, 1, 1), price=Rupiah(30_000)),),
    step=Thousandths(500),
)
CASHIER = docs.Staff(id=StaffId(10), name="Rahmah", role=docs.Role.CASHIER, pin_hash="")
MANAGER = docs.Staff(id=StaffId(11), name="Syahrul", role=docs.Role.MANAGER, pin_hash="")


@dataclass
class CityTill:
    """An enrolled till of the small city on real files."""

    city: City
    folder: Path
    number: int
    outlet_id: OutletId

    def __post_init__(self) -> None:
        self.ledger_id = LedgerId(f"00000000-0000-7000-8000-{self.number:012d}")
        self.clock = FixedClock()
        with self.city.database.write() as connection:
            code = make_code(connection, self.city.keys, self.outlet_id, "http://127.0.0.1:1", self.clock.now)
            request = wire.EnrolmentRequest(
                code=code.code,
                ledger_id=self.ledger_id,
                public_key=wire.to_base64(bytes(32)),
                device_name="",
                program_version="",
            )
            answer = enrol(connection, self.city.keys, request, self.clock.now)
        self.files = (
            TillFile(self.folder / f"journal{self.number}.db", KEY, JOURNAL),
            TillFile(self.folder / f"replica{self.number}.db", KEY, REPLICA),
        )
        self.journal, self.replica = SqliteJournal(self.files[0]), SqliteReplica(self.files[1])
        self.outbox = SqliteOutbox(self.files[0])
        identity = Identity(
            self.ledger_id, answer.terminal, self.outlet_id, self.city.keys.city, "", bytes(32), is_demo=False
        )
        self.journal.set_identity(identity)
        chance = CountingBytes()
        chance.calls = self.number * 1_000_000
        self.till = Till(identity, self.replica, self.journal, self.clock, chance, _nothing, _nothing)
        self.session, self.managing = Session(CASHIER), Session(MANAGER)
        self._receive_goods()
        self.pull()

    def pull(self) -> None:
        """Take in what the office has for this till."""
        more = True
        while more:
            after = self.replica.cursor()
            with self.city.database.read() as connection:
                changes, more = feed.page(connection, self.ledger_id, self.outlet_id, after)
            last = changes[-1].n if changes else after
            self.replica.apply(
                after,
                last,
                None if more else self.clock.now,
                [ReplicaChange(c.kind, c.key, None if c.doc is None else bytes(c.doc)) for c in changes],
            )

        self.outbox.note_contact(self.clock.now, self.clock.now, 0, 0)

    def push(self) -> dict[int, tuple[str, ...]]:
        """Hand all unsent entries to the office; return its verdicts on them."""
        acked, head = self.outbox.acked()
        waiting = self.outbox.waiting(acked, 500)
        if not waiting:
            return {}
        batch = wire.Batch(wire.PROTOCOL, acked + 1, head, tuple(found.body for found in waiting), waiting[-1].hash)
        with self.city.database.write() as connection:
            answer = receive(connection, self.ledger_id, batch, b"", self.clock.now)
        assert not isinstance(answer, Fork)
        verdicts = {verdict.seq: verdict.codes for verdict in answer.verdicts}
        self.outbox.acknowledge(answer.acked, verdicts)
        return verdicts

    def visit(self, family: int) -> Visit:
        found = look_up(self.till, card_number(family).digits)
        assert isinstance(found, Visit)
        return found

    def balance(self, family: int) -> int:
        decision = self.visit(family).decision
        return decision.balance if isinstance(decision, Allowed) else 0

    def shop(self, family: int, bags: int = 1, eggs: int = 0, proxy: entries.Proxy | None = None) -> Stored:
        visit = self.visit(family)
        assert isinstance(visit.decision, Allowed), visit.decision
        return redeem(self.till, self.session, visit, visit.decision, self.basket(bags, eggs, proxy))

    def basket(self, bags: int = 1, eggs: int = 0, proxy: entries.Proxy | None = None) -> Basket:
        picks = tuple(
            (product, Thousandths(count)) for product, count in ((RICE, bags * 1000), (EGGS, eggs * 500)) if count
        )
        return Basket(self.till.new_sale_id(), picks, proxy=proxy)

    def close(self) -> None:
        for file in self.files:
            file.close()

    def _receive_goods(self) -> None:
        whole = Thousandths(1_000_000)
        lines = tuple(
            entries.ReceiptLine(product=product.id, stated=whole, weighed=whole, accepted=whole)
            for product in (RICE, EGGS)
        )
        self.journal.append(
            entries.GoodsReceipt(
                at=self.clock.now,
                day=self.till.today(),
                by=MANAGER.id,
                delivery_note_no="SJ",
                supplier="Bulog",
                lines=lines,
            )
        )


@dataclass
class City:
    """The office; families 1 and 2 live at Palaran's outlet, 3 and 4 at Seberang's."""

    folder: Path
    tills: list[CityTill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database: Database
        self.keys: Keys
        self.database, self.keys = open_small_city(self.folder / "office.db")
        with self.database.write() as connection:
            catalogue.put_commodity(connection, docs.Commodity(id=CommodityId(2), name="Telur", unit="kg"))
            for product in (RICE, EGGS):
                catalogue.put_product(connection, product)
                catalogue.put_allowance(
                    connection,
                    docs.Allowance(program_id=PROGRAM, commodity_id=product.commodity_id, from_day=date(2026, 1, 1)),
                )

    def till(self, outlet_id: OutletId = PALARAN) -> CityTill:
        made = CityTill(self, self.folder, len(self.tills) + 1, outlet_id)
        self.tills.append(made)
        return made

    def rule(self, **more: object) -> None:
        """Put a policy of the programme into force."""
        policy = docs.Policy(program_id=PROGRAM, from_day=date(2026, 1, 1), **more)  # type: ignore[arg-type]
        with self.database.write() as connection:
            catalogue.put_policy(connection, policy)

    def matters(self) -> list[str]:
        """The codes of what is open for the officer, oldest first."""
        table = tables.exception
        with self.database.read() as connection:
            return list(connection.execute(select(table.c.code).order_by(table.c.id)).scalars())

    def close(self) -> None:
        for till in self.tills:
            till.close()
        self.database.close()


@contextmanager
def open_city(folder: Path) -> Iterator[City]:
    city = City(folder)
    try:
        yield city
    finally:
        city.close()


def _nothing() -> None:
    """Wake nobody."""
