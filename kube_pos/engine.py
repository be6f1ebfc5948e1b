"""The till without its window: stores, use cases, printing and sync, built once and started in order.

Part of the composition root; the window (`app`), the command line and the tests stand on it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from kube_pos.background import Worker
from kube_pos.backup import backup_age, say_age
from kube_pos.backup_keeper import BackupKeeper
from kube_pos.clock import Clock
from kube_pos.devices.camera import CameraCallbacks
from kube_pos.devices.document import PrintDocument
from kube_pos.devices.ports import DeviceStatus, Frame, Scan
from kube_pos.devices.registry import DeviceContext, build_readers
from kube_pos.devices.supervisor import Supervisor
from kube_pos.errors import KubePosError
from kube_pos.folder import TillFolder
from kube_pos.ledger import cards
from kube_pos.ledger.ports import PrintKind, PrintRequest, SyncStatus
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox, SqlitePrints
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.marks import MarkKeeper
from kube_pos.operations.look_up_log import forget_old
from kube_pos.operations.papers import Papers
from kube_pos.operations.report_slips import ReportPapers
from kube_pos.operations.shares import answer_recalls, may_be_served
from kube_pos.operations.signing_in import PinGate
from kube_pos.operations.till import Till
from kube_pos.operations.trial_page import trial_page
from kube_pos.printing import Printing, PrintingParts
from kube_pos.reader_setup import ReaderSetup, reader_settings
from kube_pos.settings import FILE_NAME, authority
from kube_pos.share_asker import OfficeClient, ShareAsker
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.state import SyncReport, SyncState
from kube_pos.sync.stores import StoredFeed, StoredOutbox
from kube_pos.sync.worker import SyncWorker
from kube_pos.texts import Texts

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears of what happens, on the threads where it happens."""

    on_scan: Callable[[Scan], None]
    on_device: Callable[[DeviceStatus], None]
    on_frame: Callable[[Frame], None]
    on_sync: Callable[[SyncReport], None]
    on_print: Callable[[int], None]
    on_document: Callable[[PrintDocument], None]


