"""What a file says, in one value: equal images mean that not a row differs."""

from __future__ import annotations

from hashlib import blake2b

from kube_pos.ledger.sqlite_engine import Database

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def image_of(database: Database) -> bytes:
    """Return a digest of every row of every table, and of the schema's number."""
    digest = blake2b(digest_size=16)
    connection = database.read()
    digest.update(str(connection.exec_driver_sql("PRAGMA user_version").scalar_one()).encode())
    for (table,) in connection.exec_driver_sql(_TABLES).fetchall():
        digest.update(f"\n{table}".encode())
        # Sorted here: without a number of its own a table has no order that two files share.
        rows = connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()  # noqa: S608 -- our own tables' names
        for row in sorted(repr(tuple(row)) for row in rows):
            digest.update(row.encode())
    return digest.digest()
