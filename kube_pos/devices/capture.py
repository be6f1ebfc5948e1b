"""Pictures from a camera or from a video file, through OpenCV, one after the other."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kube_pos.devices.camera_names import BY_NAME, CameraAbsent, camera_number
from kube_pos.devices.opencv import OpenCv, Picture

_MISSES_ALLOWED = 10
_MISS_WAIT_S = 0.05
_CATCH_UP_S = 0.2


class CaptureLost(Exception):
    """The camera can't be opened, or gives no pictures any more."""


class CaptureBusy(CaptureLost):
    """The camera is plugged in, but can't be opened or gives no first picture: another program holds it."""


class VideoEnded(Exception):
    """The last picture of a video file was shown."""


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """Where pictures come from and how large they shall be."""

    source: str
    """A camera's number, or the path of a video file that plays in its place."""
    width: int = 1280
    height: int = 720
    loop: bool = True
    """Play a video file again and again."""

    @property
    def is_camera(self) -> bool:
        """Tell whether the source is a camera, not a file."""
        return self.source.isdecimal() or self.source.startswith(BY_NAME)


class _Device(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802 -- the library's name

    def read(self) -> tuple[bool, Picture | None]: ...

    def get(self, prop: int, /) -> float: ...

    def set(self, prop: int, value: float, /) -> bool: ...

    def release(self) -> None: ...


class Capture:
    """An open camera or video file. Used on one thread."""

    def __init__(self, opencv: OpenCv, settings: CaptureSettings) -> None:
        """Open the source; raises CaptureLost."""
        self._cv2 = opencv.cv2
        self._settings = settings
        self._misses = 0
        self._has_begun = False
        self._device = self._open()
        if not self._device.isOpened():
            self._device.release()
            raise CaptureBusy if settings.is_camera and sys.platform == "linux" else CaptureLost
        self._pause_s = 0.0
        if not settings.is_camera:
            rate = float(self._device.get(self._cv2.CAP_PROP_FPS))
            self._pause_s = 1.0 / rate if 1 <= rate <= 240 else 1.0 / 25
        self._next_s = time.monotonic()

    def read(self, stop: threading.Event) -> Picture | None:
        """Return the next picture, or None when there is none just now; raises CaptureLost and VideoEnded."""
        if self._pause_s:
            # A picture shown late does not delay the rest of the film, unless the computer slept.
            self._next_s = max(self._next_s + self._pause_s, time.monotonic() - _CATCH_UP_S)
            if stop.wait(max(0.0, self._next_s - time.monotonic())):
                return None
        try:
            there, picture = self._device.read()
        except self._cv2.error:
            there, picture = False, None
        if there and picture is not None and picture.size:
            self._misses = 0
            self._has_begun = True
            found: Picture = picture
            return found
        self._miss(stop)
        return None

    def close(self) -> None:
        """Release the camera."""
        self._device.release()

    def _open(self) -> _Device:
        cv2, settings = self._cv2, self._settings
        device: _Device
        if not settings.is_camera:
            device = cv2.VideoCapture(settings.source)
            return device
        # DirectShow opens in a moment where Media Foundation takes many seconds.
        interfaces = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW}
        try:
            number = camera_number(settings.source)
        except CameraAbsent:
            raise CaptureLost from None
        device = cv2.VideoCapture(number, interfaces.get(sys.platform, cv2.CAP_ANY))
        if device.isOpened():
            # Without MJPG a USB 2 camera gives five pictures a second at this size.
            device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            device.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
            device.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        return device

    def _miss(self, stop: threading.Event) -> None:
        if not self._settings.is_camera:
            if not Path(self._settings.source).is_file():
                raise CaptureLost
            if not self._settings.loop:
                raise VideoEnded
            self._device.release()
            self._device = self._open()
        self._misses += 1
        if self._misses > _MISSES_ALLOWED:
            raise CaptureLost if self._has_begun or not self._settings.is_camera else CaptureBusy
        if self._settings.is_camera:
            stop.wait(_MISS_WAIT_S)