class Engine:
    """All parts of an enrolled till but the window."""

    def __init__(self, folder: TillFolder, texts: Texts, clock: Clock, writer: Worker, listeners: Listeners) -> None:
        """Build the parts; nothing runs before `start`. Raises NotEnrolled and DeviceSettingWrong."""
        self.folder = folder
        self.texts = texts
        self._key = DeviceKey(folder.keys.device)
        self.journal = SqliteJournal(folder.journal, self._key.sign)
        self.replica = SqliteReplica(folder.replica)
        self.prints = SqlitePrints(folder.journal)
        self.outbox = SqliteOutbox(folder.journal)
        self.identity = self.journal.identity()
        self.writer = writer
        self._clock = clock
        self._listeners = listeners
        self._marks = MarkKeeper(folder.marks, self.journal, folder.keys, clock)
        self._backups = BackupKeeper(folder, clock)
        self.supervisor = Supervisor(listeners.on_scan, listeners.on_device, listeners.on_frame, clock)
        self._sync = SyncWorker(
            self._connect,
            StoredOutbox(self.identity, self.outbox, clock),
            StoredFeed(self.replica),
            clock,
            self._synced,
            interval_s=folder.settings.sync_interval_s,
        )
        self.till = Till(
            self.identity, self.replica, self.journal, clock, secrets.token_bytes, self._wake_printing, self._sync.wake
        )
        self.papers = Papers(self.till, texts, self._key.sign, lambda: self.outbox.acked()[0])
        self.pins = PinGate(self.till)
        self.reports = ReportPapers(self.papers)
        self.shares = ShareAsker(self._connect, self._sync.wake, lambda card: may_be_served(self.till, card))
        self.printing = self._build_devices(listeners)

    def start(self) -> None:
        """Start the threads: the writer, the devices, then sync."""
        self.writer.start()
        self.supervisor.start()
        self.readers.tell_keyboard()
        self._sync.start()
        self.shares.start()
        self._backups.start()
        self.writer.submit(lambda: forget_old(self.till, self._clock.now_ms()), lambda _: None, _not_forgotten)

    def stop(self) -> None:
        """Stop in the other order; what was given to the writer is still written."""
        self.shares.stop()
        if not self._sync.stop():
            _LOG.warning("sync did not end in time")
        self.supervisor.stop()
        self._backups.stop()
        self.writer.stop()
        self._marks.advance(at_once=True)

    def document(self, kind: PrintKind, seq: int, copy: int) -> PrintDocument:
        """Return the paper of an entry at the printer's width."""
        return self.reports.paper(kind, seq, copy, self.printing.settings.printer_columns)

    def answer_unknown_print(self, seq: int, came_out: bool) -> None:  # noqa: FBT001 -- the shape of Desk's port
        """Take in the cashier's word on an entry's unknown prints; a copy is asked for apart."""
        self.prints.answer_unknown(seq, came_out=came_out)

    def unknown_prints(self) -> tuple[PrintRequest, ...]:
        """Return the prints of which nobody knows whether they came out, oldest first."""
        return tuple(PrintRequest(PrintKind(job.kind), job.ref, job.copy) for job in self.prints.unknown())

    def sync_status(self) -> SyncStatus:
        """Return what is unsent and when upstream last answered."""
        return self.outbox.status()

    def sync_now(self) -> None:
        """Begin a round of sync."""
        self._sync.wake()

    def verify(self) -> tuple[bool, str]:
        """Prove the journal; return whether it is whole, and what was found in words."""
        report = verify(self.folder.journal, self._key.public_key())
        if report.is_clean:
            return True, self.texts.say("verify.clean", entries=report.entries)
        found = [self.texts.say(f"verify.{finding.code}", place=finding.place) for finding in report.findings]
        return False, "\n".join([*found, self.texts.say("verify.trusted", seq=report.trusted_to)])

    def backup_sentence(self) -> str:
        """Return how old the newest backup is, in words. A short read."""
        return say_age(backup_age(self.folder.path, self.journal, self._clock), self.texts)

    def _synced(self, report: SyncReport) -> None:
        """Pass on how sync stands; off the sale's path, the marks and the backups are looked after here."""
        self._listeners.on_sync(report)
        if report.state is SyncState.STOPPED_FORK:
            self._marks.note_fork()
        else:
            self._marks.advance()
        self._backups.consider()
        if report.error is None and report.state is not SyncState.WORKING:
            self.writer.submit(lambda: answer_recalls(self.till), lambda _: None, _not_released)

    def _build_devices(self, listeners: Listeners) -> Printing:
        supervisor = self.supervisor
        cache = self.folder.path / "cache"
        cache.mkdir(mode=0o700, exist_ok=True)
        context = DeviceContext(
            self._clock,
            CameraCallbacks(supervisor.scanned, supervisor.told, supervisor.shown),
            listeners.on_document,
            cache,
            is_self_checking,
        )
        settings = self.folder.settings
        parts = PrintingParts(
            self.prints,
            lambda job, columns: self.reports.paper(PrintKind(job.kind), job.ref, job.copy, columns),
            context,
            supervisor,
            listeners.on_print,
            lambda: trial_page(self.texts, self.identity.terminal, self._clock.now_ms()),
            self.folder.path / FILE_NAME,
        )
        printing = Printing(parts, settings)
        self.readers = ReaderSetup(supervisor, context, printing)
        supervisor.take(build_readers(reader_settings(settings), context), printing.queues)
        return printing

    def _wake_printing(self) -> None:
        self.printing.wake()

    def _connect(self) -> OfficeClient:
        from kube_pos.sync.client import UpstreamClient  # noqa: PLC0415 -- loaded on the sync thread, not at start

        identity = self.identity
        return UpstreamClient(
            identity.upstream_address,
            identity.ledger_id,
            self._key,
            identity.upstream_key,
            self._clock,
            ca_file=authority(self.folder.settings),
        )


def _not_forgotten(error: Exception) -> None:
    """Tell the log that old look-ups are still there; the next start tries again."""
    _LOG.warning(
        "old look-ups were not deleted: %s", error if isinstance(error, KubePosError) else type(error).__name__
    )


def is_self_checking(payload: str) -> bool:
    """Tell whether a payload proves itself, so that one camera frame is enough: a card's two check digits do."""
    return isinstance(cards.parse(payload), cards.CardNumber)


def _not_released(error: Exception) -> None:
    """A recall is answered after the next round."""
    _LOG.warning("a recall was not answered: %s", type(error).__name__)
