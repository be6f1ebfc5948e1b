"""A till's data folder: who may use it, what lies where, and opening it in the right order."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import platformdirs

from kube_pos import logs, recovery
from kube_pos.errors import KeyUnavailable, NotEnrolled, StorageFailed
from kube_pos.keys import KeyFile, Keys, KeyStore, key_store
from kube_pos.ledger.migrations import JOURNAL, REPLICA
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.machine import machine_name
from kube_pos.marks import Marks
from kube_pos.retirement import JOURNAL_FILE, REPLICA_FILE, finish_retirement, retire
from kube_pos.settings import FILE_NAME, Settings, load, save
from kube_pos.single_instance import SingleInstance

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """How a folder is opened: settings, keys and where they lie."""

    settings: Settings
    store: KeyStore
    keys: Keys
    marks: Marks


@dataclass(frozen=True, slots=True)
class TillFolder:
    """An open data folder; nobody else has it while this lives."""

    path: Path
    settings: Settings
    keys: Keys
    journal: Database
    replica: Database
    lock: SingleInstance
    marks: Marks

    def close(self) -> None:
        """Close the files and let the folder go."""
        self.journal.close()
        self.replica.close()
        self.lock.release()


def default_path() -> Path:
    """Return where a till keeps its data unless told otherwise."""
    return Path(platformdirs.user_data_dir("kube-pos", appauthor=False))


def open_folder(path: Path, machine: str | None = None) -> TillFolder:
    """Open a data folder, making what is not there yet; `machine` names this computer, by itself as the system does.

    A journal that was put back or copied is retired: the folder is then open and not enrolled, and asking its journal
    who it is raises JournalRestored. Raises AlreadyRunning, SettingsUnreadable, KeyUnavailable, DatabaseUnreadable,
    DatabaseTooNew or StorageFailed; the folder is let go again then.
    """
    lock = take_folder(path)
    try:
        logs.start(path)
        settings = load(path / FILE_NAME)
        finish_retirement(path)
        store = key_store(path, settings.key_file)
        keys = _keys(path, settings, store)
        marks = Marks(path, store, machine_name() if machine is None else machine)
        journal = _trusted_journal(path, keys, marks)
        try:
            opened = _with_own_device_key(path, journal, _Opened(settings, store, keys, marks))
            replica = Database(path / REPLICA_FILE, keys.files, REPLICA)
        except BaseException:
            journal.close()
            raise
    except BaseException:
        lock.release()
        raise
    return TillFolder(path, opened.settings, opened.keys, journal, replica, lock, opened.marks)


def take_folder(path: Path) -> SingleInstance:
    """Make a data folder if need be and take it. Raises AlreadyRunning and StorageFailed."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageFailed(path=str(path), reason=error.strerror or "") from error
    return SingleInstance(path)


def is_enrolled(journal: Database) -> bool:
    """Tell whether a journal belongs to an outlet."""
    try:
        SqliteJournal(journal).identity()
    except NotEnrolled:
        return False
    return True


def _trusted_journal(path: Path, keys: Keys, marks: Marks) -> Database:
    """Return the open journal; one that its marks do not bear out is retired, and its successor returned."""
    file = path / JOURNAL_FILE
    journal = Database(file, keys.files, JOURNAL)
    try:
        reason = marks.doubt_of(journal) if is_enrolled(journal) else None
    except BaseException:
        journal.close()
        raise
    if reason is None:
        return journal
    journal.close()
    ended = retire(path, file, keys.files, keys.device, reason)
    _LOG.error(
        "the journal was put back or copied (%s): retired at entry %d, kept as %s", reason, ended.seq, ended.file
    )
    return Database(file, keys.files, JOURNAL)


def _with_own_device_key(path: Path, journal: Database, opened: _Opened) -> _Opened:
    """Return how the folder is opened; before enrolment with a new device key when this one has signed a ledger.

    Another till may be using the key file that a copied folder names: then the new keys go into a file of their own.
    """
    keys, marks = opened.keys, opened.marks
    if is_enrolled(journal):
        return opened
    if not marks.was_used(keys) and all(row.device_key != keys.device for row in predecessors(journal)):
        return opened
    fresh = Keys(files=keys.files, device=secrets.token_bytes(32))
    # The wrap goes first: a device key that only the wrap knows was never used, the other way round it would be lost.
    recovery.wrap_new_device(path / recovery.FILE_NAME, fresh)
    if not opened.settings.key_file or not marks.keys_are_anothers():
        opened.store.save(fresh)
        return replace(opened, keys=fresh)
    old = Path(opened.settings.key_file)
    own = old.with_name(f"{old.stem}-{secrets.token_hex(4)}{old.suffix}")
    store = KeyFile(own)
    store.save(fresh)
    settings = msgspec.structs.replace(opened.settings, key_file=str(own))
    try:
        save(path / FILE_NAME, settings)
    except OSError as error:
        raise StorageFailed(path=str(path / FILE_NAME), reason=error.strerror or "") from error
    return _Opened(settings, store, fresh, marks.beside(store))


def _keys(path: Path, settings: Settings, store: KeyStore) -> Keys:
    found = store.load()
    if found is not None:
        return found
    if (path / JOURNAL_FILE).exists():
        # New keys would lock the data out for good: say that the old ones are missing.
        raise KeyUnavailable(path=settings.key_file or "keyring kube-pos")
    made = Keys(files=secrets.token_bytes(32), device=secrets.token_bytes(32))
    store.save(made)
    return made
