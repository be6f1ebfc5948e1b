"""Many new rows at once by the quickest way that a database has: COPY on PostgreSQL, one prepared insert on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DBAPIError, IntegrityError

from kube_pos.upstream.database import without_values


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns; raises IntegrityError when one is there already.

    Raises DBAPIError for what else the database refuses. No error quotes a value.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), rows)
        return
    names = tuple(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'COPY "{table.name}" ({columns}) FROM STDIN'
    driver, errors = connection.connection.driver_connection, connection.dialect.loaded_dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[union-attr]
            for row in rows:
                copy.write_row([row[name] for name in names])
    except errors.Error as error:
        # SQLAlchemy does not see this cursor, so neither its kinds of error nor our care for values is there by itself.
        without_values(error)
        kind = IntegrityError if isinstance(error, errors.IntegrityError) else DBAPIError
        raise kind(statement, None, error, hide_parameters=True) from None


def insert_all_new(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], wanted: Column[Any]
) -> list[Any]:
    """Insert the rows that no unique key forbids, each in its turn; return a column of those that were inserted."""
    if not rows:
        return []
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite_dialect
    statement = dialect.insert(table).on_conflict_do_nothing().returning(wanted)
    return list(connection.execute(statement, list(rows)).scalars())
