"""A made-up outlet for the measurements: families with three months each, goods, an enrolled till."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from kube_pos.clock import SystemClock
from kube_pos.keys import KeyFile, Keys
from kube_pos.ledger import documents as docs
from kube_pos.ledger import entries
from kube_pos.ledger.cards import CardNumber, card_number, card_token
from kube_pos.ledger.chain import link
from kube_pos.ledger.days import business_day, month_of
from kube_pos.ledger.ids import (
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
from kube_pos.machine import machine_name
from kube_pos.marks import MarkKeeper, Marks
from kube_pos.operations.till import Session, Till
from kube_pos.settings import FILE_NAME, Settings, save

CITY_KEY = bytes(32)
MONTHS = 3
AMOUNT = 1_000_000_000
_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class BenchOutlet:
    """An enrolled till with a list of families, and somebody at the counter."""

    till: Till
    session: Session
    journal: SqliteJournal
    replica: SqliteReplica
    files: tuple[Database, Database]
    families: int

    def card(self, number: int) -> CardNumber:
        """Return the card of a family, counted from 1."""
        return card_number(1 + number % self.families)

    def close(self) -> None:
        """Close the files."""
        for file in self.files:
            file.close()


def make_outlet(folder: Path, families: int, *, waiting: int = 0) -> BenchOutlet:
    """Make an outlet in an empty folder that a till can open, with a list as new as today.

    `waiting` small entries of the journal wait to be sent to an office that is not there.
    """
    keys = Keys(files=secrets.token_bytes(32), device=secrets.token_bytes(32))
    key, key_file = keys.files, folder / "bench.key"
    KeyFile(key_file).save(keys)
    save(folder / FILE_NAME, Settings(key_file=str(key_file)))
    journal_file = Database(folder / "journal.db", key, JOURNAL)
    replica_file = Database(folder / "replica.db", key, REPLICA)
    journal, replica = SqliteJournal(journal_file), SqliteReplica(replica_file)
    ledger = LedgerId("00000000-0000-7000-8000-000000000001")
    identity = Identity(ledger, "B01", OutletId(1), CITY_KEY, "http://127.0.0.1:9", bytes(32), is_demo=True)
    journal.set_identity(identity)
    clock = SystemClock()
    till = Till(identity, replica, journal, clock, secrets.token_bytes, _nothing, _nothing)
    cashier = docs.Staff(id=StaffId(1), name="Kasir", role=docs.Role.MANAGER, pin_hash="")
    fill(replica, families, clock.now_ms())
    goods = tuple(
        entries.ReceiptLine(product=ProductId(n), stated=Thousandths(10**9), weighed=Thousandths(10**9),
                            accepted=Thousandths(10**9))
        for n in (1, 2)
    )  # fmt: skip
    journal.append(
        entries.GoodsReceipt(
            at=till.now_ms(), day=till.today(), by=StaffId(1), delivery_note_no="1", supplier="1", lines=goods
        )
    )
    for _ in range(waiting):
        journal.append(
            entries.BalanceInquiry(at=till.now_ms(), day=till.today(), by=StaffId(1), recipient=RecipientId(1))
        )
    MarkKeeper(Marks(folder, KeyFile(key_file), machine_name()), journal, keys, clock).advance()
    return BenchOutlet(till, Session(cashier), journal, replica, (journal_file, replica_file), families)


def fill(replica: SqliteReplica, families: int, now_ms: int) -> None:
    """Apply the catalogue and the families to an empty replica, page by page."""
    page: list[ReplicaChange] = []
    cursor = 0

    def flush(as_of_ms: int | None) -> None:
        nonlocal cursor
        replica.apply(cursor, cursor + len(page), as_of_ms, page)
        cursor += len(page)
        page.clear()

    for change in list_changes(families, now_ms):
        page.append(change)
        if len(page) == _PAGE:
            flush(None)
    flush(now_ms)


def list_changes(families: int, now_ms: int) -> Iterator[ReplicaChange]:
    """Yield the documents of a first list: the catalogue, then family by family."""
    yield from _catalogue(now_ms)
    yield from _families(families, now_ms)


def fill_journal(outlet: BenchOutlet, count: int) -> None:
    """Add entries without effect (balance inquiries) up to `count`, as one commit."""
    seq, head = outlet.journal.head()
    at, day = outlet.till.now_ms(), outlet.till.today()

    def rows() -> Iterator[tuple[int, str, int, bytes, bytes]]:
        previous = head
        for number in range(seq + 1, count + 1):
            entry = entries.BalanceInquiry(at=at, day=day, by=StaffId(1), recipient=RecipientId(number))
            body = entries.encode(entry)
            previous = link(previous, number, body)
            yield number, entries.kind_of(entry), at, body, previous

    with outlet.files[0].write() as cursor:
        cursor.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows())


def _change(kind: str, key: str, doc: docs.Document) -> ReplicaChange:
    return ReplicaChange(kind, key, msgspec.json.encode(doc))


def _catalogue(now_ms: int) -> Iterator[ReplicaChange]:
    first = date(business_day(now_ms).year, 1, 1)
    program = ProgramId(1)
    outlet = docs.Outlet(id=OutletId(1), code="B", name="KUBE", ward="-", district="-")
    yield _change("outlet", "1", outlet)
    yield _change("program", "1", docs.Program(id=program, name="Bantuan", contact="-"))
    yield _change("fund", "1", docs.Fund(id=FundId(1), name="APBD"))
    yield _change("policy", "1", docs.Policy(program_id=program, from_day=first))
    for number, (name, unit, price) in enumerate((("Beras 5 kg", "karung", 75_000), ("Telur", "kg", 30_000)), 1):
        commodity = CommodityId(number)
        yield _change("commodity", str(number), docs.Commodity(id=commodity, name=name, unit="kg"))
        allowance = docs.Allowance(program_id=program, commodity_id=commodity, from_day=first)
        yield _change("allowance", f"1-{number}", allowance)
        product = docs.Product(
            id=ProductId(number),
            commodity_id=commodity,
            name=name,
            unit=unit,
            prices=(docs.Price(from_day=first, price=Rupiah(price)),),
            step=Thousandths(500),
        )
        yield _change("product", str(number), product)
    cashier = docs.Staff(id=StaffId(1), name="Kasir", role=docs.Role.CASHIER, pin_hash="")
    yield _change("staff", "1", cashier)


def _families(families: int, now_ms: int) -> Iterator[ReplicaChange]:
    today = business_day(now_ms)
    for number in range(1, families + 1):
        recipient = RecipientId(number)
        card = card_number(number)
        family = docs.Recipient(
            id=recipient,
            name=f"Keluarga {number}",
            ward="Rawa Makmur",
            neighbourhood=f"RT {number % 40}",
            home_outlet_id=OutletId(1),
            national_id_hash=f"{number:032x}",
            national_id_last4="0001",
        )
        yield _change("recipient", str(number), family)
        token = card_token(CITY_KEY, card)
        state = docs.CardState.ACTIVE
        aid_card = docs.Card(token=token, state=state, outlet_id=OutletId(1), recipient_id=recipient, last4=card.last4)
        yield _change("card", token, aid_card)
        yield from _entitlements(number, recipient, today)


def _entitlements(number: int, recipient: RecipientId, today: date) -> Iterator[ReplicaChange]:
    for place in range(MONTHS):
        identifier = EntitlementId(number * MONTHS + place)
        row = docs.Entitlement(
            id=identifier,
            recipient_id=recipient,
            program_id=ProgramId(1),
            fund_id=FundId(1),
            budget_year=today.year,
            month=month_of(date(today.year, 10 + place, 1)),
            amount=AMOUNT,
            released_on=date(today.year, 1, 1),
            expires_on=date(today.year + 1, 12, 31),
        )
        yield _change("entitlement", str(identifier), row)
        share = docs.Share(entitlement_id=identifier, recipient_id=recipient, granted=AMOUNT)
        yield _change("share", str(identifier), share)


def _nothing() -> None:
    """Wake nobody: nothing is printed or sent here."""
