"""Opening the till's files: SQLCipher under SQLAlchemy, write-ahead log, every commit flushed.

Why each setting: `kube_pos/decisions/0002-storage.md`.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.pool import NullPool

from kube_pos.errors import DatabaseUnreadable, StorageFailed
from kube_pos.ledger.migrations import Schema, migrate

_PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA recursive_triggers = ON",
)
_NEWEST = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1"
_STEP_PAGES = 256
_OPTIONS = "psow=0"
"""Never trust that a torn 4 KiB write leaves its neighbours alone: cheap flash does not."""


class Database:
    """One encrypted file. Each thread has a connection of its own; one thread writes at a time."""

    def __init__(self, path: Path, key: bytes, schema: Schema, *, options: str = _OPTIONS) -> None:
        """Open or make the file and bring it to the newest schema; `options` are SQLite's URI parameters.

        Raises DatabaseUnreadable when the 32-byte key does not fit or the file is no database, DatabaseTooNew, and
        StorageFailed when the folder can't be written.
        """
        self.path = path
        self._key = key
        # Told, not read from the first bytes of the file: a cut may spoil that page while the log still holds it, and
        # without the salt not even the log could be read.
        self._salt = hmac.digest(key, b"kube-pos salt " + schema.name.encode(), "sha256")[:16]
        self._options = options
        self._threads = threading.local()
        self._write_lock = threading.RLock()
        self._open: list[Connection] = []
        self._failed: Connection | None = None
        self._engine: Engine = create_engine(
            "sqlite+pysqlite://", module=sqlcipher, creator=self._connect, poolclass=NullPool, hide_parameters=True
        )
        event.listen(self._engine, "handle_error", self._put_into_our_words)
        self._migrate(schema)

    def read(self) -> Connection:
        """Return this thread's connection; every statement on it sees the newest committed state.

        Statements raise DatabaseUnreadable when they meet a damaged page, and StorageFailed when the disk refuses.
        The next call then gives a new connection: SQLCipher's cipher refuses everything after its first failed read.
        """
        connection: Connection | None = getattr(self._threads, "connection", None)
        if connection is not None and getattr(self._threads, "has_failed", False):
            del self._threads.connection
            with self._write_lock:
                self._discard(connection)
            connection = None
        if connection is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._threads.connection = connection
            self._threads.has_failed = False
            with self._write_lock:
                self._open.append(connection)
        return connection

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Run statements on a driver cursor in one transaction: durable when the block is left, or not there at all.

        Raises StorageFailed when the disk refuses; the connection is then thrown away, since it can't be trusted.
        """
        with self._write_lock:
            cursor = self._driver_connection().cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                cursor.execute("COMMIT")
            except sqlcipher.Error as error:
                self._roll_back(cursor)
                cursor.close()
                self._throw_away()
                raise StorageFailed(path=str(self.path), reason=str(error)) from error
            except BaseException:
                self._roll_back(cursor)
                cursor.close()
                raise
            cursor.close()

    def checkpoint(self) -> None:
        """Move the log into the file as far as nobody reads it; called when nothing else is to do."""
        with self._write_lock:
            self.read().exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def copy_to(self, path: Path, progress: Callable[[int, int], None]) -> tuple[int, bytes] | None:
        """Copy one state of the journal into a new file under the same key, while sales go on.

        `progress` is called between steps of a megabyte with the pages done and in all; what it raises ends the copy.
        Returns the number and hash of the newest entry in that state, None when there is none. Raises
        DatabaseUnreadable for a damaged page and StorageFailed when a disk refuses. The copy is one file, flushed.
        """
        source, target = None, None
        try:
            source = self._connect()
            target = sqlcipher.connect(str(path), isolation_level=None)
            self._unlock(target)
            # An open read holds one state: sales that are written meanwhile don't make the copy begin anew.
            source.execute("BEGIN")
            head: tuple[int, bytes] | None = source.execute(_NEWEST).fetchone()
            source.backup(
                target, pages=_STEP_PAGES, progress=lambda _, left, pages: progress(pages - left, pages), sleep=0
            )
            source.execute("ROLLBACK")
            target.execute("PRAGMA synchronous = FULL")
            # The mode stands in the file: so it needs no log beside it to be read.
            target.execute("PRAGMA journal_mode = DELETE")
        except sqlcipher.Error as error:
            raise self._failure(error) from error
        finally:
            for connection in (target, source):
                if connection is not None:
                    connection.close()
        return head

    def sibling(self, path: Path, schema: Schema, *, only_read: bool = True) -> Database:
        """Open another file under the same key; `only_read`: it is not written, and nobody else may write it."""
        return Database(path, self._key, schema, options="mode=ro&immutable=1" if only_read else _OPTIONS)

    def close(self) -> None:
        """Close the connections of all threads; none may use the database afterwards."""
        with self._write_lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._failed = None
        self._threads = threading.local()
        self._engine.dispose()

    def _connect(self) -> Any:
        connection = sqlcipher.connect(
            f"{self.path.resolve().as_uri()}?{self._options}", uri=True, isolation_level=None, check_same_thread=False
        )
        cursor = connection.cursor()
        try:
            self._unlock(cursor)
            for pragma in _PRAGMAS:
                cursor.execute(pragma)
        except BaseException:
            cursor.close()
            connection.close()
            raise
        cursor.close()
        return connection

    def _unlock(self, connection: Any) -> None:
        connection.execute(f"PRAGMA key = \"x'{self._key.hex()}{self._salt.hex()}'\"")
        # Processors since about 2017 have instructions for SHA-256 and none for SHA-512, the library's own choice.
        connection.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
        connection.execute("PRAGMA cipher_log_level = NONE")

    def _migrate(self, schema: Schema) -> None:
        try:
            connection = self._connect()
        except sqlcipher.Error as error:
            raise self._failure(error) from error
        try:
            migrate(connection.cursor(), schema, str(self.path))
        except sqlcipher.Error as error:
            raise self._failure(error) from error
        finally:
            connection.close()

    def _failure(self, error: Exception) -> DatabaseUnreadable | StorageFailed:
        text = str(error)
        if "not a database" in text or "malformed" in text or "HMAC" in text:
            return DatabaseUnreadable(path=str(self.path))
        return StorageFailed(path=str(self.path), reason=text)

    def _put_into_our_words(self, context: ExceptionContext) -> BaseException | None:
        error = context.original_exception
        if not isinstance(error, sqlcipher.Error):
            return None
        self._threads.has_failed = True
        return self._failure(error)

    def _driver_connection(self) -> Any:
        return self._driver_of(self.read())

    def _driver_of(self, connection: Connection) -> Any:
        return connection.connection.driver_connection

    def _roll_back(self, cursor: Any) -> None:
        try:
            cursor.execute("ROLLBACK")
        except sqlcipher.Error:
            # SQLite has already rolled back by itself after some failures.
            return

    def _throw_away(self) -> None:
        """Never use this thread's connection again, but leave it open until the next one fails.

        The log's index in memory goes with the last connection, and whoever opens the file then would take a commit
        whose flush failed for a good one, though it was told as failed: repeating it would do it twice.
        """
        connection: Connection = self._threads.connection
        del self._threads.connection
        is_free = not self._driver_of(connection).in_transaction
        earlier, self._failed = self._failed, connection if is_free else None
        for gone in (earlier, None if is_free else connection):
            if gone is not None:
                self._discard(gone)

    def _discard(self, connection: Connection) -> None:
        self._open.remove(connection)
        connection.invalidate()
        connection.close()
