"""Is everything there that was promised, and nothing half? Asked of one disk state, by the till's own code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlcipher3 import dbapi2 as sqlcipher

from kube_pos.errors import KubePosError, NotEnrolled
from kube_pos.ledger.entries import (
    BalanceInquiry,
    GeneralSale,
    ReceiptPrinted,
    Redemption,
    Reversal,
    TurnedAway,
    decode,
)
from kube_pos.ledger.ids import EntitlementId
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_reads import JournalReads
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.corrections import reverse
from kube_pos.operations.till import Session
from tests.crash.day import BACKUP
from tests.crash.image import image_of
from tests.crash.outlet import DEVICE, IDENTITY, PRODUCT, CrashOutlet, Setup
from tests.crash.states import Recording, State
from tests.crash.vfs import Note
from tests.ledger_kit import CASHIER, EGG_KG, MANAGER, PLACES
from tests.use_case_kit import may, shop

JOURNAL, REPLICA = 0, 1


@dataclass(frozen=True, slots=True)
class Promises:
    """What the till had promised at one moment, and what it would have promised next."""

    entries: Mapping[int, bytes]
    """Every entry ever, by number: of those not promised yet only the next may be there."""
    stored: int
    acked: int
    held: int
    cursor: int
    enrolled: bool
    images: tuple[frozenset[bytes], frozenset[bytes]]
    """What each file may say: as after the last step, or as after the one that was under way."""
    printing: Mapping[int, str]
    copies: tuple[tuple[int, bytes] | None, ...]
    """How far the backup may go: as the last one, or as the one that was under way. None: there need not be one."""


@dataclass(slots=True)
class _Told:
    stored: int = 0
    acked: int = 0
    held: int = 0
    cursor: int = 0
    enrolled: bool = False
    images: list[bytes | None] = field(default_factory=lambda: [None, None])
    printing: dict[int, str] = field(default_factory=dict)
    copy: tuple[int, bytes] | None = None


class Ledger:
    """The promises of a recorded run, for every moment of it."""

    def __init__(self, recording: Recording) -> None:
        """Read the notes of a run."""
        self._notes = [(point, e) for point, e in enumerate(recording.events, start=1) if isinstance(e, Note)]
        self._entries = {note.number: note.value for _, note in self._notes if note.what == "entry"}

    def at(self, point: int) -> Promises:
        """Return what had been promised when `point` events had happened."""
        told, later = _Told(), [None, None]
        images: list[set[bytes]] = [set(), set()]
        for when, note in self._notes:
            if when <= point:
                _tell(told, note)
            elif note.what == "image" and later[note.number] is None:
                later[note.number] = note.value
        copies = [(note.number, note.value) for when, note in self._notes if note.what == "copied" and when > point]
        for file in (JOURNAL, REPLICA):
            images[file] = {image for image in (told.images[file], later[file]) if image is not None}
        return Promises(
            entries=self._entries, stored=told.stored, acked=told.acked, held=told.held, cursor=told.cursor,
            enrolled=told.enrolled, images=(frozenset(images[0]), frozenset(images[1])), printing=told.printing,
            copies=(told.copy, *copies[:1]),
        )  # fmt: skip


def _tell(told: _Told, note: Note) -> None:
    match note.what:
        case "entry":
            told.stored = note.number
        case "acked":
            told.acked = note.number
        case "held":
            told.held = note.number
        case "cursor":
            told.cursor = note.number
        case "enrolled":
            told.enrolled = True
        case "printing":
            told.printing[note.number] = note.value
        case "copied":
            told.copy = (note.number, note.value)
        case "image":
            told.images[note.number] = note.value


def check(
    state: State, promises: Promises, folder: Path, setup: Setup = PRODUCT, *, sell_on: bool = False
) -> list[str]:
    """Put a state into an empty folder, open it as the till does, and return what is wrong with it."""
    for path in folder.iterdir():
        path.unlink()
    for name, body in state.files.items():
        (folder / name).write_bytes(body)
    if len(state.files) % 2 and state.point % 3 == 0:
        # The log's index in memory is no file that counts: whatever stands in it must not matter.
        (folder / "journal.db-shm").write_bytes(bytes(range(256)) * 128)
    try:
        outlet = CrashOutlet(folder, setup=setup, chance=os.urandom)
    except (KubePosError, SQLAlchemyError, sqlcipher.Error) as error:
        return [f"does not open: {error!r}"]
    try:
        found = [*_faults(outlet, promises)]
        if sell_on and not found:
            found = [*_sell_on(outlet)]
    except (KubePosError, SQLAlchemyError, sqlcipher.Error, msgspec.DecodeError) as error:
        found = [f"does not work: {error!r}"]
    finally:
        outlet.close()
    return found


def _faults(outlet: CrashOutlet, promises: Promises) -> Iterator[str]:
    yield from (
        f"verify: {finding.code} {finding.place}"
        for finding in verify(outlet.journal_file, DEVICE.public_key()).findings
    )
    yield from _damage(outlet.replica_file)
    yield from _entries(outlet, promises)
    yield from _prints(outlet, promises)
    yield from _sync(outlet, promises)
    for file, name, database in ((JOURNAL, "journal", outlet.journal_file), (REPLICA, "replica", outlet.replica_file)):
        if image_of(database) not in promises.images[file]:
            yield f"{name}: neither as before the step nor as after it"
    yield from _backup(outlet, promises)
    # The start of the till comes last, since it changes the file.
    outlet.prints.recover()
    yield from (f"print {job} is still being sent" for job in _sending(outlet))


def _damage(database: Database) -> Iterator[str]:
    for pragma, good in (("cipher_integrity_check", None), ("integrity_check", "ok")):
        for row in database.read().exec_driver_sql(f"PRAGMA {pragma}").fetchall():
            if row[0] != good:
                yield f"replica damaged: {row[0]}"


def _backup(outlet: CrashOutlet, promises: Promises) -> Iterator[str]:
    """A backup is whole, and as new as was said, or there is none yet."""
    path = outlet.journal_file.path.parent / BACKUP
    if not path.exists():
        if None not in promises.copies:
            yield "the backup is gone"
        return
    copy = outlet.journal_file.sibling(path, outlet.setup.schemas[0])
    try:
        yield from (f"backup: {finding.code} {finding.place}" for finding in verify(copy, DEVICE.public_key()).findings)
        if JournalReads(copy).head() not in promises.copies:
            yield "the backup is another one than was made"
    finally:
        copy.close()


def _entries(outlet: CrashOutlet, promises: Promises) -> Iterator[str]:
    try:
        outlet.journal.identity()
    except NotEnrolled:
        if promises.enrolled:
            yield "the enrolment is lost"
        return
    rows = outlet.journal_file.read().exec_driver_sql("SELECT seq, hash FROM entry ORDER BY seq").fetchall()
    present = {int(row[0]): bytes(row[1]) for row in rows}
    for seq in range(1, promises.stored + 1):
        if present.get(seq) != promises.entries[seq]:
            yield f"entry {seq} was promised and is {'another' if seq in present else 'lost'}"
    for seq in present.keys() - range(1, promises.stored + 1):
        if seq != promises.stored + 1 or promises.entries.get(seq) != present[seq]:
            yield f"entry {seq} is there and nobody wrote it"


def _prints(outlet: CrashOutlet, promises: Promises) -> Iterator[str]:
    read = outlet.journal_file.read()
    jobs = {(row[0], row[1], row[2]) for row in read.exec_driver_sql("SELECT kind, ref, copy FROM print_job")}
    receipts: dict[str, int] = {}
    for seq, body in read.exec_driver_sql("SELECT seq, body FROM entry ORDER BY seq"):
        wanted = None
        match decode(body):
            case Redemption() | GeneralSale() | Reversal() as sale:
                receipts[sale.receipt] = seq
                wanted = ("receipt", seq, 0)
            case BalanceInquiry():
                wanted = ("balance", seq, 0)
            case TurnedAway():
                wanted = ("turned_away", seq, 0)
            case ReceiptPrinted() as copy:
                wanted = ("receipt", receipts[copy.receipt], copy.copy)
            case _:
                pass
        if wanted is not None and wanted not in jobs:
            yield f"entry {seq} has no print"
    states = {int(row[0]): str(row[1]) for row in read.exec_driver_sql("SELECT id, state FROM print_job")}
    further = {"pending": "sending", "sending": "sent", "sent": "sent"}
    for job, state in promises.printing.items():
        if states.get(job) not in {state, further[state], "unknown"}:
            yield f"print {job} was {state} and is {states.get(job)}"


def _sending(outlet: CrashOutlet) -> Sequence[int]:
    sql = "SELECT id FROM print_job WHERE state = 'sending'"
    return [row[0] for row in outlet.journal_file.read().exec_driver_sql(sql)]


def _sync(outlet: CrashOutlet, promises: Promises) -> Iterator[str]:
    row = outlet.journal_file.read().exec_driver_sql("SELECT acked FROM sync_state").fetchone()
    acked = row[0] if row else 0
    if acked < promises.acked:
        yield f"{promises.acked} was acknowledged, and {acked} is left of it"
    if acked > promises.held:
        yield f"{acked} is marked as sent, and upstream holds {promises.held}"
    if outlet.replica.cursor() < promises.cursor:
        yield f"the list stood at {promises.cursor} and stands at {outlet.replica.cursor()}"


def _sell_on(outlet: CrashOutlet) -> Iterator[str]:
    """Serve one more family, undo it, and prove the file again, also after a restart."""
    outlet.session = Session(CASHIER)
    try:
        outlet.journal.identity()
    except NotEnrolled:
        outlet.journal.set_identity(IDENTITY)
    outlet.take_in(PLACES)
    outlet.stock_up()
    card = outlet.family(90)
    outlet._entitlements = 900
    row = outlet.entitle("2026-11", 400_000, family=90)
    before = may(outlet, card).balance
    sold = shop(outlet, card, (EGG_KG, 2000))
    if may(outlet, card).balance != before - 60_000:
        yield "a further sale moves the balance wrongly"
    reverse(outlet.till, outlet.session, sold.seq, "salah", MANAGER)
    outlet.close()
    outlet.open()
    if outlet.journal.uses([EntitlementId(row)])[EntitlementId(row)].spent != 0:
        yield "a further reversal is lost"
    yield from (f"after a further sale: {finding}" for finding in outlet.findings())
