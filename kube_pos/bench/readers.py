"""Reading card pictures: ours, pyzbar alone and zxing-cpp alone on the same seeded pictures, and false reads.

The pictures are drawn here: a card's Code 128 or QR code, turned in space, blurred, noisy, badly lit, pressed through
JPEG. They flatter nobody on purpose, but they are not photographs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kube_pos.bench.figures import Figures, percentile
from kube_pos.devices.decoder import Decoder, load_decoder
from kube_pos.devices.opencv import OpenCv, Picture
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zbar import load_zbar
from kube_pos.devices.zxing import Zxing, load_zxing
from kube_pos.errors import LibraryMissing
from kube_pos.ledger.cards import card_number

_PICTURES = 240
_SEED = 20_261_124


def run(_: Path) -> Figures:
    """Measure; writes nothing. Raises LibraryMissing where one of the libraries can't be loaded."""
    decoder, zxing, zbar = load_decoder(), load_zxing(), load_zbar()
    if zxing is None or zbar is None:
        raise LibraryMissing(library="libzbar0", package="sudo apt-get install libzbar0")
    readers: dict[str, Callable[[Picture], list[str]]] = {
        "": lambda picture: [found.payload for found in decoder.decode(picture)],
        "_pyzbar": lambda picture: [found.payload for found in zbar.read(picture)],
        "_zxingcpp": lambda picture: [found.payload for found in zxing.read(picture, thorough=True)],
    }
    right = dict.fromkeys(readers, 0)
    wrong = dict.fromkeys(readers, 0)
    times: dict[str, list[float]] = {name: [] for name in readers}
    for number in range(_PICTURES):
        truth = card_number(number * 104_729 % 99_999_999).digits
        picture = draw(decoder, zxing, truth, number)
        for name, read in readers.items():
            begun = time.perf_counter_ns()
            found = read(picture)
            times[name].append((time.perf_counter_ns() - begun) / 1e6)
            right[name] += truth in found
            wrong[name] += any(text != truth for text in found)
    figures: Figures = {}
    for name in readers:
        figures[f"readers.rate{name}"] = right[name] / _PICTURES
        figures[f"readers.false{name}"] = wrong[name]
        figures[f"readers.ms{name}.p50"] = percentile(times[name], 0.5)
        figures[f"readers.ms{name}.p95"] = percentile(times[name], 0.95)
    return figures


def draw(decoder: Decoder, zxing: Zxing, text: str, number: int) -> Picture:
    """Return one gray picture of a card; the same number gives the same picture. Severity grows with `number % 6`."""
    opencv = decoder.opencv
    np = opencv.numpy
    rng = np.random.default_rng(_SEED + number)
    severity = (number % 6) / 5
    symbology = Symbology.CODE128 if number % 2 else Symbology.QR
    width, height = ((640, 480), (1280, 720), (1920, 1080))[number % 3]
    card = _card(opencv, zxing.draw(opencv, text, symbology, 4))
    scene = _turned(opencv, card, (width, height), rng, severity)
    return _spoilt(opencv, scene, rng, severity)


def _card(opencv: OpenCv, code: Picture) -> Picture:
    np, cv2 = opencv.numpy, opencv.cv2
    card: Picture = np.full((540, 856), 235, np.uint8)
    zoom = min(760 / code.shape[1], 300 / code.shape[0])
    drawn = cv2.resize(code, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    top, left = 140, (856 - drawn.shape[1]) // 2
    card[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    cv2.putText(card, "SSC", (40, 90), cv2.FONT_HERSHEY_SIMPLEX, 2, 40, 4)
    return card


def _turned(opencv: OpenCv, card: Picture, size: tuple[int, int], rng: Any, severity: float) -> Picture:
    np, cv2 = opencv.numpy, opencv.cv2
    width, height = size
    scale = (0.62 - 0.22 * severity) * width / 856
    angle = rng.uniform(-180, 180) if severity > 0.3 else rng.uniform(-8, 8)
    middle = np.array([width / 2, height / 2]) + rng.uniform(-0.06, 0.06, 2) * width
    corners = np.array([[-428, -270], [428, -270], [428, 270], [-428, 270]]) * scale
    turn = np.deg2rad(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    lean = rng.uniform(-0.09, 0.09, (4, 2)) * severity * 856 * scale
    target = (corners @ matrix.T + lean + middle).astype(np.float32)
    source = np.array([[0, 0], [856, 0], [856, 540], [0, 540]], np.float32)
    scene = np.full((height, width), int(rng.uniform(70, 150)), np.uint8)
    flat = cv2.getPerspectiveTransform(source, target)
    warped = cv2.warpPerspective(card, flat, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full(card.shape, 255, np.uint8), flat, size)
    turned: Picture = np.where(mask > 0, warped, scene)
    return turned


def _spoilt(opencv: OpenCv, scene: Picture, rng: Any, severity: float) -> Picture:
    np, cv2 = opencv.numpy, opencv.cv2
    if severity > 0:
        scene = cv2.GaussianBlur(scene, (0, 0), 0.4 + 1.3 * severity)
        length = 1 + int(rng.uniform(0, 7) * severity)
        scene = cv2.blur(scene, (length, 1) if rng.uniform() < 0.5 else (1, length))
    light = 1 - 0.55 * severity * rng.uniform()
    noisy = scene.astype(np.float32) * light + rng.normal(0, 1 + 9 * severity, scene.shape)
    if severity > 0.5:
        rows, columns = np.mgrid[0 : scene.shape[0], 0 : scene.shape[1]]
        spot = rng.uniform(0.2, 0.8, 2) * scene.shape
        far = (rows - spot[0]) ** 2 + (columns - spot[1]) ** 2
        noisy += 120 * np.exp(-far / (2 * (0.08 * scene.shape[1]) ** 2))
    done = np.clip(noisy, 0, 255).astype(np.uint8)
    quality = int(92 - 55 * severity)
    _, packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, quality])
    picture: Picture = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return picture
