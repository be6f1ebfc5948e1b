"""Tills with a fault planted in them: a proof that does not find each of these proves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection

from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.effects import Effects
from kube_pos.ledger.entries import AnyEntry, GeneralSale, Redemption, Reversal, encode, kind_of
from kube_pos.ledger.ids import EntitlementId
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.ports import PrintKind, PrintRequest, Stored
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import _ADD_ENTRY, _ADD_PRINT, _HEAD, _SALE_BY_ID, SqliteJournal, _apply
from kube_pos.ledger.sqlite_replica import ReplicaChange, SqliteReplica
from tests.crash.outlet import Setup
from tests.ledger_kit import LEDGER

Granted = Mapping[EntitlementId, int]


class OtherSettings(Database):
    """A database that runs further settings at every opening."""

    further: ClassVar[tuple[str, ...]] = ()

    def _connect(self) -> Any:
        connection = super()._connect()
        for pragma in self.further:
            connection.execute(pragma).fetchall()
        return connection


class NormalSync(OtherSettings):
    """Flushes at checkpoints only."""

    further = ("PRAGMA synchronous = NORMAL",)


class NoSync(OtherSettings):
    """Never flushes."""

    further = ("PRAGMA synchronous = OFF",)


class RollbackJournal(OtherSettings):
    """Flushes, but never the removal of the rollback journal that makes a commit."""

    further = ("PRAGMA journal_mode = DELETE", "PRAGMA synchronous = FULL")


class SmallLog(OtherSettings):
    """No fault: moves the log into the file all the time, in the middle of commits."""

    further = ("PRAGMA wal_autocheckpoint = 12",)


class SaleElsewhere(Database):
    """Keeps the list of sales in a second, attached file."""

    def __init__(self, path: Path, *more: Any, **options: Any) -> None:
        super().__init__(path, *more, **options)
        if self._is_journal():
            with self.write() as cursor:
                cursor.execute("DROP TABLE IF EXISTS main.sale")

    def _connect(self) -> Any:
        connection = super()._connect()
        if self._is_journal():
            second = f"{(self.path.parent / 'second.db').as_uri()}?{self._options}"
            connection.execute(f"ATTACH '{second}' AS second KEY \"x'{self._key.hex()}'\"")
            connection.execute("PRAGMA second.journal_mode = WAL").fetchall()
            table = next(statement for statement in JOURNAL.steps[0] if statement.startswith("CREATE TABLE sale ("))
            connection.execute(table.replace("CREATE TABLE sale", "CREATE TABLE IF NOT EXISTS second.sale"))
        return connection

    def _is_journal(self) -> bool:
        return self.path.name == "journal.db"


class SaltInFile(Database):
    """Trusts the first bytes of the file for the salt: with them gone not even the log can be read."""

    def _unlock(self, connection: Any) -> None:
        connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")
        connection.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
        connection.execute("PRAGMA cipher_log_level = NONE")


class ClosesAtOnce(Database):
    """Closes a connection whose commit failed, and with it the log's index: the next one takes the commit for good."""

    def _throw_away(self) -> None:
        connection = self._threads.connection
        del self._threads.connection
        self._discard(connection)


class KeepsBroken(Database):
    """Goes on reading by a connection on which a read has failed."""

    def read(self) -> Connection:
        self._threads.has_failed = False
        return super().read()


class TwoTransactions(SqliteJournal):
    """Stores a sale first, then what it does."""

    def _sell(self, entry: Redemption | GeneralSale, effects: Effects, granted: Granted) -> Stored:
        with self._database.write() as cursor:
            if cursor.execute(_SALE_BY_ID, (entry.sale,)).fetchone() is not None:
                raise AssertionError("the day confirms nothing twice")
            stored = self._write(cursor, entry, Effects(sale=effects.sale), None)
        with self._database.write() as cursor:
            _apply(cursor, stored.seq, replace(effects, sale=None), granted)
            cursor.execute(_ADD_PRINT, (PrintKind.RECEIPT.value, stored.seq, 0))
            cursor.execute("DELETE FROM basket")
        return stored


