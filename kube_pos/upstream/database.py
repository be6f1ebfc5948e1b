"""The office's database: SQLite by default, PostgreSQL by URL.

Writers are serialised: on SQLite by BEGIN IMMEDIATE, on PostgreSQL by an advisory lock held until commit. That is what
makes the feed's promise true, that number N is visible only when every lower one is.

SQLite is the one that the program ships with (`sqlcipher3`, here without a key): older ones can spoil a WAL that two
connections write at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlcipher3.dbapi2 as sqlite
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, literal, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from kube_pos.errors import DatabaseTooNew, DatabaseUnreadable
from kube_pos.upstream.migrations import migrate

_WRITES = "kube_writes"
_FEED_LOCK = 0x6B756265
_POOL = 20
"""Half of the worker threads that a server process has; the rest are opened when they are needed."""
_VALUE = re.compile(r"\n|: \"|value \"")
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000")


class Database:
    """An open database; safe to share between threads, each transaction has a connection of its own."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Take an engine whose schema is present; `open_database` makes one."""
        self.is_postgresql = engine.dialect.name == "postgresql"
        self.name = name
        self._readers = engine
        self._writers = engine.execution_options(**{_WRITES: True})

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Begin a transaction that writes; it commits at the end of the block, or undoes all on an error."""
        with self._writers.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_FEED_LOCK})")
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Begin a transaction that sees one state of the database and changes nothing."""
        with self._readers.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._readers.dispose()


def open_database(place: str) -> Database:
    """Open the database at a path or URL, made and migrated as needed.

    Raises DatabaseTooNew, or DatabaseUnreadable when there is no database that can be opened.
    """
    is_url = "://" in place
    engine = _engine_of(place) if is_url else _sqlite_engine(Path(place))
    database = Database(engine, engine.url.render_as_string() if is_url else place)
    try:
        migrate(engine.execution_options(**{_WRITES: True}), database.name)
    except DatabaseError as error:
        engine.dispose()
        raise DatabaseUnreadable(path=database.name) from error
    except DatabaseTooNew:
        engine.dispose()
        raise
    return database


def _engine_of(place: str) -> Engine:
    """Return the engine of a URL as people write it: `postgres://` and `postgresql://` are spoken by psycopg."""
    try:
        url: URL = make_url(place)
        if url.drivername in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
        # A connection that the server closed meanwhile (restart, time-out) is replaced before it is used.
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=_POOL, max_overflow=_POOL)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise DatabaseUnreadable(path=place.partition("://")[0] + "://…") from error
    event.listen(engine, "handle_error", _without_values)
    return engine


def without_values(error: BaseException) -> None:
    """Take the rows' values, which a server quotes, out of an error: they may be names."""
    if error.args:
        # PostgreSQL quotes rows after the first line, and in it what it could not read.
        error.args = (_VALUE.split(str(error.args[0]), maxsplit=1)[0], *error.args[1:])


def _without_values(context: ExceptionContext) -> None:
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            without_values(error)


def insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless a unique key of it exists; tell whether it was inserted. The database decides in one step."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite_dialect
    # psycopg's row count says nothing of an insert with a conflict; the returned row does.
    statement = dialect.insert(table).values(**row).on_conflict_do_nothing().returning(literal(1))
    return connection.execute(statement).first() is not None


def _sqlite_engine(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    # psow=0: a cheap disk may spoil the whole block it was writing when the power went.
    uri = f"file:{quote(str(path.absolute()))}?psow=0"

    def connect() -> DBAPIConnection:
        return sqlite.connect(uri, uri=True, isolation_level=None, check_same_thread=False)  # type: ignore[no-any-return]

    # Errors must not carry names and numbers of people into a log.
    engine = create_engine(f"sqlite+pysqlite:///{path}", module=sqlite, creator=connect, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
