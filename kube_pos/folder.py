"""A till's data folder: who may use it, what lies where, and opening it in the right order."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from kube_pos import logs
from kube_pos.errors import KeyUnavailable, StorageFailed
from kube_pos.keys import Keys, key_store
from kube_pos.ledger.migrations import JOURNAL, REPLICA
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.settings import FILE_NAME, Settings, load
from kube_pos.single_instance import SingleInstance

JOURNAL_FILE = "journal.db"
REPLICA_FILE = "replica.db"


@dataclass(frozen=True, slots=True)
class TillFolder:
    """An open data folder; nobody else has it while this lives."""

    path: Path
    settings: Settings
    keys: Keys
    journal: Database
    replica: Database
    lock: SingleInstance

    def close(self) -> None:
        """Close the files and let the folder go."""
        self.journal.close()
        self.replica.close()
        self.lock.release()


def default_path() -> Path:
    """Return where a till keeps its data unless told otherwise."""
    return Path(platformdirs.user_data_dir("kube-pos", appauthor=False))


def open_folder(path: Path) -> TillFolder:
    """Open a data folder, making what is not there yet.

    Raises AlreadyRunning, SettingsUnreadable, KeyUnavailable, DatabaseUnreadable, DatabaseTooNew or StorageFailed; the
    folder is let go again then.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageFailed(path=str(path), reason=error.strerror or "") from error
    lock = SingleInstance(path)
    try:
        logs.start(path)
        settings = load(path / FILE_NAME)
        keys = _keys(path, settings)
        journal = Database(path / JOURNAL_FILE, keys.files, JOURNAL)
        replica = Database(path / REPLICA_FILE, keys.files, REPLICA)
    except BaseException:
        lock.release()
        raise
    return TillFolder(path, settings, keys, journal, replica, lock)


def _keys(path: Path, settings: Settings) -> Keys:
    store = key_store(path, settings.key_file)
    found = store.load()
    if found is not None:
        return found
    if (path / JOURNAL_FILE).exists():
        # New keys would lock the data out for good: say that the old ones are missing.
        raise KeyUnavailable(path=settings.key_file or "keyring kube-pos")
    made = Keys(files=secrets.token_bytes(32), device=secrets.token_bytes(32))
    store.save(made)
    return made
