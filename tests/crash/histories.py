"""Recorded runs: the scripted day, random days after it, and the migration of a till's old files."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from kube_pos.errors import StorageFailed
from kube_pos.ledger.migrations import JOURNAL, REPLICA, Schema
from kube_pos.sync.failures import ChainBroken
from tests.crash.day import Day, opening, selling
from tests.crash.further import further
from tests.crash.image import image_of
from tests.crash.outlet import PRODUCT, CrashOutlet, Setup
from tests.crash.outside import watched
from tests.crash.states import Recording
from tests.crash.vfs import Event, Fault, Note, Plan, Recorder
from tests.ledger_kit import EGG_KG, RICE_BAG, SOAP_BAR

Steps = Iterable[tuple[str, Callable[[], object]]]
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 -- only for speed
NEXT_STEP = (
    "CREATE TABLE extra (seq INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL) STRICT",
    "INSERT INTO extra SELECT seq, at FROM entry",
    "CREATE INDEX extra_by_at ON extra (at)",
    "UPDATE print_job SET detail = 'old' WHERE detail = ''",
)
"""A made-up next version of the journal: a table filled from the old ones, an index, changed rows."""


def scripted(setup: Setup = PRODUCT) -> Recording:
    """Record the scripted day, from an empty folder on."""
    return _record(setup, lambda day: itertools.chain(opening(day), selling(day), further(day, 3, "A")))


def wandering(seed: str, setup: Setup = PRODUCT, steps: int = 40) -> Recording:
    """Record a day whose steps are drawn by chance."""
    return _record(setup, lambda day: itertools.chain(opening(day), _Wanderer(day, random.Random(seed)).steps(steps)))


def migrating(setup: Setup = PRODUCT) -> tuple[Recording, Setup]:
    """Record the first start of a next version on a day's files; give the set-up that opens them too."""
    newer = replace(setup, schemas=(Schema(JOURNAL.name, (*JOURNAL.steps, NEXT_STEP)), REPLICA))
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        notes: list[Event] = []
        outlet = CrashOutlet(folder, setup=setup)
        day = Day(outlet, lambda *words: notes.append(Note(*words)))
        for _, step in itertools.chain(opening(day), selling(day), further(day, 3, "A")):
            step()
        outlet.close()
        recorder = Recorder(folder)
        outlet = CrashOutlet(folder, setup=newer, recorder=recorder)
        notes += [Note("image", 0, image_of(outlet.journal_file)), Note("image", 1, image_of(outlet.replica_file))]
        outlet.close()
        recorder.close()
        return Recording(recorder.base, (*notes, *recorder.events), len(notes)), newer


def copying(setup: Setup = PRODUCT) -> Recording:
    """Record backups of the journal while sales go on: a first one, and one that takes its place."""

    def steps(day: Day) -> Steps:
        for number in (1, 2):
            yield from _Wanderer(day, random.Random(number)).steps(6)
            yield "copy", day.copy

    return _record(setup, lambda day: itertools.chain(opening(day), steps(day)), of_all=True)


def failing(seed: str, setup: Setup = PRODUCT, steps: int = 40) -> Recording:
    """Record a random day on which flushes and writes fail now and then; what failed is repeated."""
    return _record(
        setup,
        lambda day: itertools.chain(opening(day), _Wanderer(day, random.Random(seed)).steps(steps)),
        faults=random.Random(f"{seed} faults"),
    )


def _record(
    setup: Setup,
    steps_of: Callable[[Day], Steps],
    *,
    of_all: bool = False,
    faults: random.Random | None = None,
) -> Recording:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name).resolve()
        recorder = Recorder(folder, of_all=of_all)
        outlet = CrashOutlet(folder, setup=setup, recorder=recorder)
        day = Day(outlet, recorder.note)
        day.listen()
        day.images()
        with watched(recorder, folder):
            try:
                for what, step in steps_of(day):
                    recorder.note("begin", 0, what)
                    if faults is None or what in _NOT_REPEATED:
                        step()
                    else:
                        _with_faults(day, recorder, step, faults)
                    day.images()
            except ChainBroken:
                # The till has found a planted break before sending; a real one would be a violation all the same.
                pass
            outlet.close()
        recorder.close()
        return Recording(recorder.base, tuple(recorder.events))


