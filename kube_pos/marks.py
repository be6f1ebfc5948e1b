"""The marks of a journal outside its file: one in the data folder, one beside the keys.

Written off the sale's path: at start, after rounds of sync and at backups, at most every so many seconds.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from pathlib import Path

import msgspec

from kube_pos.clock import Clock
from kube_pos.errors import KubePosError, StorageFailed
from kube_pos.keys import Keys, KeyStore
from kube_pos.ledger.marker import Doubt, Found, Marker, doubt
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.settings import write_durably
from kube_pos.sync.signing import DeviceKey

FILE_NAME = "journal.mark"
PAUSE_MS = 20_000
"""Two marks are at least so far apart, so that a rush of sales does not write one for each."""
_LOG = logging.getLogger(__name__)


class Marks:
    """The places where a journal's marks lie."""

    def __init__(self, folder: Path, store: KeyStore, machine: str) -> None:
        """Speak for a data folder in its place on this machine; without a name for the machine places don't count."""
        self._path = folder / FILE_NAME
        self._store = store
        self._machine = _place(machine, folder) if machine else ""
        self._name = machine
        self._lock = threading.Lock()
        self._is_forked = False

    def beside(self, store: KeyStore) -> Marks:
        """Return the marks of this folder for another key store."""
        return Marks(self._path.parent, store, self._name)

    def load(self) -> list[Marker]:
        """Return the marks that can be read; a spoilt one counts as none."""
        found: list[Marker] = []
        for text in (self._in_folder(), self._beside_keys()):
            if text:
                try:
                    found.append(msgspec.json.decode(text, type=Marker))
                except msgspec.MsgspecError:
                    _LOG.warning("a mark of the journal can't be read")
        return found

    def save(self, mark: Marker) -> None:
        """Write a mark to both places; a place that refuses is told in the log, the other one counts then.

        After a mark of a fork nothing takes it back.
        """
        with self._lock:
            if not self._is_forked or mark.fork:
                self._is_forked = self._is_forked or mark.fork
                self._write(mark)

    def _write(self, mark: Marker) -> None:
        text = msgspec.json.encode(msgspec.structs.replace(mark, machine=self._machine))
        try:
            write_durably(self._path, text)
        except OSError as error:
            _LOG.warning("the mark in the data folder was not written: %s", error.strerror)
        try:
            self._store.save_mark(text.decode())
        except KubePosError as error:
            _LOG.warning("the mark beside the keys was not written: %s", error)

    def doubt_of(self, journal: Database) -> Doubt | None:
        """Return why an enrolled journal may not go on; None when it may."""
        reads = SqliteJournal(journal)
        identity = reads.identity()

        def hash_at(seq: int) -> bytes | None:
            stored = reads.entry(seq)
            return stored.hash if stored else None

        before = frozenset(row.ledger_id for row in predecessors(journal))
        found = Found(identity.ledger_id, reads.head()[0], hash_at, before)
        return doubt(self.load(), found, self._machine)

    def was_used(self, keys: Keys) -> bool:
        """Tell whether a ledger with entries was signed by this device key: it must not begin a second one."""
        return any(mark.seq > 0 and mark.device == device_name(keys) for mark in self.load())

    def keys_are_anothers(self) -> bool:
        """Tell whether a till in another place marked the key store: a copied folder still names its key file."""
        text = self._beside_keys()
        try:
            place = msgspec.json.decode(text, type=Marker).machine if text else ""
        except msgspec.MsgspecError:
            return False
        return bool(place and self._machine and place != self._machine)

    def _in_folder(self) -> str | None:
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(path=str(self._path), reason=error.strerror or "") from error
        except ValueError:
            return "?"

    def _beside_keys(self) -> str | None:
        try:
            return self._store.load_mark()
        except KubePosError as error:
            _LOG.warning("the mark beside the keys can't be read: %s", error)
            return None


class MarkKeeper:
    """Moves the marks on with an enrolled journal. On any one thread at a time, never the writer's."""

    def __init__(self, marks: Marks, journal: SqliteJournal, keys: Keys, clock: Clock) -> None:
        """Begin with nothing written."""
        self._marks = marks
        self._journal = journal
        self._device = device_name(keys)
        self._clock = clock
        self._written: tuple[int, bytes] | None = None
        self._next_ms: int | None = None

    def advance(self, *, at_once: bool = False) -> None:
        """Write the newest entry's mark if there is a newer one; the usual pause may be skipped."""
        now = self._clock.monotonic_ms()
        if not at_once and self._next_ms is not None and now < self._next_ms:
            return
        try:
            head = self._journal.head()
        except KubePosError as error:
            _LOG.warning("the journal's mark was not moved: %s", error)
            return
        if head != self._written:
            self._marks.save(self._marker(head, fork=False))
            self._written = head
            self._next_ms = now + PAUSE_MS

    def note_fork(self) -> None:
        """Remember that upstream holds other entries: at the next start the ledger is retired here."""
        _LOG.error("upstream holds other entries of this ledger; it is retired at the next start")
        self._marks.save(self._marker(self._journal.head(), fork=True))

    def _marker(self, head: tuple[int, bytes], *, fork: bool) -> Marker:
        ledger_id = self._journal.identity().ledger_id
        return Marker(ledger_id=ledger_id, seq=head[0], hash=head[1].hex(), device=self._device, fork=fork)


def _place(machine: str, folder: Path) -> str:
    """Return a digest of a folder's place, so that a copy beside it is recognised as one as well."""
    return hashlib.sha256(f"{machine}\n{os.path.normcase(folder.resolve())}".encode()).hexdigest()[:32]


def device_name(keys: Keys) -> str:
    """Return the fingerprint of the device key's public half."""
    return hashlib.sha256(DeviceKey(keys.device).public_key()).hexdigest()[:32]
