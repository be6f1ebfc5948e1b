"""Running the proof: histories recorded, their states checked, on as many processes as there are processors."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.check import Ledger, check
from tests.crash.histories import MEMORY, copying, failing, migrating, scripted, wandering
from tests.crash.outlet import PRODUCT, Setup
from tests.crash.plants import PLANTS, SMALL_LOG
from tests.crash.states import Recording, states
from tests.crash.vfs import Note, Sync

STATES_A_HISTORY = 3_000
SELL_ON_EVERY = 7
_FIRST = 5


@dataclass(slots=True)
class Found:
    """What checking some states brought."""

    moments: int = 0
    states: int = 0
    violations: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)
    syncs: list[int] = field(default_factory=list)
    """The flushes of each redemption."""

    def add(self, other: Found) -> None:
        """Take in the finds of another history."""
        self.moments += other.moments
        self.states += other.states
        self.violations += other.violations
        self.by_kind += other.by_kind
        self.first = (self.first + other.first)[:_FIRST]
        self.syncs += other.syncs


def examine(
    recording: Recording, setup: Setup, wanted: int, seed: int, *, until_first: bool = False, keep: Path | None = None
) -> Found:
    """Check states of one recorded run; with `keep` the first bad ones are left in that folder."""
    found = Found(moments=len(recording.events) + 1 - recording.first, syncs=count_syncs(recording))
    ledger = Ledger(recording)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        for number, state in enumerate(states(recording, wanted, seed)):
            sell_on = number % SELL_ON_EVERY == 0
            faults = check(state, ledger.at(state.point), Path(folder), setup, sell_on=sell_on)
            found.states += 1
            found.by_kind[state.kind] += 1
            if not faults:
                continue
            found.violations += 1
            if len(found.first) < _FIRST:
                found.first.append(f"event {state.point}, {state.kind}: {'; '.join(faults[:3])}")
                if keep is not None:
                    _keep(state.files, keep / f"{setup.name.replace(' ', '-')}-{seed}-{state.point}-{state.kind}")
            if until_first:
                break
    return found


def history(number: int, wanted: int, seed: int, keep: Path | None = None) -> Found:
    """Record and examine the n-th history: the scripted day, a migration, backups, then random days."""
    if number == 0:
        return examine(scripted(), PRODUCT, wanted, seed, keep=keep)
    if number == 1:
        recording, setup = migrating()
        return examine(recording, setup, wanted // 4, seed, keep=keep)
    if number == 2 and sys.platform.startswith("linux"):
        return examine(copying(), PRODUCT, wanted // 2, seed, keep=keep)
    setup = SMALL_LOG if number % 2 else PRODUCT
    is_failing = number % 4 >= 2
    make = failing if is_failing else wandering
    found = examine(make(f"{seed} {number}", setup), setup, wanted, seed, keep=keep)
    if is_failing or setup is SMALL_LOG:
        # What is repeated, and commits that move the log as well, take flushes of their own.
        found.syncs.clear()
    return found


def prove(wanted: int, seed: int, *, processes: int | None = None, keep: Path | None = None) -> Found:
    """Check at least `wanted` states."""
    total = Found()
    numbers = itertools.count()
    size = min(STATES_A_HISTORY, wanted)
    workers = processes or os.cpu_count() or 1
    if workers == 1:
        while total.states < wanted:
            total.add(history(next(numbers), size, seed, keep))
        return total
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(history, next(numbers), size, seed, keep) for _ in range(workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                total.add(future.result())
            while len(running) < workers and total.states + len(running) * size * 3 // 4 < wanted:
                running.add(pool.submit(history, next(numbers), size, seed, keep))
    return total


def prove_plants(seed: int, budgets: tuple[int, ...] = (300, 3_000, 20_000)) -> Iterator[tuple[Setup, Found]]:
    """Check each planted fault until it is found, with growing effort."""
    for setup in PLANTS:
        recording = scripted(setup)
        for budget in budgets:
            found = examine(recording, setup, budget, seed, until_first=True)
            if found.violations:
                break
        yield setup, found


def count_syncs(recording: Recording) -> list[int]:
    """Return the flushes between the beginning of each redemption and the word that it is stored."""
    counts: list[int] = []
    running: int | None = None
    for event in recording.events:
        if isinstance(event, Note) and event.what == "begin":
            running = 0 if event.value == "redeem" else None
        elif isinstance(event, Note) and event.what == "entry" and running is not None:
            counts.append(running)
            running = None
        elif isinstance(event, Sync) and running is not None:
            running += 1
    return counts


def _keep(files: Mapping[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
