"""Tells a keyboard-wedge scanner from a person typing, by the times that the key events carry. Pure.

A scanner is a keyboard that types a whole code within a few milliseconds a key. Keys are held back until it is clear
who typed: a person's keys are given back at once when the burst fails, a scan's keys never reach a text field.
Times are those of the events, not of the clock: after a frozen moment a person's keys arrive all together.
"""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.devices.keyboard_us import MODIFIER_CODES, us_character

_CLOCK_SPAN_MS = 1 << 32
"""Window systems count milliseconds in 32 bits: the count starts again after 49 days."""
_GROUP_SEPARATOR = "\x1d"
_LONGEST = 512
_SURE_KEYS = 3
_BUSY_MEAN_GAP_MS = 50
"""What a busy computer may make of any fast scanner's pace; no person keeps that up and ends with Enter."""
_SOONEST_REPEAT_MS = 15
"""Keyboards repeat a key that is held down every 25 ms at the fastest."""


@dataclass(frozen=True, slots=True)
class WedgeSettings:
    """What counts as a scan; measured per scanner by the wizard."""

    min_length: int = 6
    max_mean_gap_ms: int = 35
    max_gap_ms: int = 60
    silence_ms: int = 75
    """A code without Enter or Tab is complete after so much silence."""
    prefix: str = ""
    suffix: str = ""
    us_layout: bool = False
    """Decode every character by its place on a US keyboard, not digits alone."""
    beat_ms: int = 0
    """The pace of a scanner that is as slow as a person; 0 for the usual fast ones."""
    steady_ms: int = 0
    """How far a gap of a slow scanner may lie from its beat: people do not type so evenly."""
    needs_end: bool = False
    """This scanner always ends a code by Enter or Tab: what ends by silence was a person's."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key press as the window system told it. Its text may be part of an identifier: never log it."""

    text: str
    timestamp_ms: int
    is_auto_repeat: bool = False
    is_terminator: bool = False
    """Enter or Tab."""
    scan_code: int = 0
    """The X11 key code (evdev + 8); 0 when unknown."""
    shift: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do after a key or a silence: first replay, then take the scan, then swallow the key or let it go on."""

    replay: tuple[Key, ...] = ()
    """Keys of a person that were held: deliver them now, in order, before the present key."""
    swallow: bool = False
    """The present key is held, or belongs to a scan: no widget may see it."""
    payload: str | None = None
    """A complete scan, without prefix and suffix."""


class WedgeDetector:
    """Holds the keys of a possible scan and decides what they were. Used on one thread."""

    def __init__(self, settings: WedgeSettings | None = None) -> None:
        """Start with no key held and the usual settings."""
        self._settings = settings or WedgeSettings()
        self._held: list[Key] = []
        self._last_ms: int | None = None
        self._typing = False
        """A burst has just failed: what follows without a pause belongs to the same person."""
        self._scan_ended_ms: int | None = None
        self._given_back_ms: int | None = None
        """When the last key was struck that was given back for its slowness."""

    def deadline_ms(self) -> int | None:
        """Return the event time at which `expire` has something to decide, or None when no key is held."""
        if not self._held:
            return None
        return self._held[-1].timestamp_ms + self._patience_ms() + 1

    def feed(self, key: Key) -> Verdict:
        """Take a key press and say what to do with it and with the keys held."""
        if key.scan_code in MODIFIER_CODES and not key.text:
            return Verdict()
        if key.is_auto_repeat and not self._is_struck_anew(key):
            return self._feed_repeat(key)
        if key.is_terminator:
            return self._feed_terminator(key)
        if len(key.text) != 1 or not (key.text.isprintable() or key.text == _GROUP_SEPARATOR):
            return Verdict(replay=self._give_back())
        return self._feed_character(key)

    def expire(self, now_ms: int) -> Verdict:
        """Decide about the held keys once there was silence; `now_ms` is on the clock of the events."""
        if not self._held:
            return Verdict()
        silence = gap_ms(self._held[-1].timestamp_ms, now_ms)
        # The caller reckons the event clock from its own; a step back is that reckoning, not 49 days of silence.
        if silence <= self._patience_ms() or silence > _CLOCK_SPAN_MS // 2:
            return Verdict()
        return Verdict(replay=self._give_back()) if self._settings.needs_end else self._end_burst()

    def release(self) -> tuple[Key, ...]:
        """Give up the burst (the window lost the focus) and return the held keys for replay."""
        return self._give_back()

    def _is_struck_anew(self, key: Key) -> bool:
        # X11 tells a release and a press of one key within a millisecond as a repeat: a fast scanner's double digit.
        return self._last_ms is not None and gap_ms(self._last_ms, key.timestamp_ms) < _SOONEST_REPEAT_MS

    def _feed_repeat(self, key: Key) -> Verdict:
        # A key kept down repeats every 30-40 ms, which looks like a scanner; only a person keeps keys down.
        if self._held and self._held[-1].scan_code == key.scan_code and self._held[-1].text == key.text:
            replay = self._give_back()
            self._typing, self._last_ms = True, key.timestamp_ms
            return Verdict(replay=replay)
        return Verdict()

    def _feed_terminator(self, key: Key) -> Verdict:
        if self._held:
            in_time = gap_ms(self._held[-1].timestamp_ms, key.timestamp_ms) <= self._patience_ms()
            ended = self._end_burst() if in_time or self._is_burst() else Verdict(replay=self._give_back())
            if (ended.payload is not None or ended.swallow) and in_time:
                self._scan_ended_ms = key.timestamp_ms
                return Verdict(swallow=True, payload=ended.payload)
            return ended
        # Scanners may end a code by two keys (Enter and Tab, CR and LF); the second must not press a button.
        if self._scan_ended_ms is not None:
            late = gap_ms(self._scan_ended_ms, key.timestamp_ms) > self._settings.max_gap_ms
            self._scan_ended_ms = None
            return Verdict(swallow=not late)
        return Verdict()

    def _feed_character(self, key: Key) -> Verdict:
        settings = self._settings
        gap = None if self._last_ms is None else gap_ms(self._last_ms, key.timestamp_ms)
        paused = gap is None or self._is_pause(gap, key.timestamp_ms)
        self._last_ms = key.timestamp_ms
        self._scan_ended_ms = None
        if self._typing and not paused:
            return Verdict()
        self._typing = False
        if self._held and not paused and gap is not None and self._is_off_beat(gap):
            # The key may begin a scan of its own: no other key of a slow scanner came so close before it.
            replay = self._give_back()
            self._typing = False
            self._held.append(key)
            return Verdict(replay=replay, swallow=True)
        ended = self._end_after_pause() if paused and self._held else Verdict()
        self._typing = False
        self._held.append(key)
        hopeless = len(self._held) >= settings.min_length and not self._is_burst()
        if hopeless or len(self._held) > _LONGEST:
            replay = self._give_back()[:-1]
            self._typing = True
            return Verdict(replay=replay)
        return Verdict(replay=ended.replay, payload=ended.payload, swallow=True)

    def _is_pause(self, gap: int, at_ms: int) -> bool:
        if gap <= self._settings.max_gap_ms:
            return False
        if not self._may_stumble() or gap > self._stumble_ms():
            return True
        return gap_ms(self._held[0].timestamp_ms, at_ms) > _slowest_pace_ms(self._settings) * len(self._held)

    def _may_stumble(self) -> bool:
        """Tell whether one long gap may lie within the burst at hand: a busy computer's, while the pace is a scanner's.

        Only where an Enter will tell the end for certain, else two codes could become one.
        """
        count = len(self._held)
        if not self._settings.needs_end or self._settings.beat_ms or count < _SURE_KEYS:
            return False
        span = gap_ms(self._held[0].timestamp_ms, self._held[-1].timestamp_ms)
        return span <= _slowest_pace_ms(self._settings) * (count - 1)

    def _stumble_ms(self) -> int:
        return self._settings.max_gap_ms * 5 // 2

    def _is_off_beat(self, gap: int) -> bool:
        return bool(self._settings.beat_ms) and abs(gap - self._settings.beat_ms) > self._settings.steady_ms

    def _end_after_pause(self) -> Verdict:
        return Verdict(replay=self._give_back()) if self._settings.needs_end else self._end_burst()

    def _end_burst(self) -> Verdict:
        if self._is_burst():
            payload = self._payload()
            if payload is not None:
                is_torn = self._is_torn()
                self._held.clear()
                return Verdict(payload=None if is_torn else payload, swallow=is_torn)
        return Verdict(replay=self._give_back())

    def _is_torn(self) -> bool:
        """Tell whether the burst is the rest of a scan whose head was given back: better lost than read short."""
        if not self._settings.needs_end or self._settings.beat_ms or self._given_back_ms is None:
            return False
        return gap_ms(self._given_back_ms, self._held[0].timestamp_ms) <= self._stumble_ms()

    def _give_back(self) -> tuple[Key, ...]:
        held = tuple(self._held)
        self._held.clear()
        if held:
            self._given_back_ms = held[-1].timestamp_ms
        self._typing = bool(held) or self._typing
        return held

    def _is_burst(self) -> bool:
        count = len(self._held)
        if count < max(self._settings.min_length, 2):
            return False
        span = gap_ms(self._held[0].timestamp_ms, self._held[-1].timestamp_ms)
        return span <= _slowest_pace_ms(self._settings) * (count - 1)

    def _patience_ms(self) -> int:
        if self._may_stumble():
            return self._stumble_ms()
        return self._settings.silence_ms if self._is_burst() else self._settings.max_gap_ms

    def _payload(self) -> str | None:
        text = "".join(_character(key, us_layout=self._settings.us_layout) for key in self._held)
        settings = self._settings
        if not (text.startswith(settings.prefix) and text.endswith(settings.suffix)):
            return None
        if len(text) <= len(settings.prefix) + len(settings.suffix):
            return None
        return text[len(settings.prefix) : len(text) - len(settings.suffix)]


def _slowest_pace_ms(settings: WedgeSettings) -> int:
    """Return the slowest pace of a scan; where only an Enter ends one, a busy computer may stretch it."""
    is_patient = settings.needs_end and not settings.beat_ms
    return max(settings.max_mean_gap_ms, _BUSY_MEAN_GAP_MS) if is_patient else settings.max_mean_gap_ms


def gap_ms(earlier_ms: int, later_ms: int) -> int:
    """Return the time between two events, over the wrap of the count; a step back counts as a long pause."""
    return (later_ms - earlier_ms) % _CLOCK_SPAN_MS


def _character(key: Key, *, us_layout: bool) -> str:
    """Return the character that a scanner meant: digits by their place when the text is none."""
    if key.text in "0123456789" and not us_layout:
        return key.text
    by_place = us_character(key.scan_code, shift=key.shift)
    if by_place is None:
        return key.text
    return by_place if us_layout or by_place in "0123456789" else key.text
