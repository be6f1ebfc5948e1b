"""Backups of a till's journal on a second medium: made while it sells, proved, thinned out, and their age told."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kube_pos import recovery
from kube_pos.clock import Clock
from kube_pos.errors import KubePosError
from kube_pos.folder import TillFolder
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.sqlite_backup import BackupFailed, Copied, copy_journal
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.marks import MarkKeeper
from kube_pos.settings import write_durably
from kube_pos.sync.signing import DeviceKey
from kube_pos.texts import Texts

STATE_FILE = "backup.json"
SUFFIX = ".kpb"
KEEP = 7
"""So many of the newest are kept, and besides the newest of each month."""
DAY_MS = 86_400_000
_NAME = re.compile(r"(kube-pos-[A-Z0-9]+-[0-9a-f]{8})-(\d{8}T\d{6})Z-(\d{6,})\.kpb")
_LOG = logging.getLogger(__name__)


class NoBackupFolder(KubePosError):
    """No folder for backups is chosen, or it is not there now. Facts: path."""

    code = "no_backup_folder"


class BackupState(msgspec.Struct, frozen=True, kw_only=True):
    """What the till remembers of its newest backup, in `backup.json`."""

    at_ms: int
    seq: int
    path: str
    size: int
    same_disk: bool


@dataclass(frozen=True, slots=True)
class BackupAge:
    """How old the newest backup is, and how many entries came after it."""

    state: BackupState | None
    age_ms: int
    entries_since: int


def run_backup(
    folder: TillFolder,
    to: Path,
    clock: Clock,
    progress: Callable[[int, int], None],
    stop: threading.Event,
) -> BackupState:
    """Back an enrolled till's journal up into a folder that is there; sales may go on.

    Raises NoBackupFolder, BackupStopped, BackupFailed and NotEnrolled; older backups are as before then.
    """
    if not to.is_dir():
        # Never made here: the place of a stick that is not plugged in is an ordinary folder on the same disk.
        raise NoBackupFolder(path=str(to))
    key = DeviceKey(folder.keys.device)
    journal = SqliteJournal(folder.journal, key.sign)
    identity = journal.identity()
    prefix = prefix_of(identity.terminal, identity.ledger_id)
    journal.sign_head()
    now = clock.now_ms()
    target = to / _name(prefix, journal.head()[0], now)
    copied = copy_journal(folder.journal, target, progress, stop, key.public_key())
    try:
        _copy_recovery(folder.path, to, prefix)
        state = _remember(folder.path, to, copied, now)
    except OSError as error:
        raise BackupFailed(path=str(to), reason=error.strerror or "") from error
    MarkKeeper(folder.marks, journal, folder.keys, clock).advance()
    _thin_out(to, prefix, target)
    return state


def backup_age(folder: Path, journal: SqliteJournal, clock: Clock) -> BackupAge:
    """Return how old the newest backup is; cheap enough for the window to ask now and then."""
    state = load_state(folder)
    newest = journal.head()[0]
    if state is None:
        return BackupAge(None, 0, newest)
    return BackupAge(state, max(0, clock.now_ms() - state.at_ms), max(0, newest - state.seq))


def say_age(age: BackupAge, texts: Texts) -> str:
    """Return the age of the newest backup in a sentence."""
    if age.state is None:
        return texts.say("backup.none", entries=age.entries_since)
    key = "backup.age_today" if age.age_ms < DAY_MS else "backup.age_days"
    days = age.age_ms // DAY_MS
    return texts.say(key, days=days, moment=texts.moment(age.state.at_ms), entries=age.entries_since)


def load_state(folder: Path) -> BackupState | None:
    """Return what is remembered of the newest backup; None before the first or when it can't be read."""
    try:
        return msgspec.json.decode((folder / STATE_FILE).read_bytes(), type=BackupState)
    except (OSError, msgspec.MsgspecError):
        return None


def backups_in(to: Path, prefix: str) -> list[Path]:
    """Return a ledger's backups in a folder, the newest first: by entries, then by time."""
    found = []
    for path in to.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is not None and match[1] == prefix:
            found.append(((int(match[3]), match[2]), path))
    return [path for _, path in sorted(found, reverse=True)]


def prefix_of(terminal: str, ledger_id: LedgerId) -> str:
    """Return how the names of a ledger's backups begin."""
    return f"kube-pos-{terminal}-{ledger_id[:8]}"


def recovery_beside(backup: Path) -> Path:
    """Return the wrapped keys that belong to a backup."""
    match = _NAME.fullmatch(backup.name)
    name = f"{match[1]}.{recovery.FILE_NAME}" if match else recovery.FILE_NAME
    return backup.with_name(name)


def _name(prefix: str, seq: int, now_ms: int) -> str:
    stamp = datetime.fromtimestamp(now_ms // 1000, UTC)
    return f"{prefix}-{stamp:%Y%m%dT%H%M%S}Z-{seq:06d}{SUFFIX}"


def _copy_recovery(folder: Path, to: Path, prefix: str) -> None:
    source = folder / recovery.FILE_NAME
    if source.exists():
        write_durably(to / f"{prefix}.{recovery.FILE_NAME}", source.read_bytes())


def _remember(folder: Path, to: Path, copied: Copied, now_ms: int) -> BackupState:
    state = BackupState(
        at_ms=now_ms,
        seq=copied.seq,
        path=str(copied.path),
        size=copied.size,
        same_disk=to.stat().st_dev == folder.stat().st_dev,
    )
    write_durably(folder / STATE_FILE, msgspec.json.encode(state))
    return state


def _thin_out(to: Path, prefix: str, made: Path) -> None:
    """Delete what is neither among the newest nor the newest of its month; the one just proved always stays."""
    months: set[str] = set()
    past = list(to.glob(f"{prefix}-*{SUFFIX}.part*"))  # What a power cut left of earlier ones.
    for place, path in enumerate(backups_in(to, prefix)):
        month = path.name[len(prefix) + 1 :][:6]
        is_first_of_month = month not in months
        months.add(month)
        if path != made and place >= KEEP and not is_first_of_month:
            past.append(path)
    for path in past:
        try:
            path.unlink()
        except OSError as error:
            _LOG.warning("an old backup was not deleted: %s", error.strerror)
