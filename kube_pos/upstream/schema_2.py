"""The second schema: proxies by key, stand-ins settled against free rows, and what an exception is about."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE collector (
        ledger_id TEXT NOT NULL,
        seq BIGINT NOT NULL,
        who TEXT NOT NULL,
        recipient_id INTEGER,
        day TEXT NOT NULL,
        PRIMARY KEY (ledger_id, seq),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
    "CREATE INDEX collector_by_who ON collector (who, day)",
    "ALTER TABLE share ADD COLUMN settled BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE draw ADD COLUMN settled INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE exception ADD COLUMN detail TEXT NOT NULL DEFAULT ''",
)
