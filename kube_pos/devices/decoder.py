"""Reads the codes in a picture by the order that measured best: cheap first, located strip, model, thorough, pyzbar."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from kube_pos.devices.bar_reader import BarReader
from kube_pos.devices.line_memory import LineMemory
from kube_pos.devices.opencv import OpenCv, Picture, load_opencv, to_gray
from kube_pos.devices.strips import find_strips
from kube_pos.devices.symbols import LONG_CODES, Box, Decoded, Symbology, contradict, is_plausible
from kube_pos.devices.zbar import Zbar, load_zbar
from kube_pos.devices.zxing import Zxing, load_zxing
from kube_pos.errors import KubePosError, LibraryMissing

_LARGEST_SIDE = 2400
_WORTH_ZOOM = 1280
"""Wider pictures show modules large enough."""
_MODELLED = 2
"""So many strips, the largest first, are worth the model's time."""


class ImageUnreadable(KubePosError):
    """A file is not a picture that can be opened. Facts: path."""

    code = "image_unreadable"


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one picture file gave."""

    path: Path
    decoded: tuple[Decoded, ...]
    ms: int


class Decoder:
    """The loaded libraries and the order in which they are asked. Used on one thread at a time."""

    def __init__(self, opencv: OpenCv, zxing: Zxing | None, zbar: Zbar | None) -> None:
        """Take the libraries; decoding goes on when one of the two readers is None."""
        self.opencv = opencv
        self._zxing = zxing
        self._zbar = zbar
        self._bars = BarReader(opencv)

    def missing_library(self) -> LibraryMissing | None:
        """Return the error to show when a reader can't be loaded, or None when all is there."""
        if self._zbar is None:
            return LibraryMissing(library="libzbar0", package="sudo apt-get install libzbar0")
        if self._zxing is None:
            return LibraryMissing(library="zxing-cpp", package="pip install zxing-cpp")
        return None

    def decode(self, picture: Picture, memory: LineMemory | None = None) -> list[Decoded]:
        """Return the codes of a gray or BGR picture, none when nothing is read for certain.

        The pictures of one camera share a memory, so that bars too poor in each of them add up.
        """
        gray = to_gray(self.opencv, picture)
        found = [] if self._zxing is None else self._zxing.read(gray, thorough=False)
        if not found or contradict(found):
            found = self._read_strips(gray, memory)
        if not found and self._zxing is not None:
            found = self._zxing.read(gray, thorough=True) or self._read_squares(self._zxing, gray)
        if not found or contradict(found):
            return self._last_resort(gray)
        return found

    def _last_resort(self, gray: Picture) -> list[Decoded]:
        found = [] if self._zbar is None else self._zbar.read(gray)
        return [] if contradict(found) else found

    def _read_strips(self, gray: Picture, memory: LineMemory | None) -> list[Decoded]:
        strips = find_strips(self.opencv, gray)
        found = [] if self._zxing is None else self._by_library(self._zxing, strips)
        return found or self._by_model(strips, memory)

    def _by_library(self, zxing: Zxing, strips: list[tuple[Picture, Picture]]) -> list[Decoded]:
        for strip, matrix in strips:
            for candidate in (strip, self._sharpen(strip)):
                found = [code for code in zxing.read(candidate, thorough=False) if code.symbology in LONG_CODES]
                if found:
                    return [replace(code, box=self._back(code.box, matrix)) for code in found]
        return []

    def _by_model(self, strips: list[tuple[Picture, Picture]], memory: LineMemory | None) -> list[Decoded]:
        for strip, matrix in strips[:_MODELLED]:
            reading = self._bars.read(strip, memory)
            if reading is not None and is_plausible(reading.text, Symbology.CODE128):
                height, width = strip.shape
                box = self._back(((0, 0), (width, 0), (width, height), (0, height)), matrix)
                return [Decoded(reading.text, Symbology.CODE128, box, reading.summed)]
        return []

    def _read_squares(self, zxing: Zxing, gray: Picture) -> list[Decoded]:
        """Read QR codes once more in a picture made smooth, large and steep: noise and soft edges hide modules."""
        cv2 = self.opencv.cv2
        zoom = 2 if gray.shape[1] <= _WORTH_ZOOM else 1
        smooth = cv2.GaussianBlur(gray, (0, 0), 0.8)
        large = cv2.resize(smooth, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        steep = cv2.addWeighted(large, 3.0, cv2.GaussianBlur(large, (0, 0), 2.5 * zoom), -2.0, 0)
        found = [code for code in zxing.read(steep, thorough=True) if code.symbology is Symbology.QR]
        return [replace(code, box=_shrunk(code.box, zoom)) for code in found]

    def _sharpen(self, strip: Picture) -> Picture:
        cv2 = self.opencv.cv2
        blurred = cv2.GaussianBlur(strip, (0, 0), 3)
        sharp: Picture = cv2.addWeighted(strip, 2.2, blurred, -1.2, 0)
        return sharp

    def _back(self, box: Box, matrix: Picture) -> Box:
        inverse = self.opencv.cv2.invertAffineTransform(matrix)
        moved = [
            (
                int(inverse[0][0] * x + inverse[0][1] * y + inverse[0][2]),
                int(inverse[1][0] * x + inverse[1][1] * y + inverse[1][2]),
            )
            for x, y in box
        ]
        return (moved[0], moved[1], moved[2], moved[3])


def _shrunk(box: Box, zoom: int) -> Box:
    first, second, third, fourth = [(x // zoom, y // zoom) for x, y in box]
    return (first, second, third, fourth)


def load_decoder() -> Decoder:
    """Import the libraries and return a decoder; call it on the thread that will decode."""
    return Decoder(load_opencv(), load_zxing(), load_zbar())


def read_image(path: Path, decoder: Decoder | None = None) -> ReadResult:
    """Return what a picture file shows and how long reading took; raises ImageUnreadable for what is no picture."""
    decoder = decoder or load_decoder()
    cv2, np = decoder.opencv.cv2, decoder.opencv.numpy
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise ImageUnreadable(path=str(path)) from cause
    # Through memory, because OpenCV can't open paths outside the code page of Windows.
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as cause:
        raise ImageUnreadable(path=str(path)) from cause
    if picture is None:
        raise ImageUnreadable(path=str(path))
    longest = max(picture.shape[:2])
    if longest > _LARGEST_SIDE:
        scale = _LARGEST_SIDE / longest
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    begun = time.perf_counter_ns()
    decoded = tuple(decoder.decode(picture))
    return ReadResult(path, decoded, (time.perf_counter_ns() - begun) // 1_000_000)
