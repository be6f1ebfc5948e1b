"""What several tests of devices share: seeded webcam pictures of codes, a clock, waits on events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from kube_pos.devices.opencv import OpenCv, Picture
from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, Scan
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zxing import Zxing


def card_digits(serial: int) -> str:
    """Return a card number with right check digits, made here: devices know no ledger."""
    body = f"6472{serial:08d}"
    return f"{body}{98 - int(body) * 100 % 97:02d}"


def checks_itself(payload: str) -> bool:
    """Tell whether a payload is a card number whose check digits are right."""
    return len(payload) == 14 and payload.isdigit() and int(payload) % 97 == 1


@dataclass
class Heard:
    """Collects what a device says and lets a test wait for it."""

    scans: list[Scan] = field(default_factory=list)
    statuses: list[DeviceStatus] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def on_scan(self, scan: Scan) -> None:
        with self.changed:
            self.scans.append(scan)
            self.changed.notify_all()

    def on_status(self, status: DeviceStatus) -> None:
        with self.changed:
            self.statuses.append(status)
            self.changed.notify_all()

    def wait(self, until: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Wait until something is so, looking again at each scan or status."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not until():
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    return until()
        return True

    def wait_state(self, state: DeviceState, seconds: float = 10.0) -> bool:
        """Wait until the last status is this state."""
        return self.wait(lambda: bool(self.statuses) and self.statuses[-1].state is state, seconds)

    def payloads(self) -> list[str]:
        return [scan.payload for scan in self.scans]


def card_picture(
    opencv: OpenCv,
    zxing: Zxing,
    payload: str,
    symbology: Symbology,
    random: Random,
    *,
    hardness: float,
    size: tuple[int, int] = (1280, 720),
) -> Picture:
    """Return a webcam-like picture of a held card: turned, seen aslant, blurred, noisy, unevenly lit."""
    cv2, np = opencv.cv2, opencv.numpy
    code = zxing.draw(opencv, payload, symbology, 6)
    card = np.full((560, 880), 245, np.uint8)
    wide = 760 if symbology is not Symbology.QR else 400
    drawn = cv2.resize(code, (wide, int(code.shape[0] * wide / code.shape[1])), interpolation=cv2.INTER_AREA)
    if symbology is not Symbology.QR:
        drawn = cv2.resize(drawn, (wide, 170), interpolation=cv2.INTER_AREA)
    top, left = (560 - drawn.shape[0]) // 2, (880 - wide) // 2
    card[top : top + drawn.shape[0], left : left + wide] = drawn
    cv2.putText(card, "KARTU SSC", (60, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 40, 4)
    width, height = size
    noise = np.random.default_rng(random.randrange(1 << 30))
    scene = cv2.resize(noise.integers(60, 190, (9, 16), dtype=np.uint8), size, interpolation=cv2.INTER_CUBIC)
    share = random.uniform(0.42, 0.75) - 0.12 * hardness
    half_w, half_h = share * width / 2, share * width / 2 * 560 / 880
    angle = np.radians(random.uniform(-25, 25) * (0.3 + hardness))
    middle = np.array([width * random.uniform(0.44, 0.56), height * random.uniform(0.44, 0.56)])
    corners = np.array([[-half_w, -half_h], [half_w, -half_h], [half_w, half_h], [-half_w, half_h]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = noise.uniform(-1, 1, (4, 2)) * half_h * 0.16 * hardness
    target = (corners @ turn.T + middle + slant).astype(np.float32)
    source = np.array([[0, 0], [880, 0], [880, 560], [0, 560]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    seen = cv2.warpPerspective(card, matrix, size, flags=cv2.INTER_AREA)
    covers = cv2.warpPerspective(np.full_like(card, 255), matrix, size) > 127
    scene[covers] = seen[covers]
    light = np.linspace(1 - 0.5 * hardness * random.random(), 1.0, width, dtype=np.float32)
    shaded = scene.astype(np.float32) * light * random.uniform(1 - 0.5 * hardness, 1.0)
    blurred = cv2.GaussianBlur(shaded, (0, 0), 0.4 + 1.1 * hardness * random.random())
    noisy = blurred + noise.normal(0, 2 + 9 * hardness * random.random(), blurred.shape)
    gray = np.clip(noisy, 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    picture: Picture = cv2.cvtColor(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), cv2.COLOR_GRAY2BGR)
    return picture


def unseen(frame: Frame) -> None:
    """Take a preview picture that nobody looks at."""
    assert frame.pixels
