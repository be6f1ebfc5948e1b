"""Putting a backup back after a lost disk or a damaged journal, and putting lost keys back by the code on paper.

A restored journal never goes on under its name: what came after the backup is unknown here, so the ledger is retired
and the till begins anew with a new enrolment (`kube_pos/retirement.py`). Its entries can be read, and sent upstream.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kube_pos import logs, recovery
from kube_pos.backup import recovery_beside
from kube_pos.enrolment import ledger_id_of
from kube_pos.errors import DatabaseUnreadable, KeyUnavailable, KubePosError, NotEnrolled, StorageFailed
from kube_pos.folder import take_folder
from kube_pos.keys import Keys, KeyStore, key_store
from kube_pos.ledger.marker import Doubt
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import Predecessor, predecessors
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.retirement import (
    JOURNAL_FILE,
    finish_retirement,
    flush_folder,
    free_name,
    move_database,
    remove_database,
    retire,
)
from kube_pos.settings import FILE_NAME, load, write_durably
from kube_pos.sync.signing import DeviceKey

_COPY = "journal.restore.db"
_DAMAGED = "journal-damaged.db"


class BackupUnusable(KubePosError):
    """The file is no whole backup that these keys open. Facts: path, reason."""

    code = "backup_unusable"


class NothingToRestore(KubePosError):
    """The folder's own journal is whole, so a backup has nothing to add. Facts: path."""

    code = "nothing_to_restore"


def recover_keys(path: Path, code: str) -> None:
    """Put the keys of a data folder back into its key store, from the folder's `recovery.json`.

    The keys are tried on the journal before anything is stored. Raises MistypedRecoveryCode, WrongRecoveryCode,
    NoRecoveryFile, AlreadyRunning, KeyUnavailable, DatabaseUnreadable and StorageFailed.
    """
    lock = take_folder(path)
    try:
        store = key_store(path, load(path / FILE_NAME).key_file)
        keys = recovery.unwrap(path / recovery.FILE_NAME, code)
        finish_retirement(path)
        if (path / JOURNAL_FILE).exists():
            Database(path / JOURNAL_FILE, keys.files, JOURNAL).close()
        store.save(keys)
    finally:
        lock.release()


def restore(path: Path, backup: Path, code: str = "") -> Predecessor:
    """Put a backup into a new or damaged data folder; return the ledger that it holds, retired and readable.

    A damaged journal is kept beside. With a code the keys come from the wrapped keys beside the backup and go into the
    key store. Raises BackupUnusable, NothingToRestore, KeyUnavailable and as `recover_keys`.
    """
    lock = take_folder(path)
    try:
        logs.start(path)
        store = key_store(path, load(path / FILE_NAME).key_file)
        finish_retirement(path)
        _need_damage(path, store)
        keys = _keys(path, backup, store, code)
        copy, device_key = _proved_copy(path, backup, keys)
        if code:
            _keep_keys(path, backup, store, keys)
        journal = path / JOURNAL_FILE
        if journal.exists():
            move_database(journal, free_name(path, _DAMAGED))
            flush_folder(path)
        return retire(path, copy, keys.files, device_key, Doubt.BACKUP)
    except OSError as error:
        raise StorageFailed(path=str(path), reason=error.strerror or "") from error
    finally:
        lock.release()


def _need_damage(path: Path, store: KeyStore) -> None:
    """Raise NothingToRestore when the folder's own journal opens, belongs to an outlet and is whole."""
    journal = path / JOURNAL_FILE
    try:
        keys = store.load()
    except KeyUnavailable:
        return
    if keys is None or not journal.exists():
        return
    try:
        database = Database(journal, keys.files, JOURNAL)
    except (DatabaseUnreadable, StorageFailed):
        return
    try:
        SqliteJournal(database).identity()
        if verify(database).is_clean:
            raise NothingToRestore(path=str(journal))
    except (NotEnrolled, DatabaseUnreadable, StorageFailed):
        return
    finally:
        database.close()


def _keys(path: Path, backup: Path, store: KeyStore, code: str) -> Keys:
    if not code:
        found = store.load()
        if found is None:
            raise KeyUnavailable(path=str(path))
        return found
    return recovery.unwrap(recovery_beside(backup), code)


def _keep_keys(path: Path, backup: Path, store: KeyStore, keys: Keys) -> None:
    """Put keys that opened a backup into the key store; the same paper goes on opening the data here."""
    store.save(keys)
    write_durably(path / recovery.FILE_NAME, recovery_beside(backup).read_bytes())


def _proved_copy(path: Path, backup: Path, keys: Keys) -> tuple[Path, bytes]:
    """Copy a backup into the folder and prove it; return the copy and the device key of its ledger, if it is known."""
    copy = path / _COPY
    remove_database(copy)
    try:
        shutil.copyfile(backup, copy)
        _flush(copy)
    except OSError as error:
        raise BackupUnusable(path=str(backup), reason=error.strerror or "") from error
    try:
        database = Database(copy, keys.files, JOURNAL)
    except DatabaseUnreadable as error:
        remove_database(copy)
        raise BackupUnusable(path=str(backup), reason=error.code) from error
    try:
        identity = SqliteJournal(database).identity()
        before = {row.ledger_id: row.device_key for row in predecessors(database)}
        report = verify(database)
    except NotEnrolled as error:
        raise BackupUnusable(path=str(backup), reason=error.code) from error
    finally:
        database.close()
    if not report.is_clean:
        remove_database(copy)
        reason = ", ".join(sorted({finding.code for finding in report.findings}))
        raise BackupUnusable(path=str(backup), reason=reason)
    if ledger_id_of(DeviceKey(keys.device)) == identity.ledger_id:
        return copy, keys.device
    return copy, before.get(identity.ledger_id, b"")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
