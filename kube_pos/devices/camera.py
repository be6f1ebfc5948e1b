"""Reads cards by a camera: one thread takes pictures, another decodes the newest of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from kube_pos.clock import Clock
from kube_pos.devices.camera_names import BY_NAME
from kube_pos.devices.capture import Capture, CaptureBusy, CaptureLost, CaptureSettings, VideoEnded
from kube_pos.devices.decoder import load_decoder
from kube_pos.devices.evidence import Evidence, EvidenceSettings, nothing_checks_itself
from kube_pos.devices.line_memory import LineMemory
from kube_pos.devices.opencv import OpenCv, Picture, load_opencv
from kube_pos.devices.picture_hints import PictureWatch, WatchSettings, look_at
from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, OnFrame, OnScan, OnStatus, Scan, Source
from kube_pos.devices.symbols import Decoded
from kube_pos.devices.worker import Backoff, StatusTeller, Worker
from kube_pos.errors import LibraryMissing

_PREVIEW_WIDTH = 640


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """The camera and the bounds of what is done with its pictures."""

    capture: CaptureSettings
    preview_ms: int = 40
    """At most one preview picture in this time."""
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True)
class CameraCallbacks:
    """Where scans, statuses and preview pictures go; all are called on the camera's threads."""

    on_scan: OnScan
    on_status: OnStatus
    on_frame: OnFrame


class CameraReader:
    """A `Reader` over a camera or a video file."""

    def __init__(
        self,
        settings: CameraSettings,
        callbacks: CameraCallbacks,
        clock: Clock,
        is_self_checking: Callable[[str], bool] = nothing_checks_itself,
    ) -> None:
        """Keep what is needed; nothing is loaded or opened yet."""
        self._settings = settings
        self._callbacks = callbacks
        self._clock = clock
        self._is_self_checking = is_self_checking
        self._teller = StatusTeller(callbacks.on_status)
        self._newest = _Newest()
        self._capturing = Worker("camera-capture", self._capture)
        self._decoding = Worker("camera-decode", self._decode)

    def start(self) -> None:
        """Start both threads; a camera that can't be opened is told as a status."""
        self._newest.take(0.0)
        self._capturing.start()
        self._decoding.start()

    def stop(self) -> None:
        """Stop both threads and release the camera."""
        self._capturing.ask_to_stop()
        self._decoding.ask_to_stop()
        self._capturing.stop(1.5)
        self._decoding.stop(1.2)

    def _capture(self, stop: threading.Event) -> None:
        self._tell(DeviceState.STARTING, "camera_starting")
        try:
            opencv = load_opencv()
        except ImportError:
            self._tell_missing(LibraryMissing(library="OpenCV", package="sudo apt-get install libgl1 libglib2.0-0"))
            return
        failures = 0
        absent = "camera_not_found"
        while not stop.is_set():
            try:
                capture = Capture(opencv, self._settings.capture)
            except CaptureLost as lost:
                failures += 1
                self._tell(DeviceState.LOST, "camera_busy" if isinstance(lost, CaptureBusy) else absent)
                stop.wait(self._settings.backoff.wait_s(failures))
                continue
            failures = 0
            # From now on an absent camera is the same loss, not a second one.
            absent = "camera_lost"
            try:
                self._show(opencv, capture, stop)
            except CaptureLost as lost:
                self._tell(DeviceState.LOST, "camera_busy" if isinstance(lost, CaptureBusy) else "camera_lost")
                stop.wait(self._settings.backoff.wait_s(1))
            except VideoEnded:
                self._tell(DeviceState.OFF, "camera_video_ended")
                return
            finally:
                capture.close()

    def _show(self, opencv: OpenCv, capture: Capture, stop: threading.Event) -> None:
        watch = PictureWatch(self._settings.watch)
        shown_ms = -self._settings.preview_ms
        while not stop.is_set():
            picture = capture.read(stop)
            if picture is None:
                continue
            self._newest.put(picture)
            now_ms = self._clock.monotonic_ms()
            if now_ms - shown_ms < self._settings.preview_ms:
                continue
            # Counted from when it was due, not from when it came: a camera's beat of 33 ms else gives every second
            # picture, and with a little trembling less than fifteen a second.
            shown_ms = max(shown_ms + self._settings.preview_ms, now_ms - self._settings.preview_ms)
            look = look_at(opencv, picture)
            detail = watch.see(look, now_ms)
            if detail == "camera_frozen" and self._settings.capture.is_camera:
                # A dead stream goes on to «give» its last picture: only opening it anew shows whether it is there.
                raise CaptureLost
            self._tell(DeviceState.READY if detail == "camera_ready" else DeviceState.ATTENTION, detail)
            if not stop.is_set():
                self._callbacks.on_frame(_preview(opencv, picture, look.hint))

    def _decode(self, stop: threading.Event) -> None:
        try:
            decoder = load_decoder()
        except ImportError:
            return  # the capture thread tells of it
        missing = decoder.missing_library()
        if missing is not None:
            self._tell_missing(missing)
        evidence = Evidence(self._is_self_checking, self._settings.evidence)
        memory = LineMemory(decoder.opencv)
        while not stop.is_set():
            picture = self._newest.take(0.1)
            if picture is None:
                continue
            taken_ms = self._clock.monotonic_ms()
            try:
                codes = decoder.decode(picture, memory)
            except decoder.opencv.cv2.error:
                continue  # one odd picture; the next comes in a moment
            found = {code.payload: code.symbology for code in codes if self._may_count(code)}
            if found:
                memory.forget()
            now_ms = self._clock.monotonic_ms()
            for payload in evidence.see(found, now_ms):
                if not stop.is_set():
                    self._callbacks.on_scan(Scan(payload, Source.CAMERA, found[payload], taken_ms))

    def _may_count(self, code: Decoded) -> bool:
        return not code.summed or self._is_self_checking(code.payload)

    def _tell_missing(self, missing: LibraryMissing) -> None:
        facts = tuple((name, str(value)) for name, value in missing.facts.items())
        self._callbacks.on_status(DeviceStatus("camera", DeviceState.ATTENTION, "camera_library_missing", facts))

    def _tell(self, state: DeviceState, detail: str) -> None:
        self._teller.tell(
            DeviceStatus("camera", state, detail, (("camera", self._settings.capture.source.removeprefix(BY_NAME)),))
        )


class _Newest:
    """Holds one picture: decoding never lags behind, it leaves pictures out."""

    def __init__(self) -> None:
        self._came = threading.Condition()
        self._picture: Picture | None = None

    def put(self, picture: Picture) -> None:
        with self._came:
            self._picture = picture
            self._came.notify()

    def take(self, seconds: float) -> Picture | None:
        with self._came:
            if self._picture is None:
                self._came.wait(seconds)
            picture, self._picture = self._picture, None
            return picture


def _preview(opencv: OpenCv, picture: Picture, hint: str) -> Frame:
    cv2 = opencv.cv2
    height, width = picture.shape[:2]
    if width > _PREVIEW_WIDTH:
        height, width = max(1, height * _PREVIEW_WIDTH // width), _PREVIEW_WIDTH
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    code = cv2.COLOR_BGR2RGB if picture.ndim == 3 else cv2.COLOR_GRAY2RGB
    return Frame(width, height, cv2.cvtColor(picture, code).tobytes(), hint)
