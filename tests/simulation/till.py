"""One till of the city: its real files, stores, use cases and sync, and what can happen to them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kube_pos.ledger import entries
from kube_pos.ledger.days import business_day
from kube_pos.ledger.ids import LedgerId, OutletId, uuid7
from kube_pos.ledger.marker import Found, Marker, doubt
from kube_pos.ledger.migrations import JOURNAL, REPLICA, Schema
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.operations.shares import answer_recalls
from kube_pos.operations.till import Session, Till
from kube_pos.sync import wire
from kube_pos.sync.cycle import CycleResult, run_cycle
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.stores import StoredFeed, StoredOutbox
from kube_pos.upstream.counter import enrol_till
from kube_pos.upstream.enrolment import make_code
from tests.simulation.clocks import TillClock
from tests.simulation.network import Network, SimulatedClient
from tests.simulation.office import CASHIER, MANAGER
from tests.simulation.truth import Branch

FILE_KEY = bytes(range(32))
SHELF = 10**12


class Died(BaseException):
    """The till's process is gone, whatever it was doing; no handler of the program may catch it."""


@dataclass
class Fate:
    """Decides at every commit whether the process dies just before or just after it."""

    rng: Random
    chance: float

    def meet(self) -> None:
        """Die, or live on."""
        if self.chance and self.rng.random() < self.chance:
            raise Died


