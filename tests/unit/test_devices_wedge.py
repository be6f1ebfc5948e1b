"""The keyboard-wedge detector: scans and people at the same keyboard, told apart by the times of events alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_pos.devices.keyboard_us import us_scan_code
from kube_pos.devices.wedge import Key, Verdict, WedgeDetector, WedgeSettings

ENTER = Key("\r", 0, is_terminator=True, scan_code=36)


def key(character: str, at_ms: int) -> Key:
    place = us_scan_code(character)
    return Key(character, at_ms, scan_code=place[0] if place else 0, shift=place[1] if place else False)


@dataclass
class Desk:
    """A text field and a listener for scans behind the detector, as the window's filter wires them."""

    detector: WedgeDetector = field(default_factory=WedgeDetector)
    typed: str = ""
    scans: list[str] = field(default_factory=list)
    longest_hold_ms: int = 0
    has_timer: bool = True

    def press(self, pressed: Key) -> None:
        if self.has_timer:
            self.rest(pressed.timestamp_ms)
        verdict = self.detector.feed(pressed)
        self._obey(verdict, pressed.timestamp_ms)
        if not verdict.swallow:
            self.typed += "\n" if pressed.is_terminator else pressed.text

    def rest(self, until_ms: int) -> None:
        """Let the filter's timer fire when it is due before a moment."""
        deadline = self.detector.deadline_ms()
        if deadline is not None and deadline < until_ms:
            self._obey(self.detector.expire(deadline), deadline)

    def type(self, text: str, at_ms: int, gap_ms: int) -> int:
        for character in text:
            at_ms += gap_ms
            self.press(replace(ENTER, timestamp_ms=at_ms) if character == "\n" else key(character, at_ms))
        return at_ms

    def _obey(self, verdict: Verdict, now_ms: int) -> None:
        for held in verdict.replay:
            self.typed += held.text
            self.longest_hold_ms = max(self.longest_hold_ms, now_ms - held.timestamp_ms)
        if verdict.payload is not None:
            self.scans.append(verdict.payload)


@pytest.mark.parametrize("gap_ms", [0, 1, 5, 20, 35])
def test_a_scan_is_complete_at_its_enter_and_leaks_nothing(gap_ms: int) -> None:
    desk = Desk()
    desk.type("64720000000123\n", 1000, gap_ms)
    assert desk.scans == ["64720000000123"]
    assert desk.typed == ""


@pytest.mark.parametrize("gap_ms", [61, 80, 120, 250])
def test_a_person_gets_every_key_within_61_ms(gap_ms: int) -> None:
    desk = Desk()
    at_ms = desk.type("64720000000123\n", 1000, gap_ms)
    desk.rest(at_ms + 1000)
    assert desk.scans == []
    assert desk.typed == "64720000000123\n"
    assert desk.longest_hold_ms <= 61


def test_a_scan_without_enter_is_complete_after_silence() -> None:
    desk = Desk()
    at_ms = desk.type("64720000000123", 0, 5)
    assert desk.detector.expire(at_ms + 75) == Verdict()
    desk.rest(at_ms + 1000)
    assert desk.scans == ["64720000000123"]


def test_five_fast_keys_are_no_scan() -> None:
    desk = Desk()
    desk.type("12345\n", 0, 5)
    assert (desk.scans, desk.typed) == ([], "12345\n")


def test_a_fast_typist_between_the_bounds_is_no_scan_and_keeps_the_order() -> None:
    desk = Desk()
    desk.type("kopi susu gula aren\n", 0, 50)
    assert (desk.scans, desk.typed) == ([], "kopi susu gula aren\n")


def test_the_clock_of_the_events_counts_when_the_window_was_frozen() -> None:
    desk = Desk(has_timer=False)  # all keys are handled at once, after a freeze: no timer fires between them
    desk.type("123456\n", 0, 150)
    assert (desk.scans, desk.typed) == ([], "123456\n")
    desk.type("64720000000123\n", 5000, 5)
    assert desk.scans == ["64720000000123"]


def test_a_key_kept_down_never_makes_a_scan() -> None:
    desk = Desk()
    desk.press(key("7", 0))
    for repeat in range(30):
        desk.press(replace(key("7", 30 + repeat * 30), is_auto_repeat=True))
    desk.press(replace(ENTER, timestamp_ms=960))
    assert desk.scans == []
    assert desk.typed == "7" * 31 + "\n"


def test_a_double_digit_of_a_fast_scanner_is_no_repeat_though_the_window_system_says_so() -> None:
    desk = Desk()
    for place, digit in enumerate("33782103966819"):
        desk.press(replace(key(digit, 1000 + place), is_auto_repeat=place in {1, 9}))
    desk.press(replace(ENTER, timestamp_ms=1015))
    assert (desk.scans, desk.typed) == (["33782103966819"], "")


def test_the_second_terminator_of_a_scan_is_swallowed_and_a_later_enter_is_not() -> None:
    desk = Desk()
    at_ms = desk.type("64720000000123\n\n", 0, 5)
    assert desk.typed == ""
    desk.type("\n", at_ms, 300)
    assert desk.typed == "\n"


