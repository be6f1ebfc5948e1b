"""What is wrong with a camera's pictures: too dark, too bright, out of focus, black, or standing still."""

from __future__ import annotations

from dataclasses import dataclass

from kube_pos.devices.opencv import OpenCv, Picture

_SAMPLE_WIDTH = 320
_DARK = 45.0
_BRIGHT = 225.0
_BLACK = 6.0
_BLACK_SPREAD = 3.0
_SHARP_ENOUGH = 12.0
_WORTH_FOCUS = 20.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a small copy of a picture tells."""

    mean: float
    spread: float
    sharpness: float
    fingerprint: int

    @property
    def is_black(self) -> bool:
        """Tell whether nothing at all is seen: a closed shutter or a covered lens."""
        return self.mean < _BLACK and self.spread < _BLACK_SPREAD

    @property
    def hint(self) -> str:
        """Return the code of what the cashier can better, or an empty string."""
        if self.mean < _DARK:
            return "dark"
        if self.mean > _BRIGHT:
            return "bright"
        # A bare wall has no edges, but nothing is out of focus there.
        return "blurred" if self.spread > _WORTH_FOCUS and self.sharpness < _SHARP_ENOUGH else ""


def look_at(opencv: OpenCv, picture: Picture) -> Look:
    """Return the measures of a picture; takes a fraction of a millisecond."""
    cv2 = opencv.cv2
    height = max(1, picture.shape[0] * _SAMPLE_WIDTH // picture.shape[1])
    small = cv2.resize(picture, (_SAMPLE_WIDTH, height), interpolation=cv2.INTER_NEAREST)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small
    mean, spread = cv2.meanStdDev(gray)
    # The steepest edges tell the focus: a sharp picture has some, whatever it shows.
    edges = cv2.Laplacian(cv2.GaussianBlur(gray, (3, 3), 0), cv2.CV_16S)
    sharpness = float(opencv.numpy.percentile(abs(edges), 98))
    return Look(float(mean[0][0]), float(spread[0][0]), sharpness, hash(gray.tobytes()))


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How long something must last before it is told."""

    black_ms: int = 2000
    frozen_ms: int = 4000


class PictureWatch:
    """Tells when pictures stay black or stop to change: sensors are never without noise, a dead stream is."""

    def __init__(self, settings: WatchSettings | None = None) -> None:
        """Start with nothing seen."""
        self._settings = settings or WatchSettings()
        self._bright_ms: int | None = None
        self._changed_ms = 0
        self._fingerprint: int | None = None

    def see(self, look: Look, now_ms: int) -> str:
        """Return `camera_black`, `camera_frozen` or `camera_ready` after one more picture."""
        if self._bright_ms is None or not look.is_black:
            self._bright_ms = now_ms
        if look.fingerprint != self._fingerprint:
            self._fingerprint, self._changed_ms = look.fingerprint, now_ms
        if now_ms - self._bright_ms >= self._settings.black_ms:
            return "camera_black"
        if now_ms - self._changed_ms >= self._settings.frozen_ms:
            return "camera_frozen"
        return "camera_ready"
