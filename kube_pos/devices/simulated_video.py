"""Makes a video file of a hand that holds cards to the camera: the camera of the demo and of tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kube_pos.devices.opencv import OpenCv, Picture, load_opencv
from kube_pos.devices.simulated import SimulationRefused
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zxing import load_zxing


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """The size and pace of a video, and how long each card is held and the hand is away."""

    width: int = 960
    height: int = 540
    fps: int = 15
    held_frames: int = 22
    away_frames: int = 20


def write_card_video(
    path: Path,
    codes: tuple[str, ...],
    *,
    symbology: Symbology = Symbology.CODE128,
    plan: VideoPlan | None = None,
    allow: bool = False,
) -> None:
    """Write an MJPG video (.avi) that shows each code in turn; only for the demo and for tests."""
    zxing = load_zxing()
    if not allow or zxing is None:
        raise SimulationRefused("videos of cards are for the demo and for tests, and need zxing-cpp")
    plan = plan or VideoPlan()
    opencv = load_opencv()
    cv2 = opencv.cv2
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), plan.fps, (plan.width, plan.height))
    if not video.isOpened():
        raise OSError(str(path))
    noise = opencv.numpy.random.default_rng(1)
    for code in codes:
        card = _card(opencv, zxing.draw(opencv, code, symbology, 4))
        for number in range(plan.held_frames + plan.away_frames):
            held = number < plan.held_frames
            scene = _scene(opencv, plan, card if held else None, number)
            grain = noise.integers(0, 9, scene.shape, dtype=opencv.numpy.uint8)
            video.write(cv2.cvtColor(cv2.add(scene, grain), cv2.COLOR_GRAY2BGR))
    video.release()


def _card(opencv: OpenCv, code: Picture) -> Picture:
    cv2 = opencv.cv2
    card = opencv.numpy.full((320, 500), 235, opencv.numpy.uint8)
    height, width = code.shape
    zoom = min(470 / width, 200 / height)
    drawn = cv2.resize(code, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    top, left = 90, (500 - drawn.shape[1]) // 2
    card[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    cv2.putText(card, "CONTOH", (24, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 60, 3)
    rgb: Picture = card
    return rgb


def _scene(opencv: OpenCv, plan: VideoPlan, card: Picture | None, number: int) -> Picture:
    scene = opencv.numpy.full((plan.height, plan.width), 96, opencv.numpy.uint8)
    scene[plan.height * 3 // 4 :] = 70
    if card is not None:
        # A hand is never quiet: the card turns a little and drifts.
        turn = opencv.cv2.getRotationMatrix2D((250, 160), 4 - number * 0.4, min(plan.width / 800, plan.height / 420))
        turn[0][2] += plan.width / 2 - 250 + number
        turn[1][2] += plan.height / 2 - 160 + number / 2
        size = (plan.width, plan.height)
        seen = opencv.cv2.warpAffine(card, turn, size, flags=opencv.cv2.INTER_AREA)
        scene[seen > 0] = seen[seen > 0]
    picture: Picture = scene
    return picture
