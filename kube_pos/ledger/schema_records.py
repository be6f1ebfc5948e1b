"""The tables beside the journal, as steps of SQL; `migrations` runs them. They never change once released."""

from __future__ import annotations

RECORDS_1 = (
    """CREATE TABLE slip (
        number TEXT NOT NULL PRIMARY KEY,
        seq INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE delivery (
        seq INTEGER NOT NULL PRIMARY KEY,
        confirmed INTEGER
    ) STRICT""",
    "CREATE INDEX delivery_open ON delivery (seq) WHERE confirmed IS NULL",
    """CREATE TABLE collector (
        seq INTEGER NOT NULL PRIMARY KEY,
        who TEXT NOT NULL,
        recipient INTEGER,
        day TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX collector_by_who ON collector (who, day)",
    """CREATE TABLE stand_in (
        card TEXT NOT NULL,
        month TEXT NOT NULL,
        spent INTEGER NOT NULL CHECK (spent >= 0),
        PRIMARY KEY (card, month)
    ) STRICT""",
    """CREATE TABLE exchange (
        seq INTEGER NOT NULL PRIMARY KEY,
        target INTEGER NOT NULL,
        product INTEGER NOT NULL,
        quantity INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX exchange_by_sale ON exchange (target)",
    """CREATE TABLE lookup_log (
        id INTEGER NOT NULL PRIMARY KEY,
        at INTEGER NOT NULL,
        staff INTEGER NOT NULL,
        how TEXT NOT NULL,
        card TEXT NOT NULL,
        recipient INTEGER,
        approver INTEGER,
        reason TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX lookup_log_by_time ON lookup_log (at)",
    """CREATE TABLE pin_tries (
        staff INTEGER NOT NULL PRIMARY KEY,
        wrong INTEGER NOT NULL
    ) STRICT""",
)
