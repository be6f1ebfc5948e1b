"""What the journal's file tells: entries, sales, projections. Reads only, on each thread's own connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from kube_pos.errors import JournalRestored, NotEnrolled
from kube_pos.ledger.chain import genesis
from kube_pos.ledger.entries import GeneralSale, Redemption, Reversal, decode
from kube_pos.ledger.ids import EntitlementId, LedgerId, OutletId, ProductId, RecipientId, SaleId
from kube_pos.ledger.ports import Identity, PrintKind, SaleRow, Stored, Use
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.ledger.tables import basket as basket_table
from kube_pos.ledger.tables import entry, identity, print_job, sale, stock

_HEAD = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1"
_LAST_AT = "SELECT at FROM entry ORDER BY seq DESC LIMIT 1"
_USES = "SELECT entitlement, spent, released FROM share_use WHERE entitlement IN ({marks})"


class JournalReads:
    """The reading half of the journal."""

    def __init__(self, database: Database) -> None:
        """Read from an open journal file."""
        self._database = database

    def identity(self) -> Identity:
        """Return who this till is. Raises NotEnrolled before enrolment, as JournalRestored after a restore."""
        row = self._one(select(identity))
        if row is None:
            if before := predecessors(self._database):
                last = before[-1]
                path = str(self._database.path)
                raise JournalRestored(path=path, terminal=last.terminal, seq=last.seq, file=last.file)
            raise NotEnrolled(path=str(self._database.path))
        return Identity(
            ledger_id=LedgerId(row.ledger_id),
            terminal=row.terminal,
            outlet_id=OutletId(row.outlet_id),
            city_key=row.city_key,
            upstream_address=row.upstream_address,
            upstream_key=row.upstream_key,
            is_demo=bool(row.is_demo),
        )

    def uses(self, entitlements: Iterable[EntitlementId]) -> dict[EntitlementId, Use]:
        """Return what was spent and released of entitlements; those never touched are left out."""
        wanted = tuple(entitlements)
        if not wanted:
            return {}
        sql = _USES.format(marks=",".join("?" * len(wanted)))
        rows = self._database.read().exec_driver_sql(sql, wanted)
        return {EntitlementId(row[0]): Use(spent=row[1], released=row[2]) for row in rows}

    def stock(self) -> dict[ProductId, int]:
        """Return the book stock in thousandths; products never received are left out."""
        return {ProductId(row.product): row.on_hand for row in self._all(select(stock))}

    def head(self) -> tuple[int, bytes]:
        """Return the newest sequence number (0: none) and the chain's hash after it."""
        row = self._database.read().exec_driver_sql(_HEAD).fetchone()
        return (row[0], row[1]) if row else (0, genesis(self.identity().ledger_id))

    def last_at_ms(self) -> int:
        """Return the time of the newest entry; 0 before the first."""
        row = self._database.read().exec_driver_sql(_LAST_AT).fetchone()
        return int(row[0]) if row else 0

    def entry(self, seq: int) -> Stored | None:
        """Return one entry."""
        row = self._one(select(entry.c.seq, entry.c.body, entry.c.hash).where(entry.c.seq == seq))
        return _stored(row) if row else None

    def since(self, seq: int, limit: int) -> list[Stored]:
        """Return the entries after a number, oldest first, at most `limit`."""
        query = select(entry.c.seq, entry.c.body, entry.c.hash).where(entry.c.seq > seq).order_by(entry.c.seq)
        return [_stored(row) for row in self._all(query.limit(limit))]

    def sale_by_id(self, sale_id: SaleId) -> Stored | None:
        """Return the sale that a basket became, if it did."""
        row = self._one(_entries_of_sales().where(sale.c.sale == sale_id))
        return _stored(row) if row else None

    def sales(self, *, after_seq: int = 0, limit: int = 200, text: str = "") -> list[SaleRow]:
        """Return sales after a number, newest first; `text` looks into receipt numbers."""
        query = _entries_of_sales().where(sale.c.seq > after_seq).order_by(sale.c.seq.desc()).limit(limit)
        if text:
            query = query.where(sale.c.receipt.contains(text, autoescape=True))
        found = [_stored(row) for row in self._all(query)]
        undone = self._reversals(stored.seq for stored in found)
        return [
            SaleRow(stored.seq, stored.entry, undone.get(stored.seq))
            for stored in found
            if isinstance(stored.entry, Redemption | GeneralSale | Reversal)
        ]

    def open_sales(self) -> list[Stored]:
        """Return the sales and reversals that no close has taken in, oldest first."""
        query = _entries_of_sales().where(sale.c.closing.is_(None)).order_by(sale.c.seq)
        return [_stored(row) for row in self._all(query)]

    def last_sale_of(self, recipient: RecipientId) -> Redemption | None:
        """Return a family's newest redemption that was not undone."""
        undone = select(sale.c.target).where(sale.c.target.is_not(None))
        query = (
            _entries_of_sales()
            .where(sale.c.recipient == recipient, sale.c.target.is_(None), sale.c.seq.not_in(undone))
            .order_by(sale.c.seq.desc())
            .limit(1)
        )
        row = self._one(query)
        found = _stored(row).entry if row else None
        return found if isinstance(found, Redemption) else None

    def next_receipt(self) -> str:
        """Return the receipt number that the next sale will carry, such as `A01-000123`."""
        row = self._one(select(sale.c.receipt).order_by(sale.c.seq.desc()).limit(1))
        last = int(row.receipt.rpartition("-")[2]) if row else 0
        return f"{self.identity().terminal}-{last + 1:06d}"

    def copies_of(self, seq: int, kind: PrintKind = PrintKind.RECEIPT) -> int:
        """Return how many prints of a kind, by itself the receipt, were asked for of an entry so far."""
        return self._count(print_job.c.kind == kind.value, print_job.c.ref == seq)

    def open_basket(self) -> bytes | None:
        """Return the open basket, if there is one."""
        row = self._one(select(basket_table.c.body))
        return bytes(row.body) if row else None

    def _reversals(self, seqs: Iterable[int]) -> dict[int, int]:
        query = select(sale.c.target, sale.c.seq).where(sale.c.target.in_(tuple(seqs)))
        return {row.target: row.seq for row in self._all(query)}

    def _one(self, query: Select[Any]) -> Row[Any] | None:
        return self._database.read().execute(query).first()

    def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._database.read().execute(query).all()

    def _count(self, *where: ColumnElement[bool]) -> int:
        return self._database.read().execute(select(func.count()).where(*where)).scalar_one()


def _entries_of_sales() -> Select[Any]:
    return select(entry.c.seq, entry.c.body, entry.c.hash).join_from(sale, entry, sale.c.seq == entry.c.seq)


def _stored(row: Row[Any]) -> Stored:
    return Stored(row.seq, decode(row.body), row.hash)
