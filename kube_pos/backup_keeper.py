"""Backups and retention without anybody's doing: once a day and after each day close, on a thread of their own."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from kube_pos.background import Worker
from kube_pos.backup import DAY_MS, BackupState, load_state, run_backup
from kube_pos.clock import Clock
from kube_pos.errors import KubePosError
from kube_pos.folder import TillFolder
from kube_pos.ledger.sqlite_backup import has_close_after
from kube_pos.retention import apply_retention

AGAIN_MS = 3_600_000
"""After a failure (a stick that is not plugged in) it is tried again an hour later."""
_LOG = logging.getLogger(__name__)


class BackupKeeper:
    """Looks whether a backup is due, and runs it."""

    def __init__(self, folder: TillFolder, clock: Clock) -> None:
        """Go by the folder's settings; without a folder for backups nothing is ever due."""
        self._folder = folder
        self._clock = clock
        self._worker = Worker("backup")
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._running = False
        self._not_before_ms = 0

    def start(self) -> None:
        """Start the thread, delete what is past its time, and look whether a backup is due."""
        self._worker.start()
        self._worker.submit(lambda: apply_retention(self._folder, self._clock), _forget, _not_deleted)
        self.consider()

    def stop(self) -> None:
        """Break a backup off and end the thread."""
        self._stop.set()
        self._worker.stop()

    def consider(self) -> None:
        """Begin a backup when one is due; from any thread, never waits."""
        to = self._folder.settings.backup_folder
        if not to or self._stop.is_set():
            return
        with self._lock:
            if self._running or self._clock.monotonic_ms() < self._not_before_ms or not self._is_due():
                return
            self._running = True
        self._worker.submit(lambda: self._run(Path(to)), self._done, self._failed)

    def _is_due(self) -> bool:
        state = load_state(self._folder.path)
        if state is None or abs(self._clock.now_ms() - state.at_ms) >= DAY_MS:
            return True
        return has_close_after(self._folder.journal, state.seq)

    def _run(self, to: Path) -> BackupState:
        return run_backup(self._folder, to, self._clock, _nothing, self._stop)

    def _done(self, state: BackupState) -> None:
        _LOG.info("backup done up to entry %d, %d bytes", state.seq, state.size)
        with self._lock:
            self._running = False

    def _failed(self, error: Exception) -> None:
        _LOG.warning("backup: %s", error if isinstance(error, KubePosError) else type(error).__name__)
        with self._lock:
            self._not_before_ms = self._clock.monotonic_ms() + AGAIN_MS
            self._running = False


def _forget(removed: list[Path]) -> None:
    if removed:
        _LOG.info("%d files past their time were deleted", len(removed))


def _not_deleted(error: Exception) -> None:
    _LOG.warning("retention: %s", error if isinstance(error, KubePosError) else type(error).__name__)


def _nothing(_done: int, _pages: int) -> None:
    """Tell nobody: nobody waits for it."""
