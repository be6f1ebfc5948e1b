"""The two queues in the journal's file: entries on their way upstream, prints on their way to paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kube_pos.ledger.ports import SyncStatus
from kube_pos.ledger.sqlite_engine import Database

_WAITING = "SELECT seq, body, hash FROM entry WHERE seq > ? ORDER BY seq LIMIT ?"
_ACKNOWLEDGE = """UPDATE sync_state SET acked = ?, acked_hash = (SELECT hash FROM entry WHERE seq = ?)
    WHERE acked < ? AND EXISTS (SELECT 1 FROM entry WHERE seq = ?)"""
_NOTE_CONTACT = """UPDATE sync_state SET last_contact_ms = ?, server_time_ms = ?,
    bytes_up = bytes_up + ?, bytes_down = bytes_down + ?"""
_STATUS = """SELECT (SELECT coalesce(max(seq), 0) FROM entry) - acked, last_contact_ms,
    (SELECT count(*) FROM verdict), bytes_up, bytes_down FROM sync_state"""
_NEXT_PRINT = """SELECT id, kind, ref, copy FROM print_job
    WHERE state IN ('pending', 'failed_clean') ORDER BY id LIMIT 1"""
_NEXT_PRINT_OF = """SELECT id, kind, ref, copy FROM print_job
    WHERE state IN ('pending', 'failed_clean') AND kind IN ({marks}) ORDER BY id LIMIT 1"""
_CLAIM = """UPDATE print_job SET state = 'sending', detail = ?
    WHERE id = ? AND state IN ('pending', 'failed_clean')"""
_SENDING = "SELECT id, kind, ref, copy FROM print_job WHERE state = 'sending' AND detail NOT IN ({marks}) ORDER BY id"
_REVIVE = """UPDATE print_job SET state = 'pending', detail = '' WHERE state = 'voided' AND NOT EXISTS
    (SELECT 1 FROM print_job later WHERE later.kind = print_job.kind AND later.ref = print_job.ref
        AND later.copy > print_job.copy)"""


@dataclass(frozen=True, slots=True)
class QueuedEntry:
    """An entry's place, its bytes as stored, and the chain's hash after it."""

    seq: int
    body: bytes
    hash: bytes


class SqliteOutbox:
    """Entries that upstream has not acknowledged."""

    def __init__(self, database: Database) -> None:
        """Work on an open journal file."""
        self._database = database

    def acked(self) -> tuple[int, bytes]:
        """Return the newest acknowledged number (0: none) and the chain's hash after it."""
        row = self._database.read().exec_driver_sql("SELECT acked, acked_hash FROM sync_state").one()
        return row[0], row[1]

    def waiting(self, after: int, limit: int) -> list[QueuedEntry]:
        """Return at most `limit` entries after a number, in order."""
        rows = self._database.read().exec_driver_sql(_WAITING, (after, limit))
        return [QueuedEntry(*row) for row in rows]

    def acknowledge(self, acked: int, verdicts: Mapping[int, tuple[str, ...]]) -> None:
        """Record what upstream holds, and its verdicts, in one transaction; the number never goes back."""
        with self._database.write() as cursor:
            cursor.execute(_ACKNOWLEDGE, (acked, acked, acked, acked))
            # Only exceptions have a row: an accepted entry has no codes.
            cursor.executemany("DELETE FROM verdict WHERE seq = ?", [(seq,) for seq in verdicts])
            cursor.executemany(
                "INSERT INTO verdict VALUES (?, ?)",
                [(seq, " ".join(codes)) for seq, codes in verdicts.items() if codes],
            )

    def status(self) -> SyncStatus:
        """Return what is unsent, when upstream last answered, and the data used."""
        row = self._database.read().exec_driver_sql(_STATUS).fetchone()
        return SyncStatus(*row) if row else SyncStatus(0, None, 0, 0, 0)

    def verdict_of(self, seq: int) -> tuple[str, ...] | None:
        """Return upstream's codes for an entry: empty when accepted, None when not yet acknowledged."""
        if self.acked()[0] < seq:
            return None
        row = self._database.read().exec_driver_sql("SELECT codes FROM verdict WHERE seq = ?", (seq,)).fetchone()
        return tuple(row[0].split()) if row else ()

    def note_contact(self, now_ms: int, server_time_ms: int, bytes_up: int, bytes_down: int) -> None:
        """Record when upstream answered, what time it was there, and the data used."""
        with self._database.write() as cursor:
            cursor.execute(_NOTE_CONTACT, (now_ms, server_time_ms, bytes_up, bytes_down))


