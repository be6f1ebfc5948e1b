"""Codes on a serial line: every ending, every cut, rubbish and silence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_pos.devices.framing import Framer, FramingSettings

CODE = "64720000000123"


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n", "\t", "\x03", "\x03\r\n"])
@pytest.mark.parametrize("begin", ["", "\x02", "\x00\x00", "\ufeff"])
def test_every_usual_frame_gives_its_code_once(begin: str, ending: str) -> None:
    assert Framer().feed(f"{begin}{CODE}{ending}".encode(), 0) == [CODE]


def test_fragments_are_put_together() -> None:
    framer = Framer()
    found = [framer.feed(bytes([byte]), number * 20) for number, byte in enumerate(f"{CODE}\r".encode())]
    assert [code for codes in found for code in codes] == [CODE]


def test_silence_ends_a_code_without_an_ending() -> None:
    framer = Framer()
    assert framer.feed(CODE.encode(), 0) == []
    assert framer.expire(149) == []
    assert framer.expire(150) == [CODE]
    assert framer.expire(1000) == []


def test_silence_drops_half_a_frame_and_noise() -> None:
    framer = Framer()
    framer.feed(b"\x026472", 0)
    assert framer.expire(200) == []
    framer.feed(b"x", 300)
    assert framer.feed(f"{CODE}\r".encode(), 600) == [CODE]


def test_a_new_start_drops_the_torn_frame_before_it() -> None:
    assert Framer().feed(f"\x026472\x02{CODE}\x03".encode(), 0) == [CODE]


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\x80", b"64\x1b72", b"\x7f123456", b"9" * 600])
def test_rubbish_and_endless_frames_are_dropped_and_the_next_is_read(rubbish: bytes) -> None:
    framer = Framer()
    assert framer.feed(rubbish + b"\r", 0) == []
    assert framer.feed(f"{CODE}\r".encode(), 1) == [CODE]


def test_the_bound_of_a_frame_is_kept_in_memory_too() -> None:
    framer = Framer(FramingSettings(max_length=20))
    for number in range(100):
        assert framer.feed(b"8" * 1000, number) == []
    assert len(framer._bytes) == 20


def test_a_group_separator_stays_in_the_code() -> None:
    assert Framer().feed(b"01234567\x1d10AB\r", 0) == ["01234567\x1d10AB"]


@settings(max_examples=300, deadline=None)
@given(
    codes=st.lists(st.text("0123456789ABCdef-./]", min_size=1, max_size=40), max_size=8),
    endings=st.lists(st.sampled_from(["\r", "\n", "\r\n", "\t", "\x03\r"]), min_size=8, max_size=8),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=30),
)
def test_cuts_never_change_what_is_read(codes: list[str], endings: list[str], cuts: list[int]) -> None:
    data = "".join(code + ending for code, ending in zip(codes, endings, strict=False)).encode()
    framer, found, place, turn = Framer(), [], 0, 0
    while place < len(data):
        size = cuts[turn % len(cuts)]
        found += framer.feed(data[place : place + size], turn)
        place, turn = place + size, turn + 1
    assert found == codes


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400), after_ms=st.integers(0, 400))
def test_any_bytes_do_no_harm(data: bytes, after_ms: int) -> None:
    framer = Framer()
    for code in framer.feed(data, 0) + framer.expire(after_ms):
        assert code
        assert code.replace("\x1d", "").isprintable()
    framer.reset()
    assert framer.feed(f"{CODE}\r".encode(), 1000) == [CODE]
