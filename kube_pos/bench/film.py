"""The camera's own threads over a film of cards: preview pictures a second, time until a card is read, CPU, memory."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from kube_pos.bench.figures import Figures, percentile
from kube_pos.bench.memory import rss_mib
from kube_pos.clock import SystemClock
from kube_pos.devices.camera import CameraCallbacks, CameraReader, CameraSettings
from kube_pos.devices.capture import CaptureSettings
from kube_pos.devices.ports import DeviceStatus, Frame, Scan
from kube_pos.devices.simulated_video import VideoPlan, write_card_video
from kube_pos.ledger.cards import CardNumber, card_number, parse

_CARDS = 4
_PLAN = VideoPlan(width=1280, height=720, fps=30, held_frames=40, away_frames=35)


def measure_film(folder: Path) -> Figures:
    """Play a film once through the camera reader, as the till does."""
    path = folder / "cards.avi"
    codes = tuple(card_number(serial * 7919 + 3).digits for serial in range(_CARDS))
    write_card_video(path, codes, plan=_PLAN, allow=True)
    shown: list[float] = []
    scans: list[tuple[float, str]] = []
    ended = threading.Event()

    def hear(status: DeviceStatus) -> None:
        if status.detail == "camera_video_ended":
            ended.set()

    def show(_: Frame) -> None:
        shown.append(time.monotonic())

    def take(scan: Scan) -> None:
        scans.append((time.monotonic(), scan.payload))

    settings = CameraSettings(CaptureSettings(str(path), loop=False))
    reader = CameraReader(settings, CameraCallbacks(take, hear, show), SystemClock(), _is_card)
    cpu = time.process_time()
    reader.start()
    ended.wait(60)
    reader.stop()
    cpu = time.process_time() - cpu
    seconds = shown[-1] - shown[0]
    period = (_PLAN.held_frames + _PLAN.away_frames) / _PLAN.fps
    waits = [at - shown[0] - codes.index(code) * period for at, code in scans if code in codes]
    frames = _CARDS * (_PLAN.held_frames + _PLAN.away_frames)
    return {
        "readers.preview_fps": (len(shown) - 1) / seconds,
        "readers.read_s.p50": max(0.0, percentile(waits, 0.5)),
        "readers.film_read": len(waits) / _CARDS,
        "readers.film_cpu_share": cpu / seconds,
        "readers.frame_cpu_ms.p50": cpu * 1000 / frames,
        "readers.rss_mib": rss_mib(),
    }


def _is_card(payload: str) -> bool:
    return isinstance(parse(payload), CardNumber)
