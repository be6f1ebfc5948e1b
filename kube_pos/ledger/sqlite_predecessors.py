"""The ledgers that a restored journal follows on: kept in the new journal's file, from before its first entry."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import Any

from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.sqlite_engine import Database

_ALL = "SELECT ledger_id, terminal, seq, last_at, reason, file, device_key FROM predecessor ORDER BY number"
_ADD = "INSERT INTO predecessor VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A retired ledger: how far it had come, why it ended, where its file lies now."""

    ledger_id: LedgerId
    terminal: str
    seq: int
    last_at: int
    """The time of its newest entry; the new journal never begins before it."""
    reason: str
    """A value of `marker.Doubt`."""
    file: str
    """The file's name in the data folder."""
    device_key: bytes = field(repr=False)
    """The key it signed with, so that what upstream never got can still be sent."""


def predecessors(database: Database) -> tuple[Predecessor, ...]:
    """Return the ledgers before this one, oldest first."""
    return tuple(Predecessor(*row) for row in database.read().exec_driver_sql(_ALL))


def write_predecessors(database: Database, rows: tuple[Predecessor, ...]) -> None:
    """Put the ledgers before this one into a new journal, oldest first."""
    values: list[tuple[Any, ...]] = [(number, *astuple(row)) for number, row in enumerate(rows, start=1)]
    with database.write() as cursor:
        cursor.executemany(_ADD, values)
