"""`python -m tests.crash.faults`: every call to the disk fails once, or from then on; nothing may be half or double."""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

from kube_pos.errors import AlreadyReversed, DatabaseUnreadable, KubePosError, StorageFailed
from kube_pos.operations.closing import NothingToClose
from kube_pos.operations.till import Session
from tests.crash.day import Day, Step, opening, selling
from tests.crash.further import further
from tests.crash.histories import MEMORY
from tests.crash.image import image_of
from tests.crash.outlet import PRODUCT, CrashOutlet, Setup
from tests.crash.vfs import Fault, Plan, Recorder
from tests.fakes import CountingBytes
from tests.ledger_kit import CASHIER

Images = tuple[bytes, bytes]
HARMLESS_AGAIN = frozenset({"redeem", "sell", "reverse", "send", "close day", "restart", "checkpoint"})
"""Steps that people or threads repeat after a failure without looking whether they were done after all."""


OF_SEVERAL_COMMITS = frozenset({"reader", "restart"})


@dataclass(frozen=True, slots=True)
class Moment:
    """The till between two steps: its files, what the script knew, and what both files say."""

    step: str
    number: int
    files: Mapping[str, bytes]
    day: Day
    chance: int
    entitlements: int
    before: Images
    after: Images
    calls: int
    """How often the step calls the disk."""


@dataclass(frozen=True, slots=True)
class Run:
    """One failure: which call of which step fails, how, and whether the till is started anew before the retry."""

    moment: int
    plan: Plan
    restart: bool


@dataclass(slots=True)
class Faults:
    """What a series of failures brought."""

    runs: int = 0
    seen: int = 0
    """Failures that the till reported; SQLite absorbed the others."""
    there_at_next_start: int = 0
    """Commits that were told as failed and are found at the next start, as after a power cut at that moment."""
    violations: int = 0
    said: list[str] = field(default_factory=list)
    by_step: Counter[str] = field(default_factory=Counter)

    def add(self, other: Faults) -> None:
        """Take in another series."""
        self.runs += other.runs
        self.seen += other.seen
        self.there_at_next_start += other.there_at_next_start
        self.violations += other.violations
        self.said = (self.said + other.said)[:20]
        self.by_step += other.by_step


def steps_of(day: Day) -> list[tuple[str, Step]]:
    """Return the steps of the scripted day."""
    return list(itertools.chain(opening(day), selling(day), further(day, 3, "A")))


def moments(*, reads: bool = False, setup: Setup = PRODUCT) -> list[Moment]:
    """Run the scripted day once and return the till before each of its steps."""
    found: list[Moment] = []
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        recorder = Recorder(folder, keep=False, reads=reads)
        chance = CountingBytes()
        outlet = CrashOutlet(folder, setup=setup, recorder=recorder, chance=chance)
        day = Day(outlet, _nothing)
        before = _images(outlet)
        for number, (step_name, step) in enumerate(steps_of(day)):
            files = {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith("-shm")}
            kept, calls, made, rows = _known(day), recorder.calls, chance.calls, outlet._entitlements
            step()
            calls = recorder.calls - calls
            after = _images(outlet)
            found.append(Moment(step_name, number, files, kept, made, rows, before, after, calls))
            before = after
        outlet.close()
        recorder.close()
    return found


def run_one(
    moment: Moment, run: Run, folder: Path, found: Faults, *, reads: bool = False, setup: Setup = PRODUCT
) -> None:
    """Let one call of one step fail, retry the step, and count what is wrong."""
    for path in folder.iterdir():
        path.unlink()
    for name, body in moment.files.items():
        (folder / name).write_bytes(body)
    recorder = Recorder(folder, keep=False, reads=reads)
    chance = CountingBytes()
    outlet = CrashOutlet(folder, setup=setup, recorder=recorder, chance=chance)
    outlet.session = Session(CASHIER)
    day = copy(moment.day)
    day.outlet, day.note = outlet, _nothing
    wrong: list[str] = []
    try:
        recorder.arm(run.plan)
        failed = _attempt(day, moment, chance, wrong)
        if failed and run.plan.sticky:
            _attempt(day, moment, chance, wrong)
        if run.restart and run.plan.sticky:
            outlet.close()
        recorder.disarm()
        _retry(day, moment, chance, found, wrong, failed=failed, restart=run.restart)
    except (KubePosError, AssertionError) as error:
        wrong.append(f"{error!r}")
    finally:
        recorder.disarm()
        outlet.close()
        if left := recorder.close():
            wrong.append(f"{left} files are still open")
    found.runs += 1
    found.seen += failed
    found.by_step[moment.step] += 1
    if wrong:
        found.violations += 1
        found.said.append(f"step {moment.number} «{moment.step}», {run.plan}, restart {run.restart}: {wrong[:3]}")


