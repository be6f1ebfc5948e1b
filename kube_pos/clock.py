"""Where the time comes from: injected everywhere, so that a test or a demo can choose it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A source of the present time."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back, from an arbitrary start."""
        ...


class SystemClock:
    """The machine's clock, shifted by a fixed number of milliseconds (0 on a real till)."""

    def __init__(self, shift_ms: int = 0) -> None:
        """Shift every reading by `shift_ms`; only the demo uses a shift."""
        self._shift_ms = shift_ms

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000 + self._shift_ms

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back, from an arbitrary start."""
        return time.monotonic_ns() // 1_000_000
