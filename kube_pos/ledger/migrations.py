"""The schemas of the till's two files, as numbered steps of SQL that never change once released.

The schema's number is SQLite's `user_version`. A step runs whole or not at all; a file of a newer number is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kube_pos.errors import DatabaseTooNew
from kube_pos.ledger.schema_records import RECORDS_1


class Cursor(Protocol):
    """What a migration needs of a database connection."""

    def execute(self, sql: str) -> object:
        """Run one statement."""
        ...

    def fetchone(self) -> tuple[object, ...] | None:
        """Return the next row of the newest result."""
        ...


@dataclass(frozen=True, slots=True)
class Schema:
    """The steps of one file, from an empty file on."""

    name: str
    steps: tuple[tuple[str, ...], ...]

    @property
    def number(self) -> int:
        """Return the number of the newest schema."""
        return len(self.steps)


_JOURNAL_1 = (
    """CREATE TABLE identity (
        one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        ledger_id TEXT NOT NULL,
        terminal TEXT NOT NULL,
        outlet_id INTEGER NOT NULL,
        city_key BLOB NOT NULL,
        upstream_address TEXT NOT NULL,
        upstream_key BLOB NOT NULL,
        is_demo INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE entry (
        seq INTEGER NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,
        body BLOB NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT""",
    # INSERT OR REPLACE deletes without firing delete triggers; the guard on the number stops it before it begins.
    """CREATE TRIGGER entry_follows_on BEFORE INSERT ON entry
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entry)
        BEGIN SELECT RAISE(ABORT, 'an entry follows on the newest'); END""",
    """CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
        BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END""",
    """CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
        BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END""",
    """CREATE TABLE sale (
        seq INTEGER NOT NULL PRIMARY KEY,
        sale TEXT NOT NULL UNIQUE,
        receipt TEXT NOT NULL UNIQUE,
        recipient INTEGER,
        target INTEGER,
        closing INTEGER
    ) STRICT""",
    # Only reversals have a target: no page of it is touched by a sale.
    "CREATE UNIQUE INDEX sale_by_target ON sale (target) WHERE target IS NOT NULL",
    "CREATE INDEX sale_by_recipient ON sale (recipient, seq)",
    "CREATE INDEX sale_not_closed ON sale (seq) WHERE closing IS NULL",
    """CREATE TABLE share_use (
        entitlement INTEGER NOT NULL PRIMARY KEY,
        spent INTEGER NOT NULL CHECK (spent >= 0),
        released INTEGER NOT NULL CHECK (released >= 0)
    ) STRICT""",
    """CREATE TABLE stock (
        product INTEGER NOT NULL PRIMARY KEY,
        on_hand INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE print_job (
        id INTEGER NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        ref INTEGER NOT NULL,
        copy INTEGER NOT NULL,
        state TEXT NOT NULL,
        detail TEXT NOT NULL,
        UNIQUE (kind, ref, copy)
    ) STRICT""",
    "CREATE INDEX print_job_open ON print_job (id) WHERE state IN ('pending', 'sending', 'failed_clean')",
    """CREATE TABLE basket (
        one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        body BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE sync_state (
        one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        acked INTEGER NOT NULL,
        acked_hash BLOB NOT NULL,
        last_contact_ms INTEGER,
        server_time_ms INTEGER,
        bytes_up INTEGER NOT NULL,
        bytes_down INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE verdict (
        seq INTEGER NOT NULL PRIMARY KEY,
        codes TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE checkpoint (
        seq INTEGER NOT NULL PRIMARY KEY,
        hash BLOB NOT NULL,
        signature BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE predecessor (
        number INTEGER NOT NULL PRIMARY KEY,
        ledger_id TEXT NOT NULL,
        terminal TEXT NOT NULL,
        seq INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        reason TEXT NOT NULL,
        file TEXT NOT NULL,
        device_key BLOB NOT NULL
    ) STRICT""",
)

_REPLICA_1 = (
    """CREATE TABLE card (
        token TEXT NOT NULL PRIMARY KEY,
        doc BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE recipient (
        id INTEGER NOT NULL PRIMARY KEY,
        national_id_hash TEXT NOT NULL,
        family_card_hash TEXT NOT NULL,
        doc BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX recipient_by_national_id ON recipient (national_id_hash) WHERE national_id_hash <> ''",
    "CREATE INDEX recipient_by_family_card ON recipient (family_card_hash) WHERE family_card_hash <> ''",
    """CREATE TABLE entitlement (
        recipient INTEGER NOT NULL,
        id INTEGER NOT NULL UNIQUE,
        doc BLOB NOT NULL,
        PRIMARY KEY (recipient, id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE share (
        entitlement INTEGER NOT NULL PRIMARY KEY,
        granted INTEGER NOT NULL CHECK (granted >= 0),
        spent_elsewhere INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE document (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        doc BLOB NOT NULL,
        PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE state (
        one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        cursor INTEGER NOT NULL,
        as_of_ms INTEGER,
        generation INTEGER NOT NULL
    ) STRICT""",
    "INSERT INTO state VALUES (1, 0, NULL, 0)",
)

JOURNAL = Schema("journal", ((*_JOURNAL_1, *RECORDS_1),))
REPLICA = Schema("replica", (_REPLICA_1,))


def migrate(cursor: Cursor, schema: Schema, path: str) -> None:
    """Bring a file to the newest schema, a transaction a step. Raises DatabaseTooNew and changes nothing then."""
    cursor.execute("PRAGMA user_version")
    row = cursor.fetchone()
    found = int(str(row[0])) if row else 0
    if found > schema.number:
        raise DatabaseTooNew(path=path, found=found, known=schema.number)
    for number, step in enumerate(schema.steps[found:], start=found + 1):
        cursor.execute("BEGIN IMMEDIATE")
        for statement in step:
            cursor.execute(statement)
        cursor.execute(f"PRAGMA user_version = {number:d}")
        cursor.execute("COMMIT")
