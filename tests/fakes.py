"""Hand-written stand-ins for the clock and chance, shared by all tests."""

from __future__ import annotations

from datetime import date

from kube_pos.ledger.days import at_wita

TODAY = date(2026, 11, 24)


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ms: int = at_wita(TODAY, 10)) -> None:
        self.now = now_ms
        self.monotonic = 0

    def now_ms(self) -> int:
        return self.now

    def monotonic_ms(self) -> int:
        return self.monotonic

    def advance(self, ms: int) -> None:
        self.now += ms
        self.monotonic += ms


class CountingBytes:
    """A source of bytes that never repeats: the calls' numbers."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, count: int) -> bytes:
        self.calls += 1
        return self.calls.to_bytes(count, "big")