class StoredPrintState(StrEnum):
    """Where a print stands; see the print queue for what each means."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    FAILED_CLEAN = "failed_clean"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class QueuedPrint:
    """One print: `ref` is the entry it speaks of, `copy` 0 the original."""

    id: int
    kind: str
    ref: int
    copy: int


class SqlitePrints:
    """The prints that were asked for."""

    def __init__(self, database: Database) -> None:
        """Work on an open journal file."""
        self._database = database

    def next_pending(self, kinds: Sequence[str] = ()) -> QueuedPrint | None:
        """Return the oldest print of which not a byte has left; with `kinds`, only of these."""
        if kinds:
            sql = _NEXT_PRINT_OF.format(marks=_marks(kinds))
            row = self._database.read().exec_driver_sql(sql, tuple(kinds)).fetchone()
        else:
            row = self._database.read().exec_driver_sql(_NEXT_PRINT).fetchone()
        return QueuedPrint(*row) if row else None

    def claim(self, job_id: int, printer: str) -> bool:
        """Record, durably, before returning, that a printer begins a print; False when another one has begun it."""
        with self._database.write() as cursor:
            cursor.execute(_CLAIM, (printer, job_id))
            return bool(cursor.rowcount)

    def mark(self, job_id: int, state: StoredPrintState, detail: str = "") -> None:
        """Record a state, durably, before returning."""
        with self._database.write() as cursor:
            cursor.execute("UPDATE print_job SET state = ?, detail = ? WHERE id = ?", (state.value, detail, job_id))

    def recover(self, others: Sequence[str] = ()) -> list[QueuedPrint]:
        """Mark prints that were being sent when the till stopped as unknown, and return them.

        `others` are the printers that are at work meanwhile: what they send is left alone.
        """
        with self._database.write() as cursor:
            cursor.execute(_SENDING.format(marks=_marks(others)), tuple(others))
            found = [QueuedPrint(*row) for row in cursor.fetchall()]
            cursor.executemany(
                "UPDATE print_job SET state = 'unknown', detail = 'power' WHERE id = ?", [(job.id,) for job in found]
            )
        return found

    def revive(self) -> None:
        """Let prints that could not be drawn be tried once more, unless a later copy of them was asked for."""
        with self._database.write() as cursor:
            cursor.execute(_REVIVE)

    def states(self, seq: int) -> tuple[str, ...]:
        """Return the states of the prints of an entry, the original first."""
        sql = "SELECT state FROM print_job WHERE ref = ? ORDER BY copy, id"
        return tuple(row[0] for row in self._database.read().exec_driver_sql(sql, (seq,)))

    def unknown(self) -> list[QueuedPrint]:
        """Return the prints of which nobody knows whether they came out, oldest first."""
        sql = "SELECT id, kind, ref, copy FROM print_job WHERE state = 'unknown' ORDER BY id"
        return [QueuedPrint(*row) for row in self._database.read().exec_driver_sql(sql)]

    def answer_unknown(self, seq: int, *, came_out: bool) -> bool:
        """Take in the cashier's word on an entry's unknown prints; return whether a copy must be printed instead."""
        state = StoredPrintState.CONFIRMED if came_out else StoredPrintState.SENT
        detail = "cashier" if came_out else "not_whole"
        with self._database.write() as cursor:
            cursor.execute(
                "UPDATE print_job SET state = ?, detail = ? WHERE ref = ? AND state = 'unknown'",
                (state.value, detail, seq),
            )
            return bool(cursor.rowcount) and not came_out


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
