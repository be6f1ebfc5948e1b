"""The tables beside the journal: what `records` describes, in the journal's file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from kube_pos.ledger.clock_guard import ClockMarks
from kube_pos.ledger.effects import Records
from kube_pos.ledger.entries import decode
from kube_pos.ledger.ids import BenefitMonth, CardToken, ProductId, RecipientId, StaffId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.records import HowFound, LookUpLine, NoOpenDelivery, SlipUsed, StandInUsedUp
from kube_pos.ledger.sqlite_engine import Database

_SALES = "SELECT e.seq, e.body, e.hash FROM sale s JOIN entry e ON e.seq = s.seq ORDER BY s.seq"
_MARKS = """SELECT coalesce((SELECT at FROM entry ORDER BY seq DESC LIMIT 1), 0), last_contact_ms, server_time_ms
    FROM sync_state"""
_SLIP = "SELECT seq FROM slip WHERE number = ?"
_OPEN_DELIVERIES = """SELECT seq FROM delivery d WHERE confirmed IS NULL
    AND NOT EXISTS (SELECT 1 FROM sale s WHERE s.target = d.seq) ORDER BY seq"""
_CONFIRM = """UPDATE delivery SET confirmed = ?1 WHERE seq = ?2 AND confirmed IS NULL
    AND NOT EXISTS (SELECT 1 FROM sale s WHERE s.target = ?2)"""
_COLLECTED = """SELECT DISTINCT recipient FROM collector c WHERE who = ? AND day >= ? AND recipient IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM sale s WHERE s.target = c.seq)"""
_STAND_IN = "SELECT spent FROM stand_in WHERE card = ? AND month = ?"
_GIVE = """INSERT INTO stand_in VALUES (?, ?, ?)
    ON CONFLICT (card, month) DO UPDATE SET spent = spent + excluded.spent RETURNING spent"""
_TAKE_BACK = "UPDATE stand_in SET spent = spent - ? WHERE card = ? AND month = ?"
_EXCHANGED = "SELECT product, sum(quantity) FROM exchange WHERE target = ? GROUP BY product"
_LOG = "INSERT INTO lookup_log (at, staff, how, card, recipient, approver, reason) VALUES (?, ?, ?, ?, ?, ?, ?)"
_LOOK_UPS = """SELECT at, staff, how, card, recipient, approver, reason FROM lookup_log
    WHERE at >= ? AND at < ? ORDER BY at, id"""
_SET_TRIES = "INSERT INTO pin_tries VALUES (?, ?) ON CONFLICT (staff) DO UPDATE SET wrong = excluded.wrong"


class _OfDay(msgspec.Struct):
    """As much of a body as tells its day."""

    day: date


_DAY = msgspec.json.Decoder(_OfDay)


class SqliteRecords:
    """A `RecordStore` on the journal's file."""

    def __init__(self, database: Database) -> None:
        """Work on an open journal file."""
        self._file = database

    def clock_marks(self) -> ClockMarks:
        """Return what the file knows of time; one statement."""
        row = self._file.read().exec_driver_sql(_MARKS).fetchone()
        return ClockMarks(*row) if row else ClockMarks(0, None, None)

    def slip_seq(self, number: str) -> int | None:
        """Return the entry that used a paper slip's number."""
        row = self._file.read().exec_driver_sql(_SLIP, (number,)).fetchone()
        return int(row[0]) if row else None

    def reversal_of(self, seq: int) -> int | None:
        """Return the entry that undid a sale."""
        row = self._file.read().exec_driver_sql("SELECT seq FROM sale WHERE target = ?", (seq,)).fetchone()
        return int(row[0]) if row else None

    def sales_of(self, first: date, last: date) -> Iterator[Stored]:
        """Yield the sales and reversals of business days, both included, in their order; reads the whole journal.

        Days follow from the clock and may go back, so no index on numbers or times can bound them.
        """
        for seq, body, digest in self._file.read().exec_driver_sql(_SALES):
            if first <= _DAY.decode(body).day <= last:
                yield Stored(seq, decode(body), digest)

    def open_deliveries(self) -> tuple[int, ...]:
        """Return the sales that are on their way, neither confirmed nor undone, oldest first."""
        return tuple(row[0] for row in self._file.read().exec_driver_sql(_OPEN_DELIVERIES))

    def collected_for(self, collector: str, since: date) -> frozenset[RecipientId]:
        """Return the families that a proxy came for since a day; sales undone do not count."""
        rows = self._file.read().exec_driver_sql(_COLLECTED, (collector, since.isoformat()))
        return frozenset(RecipientId(row[0]) for row in rows)

    def stand_in_given(self, card: CardToken, month: BenefitMonth) -> int:
        """Return what a card was given as stand-in in a month."""
        row = self._file.read().exec_driver_sql(_STAND_IN, (card, month)).fetchone()
        return int(row[0]) if row else 0

    def exchanged(self, target: int) -> dict[ProductId, int]:
        """Return how much of each product of a sale came back spoilt."""
        rows = self._file.read().exec_driver_sql(_EXCHANGED, (target,))
        return {ProductId(row[0]): row[1] for row in rows}

    def exchange_seqs(self) -> tuple[int, ...]:
        """Return the entries that exchanged spoilt goods, oldest first."""
        return tuple(row[0] for row in self._file.read().exec_driver_sql("SELECT seq FROM exchange ORDER BY seq"))

    def log_look_up(self, line: LookUpLine) -> None:
        """Add a line to the log of look-ups."""
        values = (
            line.at_ms, line.by, line.how.value, line.card or "", line.recipient, line.approver, line.reason
        )  # fmt: skip
        with self._file.write() as cursor:
            cursor.execute(_LOG, values)

    def look_ups(self, from_ms: int, until_ms: int) -> tuple[LookUpLine, ...]:
        """Return the lines of a span of time, oldest first."""
        rows = self._file.read().exec_driver_sql(_LOOK_UPS, (from_ms, until_ms))
        return tuple(
            LookUpLine(at, by, HowFound(how), CardToken(card) if card else None, recipient, approver, reason)
            for at, by, how, card, recipient, approver, reason in rows
        )

    def forget_look_ups(self, before_ms: int) -> int:
        """Delete the lines older than a moment; return how many."""
        with self._file.write() as cursor:
            cursor.execute("DELETE FROM lookup_log WHERE at < ?", (before_ms,))
            return int(cursor.rowcount)

    def pin_tries(self) -> dict[StaffId, int]:
        """Return the wrong PINs in a row of everyone who has any."""
        rows = self._file.read().exec_driver_sql("SELECT staff, wrong FROM pin_tries")
        return {StaffId(row[0]): row[1] for row in rows}

    def set_pin_tries(self, staff: StaffId, wrong: int) -> None:
        """Keep the number of wrong PINs in a row; 0 forgets it."""
        with self._file.write() as cursor:
            if wrong:
                cursor.execute(_SET_TRIES, (staff, wrong))
            else:
                cursor.execute("DELETE FROM pin_tries WHERE staff = ?", (staff,))


