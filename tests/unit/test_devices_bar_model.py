"""Reading Code 128 by fitting it whole: the table, blur without edges, sums over frames, and nothing invented."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.devices.bar_reader import BarReader
from kube_pos.devices.code128_table import STOP, SYMBOLS, dark_modules, is_checked, text_of
from kube_pos.devices.line_memory import LineMemory
from kube_pos.devices.opencv import OpenCv, Picture, load_opencv
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zxing import Zxing, load_zxing
from tests.devices_kit import card_digits


@pytest.fixture(scope="module")
def opencv() -> OpenCv:
    return load_opencv()


@pytest.fixture(scope="module")
def zxing() -> Zxing:
    loaded = load_zxing()
    assert loaded is not None
    return loaded


@pytest.fixture(scope="module")
def bars(opencv: OpenCv) -> BarReader:
    return BarReader(opencv)


def strip_of(
    opencv: OpenCv,
    zxing: Zxing,
    text: str,
    seed: int,
    *,
    blur: float,
    noise: float,
    kind: Symbology = Symbology.CODE128,
) -> Picture:
    """Return bars of 6 pixels a module with a blur in modules, and noise."""
    cv2, np = opencv.cv2, opencv.numpy
    line = zxing.draw(opencv, text, kind, 6)[4:5]
    drawn = cv2.GaussianBlur(np.repeat(line, 120, axis=0).astype(np.float32), (0, 0), max(0.1, 6 * blur))
    drawn = 60 + drawn * 0.5 + np.random.default_rng(seed).normal(0, noise, drawn.shape)
    strip: Picture = np.clip(drawn, 0, 255).astype(np.uint8)
    return strip


def test_the_table_has_106_different_symbols_of_eleven_modules() -> None:
    assert len(set(SYMBOLS)) == 106
    assert {len(dark_modules(widths)) for widths in SYMBOLS} == {11}
    assert {sum(dark_modules(widths)) % 2 for widths in SYMBOLS} == {0}
    assert len(dark_modules(STOP)) == 13


@pytest.mark.parametrize("text", ["64720000000160", "KP-000123", "SSC/7aBz", "6472014107900001", "]x1 y2"])
def test_what_another_library_draws_is_read_in_both_directions(
    opencv: OpenCv, zxing: Zxing, bars: BarReader, text: str
) -> None:
    strip = strip_of(opencv, zxing, text, 1, blur=0.4, noise=4)
    for each in (strip, strip[:, ::-1]):
        reading = bars.read(opencv.numpy.ascontiguousarray(each))
        assert reading is not None
        assert (reading.text, reading.summed) == (text, False)


def test_bars_are_read_through_blur_that_stops_the_libraries(opencv: OpenCv, zxing: Zxing, bars: BarReader) -> None:
    ours = theirs = 0
    for seed in range(10):
        truth = card_digits(seed * 7919)
        strip = strip_of(opencv, zxing, truth, seed, blur=0.9, noise=8)
        reading = bars.read(strip)
        assert reading is None or reading.text == truth
        ours += reading is not None
        theirs += truth in {code.payload for code in zxing.read(strip, thorough=True)}
    assert ours >= 9
    assert theirs <= 3


def test_frames_that_are_too_poor_alone_add_up(opencv: OpenCv, zxing: Zxing, bars: BarReader) -> None:
    alone = summed = 0
    for card in range(6):
        truth = card_digits(card * 104_729)
        memory = LineMemory(opencv)
        strips = [strip_of(opencv, zxing, truth, card * 50 + n, blur=1.0, noise=70) for n in range(8)]
        alone += sum(bars.read(strip) is not None for strip in strips)
        readings = [bars.read(strip, memory) for strip in strips]
        assert {reading.text for reading in readings if reading} <= {truth}
        summed += sum(reading is not None for reading in readings)
    assert summed > alone


@pytest.mark.parametrize("kind", [Symbology.EAN13, Symbology.EAN8])
def test_another_kind_of_bars_is_never_a_code_128(
    opencv: OpenCv, zxing: Zxing, bars: BarReader, kind: Symbology
) -> None:
    text = "4006381333931" if kind is Symbology.EAN13 else "96385074"
    for seed in range(8):
        strip = strip_of(opencv, zxing, text, seed, blur=seed / 6, noise=5 + seed * 2, kind=kind)
        assert bars.read(strip) is None


def test_random_bars_and_noise_are_nothing(opencv: OpenCv, bars: BarReader) -> None:
    np = opencv.numpy
    random = Random(4)
    for seed in range(12):
        widths = [random.randint(1, 4) * 6 for _ in range(61)]
        line = np.concatenate([np.full(80, 200), *[np.full(w, 60 + 140 * (n % 2)) for n, w in enumerate(widths)]])
        strip = np.repeat(np.concatenate([line, np.full(80, 200)])[None].astype(np.uint8), 120, axis=0)
        assert bars.read(strip) is None
        noise = np.random.default_rng(seed).integers(0, 255, (120, 900), dtype=np.uint8)
        assert bars.read(noise) is None


def test_a_flat_strip_and_a_tiny_one_are_nothing(opencv: OpenCv, bars: BarReader) -> None:
    np = opencv.numpy
    assert bars.read(np.full((120, 400), 200, np.uint8)) is None
    assert bars.read(np.full((120, 30), 10, np.uint8)) is None


@given(st.lists(st.integers(0, 105), min_size=3, max_size=12))
def test_any_symbols_are_text_or_nothing(symbols: list[int]) -> None:
    text = text_of([103 + symbols[0] % 3, *symbols[1:]])
    assert text is None or all(character == "\x1d" or 32 <= ord(character) < 127 for character in text)


@given(st.lists(st.integers(0, 99), min_size=2, max_size=9), st.integers(0, 8), st.integers(1, 99))
def test_the_check_finds_every_wrong_symbol(data: list[int], place: int, change: int) -> None:
    row = [105, *data]
    row.append((row[0] + sum(n * symbol for n, symbol in enumerate(row[1:], start=1))) % 103)
    assert is_checked(row)
    assert text_of(row) == "".join(f"{symbol:02d}" for symbol in data)
    spot = 1 + place % len(data)
    row[spot] = (row[spot] + change) % 100
    assert not is_checked(row)
