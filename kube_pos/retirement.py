"""Ending a ledger on this machine: its file is kept to be read, an empty journal that knows of it takes its place.

Every step may be cut off by a power failure; the next opening of the folder ends what was begun. Why it is done this
way: `kube_pos/decisions/0005-restored-ledgers.md`.
"""

from __future__ import annotations

import os
from pathlib import Path

from kube_pos.errors import StorageFailed
from kube_pos.ledger.marker import Doubt
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import Predecessor, predecessors, write_predecessors

JOURNAL_FILE = "journal.db"
REPLICA_FILE = "replica.db"
_NEXT = "journal.next.db"
_PARTS = ("", "-wal", "-shm")


def retire(folder: Path, source: Path, keys_files: bytes, device_key: bytes, reason: Doubt) -> Predecessor:
    """Retire the ledger in `source`, which is the folder's journal or a whole copy of one; nobody may have it open.

    Afterwards the folder's journal is an empty one that follows on it, and the list is to be fetched anew: its shares
    were another ledger's. Raises StorageFailed; what was done then is ended at the next opening.
    """
    try:
        return _retire(folder, source, (keys_files, device_key), reason)
    except OSError as error:
        raise StorageFailed(path=str(folder), reason=error.strerror or "") from error


def finish_retirement(folder: Path) -> None:
    """End a retirement that was cut off between its two moves; usually nothing is to do."""
    begun, journal = folder / _NEXT, folder / JOURNAL_FILE
    if begun.exists() and not journal.exists():
        begun.replace(journal)
        flush_folder(folder)


def kept_name(terminal: str, seq: int, ledger_id: str) -> str:
    """Return the name under which a retired ledger's file is kept."""
    return f"journal-{terminal}-{seq:06d}-{ledger_id[:8]}.db"


def free_name(folder: Path, name: str) -> Path:
    """Return a path for a name in a folder that no file has yet."""
    path = folder / name
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem}-{number}.db"
    return path


def move_database(source: Path, target: Path) -> None:
    """Move a database with what may lie beside it: the log first, so that it is never without its log."""
    for part in reversed(_PARTS):
        beside = source.with_name(source.name + part)
        if beside.exists():
            beside.replace(target.with_name(target.name + part))


def remove_database(path: Path) -> None:
    """Delete a database with what may lie beside it."""
    for part in _PARTS:
        path.with_name(path.name + part).unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make moves in a folder durable."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _retire(folder: Path, source: Path, keys: tuple[bytes, bytes], reason: Doubt) -> Predecessor:
    files_key, device_key = keys
    old = Database(source, files_key, JOURNAL)
    try:
        reads = SqliteJournal(old)
        identity, seq = reads.identity(), reads.head()[0]
        target = free_name(folder, kept_name(identity.terminal, seq, identity.ledger_id))
        ended = Predecessor(
            ledger_id=identity.ledger_id,
            terminal=identity.terminal,
            seq=seq,
            last_at=reads.last_at_ms(),
            reason=reason.value,
            file=target.name,
            device_key=device_key,
        )
        before = predecessors(old)
    finally:
        old.close()
    begun = folder / _NEXT
    remove_database(begun)
    new = Database(begun, files_key, JOURNAL)
    try:
        write_predecessors(new, (*before, ended))
    finally:
        new.close()
    # The list goes first: with its old grants the new ledger could give out what the old one holds.
    remove_database(folder / REPLICA_FILE)
    flush_folder(folder)
    move_database(source, target)
    # Were the two moves swapped by a power cut, the second would overwrite the old entries.
    flush_folder(folder)
    begun.replace(folder / JOURNAL_FILE)
    flush_folder(folder)
    target.chmod(0o400)
    return ended
