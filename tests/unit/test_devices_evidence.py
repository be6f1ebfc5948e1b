"""When a camera's reading is believed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kube_pos.devices.evidence import Evidence
from kube_pos.devices.symbols import Decoded, Symbology, contradict, is_plausible
from tests.devices_kit import card_digits, checks_itself


def test_two_frames_agree() -> None:
    evidence = Evidence()
    assert evidence.see(["8991234"], 0) == []
    assert evidence.see(["8991234"], 60) == ["8991234"]


def test_a_code_with_its_own_check_is_believed_at_once() -> None:
    card = card_digits(7)
    assert Evidence(checks_itself).see([card, "other"], 0) == [card]


def test_two_sights_a_long_time_apart_do_not_agree() -> None:
    evidence = Evidence()
    evidence.see(["8991234"], 0)
    assert evidence.see(["8991234"], 1500) == []


def test_a_card_that_stays_is_told_once_and_again_after_it_was_away() -> None:
    evidence = Evidence()
    told = [payload for at_ms in range(0, 6000, 60) for payload in evidence.see(["8991234"], at_ms)]
    assert told == ["8991234"]
    assert evidence.see([], 6500) == []
    assert evidence.see(["8991234"], 7200) == []
    assert evidence.see(["8991234"], 7260) == ["8991234"]


@given(st.lists(st.integers(0, 10**8 - 1), unique=True, max_size=30))
def test_misreadings_that_differ_are_never_believed(serials: list[int]) -> None:
    evidence = Evidence()
    for number, serial in enumerate(serials):
        assert evidence.see([str(serial)], number * 50) == []


def test_two_readings_of_one_place_contradict_each_other() -> None:
    first = Decoded("64720495925852", Symbology.CODE128, ((266, 220), (446, 220), (445, 228), (266, 228)))
    second = Decoded("64723195926152", Symbology.CODE128, ((266, 252), (445, 252), (445, 263), (266, 263)))
    below = Decoded("64720000000123", Symbology.CODE128, ((266, 420), (446, 420), (445, 460), (266, 460)))
    assert contradict([first, second])
    assert not contradict([first, below])
    assert not contradict([first, first])


def test_half_readings_are_not_plausible() -> None:
    assert is_plausible("4006381333931", Symbology.EAN13)
    assert not is_plausible("400638133393", Symbology.EAN13)
    assert not is_plausible("64", Symbology.CODE128)
    assert not is_plausible("6472\x0000123", Symbology.CODE128)
    assert not is_plausible("", Symbology.QR)