_NOT_REPEATED = frozenset({"restart", "checkpoint"})


def _with_faults(day: Day, recorder: Recorder, step: Callable[[], object], chance: random.Random) -> None:
    """Take a step while a call may fail, and again as long as it does, with the same ids."""
    made, rows = day.chance.calls, day.outlet._entitlements
    for sticky in (chance.random() < 0.3, False):
        recorder.arm(Plan(chance.randint(1, 12), chance.choice(list(Fault)), sticky))
        day.chance.calls, day.outlet._entitlements = made, rows
        try:
            step()
        except StorageFailed:
            continue
        else:
            return
        finally:
            recorder.disarm()
    day.chance.calls, day.outlet._entitlements = made, rows
    step()


@dataclass
class _Wanderer:
    """Draws steps that are possible when they are drawn."""

    day: Day
    chance: random.Random
    undone: set[str] = field(default_factory=set)
    made: int = 0

    def steps(self, count: int) -> Steps:
        """Yield about so many steps."""
        wishes: dict[Callable[[], Steps], int] = {
            self._sale: 6, self._cash_sale: 2, self._reversal: 3, self._print: 3, self._send: 2, self._close: 1,
            self._page: 2, self._checkpoint: 2, self._restart: 1, self._balance: 1, self._delivery: 1, self._further: 1,
        }  # fmt: skip
        for _ in range(count):
            self.made += 1
            yield from self.chance.choices(list(wishes), list(wishes.values()))[0]()

    def _sale(self) -> Steps:
        name = f"wander {self.made}"
        picks = [(EGG_KG, 500 * self.chance.randint(1, 6)), (RICE_BAG, 1000)][: self.chance.randint(1, 2)]
        cash = ((SOAP_BAR, 1000),) if self.chance.random() < 0.3 else ()
        yield "basket", lambda: self.day.fill(name, *picks, cash=cash)
        yield "redeem", lambda: self.day.redeem(name, 3)

    def _cash_sale(self) -> Steps:
        name = f"wander {self.made}"
        yield "basket", lambda: self.day.fill(name, cash=((SOAP_BAR, 1000),))
        yield "sell", lambda: self.day.sell(name)

    def _reversal(self) -> Steps:
        left = sorted(self.day.sold.keys() - self.undone)
        if left:
            self.undone.add(chosen := self.chance.choice(left))
            yield "reverse", lambda: self.day.reverse(chosen)

    def _print(self) -> Steps:
        if self.day.outlet.prints.next_pending() is not None:
            yield "begin print", self.day.begin_print
            if self.chance.random() < 0.7:
                yield "end print", self.day.end_print
            else:
                yield "restart", self.day.restart

    def _send(self) -> Steps:
        if self.day.outlet.journal.head()[0] - self.day.outlet.outbox.acked()[0] >= 2:
            yield "send", self.day.send

    def _close(self) -> Steps:
        if self.day.outlet.journal.open_sales():
            yield "close day", self.day.close_day

    def _page(self) -> Steps:
        yield "page", lambda: self.day.entitle(3, "2026-11", 1_000 + self.made)

    def _checkpoint(self) -> Steps:
        yield "checkpoint", self.day.checkpoint

    def _restart(self) -> Steps:
        yield "restart", self.day.restart

    def _balance(self) -> Steps:
        yield "balance", lambda: self.day.inquire(3)

    def _further(self) -> Steps:
        yield from further(self.day, 3, f"{self.made}N")

    def _delivery(self) -> Steps:
        yield "deliver", lambda: self.day.deliver(5_000)
