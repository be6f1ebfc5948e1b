"""A real office on loopback and a till's data folder enrolled in it, for tests of keys, copies and backups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kube_pos.enrolment import enrol
from kube_pos.folder import TillFolder, open_folder
from kube_pos.ledger import entries
from kube_pos.ledger.days import business_day
from kube_pos.ledger.ids import ProductId, SaleId, StaffId
from kube_pos.ledger.quantity import Rupiah, Thousandths
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.settings import FILE_NAME, Settings, save
from kube_pos.sync.client import UpstreamClient
from kube_pos.sync.cycle import CycleResult, run_cycle
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.stores import StoredFeed, StoredOutbox
from kube_pos.sync.wire import write_enrolment_code
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import make_code
from kube_pos.upstream.keys import Keys
from tests.upstream_kit import NOW_MS, PALARAN, SetClock, open_small_city, publish_two_months, serving

MACHINE = "this-machine"
OTHER_MACHINE = "another-machine"


@dataclass
class City:
    """The office, served over HTTP, and the clock that everybody goes by."""

    database: Database
    keys: Keys
    address: str
    clock: SetClock

    def code(self) -> str:
        with self.database.write() as connection:
            return write_enrolment_code(make_code(connection, self.keys, PALARAN, self.address, NOW_MS))

    def join(self, path: Path, machine: str = MACHINE) -> TillFolder:
        """Make a folder with its key beside it, enrol it and leave it open."""
        make_folder(path)
        folder = open_folder(path, machine)
        enrol(folder, self.code(), self.clock)
        return folder

    def sync(self, folder: TillFolder) -> CycleResult:
        identity = SqliteJournal(folder.journal).identity()
        key = DeviceKey(folder.keys.device)
        client = UpstreamClient(self.address, identity.ledger_id, key, identity.upstream_key, self.clock)
        try:
            outbox = StoredOutbox(identity, SqliteOutbox(folder.journal), self.clock)
            return run_cycle(client, outbox, StoredFeed(SqliteReplica(folder.replica)), self.clock)
        finally:
            client.close()


@contextmanager
def small_city(path: Path) -> Iterator[City]:
    """Serve a small city from a database file."""
    database, keys = open_small_city(path)
    publish_two_months(database)
    clock = SetClock()
    with serving(database, clock) as address:
        yield City(database, keys, address, clock)
    database.close()


def make_folder(path: Path, **settings: object) -> None:
    """Make a data folder whose keys lie in a file beside it."""
    path.mkdir(exist_ok=True)
    chosen = {"key_file": str(key_file(path)), **settings}
    save(path / FILE_NAME, Settings(**chosen))  # type: ignore[arg-type]


def key_file(path: Path) -> Path:
    return path.parent / f"{path.name}.key"


def sell(folder: TillFolder, count: int = 1, journal: SqliteJournal | None = None) -> list[str]:
    """Sell for cash so many times; return the receipt numbers."""
    journal = journal or SqliteJournal(folder.journal)
    if not journal.stock():
        whole = Thousandths(10**9)
        line = entries.ReceiptLine(product=ProductId(1), stated=whole, weighed=whole, accepted=whole)
        journal.append(
            entries.GoodsReceipt(**head(journal), delivery_note_no="SJ-1", supplier="Bulog", lines=(line,))  # type: ignore[arg-type]
        )
    line_sold = entries.Line(product=ProductId(1), quantity=Thousandths(1000), price=Rupiah(5), total=Rupiah(5))
    receipts = []
    for _ in range(count):
        receipt = journal.next_receipt()
        sale = SaleId(f"{journal.head()[0]:032x}")
        journal.sell(entries.GeneralSale(**head(journal), sale=sale, receipt=receipt, lines=(line_sold,)))  # type: ignore[arg-type]
        receipts.append(receipt)
    return receipts


def close_day(folder: TillFolder, journal: SqliteJournal | None = None) -> None:
    """Close what is open."""
    journal = journal or SqliteJournal(folder.journal)
    sales = tuple(stored.seq for stored in journal.open_sales())
    none = Rupiah(0)
    journal.append(
        entries.DayClosed(**head(journal), sales=sales, entitlement_used=none, goods_out=none, cash=Rupiah(5))  # type: ignore[arg-type]
    )


def head(journal: SqliteJournal) -> dict[str, object]:
    at = max(NOW_MS, journal.last_at_ms())
    return {"at": at, "day": business_day(at), "by": StaffId(1)}
