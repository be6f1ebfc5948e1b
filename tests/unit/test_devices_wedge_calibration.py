"""One scan of the test code teaches a scanner's pace, dress and layout; its even beat tells it from people."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_pos.devices.keyboard_us import from_windows, us_scan_code
from kube_pos.devices.wedge import Key, WedgeDetector, WedgeSettings
from kube_pos.devices.wedge_calibration import TEST_CODE, Calibration, CalibrationFault, learn
from tests.unit.test_devices_wedge import ENTER, Desk, key

FRENCH_CAPS = {"K": "K", "U": "U", "B": "B", "E": "E", "-": "°", "7": "7", "4": "4", "1": "1", "8": "8", "/": "§"}


def struck(text: str, gap_ms: int, *, end: str = "\r", jitter: int = 0, seed: int = 1) -> list[Key]:
    random = Random(seed)
    at_ms, keys = 1000, []
    for character in text:
        at_ms += gap_ms + random.randint(-jitter, jitter)
        keys.append(key(character, at_ms))
    if end:
        keys.append(replace(ENTER, text=end, timestamp_ms=at_ms + gap_ms))
    return keys


def learnt(keys: list[Key]) -> Calibration:
    found = learn(keys)
    assert isinstance(found, Calibration), found
    return found


@pytest.mark.parametrize("gap_ms", [1, 5, 20, 50, 60, 80, 120, 200])
@pytest.mark.parametrize("end", ["\r", "\t", ""])
def test_a_scanner_of_any_pace_is_learnt_and_then_read(gap_ms: int, end: str) -> None:
    found = learnt(struck(TEST_CODE, gap_ms, end=end))
    assert found.mean_gap_ms == gap_ms
    assert found.ends == {"\r": "enter", "\t": "tab", "": "none"}[end]
    desk = Desk(WedgeDetector(found.settings))
    for each in struck("64720000000160", gap_ms, end=end):
        desk.press(each)
    desk.rest(100_000)
    assert desk.scans == ["64720000000160"]
    assert desk.typed == ""


def test_prefix_suffix_and_aim_are_learnt() -> None:
    found = learnt(struck(f"]C0~{TEST_CODE}#", 5))
    assert (found.settings.prefix, found.settings.suffix, found.has_aim) == ("~", "#", True)
    found = learnt(struck(f"]C0{TEST_CODE}", 5))
    assert (found.settings.prefix, found.has_aim) == ("", True)


def test_another_layout_and_caps_lock_are_put_right_by_place() -> None:
    keys = [replace(each, text=FRENCH_CAPS.get(each.text, each.text.swapcase())) for each in struck(TEST_CODE, 5)]
    found = learnt(keys)
    assert found.settings.us_layout
    assert not learnt(struck(TEST_CODE, 5)).settings.us_layout


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ([], CalibrationFault.NOTHING),
        (struck("64720000000160", 5), CalibrationFault.OTHER_CODE),
        (struck(TEST_CODE, 400), CalibrationFault.TOO_SLOW),
        (struck(TEST_CODE, 130, jitter=50), CalibrationFault.TYPED),
    ],
)
def test_what_teaches_nothing_says_why(keys: list[Key], fault: CalibrationFault) -> None:
    assert learn(keys) is fault


def test_repeats_and_modifiers_are_no_gaps() -> None:
    keys = [each for real in struck(TEST_CODE, 20) for each in (Key("", real.timestamp_ms - 1, scan_code=50), real)]
    assert learnt(keys).mean_gap_ms == 20


@settings(max_examples=300, deadline=None)
@given(
    beat=st.sampled_from([80, 120, 200]),
    gaps=st.lists(st.integers(80, 250), min_size=8, max_size=30),
    digits=st.integers(0, 10**8),
)
def test_a_slow_scanner_never_takes_a_person_for_itself(beat: int, gaps: list[int], digits: int) -> None:
    found = learnt(struck(TEST_CODE, beat, jitter=4))
    spread = max(gaps) - min(gaps)
    desk = Desk(WedgeDetector(found.settings))
    at_ms, text = 1000, ""
    for gap in gaps:
        at_ms += gap
        text += str(digits % 10)
        desk.press(key(text[-1], at_ms))
    desk.press(replace(ENTER, timestamp_ms=at_ms + 150))
    desk.rest(at_ms + 2000)
    # Whoever types eight keys and Enter to the beat, within a hair, is a scanner to anyone.
    if spread > 2 * found.settings.steady_ms:
        assert sum(map(len, desk.scans)) < len(text)
        assert len(desk.typed.replace("\n", "")) + sum(map(len, desk.scans)) == len(text)


def test_twenty_thousand_typed_numbers_are_no_scan_of_a_slow_scanner() -> None:
    found = learnt(struck(TEST_CODE, 120, jitter=4))
    random = Random(7)
    desk = Desk(WedgeDetector(found.settings))
    at_ms = 0
    for _ in range(2_000):
        at_ms = at_ms + 900
        for place in range(15):
            at_ms += random.randint(80, 250)
            desk.press(key("7", at_ms) if place < 14 else replace(ENTER, timestamp_ms=at_ms))
    assert desk.scans == []
    assert desk.typed.count("7") == 14 * 2_000


def test_a_scan_after_typing_is_read_whatever_the_scanners_pace() -> None:
    for beat in (80, 200):
        desk = Desk(WedgeDetector(learnt(struck(TEST_CODE, beat, jitter=3)).settings))
        at_ms = desk.type("beras", 0, 140)
        at_ms = desk.type("64720000000160\n", at_ms + 500, beat)
        desk.rest(at_ms + 1000)
        assert desk.scans == ["64720000000160"]
        assert desk.typed == "beras"


def test_the_usual_settings_are_never_made_stricter_by_a_very_fast_scanner() -> None:
    assert learnt(struck(TEST_CODE, 1)).settings == WedgeSettings(needs_end=True)
    assert learnt(struck(TEST_CODE, 1, end="")).settings == WedgeSettings()


@pytest.mark.parametrize(
    ("windows", "x11"),
    [
        (0x02, 10),
        (0x0B, 19),
        (0x10, 24),
        (0x39, 65),
        (0x2A, 50),
        (0x1C, 36),
        (0x11D, 105),
        (0xE038, 108),
        (0, 0),
        (999, 0),
    ],
)
def test_windows_scan_codes_are_the_places_of_x11(windows: int, x11: int) -> None:
    assert from_windows(windows) == x11


def test_every_us_character_is_found_from_windows_too() -> None:
    for character in "0123456789abcxyzABCXYZ-/.;'[]`\\ ":
        place = us_scan_code(character)
        assert place is not None
        assert from_windows(place[0] - 8) == place[0]


def test_one_long_gap_of_a_busy_computer_does_not_tear_a_scan_that_ends_with_enter() -> None:
    for beat, stumble in ((5, 140), (50, 100)):
        desk = Desk(WedgeDetector(learnt(struck(TEST_CODE, beat)).settings))
        keys = struck("64720000000160", beat)
        late = [replace(each, timestamp_ms=each.timestamp_ms + stumble * (n >= 9)) for n, each in enumerate(keys)]
        for each in late:
            desk.press(each)
        assert desk.scans == ["64720000000160"]
        assert desk.typed == ""


def test_the_rest_of_a_torn_scan_is_rather_lost_than_read_short() -> None:
    desk = Desk(WedgeDetector(learnt(struck(TEST_CODE, 50)).settings))
    keys = struck("64720000000160", 50)
    for n, each in enumerate(keys):
        desk.press(replace(each, timestamp_ms=each.timestamp_ms + 60 * (n >= 2)))
    assert desk.scans == []
    assert desk.typed == "64"
    for each in struck("64720000000160", 50):
        desk.press(replace(each, timestamp_ms=each.timestamp_ms + 3000))
    assert desk.scans == ["64720000000160"]


def test_a_busy_computer_that_slows_a_whole_scan_down_does_not_tear_it() -> None:
    # The gaps that a machine with twice the work it can do made of 26 ms a key.
    gaps = (26, 26, 55, 36, 67, 33, 26, 26, 68, 26, 26, 25, 26, 26)
    desk = Desk(WedgeDetector(learnt(struck(TEST_CODE, 26)).settings))
    at_ms = 1000
    for character, gap in zip("50621770992401\r", (0, *gaps), strict=True):
        at_ms += gap
        desk.press(replace(ENTER, timestamp_ms=at_ms) if character == "\r" else key(character, at_ms))
    assert desk.scans == ["50621770992401"]
    assert desk.typed == ""


@settings(max_examples=300, deadline=None)
@given(beat=st.sampled_from([1, 20, 26, 50]), gaps=st.lists(st.integers(80, 250), min_size=5, max_size=20))
def test_a_person_stays_a_person_where_a_scanner_was_learnt(beat: int, gaps: list[int]) -> None:
    desk = Desk(WedgeDetector(learnt(struck(TEST_CODE, beat)).settings))
    at_ms = 1000
    for gap in gaps:
        at_ms += gap
        desk.press(key("7", at_ms))
    desk.press(replace(ENTER, timestamp_ms=at_ms + 100))
    assert desk.scans == []
    assert desk.typed == "7" * len(gaps) + "\n"
