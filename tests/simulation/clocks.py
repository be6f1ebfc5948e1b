"""The one time of the simulated city, and what each till's own clock makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kube_pos.ledger.days import at_wita

BEGIN_MS = at_wita(date(2026, 11, 2), 7)


@dataclass
class WorldClock:
    """True time; only the simulation moves it."""

    now: int = BEGIN_MS

    def now_ms(self) -> int:
        """Return the true time."""
        return self.now

    def monotonic_ms(self) -> int:
        """Return the true time, which never goes back."""
        return self.now


@dataclass
class TillClock:
    """A computer's clock: true time and a difference that may jump."""

    world: WorldClock
    skew_ms: int = 0

    def now_ms(self) -> int:
        """Return what the computer takes for the time."""
        return self.world.now + self.skew_ms

    def monotonic_ms(self) -> int:
        """Return the true time, which never goes back."""
        return self.world.now
