"""How a till is, for the health panel and the support bundle: disk, clock, backup, what waits. Reads only."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from kube_pos.engine import Engine
from kube_pos.operations.clock_watch import clock_sentence, clock_state
from kube_pos.support_bundle import write_bundle

LOW_MIB = 1_024
"""So little room on the disk, and the panel warns: a till writes about 200 MiB a year."""
BUNDLE = "kube-pos-support.zip"


def health(engine: Engine) -> tuple[tuple[bool, str], ...]:
    """Return what is well and what is not, each as a sentence. On the writer's thread."""
    texts = engine.texts
    free = shutil.disk_usage(engine.folder.path).free // 2**20
    wrong = clock_sentence(clock_state(engine.till), texts)
    enough = free >= LOW_MIB
    disk = texts.say("health.disk", free=free // 2**10) if enough else texts.say("health.disk_low", free=free)
    return ((enough, disk), (not wrong, wrong or texts.say("clock.ok")))


def support_bundle(engine: Engine, versions: Iterable[tuple[str, str]]) -> str:
    """Write the support bundle into the data folder and return its path. Raises StorageFailed."""
    status, folder = engine.sync_status(), Path(engine.folder.path)
    facts: dict[str, object] = {
        "versions": dict(versions),
        "terminal": engine.identity.terminal,
        "entries": engine.journal.head()[0],
        "unsent": status.unsent,
        "exceptions": status.exceptions,
        "last_contact_ms_ago": None
        if status.last_contact_ms is None
        else engine.till.now_ms() - status.last_contact_ms,
        "free_mib": shutil.disk_usage(folder).free // 2**20,
        "clock": clock_state(engine.till).state.value,
        "backup": engine.backup_sentence(),
        "files": {each.name: each.stat().st_size for each in sorted(folder.glob("*.db*"))},
    }
    staff = (person.name for person in engine.replica.catalogue().staff.values())
    return str(write_bundle(folder / BUNDLE, folder, facts, engine.folder.settings, staff))
