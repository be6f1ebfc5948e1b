"""What sync expects of the till's stores. Every method is one short transaction on the calling thread's connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kube_pos.ledger.ports import Identity
from kube_pos.sync.wire import ChangesPage, UploadAnswer


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that upstream has not acknowledged: its place, its bytes, and the chain's hash after it."""

    seq: int
    body: bytes
    hash: bytes


class OutboxStore(Protocol):
    """The journal as sync sees it: «sent» is the acknowledged number, in a table of its own."""

    def identity(self) -> Identity:
        """Return who this till is."""
        ...

    def acked(self) -> tuple[int, bytes]:
        """Return the newest acknowledged sequence number (0: none) and the chain's hash after it."""
        ...

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        """Return at most `limit` entries after a number, in order."""
        ...

    def acknowledge(self, answer: UploadAnswer) -> None:
        """Record what upstream holds and its verdicts, in one transaction; never goes back."""
        ...

    def note_contact(self, server_time_ms: int, bytes_up: int, bytes_down: int) -> None:
        """Record that upstream answered, its time, and the data used."""
        ...


class FeedStore(Protocol):
    """The replica as sync sees it."""

    def cursor(self) -> int:
        """Return the newest change applied; 0 before the first."""
        ...

    def apply(self, page: ChangesPage) -> None:
        """Apply a page and its cursor in one transaction; a page from another cursor is refused by StaleCursor."""
        ...

    def restart(self) -> None:
        """Set the cursor to 0 and keep every document: upstream was set back, and tells everything anew."""
        ...


class Signer(Protocol):
    """The till's Ed25519 key."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of a message."""
        ...

    def public_key(self) -> bytes:
        """Return the 32-byte public key."""
        ...