class EarlyWord(SqliteJournal):
    """Says «Tersimpan» when everything is written, but not committed."""

    @staticmethod
    def tell(stored: Stored) -> object:
        """Hear of a stored entry."""
        return stored

    def _write(self, cursor: Any, entry: AnyEntry, *more: Any) -> Stored:
        stored = super()._write(cursor, entry, *more)
        self.tell(stored)
        return stored


class NoReceipt(SqliteJournal):
    """Stores cash sales and reversals without the row that prints them."""

    def _write(
        self,
        cursor: Any,
        entry: AnyEntry,
        effects: Effects,
        prints: PrintRequest | None,
        granted: Granted | None = None,
    ) -> Stored:
        kept = None if isinstance(entry, GeneralSale | Reversal) else prints
        return super()._write(cursor, entry, effects, kept, granted)


class BrokenChain(SqliteJournal):
    """Forgets the newest hash at every start and begins the chain anew."""

    _is_first = True

    def _write(
        self,
        cursor: Any,
        entry: AnyEntry,
        effects: Effects,
        prints: PrintRequest | None,
        granted: Granted | None = None,
    ) -> Stored:
        row = cursor.execute(_HEAD).fetchone()
        if not self._is_first or row is None:
            self._is_first = False
            return super()._write(cursor, entry, effects, prints, granted)
        self._is_first = False
        seq, body = row[0] + 1, encode(entry)
        digest = link(genesis(LEDGER), seq, body)
        cursor.execute(_ADD_ENTRY, (seq, kind_of(entry), entry.at, body, digest))
        _apply(cursor, seq, effects, granted or {})
        if prints is not None:
            cursor.execute(_ADD_PRINT, (prints.kind.value, prints.ref or seq, prints.copy))
        return Stored(seq, entry, digest)


class BasketFirst(SqliteJournal):
    """Takes the basket away before its sale is stored."""

    def _sell(self, entry: Redemption | GeneralSale, effects: Effects, granted: Granted) -> Stored:
        self.drop_basket()
        return super()._sell(entry, effects, granted)


class CursorFirst(SqliteReplica):
    """Moves the cursor before the page it stands for is applied."""

    def apply(self, after: int, cursor: int, as_of_ms: int | None, changes: Iterable[ReplicaChange]) -> None:
        with self._database.write() as sql:
            sql.execute("UPDATE state SET cursor = ? WHERE cursor = ?", (cursor, after))
        super().apply(cursor, cursor, as_of_ms, changes)


CLOSES_AT_ONCE = Setup("a failed commit's connection closed at once", database=ClosesAtOnce)
KEEPS_BROKEN = Setup("reading on after a failed read", database=KeepsBroken)
SMALL_LOG = Setup("small log", database=SmallLog)
PLANTS: tuple[Setup, ...] = (
    Setup("two transactions a sale", journal=TwoTransactions),
    Setup("acknowledged before commit", journal=EarlyWord, acknowledges_early=True),
    Setup("list of sales in an attached file", database=SaleElsewhere),
    Setup("synchronous=NORMAL", database=NormalSync),
    Setup("synchronous=OFF", database=NoSync),
    Setup("journal_mode=DELETE, FULL", database=RollbackJournal, has_readers=False),
    Setup("no row that prints the receipt", journal=NoReceipt),
    Setup("chain begun anew at a start", journal=BrokenChain),
    Setup("psow=1 on a disk that spoils blocks", options="psow=1"),
    Setup("the salt read from the file", database=SaltInFile),
    Setup("marked as sent before the answer", sends_late=True),
    Setup("basket gone before its sale", journal=BasketFirst),
    Setup("cursor before its page", replica=CursorFirst),
)
