"""A small outlet for tests: one programme, two funds, rice and eggs, families made on demand, on real files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.ids import (
    BenefitMonth,
    CommodityId,
    EntitlementId,
    FundId,
    LedgerId,
    OutletId,
    ProductId,
    ProgramId,
    RecipientId,
    StaffId,
)
from kube_pos.ledger.migrations import JOURNAL, REPLICA
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_replica import ReplicaChange, SqliteReplica
from kube_pos.operations.till import Session, Till
from tests.fakes import TODAY, CountingBytes, FixedClock

KEY = bytes(range(32))
CITY_KEY = b"city" * 8
LEDGER = LedgerId("01234567-89ab-7def-8123-456789abcdef")
HERE, ELSEWHERE = OutletId(1), OutletId(2)
FOOD = ProgramId(1)
APBD, BAZNAS = FundId(1), FundId(2)
RICE, EGGS, SOAP = CommodityId(1), CommodityId(2), CommodityId(3)
CASHIER = docs.Staff(id=StaffId(1), name="Rahmah", role=docs.Role.CASHIER, pin_hash="")
MANAGER = docs.Staff(id=StaffId(2), name="Syahrul", role=docs.Role.MANAGER, pin_hash="")


def product(number: int, commodity: CommodityId, name: str, unit: str, price: int, **more: object) -> docs.Product:
    prices = (docs.Price(from_day=date(2026, 1, 1), price=Rupiah(price)),)
    return docs.Product(
        id=ProductId(number),
        commodity_id=commodity,
        name=name,
        unit=unit,
        prices=prices,
        **more,  # type: ignore[arg-type]
    )


RICE_BAG = product(1, RICE, "Beras 5 kg", "karung", 75_000, barcode="2000000000015", contents=Thousandths(5000))
EGG_KG = product(2, EGGS, "Telur ayam", "kg", 30_000, step=Thousandths(500))
SOAP_BAR = product(3, SOAP, "Sabun cuci", "buah", 5_000)

PLACES: tuple[docs.Document, ...] = (
    docs.Outlet(id=HERE, code="PLR01", name="KUBE Melati", ward="Rawa Makmur", district="Palaran"),
    docs.Outlet(id=ELSEWHERE, code="SKJ01", name="KUBE Anggrek", ward="Loa Bakung", district="Sungai Kunjang"),
    docs.Program(id=FOOD, name="Bantuan Pangan", contact="Dinas Sosial (0541) 000000"),
    docs.Fund(id=APBD, name="APBD"),
    docs.Fund(id=BAZNAS, name="BAZNAS"),
    docs.Commodity(id=RICE, name="Beras", unit="kg"),
    docs.Commodity(id=EGGS, name="Telur", unit="kg"),
    docs.Commodity(id=SOAP, name="Sabun", unit="buah"),
    docs.Allowance(program_id=FOOD, commodity_id=RICE, from_day=date(2026, 1, 1)),
    docs.Allowance(program_id=FOOD, commodity_id=EGGS, from_day=date(2026, 1, 1)),
    docs.Policy(program_id=FOOD, from_day=date(2026, 1, 1)),
    RICE_BAG,
    EGG_KG,
    SOAP_BAR,
    CASHIER,
    MANAGER,
)


def key_of(doc: docs.Document) -> tuple[str, str]:
    kind = next(name for name, cls in docs.KINDS.items() if cls is type(doc))
    match doc:
        case docs.Card():
            return kind, doc.token
        case docs.Share():
            return kind, str(doc.entitlement_id)
        case docs.Allowance():
            return kind, f"{doc.program_id}-{doc.commodity_id}"
        case docs.Policy() | docs.PayloadRule():
            return kind, f"{doc.program_id}-{doc.from_day}"
        case _:
            return kind, str(doc.id)  # type: ignore[attr-defined]


def change(doc: docs.Document) -> ReplicaChange:
    kind, key = key_of(doc)
    return ReplicaChange(kind, key, msgspec.json.encode(doc))


@dataclass
class Outlet:
    """An enrolled till on real files in a folder, with its stores and use-case bundle."""

    folder: Path
    clock: FixedClock = field(default_factory=FixedClock)
    prints_woken: int = 0
    syncs_woken: int = 0

    def __post_init__(self) -> None:
        self.open()
        self.journal.set_identity(
            Identity(
                ledger_id=LEDGER,
                terminal="A01",
                outlet_id=HERE,
                city_key=CITY_KEY,
                upstream_address="http://127.0.0.1:9",
                upstream_key=bytes(32),
                is_demo=False,
            )
        )
        self.take_in(PLACES)
        self.session = Session(CASHIER)
        self._entitlements = 0

    def open(self) -> None:
        self.journal_file = Database(self.folder / "journal.db", KEY, JOURNAL)
        self.replica_file = Database(self.folder / "replica.db", KEY, REPLICA)
        self.journal = SqliteJournal(self.journal_file)
        self.replica = SqliteReplica(self.replica_file)
        identity = Identity(LEDGER, "A01", HERE, CITY_KEY, "http://127.0.0.1:9", bytes(32), is_demo=False)
        self.till = Till(
            identity, self.replica, self.journal, self.clock, CountingBytes(), self._wake_printing, self._wake_sync
        )

    def close(self) -> None:
        self.journal_file.close()
        self.replica_file.close()

    def take_in(self, documents: Iterable[docs.Document], as_of_ms: int | None = None) -> None:
        cursor = self.replica.cursor()
        changes = [change(doc) for doc in documents]
        as_of = self.clock.now_ms() if as_of_ms is None else as_of_ms
        self.replica.apply(cursor, cursor + len(changes), as_of, changes)

    def stock_up(self, quantity: int = 100_000) -> None:
        lines = tuple(
            entries.ReceiptLine(product=p.id, stated=q, weighed=q, accepted=q)
            for p in (RICE_BAG, EGG_KG, SOAP_BAR)
            for q in (Thousandths(quantity),)
        )
        self.journal.append(
            entries.GoodsReceipt(
                at=self.till.now_ms(), day=TODAY, by=MANAGER.id, delivery_note_no="SJ-1", supplier="Bulog", lines=lines
            )
        )

    def family(self, number: int = 1, state: docs.CardState = docs.CardState.ACTIVE, **more: object) -> str:
        """Take in a family with a card; return the card's number."""
        card = card_number(number)
        self.take_in(
            (
                docs.Recipient(
                    id=RecipientId(number),
                    name="Siti Aminah",
                    ward="Rawa Makmur",
                    neighbourhood="RT 04",
                    home_outlet_id=HERE,
                    **more,  # type: ignore[arg-type]
                ),
                docs.Card(
                    token=card_token(CITY_KEY, card),
                    state=state,
                    outlet_id=HERE,
                    recipient_id=RecipientId(number),
                    last4=card.last4,
                ),
            )
        )
        return card.digits

    def entitle(
        self,
        month: str = "2026-11",
        amount: int = 300_000,
        *,
        family: int = 1,
        granted: int | None = None,
        fund: FundId = APBD,
        released_on: date = date(2026, 11, 16),
        expires_on: date = date(2026, 12, 31),
        commodity: CommodityId | None = None,
    ) -> EntitlementId:
        """Take in one entitlement, granted whole unless said otherwise; return its id."""
        self._entitlements += 1
        identifier = EntitlementId(self._entitlements)
        row = docs.Entitlement(
            id=identifier,
            recipient_id=RecipientId(family),
            program_id=FOOD,
            fund_id=fund,
            budget_year=int(month[:4]),
            month=BenefitMonth(month),
            amount=amount,
            released_on=released_on,
            expires_on=expires_on,
            unit=docs.Unit.RUPIAH if commodity is None else docs.Unit.COMMODITY,
            commodity_id=commodity,
        )
        share = docs.Share(
            entitlement_id=identifier,
            recipient_id=RecipientId(family),
            granted=amount if granted is None else granted,
        )
        self.take_in((row, share))
        return identifier

    def list_made(self, day: date, hour: int = 8) -> None:
        self.take_in((), as_of_ms=at_wita(day, hour))

    def _wake_printing(self) -> None:
        self.prints_woken += 1

    def _wake_sync(self) -> None:
        self.syncs_woken += 1