def _attempt(day: Day, moment: Moment, chance: CountingBytes, wrong: list[str]) -> bool:
    """Take the step under a failing disk; return whether the till said that it failed."""
    chance.calls, day.outlet._entitlements = moment.chance, moment.entitlements
    try:
        steps_of(day)[moment.number][1]()
    except (StorageFailed, DatabaseUnreadable):
        return True
    except (AlreadyReversed, NothingToClose):
        # What had been reported as failed is there after all, and the till says so.
        return False
    except Exception as error:  # noqa: BLE001 -- whatever else comes out is what we look for
        wrong.append(f"not in our words: {error!r}")
        return True
    return False


def _retry(
    day: Day, moment: Moment, chance: CountingBytes, found: Faults, wrong: list[str], *, failed: bool, restart: bool
) -> None:
    """See what is there, repeat what failed, and see that it is there once."""
    outlet = day.outlet
    if restart:
        outlet.close()
        outlet.open()
    states = (moment.before, moment.after)
    now = _images(outlet)
    if failed:
        if now[0] not in {s[0] for s in states} or now[1] not in {s[1] for s in states}:
            wrong.append("half done after the failure")
        is_there = now == moment.after != moment.before
        if is_there and not restart and moment.step not in OF_SEVERAL_COMMITS:
            wrong.append("told as failed, and there all the same")
        found.there_at_next_start += is_there and restart
        if not is_there or moment.step in HARMLESS_AGAIN:
            again: list[str] = []
            if _attempt(day, moment, chance, again):
                wrong.append(f"fails on a good disk: {again}")
    outlet.close()
    outlet.open()
    if _images(outlet) != moment.after:
        wrong.append("lost, half or double after the retry" if failed else "done, and not there after a start")
    wrong += outlet.findings()


def plans(found: list[Moment], wanted: int, seed: int) -> list[Run]:
    """Return every failure there is, or a seeded choice of them."""
    all_runs = [
        Run(moment.number, Plan(call, fault, sticky), restart)
        for moment in found
        for call in range(1, moment.calls + 1)
        for fault in Fault
        for sticky in (False, True)
        for restart in (False, True)
    ]
    return all_runs if wanted >= len(all_runs) else random.Random(seed).sample(all_runs, wanted)


def prove(
    wanted: int, seed: int, *, part: int = 0, parts: int = 1, reads: bool = False, setup: Setup = PRODUCT
) -> Faults:
    """Run a part of the failures."""
    found = Faults()
    day = moments(reads=reads, setup=setup)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        for run in plans(day, wanted, seed)[part::parts]:
            run_one(day[run.moment], run, Path(folder), found, reads=reads, setup=setup)
    return found


def prove_all(wanted: int, seed: int, *, reads: bool = False) -> Faults:
    """Run failures on all processors."""
    workers = os.cpu_count() or 1
    total = Faults()
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = [pool.submit(prove, wanted, seed, part=n, parts=workers, reads=reads) for n in range(workers)]
        for future in parts:
            total.add(future.result())
    return total


def _images(outlet: CrashOutlet) -> Images:
    return image_of(outlet.journal_file), image_of(outlet.replica_file)


def _known(day: Day) -> Day:
    kept = copy(day)
    kept.cards, kept.baskets, kept.sold = dict(day.cards), dict(day.baskets), dict(day.sold)
    return kept


def _nothing(*_: object) -> None:
    """Hear no promise: the images say more."""


def main() -> int:
    """Run what is asked for; 1 when something was lost, half or double."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000, help="at most so many; a large number means all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reads", action="store_true", help="reads fail too")
    asked = parser.parse_args()
    found = prove_all(asked.runs, asked.seed, reads=asked.reads)
    for line in found.said:
        sys.stdout.write(f"{line}\n")
    names = ("runs", "seen", "there_at_next_start", "violations")
    sys.stdout.write(json.dumps({name: getattr(found, name) for name in names}) + "\n")
    return int(found.violations > 0)


if __name__ == "__main__":
    sys.exit(main())
