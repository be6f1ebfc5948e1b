"""The till's SQLite stores, as sync expects them: the ledger's rooms know nothing of the wire, so this is the seam."""

from __future__ import annotations

import msgspec

from kube_pos.clock import Clock
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import ReplicaChange, SqliteReplica
from kube_pos.sync.failures import UnreadableAnswer
from kube_pos.sync.ports import Waiting
from kube_pos.sync.wire import ChangesPage, UploadAnswer


class StoredOutbox:
    """The journal's file as an `OutboxStore`."""

    def __init__(self, identity: Identity, outbox: SqliteOutbox, clock: Clock) -> None:
        """Speak for one journal; `clock` dates the contacts."""
        self._identity = identity
        self._outbox = outbox
        self._clock = clock

    def identity(self) -> Identity:
        """Return who this till is."""
        return self._identity

    def acked(self) -> tuple[int, bytes]:
        """Return the newest acknowledged sequence number (0: none) and the chain's hash after it."""
        return self._outbox.acked()

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        """Return at most `limit` entries after a number, in order."""
        return [Waiting(entry.seq, entry.body, entry.hash) for entry in self._outbox.waiting(after, limit)]

    def acknowledge(self, answer: UploadAnswer) -> None:
        """Record what upstream holds and its verdicts, in one transaction; never goes back."""
        self._outbox.acknowledge(answer.acked, {verdict.seq: verdict.codes for verdict in answer.verdicts})

    def note_contact(self, server_time_ms: int, bytes_up: int, bytes_down: int) -> None:
        """Record that upstream answered, its time, and the data used."""
        self._outbox.note_contact(self._clock.now_ms(), server_time_ms, bytes_up, bytes_down)


class StoredFeed:
    """The replica's file as a `FeedStore`."""

    def __init__(self, replica: SqliteReplica) -> None:
        """Work on an open replica."""
        self._replica = replica

    def cursor(self) -> int:
        """Return the newest change applied; 0 before the first."""
        return self._replica.cursor()

    def apply(self, page: ChangesPage) -> None:
        """Apply a page and its cursor in one transaction; raises StaleCursor, UnreadableAnswer and StorageFailed.

        Only the last page makes the list as new as its server time: before it the list is not whole.
        """
        as_of_ms = None if page.more else page.server_time_ms
        changes = [
            ReplicaChange(change.kind, change.key, None if change.doc is None else bytes(change.doc))
            for change in page.changes
        ]
        try:
            self._replica.apply(page.after, page.next, as_of_ms, changes)
        except msgspec.MsgspecError:
            # Without the library's own words: they may quote the document.
            raise UnreadableAnswer(reason="document") from None

    def restart(self) -> None:
        """Set the cursor to 0 and keep every document: upstream was set back, and tells everything anew."""
        self._replica.apply(self._replica.cursor(), 0, None, ())
