"""The outlet of the proofs: the usual test outlet, opened as a set-up says, through a recording layer or without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kube_pos.ledger.migrations import JOURNAL, REPLICA, Schema
from kube_pos.ledger.ports import Identity, Stored
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox, SqlitePrints
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.till import Till
from kube_pos.sync.signing import DeviceKey
from tests.crash.vfs import Recorder
from tests.fakes import CountingBytes
from tests.ledger_kit import CITY_KEY, HERE, KEY, LEDGER, Outlet

IDENTITY = Identity(LEDGER, "A01", HERE, CITY_KEY, "http://127.0.0.1:9", bytes(32), is_demo=False)
DEVICE = DeviceKey(bytes(range(32)))
"""The till's key, which signs every day close."""
TellStored = Callable[[Stored], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """How the till is built: the product's own classes, or ones with a planted fault."""

    name: str = "product"
    database: type[Database] = Database
    journal: type[SqliteJournal] = SqliteJournal
    replica: type[SqliteReplica] = SqliteReplica
    options: str = "psow=0"
    schemas: tuple[Schema, Schema] = (JOURNAL, REPLICA)
    has_readers: bool = True
    """Whether a second connection may read while the till writes."""
    acknowledges_early: bool = False
    """Plant: «Tersimpan» is said before the commit."""
    sends_late: bool = False
    """Plant: entries are marked as sent before upstream has answered."""


PRODUCT = Setup()


@dataclass
class CrashOutlet(Outlet):
    """An outlet whose files go through a recorder when there is one; nothing is enrolled by opening it."""

    setup: Setup = PRODUCT
    recorder: Recorder | None = None
    chance: Callable[[int], bytes] = field(default_factory=CountingBytes)

    def __post_init__(self) -> None:
        self._entitlements = 0
        self.open()

    def open(self) -> None:
        """Open both files and build the till on them."""
        self.journal_file = self._file("journal.db", self.setup.schemas[0])
        self.replica_file = self._file("replica.db", self.setup.schemas[1])
        self.journal = self.setup.journal(self.journal_file, DEVICE.sign)
        self.replica = self.setup.replica(self.replica_file)
        self.outbox = SqliteOutbox(self.journal_file)
        self.prints = SqlitePrints(self.journal_file)
        self.till = Till(
            IDENTITY, self.replica, self.journal, self.clock, self.chance, self._wake_printing, self._wake_sync
        )

    def _file(self, name: str, schema: Schema) -> Database:
        options: dict[str, Any] = {"options": self.setup.options}
        if self.recorder is not None:
            options["options"] += f"&vfs={self.recorder.name}"
        return self.setup.database(Path(self.folder) / name, KEY, schema, **options)

    def findings(self) -> list[str]:
        """Prove the journal, its signatures included, and return what does not add up."""
        report = verify(self.journal_file, DEVICE.public_key())
        return [f"verify: {finding.code} {finding.place}" for finding in report.findings]
