"""Learns a keyboard scanner from one scan of a known code: its pace, what it adds, the layout it needs. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from kube_pos.devices.keyboard_us import MODIFIER_CODES, us_character
from kube_pos.devices.wedge import Key, WedgeSettings, gap_ms

TEST_CODE = "KUBE-7418/05x"
"""Letters of both cases, digits, and signs that lie elsewhere on other layouts; nobody's card."""
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_PERSON_MS = 65
"""From this pace on a scanner types as slowly as a person may, and its even beat must tell it."""
_LONGEST_GAP_MS = 260
_USUAL = WedgeSettings()


class CalibrationFault(StrEnum):
    """Why nothing was learnt: sentences are `readers.calibration.<fault>`."""

    NOTHING = "nothing"
    OTHER_CODE = "other_code"
    """Keys came, but not the test code among them."""
    TOO_SLOW = "too_slow"
    TYPED = "typed"
    """The pace is a person's: uneven."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What one scan taught."""

    settings: WedgeSettings
    keys: int
    mean_gap_ms: int
    longest_gap_ms: int
    ends: str
    """`enter`, `tab` or `none`."""
    has_aim: bool


def learn(keys: Sequence[Key], expected: str = TEST_CODE) -> Calibration | CalibrationFault:
    """Return the settings for the scanner that typed these keys, or why they can't be learnt."""
    struck = [key for key in keys if not key.is_auto_repeat and not (key.scan_code in MODIFIER_CODES and not key.text)]
    ends = [key for key in struck if key.is_terminator]
    typed = [key for key in struck if not key.is_terminator and key.text]
    if not typed:
        return CalibrationFault.NOTHING
    found = _find(typed, expected)
    if found is None:
        return CalibrationFault.OTHER_CODE
    prefix, suffix, us_layout = found
    beat = typed + ends[:1]
    gaps = [gap_ms(one.timestamp_ms, other.timestamp_ms) for one, other in pairwise(beat)]
    if max(gaps) > _LONGEST_GAP_MS:
        return CalibrationFault.TOO_SLOW
    mean = sum(gaps) / len(gaps)
    has_aim = bool(_AIM.match(prefix))
    pace = _fast(gaps, mean, has_end=bool(ends)) if max(gaps) <= _PERSON_MS else _slow(gaps, mean, has_end=bool(ends))
    if pace is None:
        return CalibrationFault.TYPED
    settings = WedgeSettings(
        min_length=pace.min_length,
        max_mean_gap_ms=pace.max_mean_gap_ms,
        max_gap_ms=pace.max_gap_ms,
        silence_ms=pace.silence_ms,
        beat_ms=pace.beat_ms,
        steady_ms=pace.steady_ms,
        needs_end=pace.needs_end,
        # An AIM identifier changes with the kind of code: it is no fixed prefix, and is taken off later.
        prefix=prefix[3:] if has_aim else prefix,
        suffix=suffix,
        us_layout=us_layout,
    )
    end = "none" if not ends else "tab" if ends[0].text == "\t" else "enter"
    return Calibration(settings, len(typed), round(mean), max(gaps), end, has_aim)


def _find(typed: Sequence[Key], expected: str) -> tuple[str, str, bool] | None:
    """Return what stands before and after the code, and whether only the keys' places tell it."""
    as_text = "".join(key.text for key in typed)
    by_place = "".join(us_character(key.scan_code, shift=key.shift) or key.text for key in typed)
    for text, us_layout in ((as_text, False), (by_place, True)):
        before, there, after = text.partition(expected)
        if there:
            return before, after, us_layout
    return None


def _fast(gaps: Sequence[int], mean: float, *, has_end: bool) -> WedgeSettings:
    longest = max(_USUAL.max_gap_ms, min(78, max(gaps) * 13 // 10 + 8))
    return WedgeSettings(
        max_mean_gap_ms=max(_USUAL.max_mean_gap_ms, min(70, round(mean * 1.25) + 2)),
        max_gap_ms=longest,
        silence_ms=max(_USUAL.silence_ms, longest + 15),
        needs_end=has_end,
    )


def _slow(gaps: Sequence[int], mean: float, *, has_end: bool) -> WedgeSettings | None:
    spread = max(max(gaps) - mean, mean - min(gaps))
    if spread > 30:
        return None
    steady = round(spread * 1.5) + 12
    longest = round(mean) + steady
    return WedgeSettings(
        min_length=8,
        max_mean_gap_ms=longest,
        max_gap_ms=longest,
        silence_ms=longest + 25,
        beat_ms=round(mean),
        steady_ms=steady,
        needs_end=has_end,
    )