class MortalDatabase(Database):
    """A till's file, at whose commits the process may die. Within a commit is the business of the crash tests."""

    def __init__(self, path: Path, schema: Schema, fate: Fate) -> None:
        """Open or make the file."""
        self._fate = fate
        super().__init__(path, FILE_KEY, schema)

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Write as ever; the process may die before or after."""
        with super().write() as cursor:
            yield cursor
            self._fate.meet()
        self._fate.meet()


@dataclass
class SimTill:
    """A till at an outlet. `branch` is the truth about its journal, kept by the simulation."""

    number: int
    outlet_id: OutletId
    folder: Path
    clock: TillClock
    network: Network
    rng: Random
    fate: Fate
    ledger_id: LedgerId = field(init=False)
    branch: Branch = field(init=False)
    is_online: bool = True
    is_lost: bool = False
    """Nobody sells with it any more."""
    is_dubious: bool = False
    """Another branch of the same ledger lives, or lived, and nothing here told."""
    mark: Marker | None = None
    crashes: int = 0
    copy: tuple[Path, int] | None = None
    """An old copy of the journal, and how many entries it holds."""
    is_proved: bool = False

    def enrol(self, previous: Branch | None = None) -> None:
        """Begin a new ledger in the folder; `previous` is the journal that was restored."""
        seed = self.rng.randbytes(32)
        self.key = DeviceKey(seed)
        office = self.network.office.office
        now = office.clock.now_ms()
        self.ledger_id = LedgerId(uuid7(now, self.rng.randbytes(10)))
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        with office.database.write() as connection:
            code = make_code(connection, office.keys, self.outlet_id, "http://127.0.0.1:9", now)
        request = wire.EnrolmentRequest(
            code=code.code,
            ledger_id=self.ledger_id,
            public_key=wire.to_base64(public),
            device_name="",
            program_version="",
        )
        signed = enrol_till(office, msgspec.json.encode(request))
        answer = msgspec.json.decode(signed.body, type=wire.EnrolmentAnswer)
        self.branch, self.mark, self.copy, self.is_dubious = Branch(self.ledger_id), None, None, False
        self.folder.mkdir()
        chance, self.fate.chance = self.fate.chance, 0.0
        self.open_files()
        identity = Identity(
            self.ledger_id,
            answer.terminal,
            answer.outlet_id,
            wire.from_base64(answer.city_key),
            "http://127.0.0.1:9",
            wire.from_base64(answer.upstream_key),
            is_demo=False,
        )
        first = None
        if previous is not None:
            first = entries.Restored(
                at=now, day=business_day(now), by=MANAGER.id, previous=previous.ledger_id, previous_seq=previous.acked
            )
        self.journal.set_identity(identity, first)
        self._build()
        self._stock_up()
        self.fate.chance = chance

    def open_files(self) -> None:
        """Open the files as a process does that starts."""
        self.journal_file = MortalDatabase(self.folder / "journal.db", JOURNAL, self.fate)
        self.replica_file = MortalDatabase(self.folder / "replica.db", REPLICA, self.fate)
        self.journal = SqliteJournal(self.journal_file)
        self.replica = SqliteReplica(self.replica_file)
        self.outbox = SqliteOutbox(self.journal_file)

    def reopen(self) -> None:
        """Start anew after the process died: nothing but the files is left."""
        self.crashes += 1
        self.close()
        self.open_files()
        self._build()

    def close(self) -> None:
        """Let go of the files."""
        self.journal_file.close()
        self.replica_file.close()

    def sync(self) -> CycleResult:
        """Run a round, then answer recalls, as the till's composition does. Raises KubePosError."""
        stores = StoredOutbox(self.till.identity, self.outbox, self.clock), StoredFeed(self.replica)
        try:
            result = run_cycle(self.client, *stores, self.clock, prove=not self.is_proved)
            self.is_proved = True
            return result
        finally:
            self.branch.acked = max(self.branch.acked, self.outbox.acked()[0])
            self.advance_mark()

    def answer_recalls(self) -> int:
        """Release what upstream asks back; return how many rows."""
        return len(answer_recalls(self.till))

    def advance_mark(self) -> None:
        """Remember outside of the files how far the journal has come."""
        seq, head = self.journal.head()
        self.mark = Marker(ledger_id=self.ledger_id, seq=seq, hash=head.hex())

    def keep_copy(self) -> None:
        """Copy the journal's file as a careless person does, with the till closed."""
        target = self.folder.with_name(f"{self.folder.name}-copy.db")
        self.close()
        shutil.copyfile(self.folder / "journal.db", target)
        self.open_files()
        self._build()
        self.copy = (target, self.journal.head()[0])

    def put_back(self) -> bool:
        """Put the old copy in the journal's place; tell whether the marks betray it."""
        assert self.copy is not None
        path, seq = self.copy
        self.close()
        for name in ("journal.db-wal", "journal.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copyfile(path, self.folder / "journal.db")
        self.open_files()

        def hash_at(number: int) -> bytes | None:
            stored = self.journal.entry(number)
            return stored.hash if stored else None

        found = Found(self.ledger_id, seq, hash_at)
        return doubt([self.mark] if self.mark else [], found, "") is not None

    def go_on_from_copy(self) -> None:
        """Go on with a copy under the same ledger, since nothing betrayed it."""
        assert self.copy is not None
        self.branch = self.branch.fork(self.copy[1])
        self.is_dubious = True
        self._build()

    def twin(self, number: int) -> SimTill:
        """Return a second life of this till: its files copied whole, under the same ledger and key."""
        folder = self.folder.with_name(f"t{number}")
        self.close()
        shutil.copytree(self.folder, folder)
        self.open_files()
        self._build()
        clock = TillClock(self.clock.world, self.clock.skew_ms)
        other = SimTill(number, self.outlet_id, folder, clock, self.network, self.rng, self.fate)
        other.ledger_id, other.key, other.mark = self.ledger_id, self.key, self.mark
        other.branch = self.branch.fork(len(self.branch.bodies))
        other.branch.acked = self.branch.acked
        other.open_files()
        other._build()
        self.is_dubious = other.is_dubious = True
        return other

    def _build(self) -> None:
        identity = self.journal.identity()
        self.till = Till(
            identity, self.replica, self.journal, self.clock, self.rng.randbytes, lambda: None, lambda: None
        )
        self.session = Session(CASHIER)
        self.is_proved = False
        self.client = SimulatedClient(
            self.network, self.ledger_id, self.key, identity.upstream_key, self.clock, lambda: self.is_online
        )

    def _stock_up(self) -> None:
        lines = tuple(
            entries.ReceiptLine(product=number, stated=SHELF, weighed=SHELF, accepted=SHELF)  # type: ignore[arg-type]
            for number in (1, 2)
        )
        now = self.till.moment()
        self.journal.append(
            entries.GoodsReceipt(
                at=now.at, day=now.day, by=MANAGER.id, delivery_note_no="1", supplier="Bulog", lines=lines
            )
        )
