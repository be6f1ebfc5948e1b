"""Turns a straightened strip of bars into one line of darkness: noise averaged out, slant and light put right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kube_pos.devices.opencv import OpenCv, Picture

_BANDS = 10
_KEPT = slice(2, 8)
"""Of ten bands, in each place the two darkest and the two brightest are left out: glare, dirt, a thumb."""
_SHEARS = 15
_LEAST_CONTRAST = 0.3
_LEAST_EDGES = 20
_GAPS = (0.055, 0.085)
"""A stretch without an edge, as a share of the strip, that no code has inside; the wider where blur swallows edges."""


@dataclass(frozen=True, slots=True)
class BarProfile:
    """Darkness 0 to 1 along a strip, and where the bars may lie on it."""

    darkness: Any
    spans: tuple[tuple[float, float], ...]
    edges: int
    """How many edges were seen; blur swallows some."""


def profile_of(opencv: OpenCv, strip: Picture) -> BarProfile | None:
    """Return the profile of a strip, or None when no bars are on it."""
    np = opencv.numpy
    height = strip.shape[0] // _BANDS * _BANDS
    bands = strip[:height].reshape(_BANDS, height // _BANDS, -1).mean(axis=1)
    line = np.sort(_upright(opencv, bands), axis=0)[_KEPT].mean(axis=0)
    line = opencv.cv2.GaussianBlur(line[None, :].astype(np.float32), (0, 0), 1.0)[0]
    return _cut_out(opencv, _even(opencv, line))


def _upright(opencv: OpenCv, bands: Any) -> Any:
    """Return the bands shifted against each other so that the bars stand upright: edges then add up."""
    np = opencv.numpy
    best, found = -1.0, bands
    for shear in range(-_SHEARS, _SHEARS + 1):
        shifted = np.stack([np.roll(band, round(shear * (place - 4.5) / 3)) for place, band in enumerate(bands)])
        strength = float((np.diff(shifted.mean(axis=0)[::2]) ** 2).sum())
        if strength > best:
            best, found = strength, shifted
    return found


def _even(opencv: OpenCv, line: Any) -> Any:
    """Return darkness between the brightest and the darkest of each neighbourhood, 0 where there is no contrast."""
    np, cv2 = opencv.numpy, opencv.cv2
    reach = max(9, len(line) // 11) | 1
    around = np.ones((1, reach), np.uint8)
    row = line[None, :]
    bright = cv2.blur(cv2.dilate(row, around), (reach, 1))[0]
    dark = cv2.blur(cv2.erode(row, around), (reach, 1))[0]
    contrast = bright - dark
    enough = contrast > _LEAST_CONTRAST * float(np.percentile(contrast, 90))
    return np.where(enough, (bright - line) / np.maximum(contrast, 1.0), 0.0)


def _cut_out(opencv: OpenCv, darkness: Any) -> BarProfile | None:
    """Return where the longest stretches of edges that follow each other closely begin and end."""
    np = opencv.numpy
    is_dark = darkness > 0.5
    edges = np.flatnonzero(is_dark[1:] != is_dark[:-1])
    spans: dict[tuple[float, float], int] = {}
    for gap in _GAPS:
        parts = np.split(edges, np.flatnonzero(np.diff(edges) > gap * len(darkness)) + 1)
        part = max(parts, key=len)
        rising, falling = part[~is_dark[part]], part[is_dark[part]]
        if len(part) < _LEAST_EDGES or not len(rising) or not len(falling) or falling[-1] <= rising[0]:
            continue
        span = (_crossing(darkness, int(rising[0])), _crossing(darkness, int(falling[-1])))
        spans[span] = int(((part >= rising[0]) & (part <= falling[-1])).sum())
    return BarProfile(darkness, tuple(spans), min(spans.values())) if spans else None


def _crossing(darkness: Any, place: int) -> float:
    before, after = float(darkness[place]), float(darkness[place + 1])
    return place + (0.5 - before) / (after - before) + 0.5
