"""The decoder on seeded pictures: how much is read, that nothing false is, and what happens without a library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from kube_pos.devices.decoder import Decoder, ImageUnreadable, load_decoder, read_image
from kube_pos.devices.opencv import OpenCv, load_opencv
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zbar import Zbar, load_zbar
from kube_pos.devices.zxing import Zxing, load_zxing
from tests.devices_kit import card_digits, card_picture

GOODS = "4006381333931"


@pytest.fixture(scope="module")
def opencv() -> OpenCv:
    return load_opencv()


@pytest.fixture(scope="module")
def zxing() -> Zxing:
    loaded = load_zxing()
    assert loaded is not None
    return loaded


@pytest.fixture(scope="module")
def zbar() -> Zbar:
    loaded = load_zbar()
    assert loaded is not None
    return loaded


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return load_decoder()


# 40 pictures each. Measured with this seed, ours / zxing-cpp / pyzbar: 40/21/16, 39/17/9, 37/15/15, 36/15/16, 40/40/37;
# the floors lie two below, for other versions of the libraries.
@pytest.mark.parametrize(
    ("symbology", "size", "hardness", "floor"),
    [
        (Symbology.CODE128, (1280, 720), 0.7, 38),
        (Symbology.CODE128, (1280, 720), 1.0, 37),
        (Symbology.CODE128, (640, 480), 0.7, 35),
        (Symbology.EAN13, (1280, 720), 1.0, 34),
        (Symbology.QR, (1280, 720), 1.0, 38),
    ],
)
def test_cards_in_hard_pictures_are_read_more_often_than_by_either_library_alone(
    decoder: Decoder,
    zxing: Zxing,
    zbar: Zbar,
    symbology: Symbology,
    size: tuple[int, int],
    hardness: float,
    floor: int,
) -> None:
    random = Random(11)
    ours = by_zxing = by_zbar = 0
    for _ in range(40):
        truth = GOODS if symbology is Symbology.EAN13 else card_digits(random.randrange(10**8))
        picture = card_picture(decoder.opencv, zxing, truth, symbology, random, hardness=hardness, size=size)
        gray = decoder.opencv.cv2.cvtColor(picture, decoder.opencv.cv2.COLOR_BGR2GRAY)
        payloads = {code.payload for code in decoder.decode(picture)}
        assert payloads <= {truth}
        ours += truth in payloads
        by_zxing += truth in {code.payload for code in zxing.read(gray, thorough=True)}
        by_zbar += truth in {code.payload for code in zbar.read(gray)}
    assert ours >= floor
    assert ours >= max(by_zxing, by_zbar)


@pytest.mark.parametrize("symbology", list(Symbology))
def test_each_kind_is_read_and_named(decoder: Decoder, zxing: Zxing, symbology: Symbology) -> None:
    truth = {Symbology.EAN13: GOODS, Symbology.EAN8: "96385074", Symbology.UPCA: "036000291452"}.get(
        symbology, card_digits(9)
    )
    found = decoder.decode(zxing.draw(decoder.opencv, truth, symbology, 3))
    if symbology is Symbology.UPCA:
        # The same bars are an EAN-13 that begins with 0.
        truth, symbology = f"0{truth}", Symbology.EAN13
    assert [(code.payload, code.symbology) for code in found] == [(truth, symbology)]


def test_the_box_lies_around_the_code(decoder: Decoder, zxing: Zxing) -> None:
    random = Random(3)
    picture = card_picture(decoder.opencv, zxing, card_digits(1), Symbology.CODE128, random, hardness=1.0)
    (code,) = decoder.decode(picture)
    middle_x = sum(x for x, _ in code.box) / 4
    middle_y = sum(y for _, y in code.box) / 4
    assert 1280 * 0.3 < middle_x < 1280 * 0.7
    assert 720 * 0.3 < middle_y < 720 * 0.7


def test_pictures_without_a_code_give_nothing(decoder: Decoder) -> None:
    np = decoder.opencv.numpy
    stripes = (np.indices((480, 640))[1] // 9 % 2 * 255).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 255, (480, 640), dtype=np.uint8)
    for picture in (stripes, noise, np.zeros((480, 640, 3), np.uint8), np.full((8, 8), 255, np.uint8)):
        assert decoder.decode(picture) == []


def test_kinds_that_no_card_has_are_not_read(decoder: Decoder) -> None:
    # Code 39 «*123456*», drawn by hand: wide is 3 modules, narrow 1.
    wide_bars = {"1": "100100001", "2": "001100001", "3": "101100000", "*": "010010100"}
    np = decoder.opencv.numpy
    row = [255] * 40
    for character in "*123123*":
        for place, is_wide in enumerate(wide_bars[character]):
            row += [0 if place % 2 == 0 else 255] * (9 if is_wide == "1" else 3)
        row += [255] * 3
    picture = np.tile(np.array(row + [255] * 40, np.uint8), (120, 1))
    assert decoder.decode(picture) == []


@pytest.mark.parametrize("without", ["zbar", "zxing"])
def test_decoding_goes_on_without_one_library_and_says_which(
    opencv: OpenCv, zxing: Zxing, zbar: Zbar, without: str
) -> None:
    half = Decoder(opencv, None if without == "zxing" else zxing, None if without == "zbar" else zbar)
    picture = zxing.draw(opencv, card_digits(4), Symbology.CODE128, 3)
    assert [code.payload for code in half.decode(picture)] == [card_digits(4)]
    missing = half.missing_library()
    assert missing is not None
    assert missing.facts["library"] == {"zbar": "libzbar0", "zxing": "zxing-cpp"}[without]


def test_nothing_is_missing_where_both_are_there(decoder: Decoder) -> None:
    assert decoder.missing_library() is None


def test_a_picture_file_is_read_with_the_time_it_took(
    decoder: Decoder, zxing: Zxing, opencv: OpenCv, tmp_path: Path
) -> None:
    path = tmp_path / "kartu é.png"
    drawn = opencv.cv2.resize(zxing.draw(opencv, card_digits(5), Symbology.CODE128, 3), None, fx=9, fy=9)
    path.write_bytes(opencv.cv2.imencode(".png", drawn)[1].tobytes())
    result = read_image(path, decoder)
    assert [code.payload for code in result.decoded] == [card_digits(5)]
    assert 0 <= result.ms < 10_000


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_picture_is_a_clear_error(decoder: Decoder, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kartu.png"
    path.write_bytes(content)
    with pytest.raises(ImageUnreadable) as caught:
        read_image(path, decoder)
    assert caught.value.facts == {"path": str(path)}


def test_a_missing_file_is_a_clear_error(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadable):
        read_image(tmp_path / "nothing.png", decoder)


def test_loading_opencv_leaves_qt_its_own_plugins() -> None:
    code = (
        "import os, sys; from kube_pos.devices.decoder import load_decoder; "
        "assert 'cv2' not in sys.modules and 'numpy' not in sys.modules; load_decoder(); "
        "print([name for name in os.environ if name.startswith('QT_QPA_P') or name == 'QT_QPA_FONTDIR'])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"
