"""A copy of the journal that is proved before it counts: made beside its place, read again, then moved there."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kube_pos.errors import DatabaseUnreadable, KubePosError, StorageFailed
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_reads import JournalReads
from kube_pos.ledger.sqlite_verify import verify

_PAUSE_MS = 5
"""Between two megabytes the disk is left to the sales."""
_CLOSED = "SELECT 1 FROM entry WHERE seq > ? AND kind = 'DayClosed' LIMIT 1"


class BackupStopped(KubePosError):
    """The till was closed, or someone called it off; nothing of the copy is left. Facts: path."""

    code = "backup_stopped"


class BackupFailed(KubePosError):
    """A copy could not be made, or was not whole when it was read again; older copies are as before.

    Facts: path, reason.
    """

    code = "backup_failed"


@dataclass(frozen=True, slots=True)
class Copied:
    """A whole copy: how far it goes."""

    path: Path
    seq: int
    hash: bytes
    size: int


def copy_journal(
    database: Database,
    target: Path,
    progress: Callable[[int, int], None],
    stop: threading.Event,
    public_key: bytes | None = None,
) -> Copied:
    """Copy the journal to `target` while sales go on; return how far the copy goes.

    `progress` is told pages done and pages in all; `stop` ends the copy at the next megabyte. Raises BackupStopped and
    BackupFailed; nothing lies at `target` then.
    """
    beside = target.with_name(f"{target.name}.part")

    def step(done: int, pages: int) -> None:
        progress(done, pages)
        if stop.wait(_PAUSE_MS / 1000):
            raise BackupStopped(path=str(target))

    try:
        beside.unlink(missing_ok=True)
        head = database.copy_to(beside, step)
        _forget_pages(beside)
        _prove(database, beside, head, public_key)
        size = beside.stat().st_size
        beside.replace(target)
        _flush_folder(target.parent)
    except (StorageFailed, DatabaseUnreadable) as error:
        raise BackupFailed(path=str(target), reason=str(error.facts.get("reason", error.code))) from error
    except OSError as error:
        raise BackupFailed(path=str(target), reason=error.strerror or "") from error
    finally:
        _remove(beside)
    seq, digest = head or (0, b"")
    return Copied(target, seq, digest, size)


def has_close_after(database: Database, seq: int) -> bool:
    """Tell whether a day was closed after an entry."""
    return database.read().exec_driver_sql(_CLOSED, (seq,)).fetchone() is not None


def _prove(database: Database, path: Path, head: tuple[int, bytes] | None, public_key: bytes | None) -> None:
    """Read a copy from its first page on. Raises BackupFailed when it is not whole or not what was copied."""
    copy = database.sibling(path, JOURNAL)
    try:
        report = verify(copy, public_key)
        found = JournalReads(copy).head() if head else None
    finally:
        copy.close()
    if not report.is_clean or found != head:
        codes = sorted({finding.code for finding in report.findings}) or ["head"]
        raise BackupFailed(path=str(path), reason=", ".join(codes))


def _forget_pages(path: Path) -> None:
    """Flush a file and ask the system to forget it, so that it is read again from the medium."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(beside: Path) -> None:
    try:
        for part in ("", "-journal"):
            beside.with_name(beside.name + part).unlink(missing_ok=True)
    except OSError:
        # The medium is gone; the next backup takes the remains away.
        return
