"""One run: days of steps under faults, then an end without faults, then the comparison."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.simulation.checks import Findings, check_day, check_end
from tests.simulation.city import DAY_MS, City, Options, Violation
from tests.simulation.faults import NONE
from tests.simulation.officers import Officers
from tests.simulation.people import People

MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of its own is made in it
"""Files in memory, where a flush costs nothing: the settings of the files stay those of a real till."""
_OPENS_MS = 8 * 3_600_000
_ROUNDS = 40


@dataclass
class Outcome:
    """What a run did and found."""

    options: Options
    operations: int
    violation: str
    findings: Findings
    did: Counter[str] = field(default_factory=Counter)
    network: Counter[str] = field(default_factory=Counter)
    trace: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not self.violation


def simulate(options: Options, folder: Path | None = None) -> Outcome:
    """Run a city to its end, or to the first broken promise. The same options do the same again, step by step."""
    place = Path(tempfile.mkdtemp(dir=folder or (MEMORY if MEMORY.is_dir() else None)))
    begun = time.perf_counter()
    city = None
    violation = ""
    words: tuple[str, ...] = ()
    findings = Findings()
    try:
        city = City(options, place)
        _live(city)
        findings = check_end(city)
    except Violation as broken:
        violation, words = broken.what, broken.words
    finally:
        if city is not None:
            for till in city.tills:
                till.close()
            city.office.database.close()
        shutil.rmtree(place)
    _count(findings, violation)
    if city is None:
        return Outcome(options, 0, violation, findings)
    crashes = sum(till.crashes for till in city.tills)
    did = city.did + city.seen + Counter({"crashes": crashes, "excused_rows": findings.excused})
    return Outcome(
        options,
        city.operations,
        violation,
        findings,
        did,
        Counter(city.network.counts),
        _cut(city, words) if violation else tuple(city.trace),
        time.perf_counter() - begun,
    )


def _count(findings: Findings, violation: str) -> None:
    """Say what was found as the figures of the last line."""
    if not violation:
        return
    findings.overspent += "overspent" in violation or "granted" in violation
    findings.lost += violation.startswith("lost")
    findings.doubled += violation.startswith("doubled")
    findings.converged = False


def _live(city: City) -> None:
    options, rng = city.options, city.rng
    people, officers = People(city), Officers(city)
    for till in city.tills:
        city.sync(till)
    begin = city.clock.now
    for day in range(options.days):
        city.clock.now = max(city.clock.now, begin + day * DAY_MS + _OPENS_MS)
        if day % 2 == 0:
            city.next_month(rng.choice((1, 1, 2)))
        officers.connect()
        steps = options.steps * options.outlets
        for _ in range(steps):
            _one_step(city, people, officers, steps)
        check_day(city)
    _calm_down(city)


def _one_step(city: City, people: People, officers: Officers, steps: int) -> None:
    rng, faults = city.rng, city.faults
    city.step += 1
    city.clock.now += rng.randint(500, max(1000, 2 * 36_000_000 // steps))
    due = [deed for at, deed in city.later if at <= city.step]
    city.later = [(at, deed) for at, deed in city.later if at > city.step]
    for deed in due:
        deed()
    till = rng.choice(city.at_work())
    if rng.random() < faults.delayed:
        city.network.deliver_late()
    for chance, deed in (
        (faults.officer, officers.act),
        (faults.clock, lambda: officers.turn_clock(till)),
        (faults.offline / 20, officers.connect),
        (4 * faults.restore / steps, till.keep_copy),
        (faults.restore / steps, officers.restore_some),
        (faults.clone / steps, lambda: officers.clone(till)),
        (faults.retire / steps, lambda: officers.lose(till)),
    ):
        if chance and rng.random() < chance and not till.is_lost:
            deed()
    if not till.is_lost:
        people.act(till)


def _calm_down(city: City) -> None:
    """End the faults, let everything that waits happen, and let everybody sync until nothing is left to tell."""
    city.faults = NONE
    city.network.faults = NONE
    for till in city.tills:
        till.fate.chance = 0.0
        till.is_online = True
        till.clock.skew_ms = 0
    for _, deed in city.later:
        deed()
    city.later.clear()
    while city.network.late:
        city.network.deliver_late()
    # Nobody waits at a counter any more.
    city.clock.now += 3_600_000
    for till in city.at_work():
        till.journal.drop_basket()
    for _ in range(_ROUNDS):
        city.clock.now += 60_000
        if not _sync_all(city):
            break
    else:
        raise Violation("not converged: the tills never come to an end")
    check_day(city)


def _sync_all(city: City) -> bool:
    """Let everybody sync once; tell whether that changed anything."""
    changed = False
    for till in city.at_work():
        before = till.replica.cursor(), till.outbox.acked()[0], till.journal.head()[0]
        error = city.sync(till)
        if error is not None and till.ledger_id not in city.cloned and error.code != "clock_skew":
            raise Violation(f"not converged: till {till.number} ends with {error.code}", f"till={till.number}")
        changed = changed or before != (till.replica.cursor(), till.outbox.acked()[0], till.journal.head()[0])
    return changed


def _cut(city: City, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines of the trace that speak of what was broken, and the last ones before it."""
    lines = list(city.trace)
    wanted = [line for line in lines if any(_speaks(line, word) for word in words)]
    return (*wanted[-30:], "--", *lines[-8:])


def _speaks(line: str, word: str) -> bool:
    """Tell whether a line of the trace is about something, such as `row=7` or `till=3`."""
    name, _, value = word.partition("=")
    words = line.split()
    if word in words or any(part.startswith(f"{word}:") for part in words):
        return True
    listed = next((part.removeprefix("rows=").split(",") for part in words if part.startswith("rows=")), [])
    return name == "row" and value in listed


def smaller(options: Options) -> Options:
    """Return the smallest shortening of a failing run that still fails, by days and steps."""
    best = options
    for days in range(1, options.days):
        tried = replace(options, days=days)
        if not simulate(tried).is_clean:
            best = tried
            break
    return best
