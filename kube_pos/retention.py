"""Deleting what a till keeps longer than the office's policy allows.

What goes: rotated logs, backups and remains of damaged files older than the policy's days. What stays: the journal,
which is evidence and holds no family's name; a retired ledger's file, the only place of entries that upstream may not
have; each ledger's newest backup, however old. The log of look-ups has its own rule (`operations/look_up_log.py`).
Families that leave the list are deleted by the change feed itself, and an open basket with its sale.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from kube_pos import logs
from kube_pos.backup import DAY_MS, backups_in, load_state, prefix_of
from kube_pos.clock import Clock
from kube_pos.folder import TillFolder
from kube_pos.ledger.clock_guard import ClockState, judge
from kube_pos.ledger.days import business_day
from kube_pos.ledger.documents import Policy
from kube_pos.ledger.ids import ProgramId
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.ledger.sqlite_replica import SqliteReplica

_LOG = logging.getLogger(__name__)


def retention_days(policies: Iterable[Policy], day: date) -> int | None:
    """Return for how many days data is kept: the longest of the programmes' newest policies; None: without end."""
    newest: dict[ProgramId, Policy] = {}
    for policy in policies:
        if policy.from_day <= day:
            other = newest.get(policy.program_id)
            if other is None or other.from_day <= policy.from_day:
                newest[policy.program_id] = policy
    days = [policy.retention_days for policy in newest.values()]
    return max(days) if days and min(days) > 0 else None


def apply_retention(folder: TillFolder, clock: Clock) -> list[Path]:
    """Delete what is older than the policy's days in an enrolled till; return the files that went.

    While the clock is in doubt nothing goes: one that is set far ahead must not wipe out what is still needed.
    """
    journal = SqliteJournal(folder.journal)
    identity, now = journal.identity(), clock.now_ms()
    if judge(now, journal.clock_marks()).state is not ClockState.OK:
        return []
    days = retention_days(SqliteReplica(folder.replica).catalogue().policies, business_day(now))
    if days is None:
        return []
    before_ms = now - days * DAY_MS
    before = predecessors(folder.journal)
    prefixes = [prefix_of(identity.terminal, identity.ledger_id), *(prefix_of(r.terminal, r.ledger_id) for r in before)]
    removed = []
    for path in (*_logs(folder.path), *_backups(folder, prefixes)):
        try:
            if path.stat().st_mtime_ns // 1_000_000 < before_ms:
                path.unlink()
                removed.append(path)
        except OSError as error:
            _LOG.warning("a file past its time was not deleted: %s", error.strerror)
    return removed


def _logs(folder: Path) -> Iterator[Path]:
    """Yield the logs that nobody writes any more, and what is left of damaged journals."""
    yield from folder.glob(f"{logs.FILE_NAME}.*")
    yield from folder.glob("journal-damaged*.db*")


def _backups(folder: TillFolder, prefixes: list[str]) -> Iterator[Path]:
    """Yield every backup but each ledger's newest, if the folder for them is there now."""
    places = {Path(folder.settings.backup_folder)} if folder.settings.backup_folder else set()
    if (state := load_state(folder.path)) is not None:
        places.add(Path(state.path).parent)
    for place in places:
        if place.is_dir():
            for prefix in prefixes:
                yield from backups_in(place, prefix)[1:]
