"""When a camera's reading is believed: two frames agree, or the code proves itself. Pure.

A single frame can be misread; the same wrong reading twice within a second hardly happens. A card that stays before
the camera is told once, and again only after it was away for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """How much agreement is asked for."""

    frames: int = 2
    within_ms: int = 1000
    """The agreeing frames lie within this time."""
    away_ms: int = 1000
    """A code is told again when it was not seen for so long."""


@dataclass(slots=True)
class _Sight:
    count: int
    first_ms: int
    last_ms: int
    is_told: bool


def nothing_checks_itself(payload: str) -> bool:
    """Return False: without knowledge of the codes every reading wants a second frame."""
    return not payload


class Evidence:
    """Remembers what the last frames showed. Used on one thread."""

    def __init__(
        self,
        is_self_checking: Callable[[str], bool] = nothing_checks_itself,
        settings: EvidenceSettings | None = None,
    ) -> None:
        """Take the rule that tells a payload with check digits of its own, and the bounds."""
        self._is_self_checking = is_self_checking
        self._settings = settings or EvidenceSettings()
        self._seen: dict[str, _Sight] = {}

    def see(self, payloads: Iterable[str], now_ms: int) -> list[str]:
        """Take the readings of one frame and return those that are believed now and were not told yet."""
        self._forget(now_ms)
        believed: list[str] = []
        for payload in dict.fromkeys(payloads):
            sight = self._seen.setdefault(payload, _Sight(0, now_ms, now_ms, is_told=False))
            sight.count += 1
            sight.last_ms = now_ms
            enough = sight.count >= self._settings.frames or self._is_self_checking(payload)
            if enough and not sight.is_told:
                sight.is_told = True
                believed.append(payload)
        return believed

    def _forget(self, now_ms: int) -> None:
        settings = self._settings
        gone = [
            payload
            for payload, sight in self._seen.items()
            if now_ms - sight.last_ms > settings.away_ms
            or (not sight.is_told and now_ms - sight.first_ms > settings.within_ms)
        ]
        for payload in gone:
            del self._seen[payload]
