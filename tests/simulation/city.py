"""The whole city at work: who does what next is drawn from one seeded source of chance, and everything is checked."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from kube_pos.errors import KubePosError
from kube_pos.ledger.days import business_day
from kube_pos.ledger.ids import LedgerId, OutletId, RecipientId
from tests.simulation.clocks import TillClock, WorldClock
from tests.simulation.faults import Faults
from tests.simulation.network import Network
from tests.simulation.office import CityOffice
from tests.simulation.till import Died, Fate, SimTill
from tests.simulation.truth import Branch

TRACE_LINES = 4000
DAY_MS = 86_400_000


class Violation(Exception):
    """A promise was broken: what, and the words by which its trace is found."""

    def __init__(self, what: str, *words: str) -> None:
        """Take what was found, and what to look for in the trace."""
        super().__init__(what)
        self.what = what
        self.words = words


@dataclass(frozen=True, slots=True)
class Options:
    """What is simulated."""

    seed: int
    outlets: int = 4
    days: int = 6
    steps: int = 25
    """Steps of each outlet in a day."""
    families: int = 8
    """At home at each outlet."""
    faults: Faults = field(default_factory=Faults)


@dataclass
class City:
    """The state of a run."""

    options: Options
    folder: Path

    def __post_init__(self) -> None:
        """Make the office, enrol a till at each outlet."""
        options = self.options
        self.rng = Random(options.seed)
        self.faults = options.faults
        self.clock = WorldClock()
        self.office = CityOffice(self.folder, self.clock, self.rng, options.outlets, options.families)
        self.network = Network(self.office, self.rng, options.faults)
        self.tills: list[SimTill] = []
        self.branches: list[Branch] = []
        self.spent: Counter[int] = Counter()
        """Of each row, over all journals."""
        self.most: dict[int, int] = {}
        """The largest amount that each row ever had."""
        self.lowered: set[int] = set()
        self.cloned: set[LedgerId] = set()
        self.retired: set[LedgerId] = set()
        self.blind: set[LedgerId] = set()
        """Freed by an officer although the journal was not known to its end."""
        self.facts: Counter[str] = Counter()
        self.did: Counter[str] = Counter()
        """Operations, by kind."""
        self.seen: Counter[str] = Counter()
        """What came of them."""
        self.trace: deque[str] = deque(maxlen=TRACE_LINES)
        self.step = 0
        self.later: list[tuple[int, Callable[[], None]]] = []
        for number in range(1, options.outlets + 1):
            self.new_till(OutletId(number))

    @property
    def operations(self) -> int:
        """Return how many things were done so far."""
        return self.did.total()

    def note(self, what: str, **facts: object) -> None:
        """Count something that was done, and write it down for the trace."""
        self.did[what] += 1
        details = " ".join(f"{name}={value}" for name, value in facts.items())
        self.trace.append(f"{self.step:6d} {self.clock.now - self.clock.now % 1000} {what} {details}")

    def say(self, what: str, **facts: object) -> None:
        """Write something down for the trace that was nobody's doing."""
        details = " ".join(f"{name}={value}" for name, value in facts.items())
        self.trace.append(f"{self.step:6d} {self.clock.now - self.clock.now % 1000}   {what} {details}")

    def new_till(self, outlet_id: OutletId, previous: Branch | None = None) -> SimTill:
        """Enrol a till at an outlet."""
        number = len(self.tills) + 1
        folder = self.folder / f"t{number}"
        clock, fate = TillClock(self.clock), Fate(self.rng, self.faults.crash)
        till = SimTill(number, outlet_id, folder, clock, self.network, self.rng, fate)
        till.enrol(previous)
        self.add(till)
        return till

    def add(self, till: SimTill) -> None:
        """Take a till in."""
        self.tills.append(till)
        self.branches.append(till.branch)
        self.observe(till)

    def at_work(self) -> list[SimTill]:
        """Return the tills that somebody sells with."""
        return [till for till in self.tills if not till.is_lost]

    def observe(self, till: SimTill) -> None:
        """Write down what a journal has got since, and check that no row is overspent. Raises Violation."""
        new = till.outbox.waiting(len(till.branch.bodies), 100_000)
        changed = till.branch.take(new)
        till.branch.acked = max(till.branch.acked, till.outbox.acked()[0])
        self.spent.update(changed)
        for row, amount in changed.items():
            if amount > 0 and self.spent[row] > self.most_of(row) and not self.is_excused(row):
                self.say("here it breaks", till=till.number, row=row, by=amount)
                raise Violation(f"row {row} overspent: {self.spent[row]} of {self.most_of(row)}", f"row={row}")

    def most_of(self, row: int) -> int:
        """Return the largest amount that a row ever had."""
        if row not in self.most:
            for number, amount in self.office.amounts().items():
                self.most[number] = max(self.most.get(number, 0), amount)
        return self.most.get(row, 0)

    def is_excused(self, row: int) -> bool:
        """Tell whether a row was held by a ledger that lived twice, or was freed while sales were still unknown."""
        return any(
            row in branch.spent or row in branch.released
            for branch in self.branches
            if branch.ledger_id in self.cloned or branch.ledger_id in self.blind
        )

    def run_at(self, till: SimTill, deed: Callable[[], None]) -> bool:
        """Do something at a till; it may die meanwhile, and starts again. Return whether it was done to its end."""
        try:
            deed()
        except Died:
            self.say("died", till=till.number)
            chance, till.fate.chance = till.fate.chance, 0.0
            till.reopen()
            till.fate.chance = chance
            self.observe(till)
            return False
        self.observe(till)
        return True

    def sync(self, till: SimTill) -> KubePosError | None:
        """Let a till run a round and answer recalls; return what stopped it."""
        failed: list[KubePosError] = []

        def deed() -> None:
            try:
                till.sync()
            except KubePosError as error:
                failed.append(error)
            if till.answer_recalls():
                self.seen["released"] += 1

        self.run_at(till, deed)
        if failed and failed[0].code in {"chain_broken", "entry_too_large", "sync_failed"}:
            raise Violation(f"till {till.number} stopped: {failed[0]}", f"till={till.number}")
        if failed and failed[0].code == "fork" and till.ledger_id not in self.cloned:
            raise Violation(f"till {till.number} is called forked and is not", f"till={till.number}")
        self.note("sync", till=till.number, result=failed[0].code if failed else "ok")
        return failed[0] if failed else None

    def in_steps(self, count: int, deed: Callable[[], None]) -> None:
        """Do something some steps later."""
        self.later.append((self.step + count, deed))

    def next_month(self, rapel: int) -> None:
        """Publish what the families get next; old rows expire after some days."""
        today = business_day(self.clock.now)
        amount = self.rng.choice((150_000, 300_000, 300_000, 500_000))
        self.office.publish(rapel, amount, since=today, until=today + timedelta(days=self.rng.choice((6, 12, 60))))
        self.keep_most()
        self.note("publish", months=rapel, amount=amount)

    def homes(self, outlet_id: OutletId) -> list[RecipientId]:
        """Return the families at home at an outlet."""
        return [family for family, home in self.office.home.items() if home == outlet_id]

    def keep_most(self) -> None:
        """Remember the amounts before they are changed."""
        for number, amount in self.office.amounts().items():
            self.most[number] = max(self.most.get(number, 0), amount)
