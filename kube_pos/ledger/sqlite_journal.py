"""Writing the journal: an entry and all that it does, in one transaction with one flush.

Statements of a sale go to the driver as they are: the expression layer costs more than the whole transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kube_pos.errors import AlreadyReversed, AnotherIdentity, NotEnoughShare, NotEnoughStock, NotEnrolled, UnknownSale
from kube_pos.ledger import checkpoint
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.effects import Effects, effects_of
from kube_pos.ledger.entries import (
    AnyEntry,
    DayClosed,
    GeneralSale,
    Redemption,
    Reversal,
    ShareReleased,
    decode,
    encode,
    kind_of,
)
from kube_pos.ledger.ids import EntitlementId, LedgerId
from kube_pos.ledger.ports import Identity, PrintKind, PrintRequest, Stored
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_reads import JournalReads
from kube_pos.ledger.sqlite_records import SqliteRecords, apply_records

_SET_IDENTITY = "INSERT INTO identity VALUES (1, ?, ?, ?, ?, ?, ?, ?)"
_LEDGER_ID = "SELECT ledger_id FROM identity"
_HEAD = "SELECT seq, hash, at FROM entry ORDER BY seq DESC LIMIT 1"
_ADD_ENTRY = "INSERT INTO entry VALUES (?, ?, ?, ?, ?)"
_ADD_SALE = "INSERT INTO sale VALUES (?, ?, ?, ?, ?, NULL)"
_SALE_BY_ID = "SELECT e.seq, e.body, e.hash FROM sale s JOIN entry e ON e.seq = s.seq WHERE s.sale = ?"
_ENTRY = "SELECT body FROM entry WHERE seq = ?"
_IS_REVERSED = "SELECT 1 FROM sale WHERE target = ?"
_SPEND = """INSERT INTO share_use VALUES (?, ?, 0)
    ON CONFLICT (entitlement) DO UPDATE SET spent = spent + excluded.spent RETURNING spent, released"""
_UNSPEND = "UPDATE share_use SET spent = spent - ? WHERE entitlement = ?"
_RELEASE = """INSERT INTO share_use VALUES (?, 0, ?)
    ON CONFLICT (entitlement) DO UPDATE SET released = max(released, excluded.released) RETURNING spent, released"""
_MOVE_STOCK = """INSERT INTO stock VALUES (?, ?)
    ON CONFLICT (product) DO UPDATE SET on_hand = on_hand + excluded.on_hand RETURNING on_hand"""
_CLOSE = "UPDATE sale SET closing = ? WHERE seq = ? AND closing IS NULL"
_ADD_PRINT = "INSERT INTO print_job (kind, ref, copy, state, detail) VALUES (?, ?, ?, 'pending', '')"
_ADD_CHECKPOINT = "INSERT OR IGNORE INTO checkpoint VALUES (?, ?, ?)"
_SAVE_BASKET = "INSERT INTO basket VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET body = excluded.body"


class SqliteJournal(JournalReads, SqliteRecords):
    """The journal's file, read and written."""

    def __init__(self, database: Database, sign: Callable[[bytes], bytes] | None = None) -> None:
        """Work on an open journal file; with `sign`, every day close is signed in its own transaction."""
        super().__init__(database)
        SqliteRecords.__init__(self, database)
        self._database = database
        self._sign = sign

    def set_identity(self, identity: Identity, first: AnyEntry | None = None) -> None:
        """Take in who this till is, once, at enrolment, with the entry that a restored journal begins with.

        The same identity again is harmless. Raises AnotherIdentity when the journal belongs to another ledger.
        """
        with self._database.write() as cursor:
            if (owner := cursor.execute(_LEDGER_ID).fetchone()) is not None:
                if self.identity() == identity:
                    return
                raise AnotherIdentity(path=str(self._database.path), ledger=owner[0])
            values = (
                identity.ledger_id,
                identity.terminal,
                identity.outlet_id,
                identity.city_key,
                identity.upstream_address,
                identity.upstream_key,
                int(identity.is_demo),
            )
            cursor.execute(_SET_IDENTITY, values)
            cursor.execute("INSERT INTO sync_state VALUES (1, 0, ?, NULL, NULL, 0, 0)", (genesis(identity.ledger_id),))
            if first is not None:
                self._write(cursor, first, effects_of(first), None)

    def sign_head(self) -> None:
        """Sign the newest entry, durably; nothing is done without a key or before the first entry."""
        with self._database.write() as cursor:
            if (row := cursor.execute(_HEAD).fetchone()) is not None:
                self._add_checkpoint(cursor, row[0], row[1])

    def append(self, entry: AnyEntry, prints: PrintRequest | None = None) -> Stored:
        """Store any entry that moves no share, durably, before returning.

        Raises NotEnoughStock when it would take more goods than the book has, SlipUsed, NoOpenDelivery, and
        StorageFailed; nothing is stored then.
        """
        if isinstance(entry, Redemption | GeneralSale | Reversal | ShareReleased):
            raise TypeError("what moves a share has its own way in")
        with self._database.write() as cursor:
            return self._write(cursor, entry, effects_of(entry), prints)

    def redeem(self, entry: Redemption, granted: Mapping[EntitlementId, int]) -> Stored:
        """Store a redemption with its draws, stock and receipt in one durable transaction.

        The same `sale` again returns what was stored the first time. Raises NotEnoughShare when a draw exceeds
        `granted` − released − spent, NotEnoughStock, SlipUsed, StandInUsedUp, and StorageFailed; then
        nothing is stored.
        """
        return self._sell(entry, effects_of(entry), granted)

    def release(self, entry: ShareReleased, granted: int) -> Stored:
        """Give a part of a share back to upstream; the same total again gives nothing more.

        Raises NotEnoughShare when `released` + spent would exceed `granted`, and StorageFailed; nothing is stored then.
        """
        with self._database.write() as cursor:
            return self._write(cursor, entry, effects_of(entry), None, {entry.entitlement: granted})

    def sell(self, entry: GeneralSale) -> Stored:
        """Store a cash sale with its stock and receipt; the same `sale` again is harmless."""
        return self._sell(entry, effects_of(entry), {})

    def reverse(self, entry: Reversal) -> Stored:
        """Undo a sale once: shares and stock go back. Raises AlreadyReversed or UnknownSale."""
        with self._database.write() as cursor:
            row = cursor.execute(_ENTRY, (entry.target,)).fetchone()
            target = decode(row[0]) if row else None
            if not isinstance(target, Redemption | GeneralSale):
                raise UnknownSale(receipt=str(entry.target))
            if cursor.execute(_IS_REVERSED, (entry.target,)).fetchone():
                raise AlreadyReversed(receipt=target.receipt)
            return self._write(cursor, entry, effects_of(entry, target), PrintRequest(PrintKind.RECEIPT))

    def request_print(self, request: PrintRequest) -> None:
        """Add a print of a stored entry."""
        with self._database.write() as cursor:
            cursor.execute(_ADD_PRINT, (request.kind.value, request.ref, request.copy))

    def save_basket(self, body: bytes) -> None:
        """Keep the open basket, so that it comes back after a power cut."""
        with self._database.write() as cursor:
            cursor.execute(_SAVE_BASKET, (body,))

    def drop_basket(self) -> None:
        """Forget the open basket."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM basket")

    def _sell(self, entry: Redemption | GeneralSale, effects: Effects, granted: Mapping[EntitlementId, int]) -> Stored:
        with self._database.write() as cursor:
            if (row := cursor.execute(_SALE_BY_ID, (entry.sale,)).fetchone()) is not None:
                return Stored(row[0], decode(row[1]), row[2])
            stored = self._write(cursor, entry, effects, PrintRequest(PrintKind.RECEIPT), granted)
            # The basket became a sale: the same commit takes it away.
            cursor.execute("DELETE FROM basket")
            return stored

    def _write(
        self,
        cursor: Any,
        entry: AnyEntry,
        effects: Effects,
        prints: PrintRequest | None,
        granted: Mapping[EntitlementId, int] | None = None,
    ) -> Stored:
        row = cursor.execute(_HEAD).fetchone()
        if row is None:
            if (owner := cursor.execute(_LEDGER_ID).fetchone()) is None:
                raise NotEnrolled(path=str(self._database.path))
            seq, previous, last_at = 0, genesis(LedgerId(owner[0])), 0
        else:
            seq, previous, last_at = row
        if entry.at < last_at:
            raise ValueError("an entry is never older than the one before it")
        seq += 1
        body = encode(entry)
        digest = link(previous, seq, body)
        cursor.execute(_ADD_ENTRY, (seq, kind_of(entry), entry.at, body, digest))
        _apply(cursor, seq, effects, granted or {})
        if prints is not None:
            cursor.execute(_ADD_PRINT, (prints.kind.value, prints.ref or seq, prints.copy))
        if isinstance(entry, DayClosed):
            self._add_checkpoint(cursor, seq, digest)
        return Stored(seq, entry, digest)

    def _add_checkpoint(self, cursor: Any, seq: int, digest: bytes) -> None:
        if self._sign is None:
            return
        ledger_id = LedgerId(cursor.execute(_LEDGER_ID).fetchone()[0])
        signature = self._sign(checkpoint.message(ledger_id, seq, digest))
        cursor.execute(_ADD_CHECKPOINT, (seq, digest, signature))


def _apply(cursor: Any, seq: int, effects: Effects, granted: Mapping[EntitlementId, int]) -> None:
    if (facts := effects.sale) is not None:
        cursor.execute(_ADD_SALE, (seq, facts.sale, facts.receipt, facts.recipient, facts.target))
    for entitlement, amount in effects.spent.items():
        if amount < 0:
            cursor.execute(_UNSPEND, (-amount, entitlement))
            continue
        spent, released = cursor.execute(_SPEND, (entitlement, amount)).fetchone()
        held = granted.get(entitlement, 0) - released
        if spent > held:
            raise NotEnoughShare(entitlement=entitlement, available=held - spent + amount, wanted=amount)
    for entitlement, total in effects.released.items():
        spent, released = cursor.execute(_RELEASE, (entitlement, total)).fetchone()
        if spent + released > granted.get(entitlement, 0):
            held = granted.get(entitlement, 0) - spent
            raise NotEnoughShare(entitlement=entitlement, available=held, wanted=total)
    for product, change in effects.stock.items():
        on_hand = cursor.execute(_MOVE_STOCK, (product, change)).fetchone()[0]
        if on_hand < 0 and change < 0:
            raise NotEnoughStock(product=product, available=on_hand - change, wanted=-change)
    for closed in effects.closes:
        cursor.execute(_CLOSE, (seq, closed))
    if effects.records is not None:
        apply_records(cursor, seq, effects.records)
