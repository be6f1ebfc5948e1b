"""The fourth schema: the numbers of paper slips, each once at an outlet."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE paper_slip (
        outlet_id INTEGER NOT NULL,
        number TEXT NOT NULL,
        ledger_id TEXT NOT NULL,
        seq BIGINT NOT NULL,
        PRIMARY KEY (outlet_id, number),
        FOREIGN KEY(outlet_id) REFERENCES outlet (id),
        FOREIGN KEY(ledger_id) REFERENCES ledger (id)
    )
    """,
)