def apply_records(cursor: Any, seq: int, records: Records) -> None:
    """Write what an entry does beside shares and stock, in its own transaction.

    Raises SlipUsed, NoOpenDelivery or StandInUsedUp; the caller's transaction is undone then.
    """
    if records.slip is not None:
        if (used := cursor.execute(_SLIP, (records.slip,)).fetchone()) is not None:
            raise SlipUsed(slip=records.slip, seq=used[0])
        cursor.execute("INSERT INTO slip VALUES (?, ?)", (records.slip, seq))
    if records.opens_delivery:
        cursor.execute("INSERT INTO delivery VALUES (?, NULL)", (seq,))
    if records.confirms is not None:
        cursor.execute(_CONFIRM, (seq, records.confirms))
        if cursor.rowcount != 1:
            raise NoOpenDelivery(seq=records.confirms)
    if records.collector is not None:
        cursor.execute("INSERT INTO collector VALUES (?, ?, ?, ?)", (seq, *records.collector))
    if (given := records.stand_in) is not None and given.amount < 0:
        cursor.execute(_TAKE_BACK, (-given.amount, given.card, given.month))
    elif given is not None:
        spent = cursor.execute(_GIVE, (given.card, given.month, given.amount)).fetchone()[0]
        if spent > given.limit:
            raise StandInUsedUp(available=given.limit - spent + given.amount, wanted=given.amount)
    if (back := records.exchange) is not None:
        cursor.execute("INSERT INTO exchange VALUES (?, ?, ?, ?)", (seq, back.target, back.product, back.quantity))