def test_shift_between_the_characters_does_not_break_a_scan() -> None:
    desk = Desk()
    for place, character in enumerate("KP-A1B2C3"):
        desk.press(Key("", place * 8, scan_code=50))
        desk.press(key(character, place * 8 + 2))
    desk.press(replace(ENTER, timestamp_ms=80))
    assert desk.scans == ["KP-A1B2C3"]


def test_an_arrow_key_gives_the_held_keys_back() -> None:
    desk = Desk()
    desk.type("12", 0, 5)
    desk.press(Key("", 15, scan_code=113))
    assert desk.typed == "12"


def test_digits_are_read_by_their_place_under_a_french_layout() -> None:
    desk = Desk()
    french = {"6": "-", "4": "'", "7": "è", "2": "é", "0": "à", "1": "&"}
    for place, digit in enumerate("64720000000012"):
        scan_code = us_scan_code(digit)
        assert scan_code is not None
        desk.press(Key(french[digit], place * 5, scan_code=scan_code[0]))
    desk.press(replace(ENTER, timestamp_ms=70))
    assert desk.scans == ["64720000000012"]


def test_letters_are_read_by_their_place_under_caps_lock_when_asked_to() -> None:
    desk = Desk(WedgeDetector(WedgeSettings(us_layout=True)))
    for place, character in enumerate("kp-Ab12"):
        scan_code = us_scan_code(character)
        assert scan_code is not None
        desk.press(Key(character.swapcase(), place * 5, scan_code=scan_code[0], shift=scan_code[1]))
    desk.press(replace(ENTER, timestamp_ms=36))
    assert desk.scans == ["kp-Ab12"]


def test_prefix_and_suffix_are_taken_off_and_asked_for() -> None:
    desk = Desk(WedgeDetector(WedgeSettings(prefix="~", suffix="#")))
    at_ms = desk.type("~64720000000123#\n", 0, 5)
    assert desk.scans == ["64720000000123"]
    desk.type("64720000000123\n", at_ms + 500, 5)
    assert desk.scans == ["64720000000123"]
    assert desk.typed == "64720000000123\n"


def test_the_lost_focus_gives_the_held_keys_back() -> None:
    desk = Desk()
    desk.type("123", 0, 5)
    assert [held.text for held in desk.detector.release()] == ["1", "2", "3"]
    assert desk.detector.deadline_ms() is None


def test_a_clock_reckoned_a_little_early_does_not_end_a_scan() -> None:
    detector = WedgeDetector()
    detector.feed(key("1", 1000))
    assert detector.expire(995) == Verdict()
    assert detector.deadline_ms() == 1061


def test_the_count_of_milliseconds_may_start_again_within_a_scan() -> None:
    desk = Desk(has_timer=False)
    for place, character in enumerate("64720000000123"):
        desk.press(key(character, (2**32 - 30 + place * 5) % 2**32))
    desk.press(replace(ENTER, timestamp_ms=40))
    assert desk.scans == ["64720000000123"]


def test_a_group_separator_is_part_of_a_code() -> None:
    desk = Desk()
    for place, character in enumerate("01234\x1d567"):
        desk.press(Key(character, place * 5))
    desk.press(replace(ENTER, timestamp_ms=50))
    assert desk.scans == ["01234\x1d567"]


_PEOPLE = st.tuples(st.just("person"), st.text("0123456789abcxyz *.\n", min_size=1, max_size=20), st.integers(80, 250))
_SCANNERS = st.tuples(st.just("scanner"), st.from_regex(r"\A[0-9]{6,20}\n?\Z"), st.sampled_from([0, 1, 5, 20, 34]))


@settings(max_examples=400, deadline=None)
@given(turns=st.lists(st.one_of(_PEOPLE, _SCANNERS), max_size=8), has_timer=st.booleans())
def test_none_wrong_none_lost_none_leaked(*, turns: list[tuple[str, str, int]], has_timer: bool) -> None:
    desk = Desk(has_timer=has_timer)
    at_ms, typed, scans = 0, "", []
    for who, text, gap_ms in turns:
        at_ms = desk.type(text, at_ms + 100, gap_ms)
        if who == "person":
            typed += text
        else:
            scans.append(text.rstrip("\n"))
    if desk.detector.deadline_ms() is not None:
        desk.rest(at_ms + 1000)
    assert desk.scans == scans
    assert desk.typed == typed


@settings(max_examples=200, deadline=None)
@given(gaps=st.lists(st.integers(0, 400), min_size=1, max_size=40))
def test_no_key_is_ever_lost_or_doubled_whatever_the_gaps(gaps: list[int]) -> None:
    desk = Desk()
    at_ms, text = 0, ""
    for number, gap_ms in enumerate(gaps):
        at_ms += gap_ms
        character = "0123456789"[number % 10]
        text += character
        desk.press(key(character, at_ms))
    desk.rest(at_ms + 1000)
    assert len(desk.typed) + sum(map(len, desk.scans)) == len(text)
