"""Sending what a retired ledger's file still holds: facts that upstream never got, under their old name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kube_pos.clock import Clock
from kube_pos.enrolment import ledger_id_of
from kube_pos.errors import DatabaseUnreadable
from kube_pos.folder import TillFolder
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import Predecessor, predecessors
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_verify import VerifyReport, verify
from kube_pos.sync.cycle import send_waiting
from kube_pos.sync.failures import Fork
from kube_pos.sync.ports import Waiting
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.wire import UploadAnswer


@dataclass(frozen=True, slots=True)
class Sent:
    """What upstream now holds of a retired ledger."""

    ledger: Predecessor
    acked: int


class KeptOutbox:
    """The entries of a file that is only read; what is acknowledged is remembered while this lives."""

    def __init__(self, identity: Identity, kept: SqliteOutbox) -> None:
        """Begin with what the file itself knows to be acknowledged."""
        self._identity = identity
        self._kept = kept
        self._acked = kept.acked()

    def identity(self) -> Identity:
        """Return who the retired till was."""
        return self._identity

    def acked(self) -> tuple[int, bytes]:
        """Return the newest acknowledged sequence number (0: none) and the chain's hash after it."""
        return self._acked

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        """Return at most `limit` entries after a number, in order."""
        return [Waiting(entry.seq, entry.body, entry.hash) for entry in self._kept.waiting(after, limit)]

    def acknowledge(self, answer: UploadAnswer) -> None:
        """Remember what upstream holds; never goes back."""
        if answer.acked > self._acked[0]:
            self._acked = (answer.acked, bytes.fromhex(answer.head))

    def note_contact(self, server_time_ms: int, bytes_up: int, bytes_down: int) -> None:
        """Nothing is noted in a file that is only read."""


def send_old(folder: TillFolder, clock: Clock) -> list[Sent]:
    """Send what the retired ledgers of a folder hold beyond what upstream has; harmless to repeat.

    Where upstream holds more than the file, nothing is to be sent. Raises as `sync.cycle.send_waiting`: Fork when
    upstream holds other entries under that name, Offline and others.
    """
    return [_send(folder, row, clock) for row in predecessors(folder.journal) if _can_be_sent(folder, row)]


def _can_be_sent(folder: TillFolder, row: Predecessor) -> bool:
    return len(row.device_key) == 32 and (folder.path / row.file).exists()


def _send(folder: TillFolder, row: Predecessor, clock: Clock) -> Sent:
    from kube_pos.sync.client import UpstreamClient  # noqa: PLC0415 -- the HTTP library loads only where it is used

    kept = folder.journal.sibling(folder.path / row.file, JOURNAL)
    try:
        identity = SqliteJournal(kept).identity()
        outbox = KeptOutbox(identity, SqliteOutbox(kept))
        key = DeviceKey(row.device_key)
        client = UpstreamClient(identity.upstream_address, identity.ledger_id, key, identity.upstream_key, clock)
        try:
            send_waiting(client, outbox, clock)
        except Fork as fork:
            held = int(fork.facts["seq"])
            if held <= row.seq:
                raise
            # Upstream holds this ledger beyond what the file knows: nothing is to be sent.
            return Sent(row, held)
        finally:
            client.close()
        return Sent(row, outbox.acked()[0])
    finally:
        kept.close()


def verify_kept(folder: TillFolder, path: Path) -> VerifyReport:
    """Prove a retired ledger's file or a backup, with the keys of this folder. Raises DatabaseUnreadable."""
    if not path.is_file():
        raise DatabaseUnreadable(path=str(path))
    kept = folder.journal.sibling(path, JOURNAL)
    try:
        ledger_id = SqliteJournal(kept).identity().ledger_id
        own = DeviceKey(folder.keys.device)
        keys = {row.ledger_id: row.device_key for row in predecessors(folder.journal) if row.device_key}
        if ledger_id_of(own) == ledger_id:
            return verify(kept, own.public_key())
        return verify(kept, DeviceKey(keys[ledger_id]).public_key() if ledger_id in keys else None)
    finally:
        kept.close()


def unsent(folder: TillFolder) -> Mapping[str, int]:
    """Return how many entries of each retired ledger upstream had not acknowledged when it ended, by terminal."""
    found: dict[str, int] = {}
    for row in predecessors(folder.journal):
        if (folder.path / row.file).exists():
            kept = folder.journal.sibling(folder.path / row.file, JOURNAL)
            try:
                found[row.terminal] = row.seq - SqliteOutbox(kept).acked()[0]
            finally:
                kept.close()
    return found
