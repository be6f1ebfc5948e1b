"""What a file says, in one value: equal images mean that not a row differs."""

from __future__ import annotations

from hashlib import blake2b

from kube_pos.ledger.sqlite_engine import Database

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def image_of(database: Database) -> bytes:
    """Return a digest of every row of every table, and of the schema's number."""
    digest = blake2b(digest_size=16)
    cursor = database._driver_connection().cursor()
    digest.update(str(cursor.execute("PRAGMA user_version").fetchone()[0]).encode())
    for (table,) in cursor.execute(_TABLES).fetchall():
        digest.update(f"\n{table}".encode())
        # Sorted here: without a number of its own a table has no order that two files share.
        rows = cursor.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 -- our own tables' names
        for row in sorted(map(repr, rows)):
            digest.update(row.encode())
    cursor.close()
    return digest.digest()
