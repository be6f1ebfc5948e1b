"""The fifth schema: the officers of the console, their sessions, and what they decide about exceptions."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE officer (
        id {serial},
        name TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        active INTEGER NOT NULL,
        wrong_tries INTEGER NOT NULL,
        locked_until BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE officer_session (
        token_hash TEXT PRIMARY KEY,
        officer_id BIGINT NOT NULL,
        began_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        FOREIGN KEY(officer_id) REFERENCES officer (id)
    )
    """,
    """
    CREATE TABLE exception_decision (
        id {serial},
        exception_id INTEGER NOT NULL,
        at BIGINT NOT NULL,
        officer TEXT NOT NULL,
        decision TEXT NOT NULL,
        note TEXT NOT NULL,
        FOREIGN KEY(exception_id) REFERENCES exception (id)
    )
    """,
    "CREATE INDEX decision_by_exception ON exception_decision (exception_id)",
)
