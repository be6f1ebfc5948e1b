"""The third schema: families that shop away from home, and what tills were asked to give back."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE visit (
        recipient_id INTEGER NOT NULL,
        ledger_id TEXT NOT NULL,
        asked_at BIGINT NOT NULL,
        open_until BIGINT NOT NULL,
        PRIMARY KEY (recipient_id, ledger_id),
        FOREIGN KEY(recipient_id) REFERENCES recipient (id),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
    "CREATE INDEX visit_by_ledger ON visit (ledger_id)",
    """
    CREATE TABLE recall (
        entitlement_id INTEGER NOT NULL,
        ledger_id TEXT NOT NULL,
        PRIMARY KEY (entitlement_id, ledger_id),
        FOREIGN KEY(entitlement_id) REFERENCES entitlement (id),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
)
