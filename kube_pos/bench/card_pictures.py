"""Seeded pictures of cards as a cheap webcam gives them, harder with each severity; no photographs.

What spoils a picture is drawn at random from several kinds each, so that no reader can be tuned to one of them:
perspective, a bent card, faint print, a thumb over a part, blur by focus (round or soft) and by motion in any
direction, uneven light, glare, the sensor's noise, JPEG.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kube_pos.devices.opencv import OpenCv, Picture
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zxing import Zxing

SEVERITIES = 5
SIZES = ((640, 480), (1280, 720), (1920, 1080))
_SEED = 20_261_124
_CARD = (856, 540)


@dataclass(frozen=True, slots=True)
class Shot:
    """Which picture: the same shot gives the same picture."""

    number: int
    symbology: Symbology
    severity: int
    """1 (easy) to 5."""
    size: tuple[int, int]
    frame: int = 0
    """A place in a moving sequence: the hand trembles, noise and motion are new, the card is the same."""

    @property
    def hardness(self) -> float:
        """Return the severity as a share."""
        return (self.severity - 1) / (SEVERITIES - 1)


def draw(opencv: OpenCv, zxing: Zxing, text: str, shot: Shot) -> Picture:
    """Return one gray picture of a card."""
    seeds = opencv.numpy.random.SeedSequence([_SEED, shot.number, shot.severity, shot.size[0]])
    fixed = opencv.numpy.random.default_rng(seeds)
    moving = opencv.numpy.random.default_rng([_SEED, shot.number, shot.severity, shot.size[0], 1 + shot.frame])
    card = _card(opencv, zxing.draw(opencv, text, shot.symbology, 4), fixed, shot.hardness)
    scene = _held(opencv, card, shot, fixed, moving)
    return _seen(opencv, scene, shot, fixed, moving)


def _card(opencv: OpenCv, code: Picture, rng: Any, hardness: float) -> Picture:
    np, cv2 = opencv.numpy, opencv.cv2
    width, height = _CARD
    paper = 235.0 - 60 * hardness * rng.uniform()
    ink = 15 + (paper - 15) * 0.45 * hardness * rng.uniform()
    card = np.full((height, width), paper, np.float32)
    zoom = min(760 / code.shape[1], 300 / code.shape[0])
    drawn = cv2.resize(code, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    top, left = 140, (width - drawn.shape[1]) // 2
    card[top : top + drawn.shape[0], left : left + drawn.shape[1]] = ink + (paper - ink) * drawn
    letters = cv2.putText(np.zeros((height, width), np.uint8), "KARTU SSC", (40, 90), cv2.FONT_HERSHEY_SIMPLEX, 2, 1, 4)
    card[letters > 0] = ink
    if hardness > 0.2 and rng.uniform() < 0.4:
        # A thumb lies over the lower edge and a part of the bars; of a QR code it covers a corner's modules at most.
        reach = 0.25 if code.shape[0] < code.shape[1] / 2 else 0.08
        middle = (int(left + drawn.shape[1] * rng.uniform()), top + drawn.shape[0])
        cv2.ellipse(card, middle, (70, int(drawn.shape[0] * reach)), 0, 0, 360, 120, cv2.FILLED)
    if rng.uniform() < 0.5 * hardness:
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        bend = 18 * hardness * np.sin(np.pi * columns / width)
        squeeze = columns + 10 * hardness * np.sin(2 * np.pi * columns / width)
        card = cv2.remap(card, squeeze, rows - bend, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    made: Picture = card
    return made


def _held(opencv: OpenCv, card: Picture, shot: Shot, fixed: Any, moving: Any) -> Picture:
    np, cv2 = opencv.numpy, opencv.cv2
    (width, height), hardness = shot.size, shot.hardness
    scale = (0.62 - 0.18 * hardness * fixed.uniform()) * width / _CARD[0]
    angle = np.deg2rad(fixed.uniform(-180, 180) if hardness > 0.2 else fixed.uniform(-8, 8))
    middle = np.array([width / 2, height / 2]) + fixed.uniform(-0.06, 0.06, 2) * width
    lean = fixed.uniform(-0.09, 0.09, (4, 2)) * hardness
    if shot.frame:
        angle += np.deg2rad(moving.normal(0, 1.5))
        middle = middle + moving.normal(0, 0.01, 2) * width
        lean = lean + moving.normal(0, 0.006, (4, 2))
        scale *= moving.normal(1, 0.015)
    corners = np.array([[-428, -270], [428, -270], [428, 270], [-428, 270]]) * scale
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = (corners @ matrix.T + lean * _CARD[0] * scale + middle).astype(np.float32)
    source = np.array([[0, 0], [856, 0], [856, 540], [0, 540]], np.float32)
    flat = cv2.getPerspectiveTransform(source, target)
    coarse = fixed.uniform(60, 170, (6, 9)).astype(np.float32)
    scene = cv2.resize(coarse, shot.size, interpolation=cv2.INTER_CUBIC)
    # Drawn twice as large, then halved: a sensor's pixel sums up what falls on it.
    double = np.diag([2.0, 2.0, 1.0]) @ flat
    size = (width * 2, height * 2)
    warped = cv2.resize(cv2.warpPerspective(card, double, size), shot.size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(cv2.warpPerspective(np.ones_like(card), double, size), shot.size, interpolation=cv2.INTER_AREA)
    held: Picture = warped * mask + scene * (1 - mask)
    return held


def _seen(opencv: OpenCv, scene: Picture, shot: Shot, fixed: Any, moving: Any) -> Picture:
    np, cv2 = opencv.numpy, opencv.cv2
    hardness = shot.hardness
    focus = (0.3 + 1.3 * hardness * fixed.uniform()) * max(1.0, shot.size[0] / 1280)
    if fixed.uniform() < 0.5:
        scene = cv2.GaussianBlur(scene, (0, 0), focus)
    else:
        reach = int(np.ceil(2 * focus))
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        disc = np.clip(2 * focus + 0.5 - np.hypot(rows, columns), 0, 1)
        scene = cv2.filter2D(scene, -1, disc / disc.sum())
    scene = cv2.filter2D(scene, -1, _motion(opencv, 7 * hardness * moving.uniform(), moving.uniform(0, np.pi)))
    rows, columns = np.mgrid[0 : scene.shape[0], 0 : scene.shape[1]]
    towards = fixed.uniform(0, 2 * np.pi)
    slope = (np.cos(towards) * columns + np.sin(towards) * rows) / shot.size[0]
    light = (1 - 0.6 * hardness * fixed.uniform()) * (1 + 0.5 * hardness * (slope - 0.5))
    lit = scene * light
    if hardness > 0.4 and fixed.uniform() < 0.6:
        spot = fixed.uniform(0.3, 0.7, 2) * scene.shape
        far = (rows - spot[0]) ** 2 + (columns - spot[1]) ** 2
        lit = lit + 130 * hardness * np.exp(-far / (2 * (0.06 * shot.size[0]) ** 2))
    # Shot noise grows with the light, the amplifier's does not.
    noise = np.sqrt(np.maximum(lit, 0) * 0.25 * hardness + (1 + 7 * hardness) ** 2)
    done = np.clip(lit + moving.normal(0, 1, lit.shape) * noise, 0, 255).astype(np.uint8)
    quality = int(92 - 50 * hardness * fixed.uniform())
    packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    picture: Picture = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return picture


def _motion(opencv: OpenCv, length: float, angle: float) -> Any:
    """Return the kernel of a straight movement of so many pixels."""
    np = opencv.numpy
    kernel = np.zeros((11, 11), np.float32)
    for along in np.linspace(-length / 2, length / 2, 41):
        kernel[5 + round(along * np.sin(angle)), 5 + round(along * np.cos(angle))] += 1
    return kernel / kernel.sum()
