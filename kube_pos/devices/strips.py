"""Finds long one-dimensional codes in a picture and lays them out straight and large.

Bars are where all edges point one way: the structure tensor tells how much they agree (coherence) and which way.
That is cheap on a small copy of the picture and finds codes at any angle, where the decoders' own search fails.
"""

from __future__ import annotations

from math import cos, radians, sin

from kube_pos.devices.opencv import OpenCv, Picture

_SEARCH_WIDTH = 480
_MIN_COHERENCE = 0.55
_CANDIDATES = 3
_STRIP_WIDTH = 1400
_STRIP_HEIGHT = 120
_QUIET = 0.12
"""Share of the width that is added at each end, so that the quiet zone is in the strip."""


def find_strips(opencv: OpenCv, gray: Picture) -> list[tuple[Picture, Picture]]:
    """Return up to three straightened strips, best first, each with the 2×3 matrix from the picture to the strip."""
    cv2 = opencv.cv2
    scale = min(1.0, _SEARCH_WIDTH / gray.shape[1])
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask, along_x, along_y = _coherent(opencv, small)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    least = small.shape[0] * small.shape[1] * 0.003
    large = sorted((c for c in contours if cv2.contourArea(c) > least), key=cv2.contourArea, reverse=True)
    strips = []
    for contour in large[:_CANDIDATES]:
        angle = _angle(opencv, contour, along_x, along_y)
        strips.append(_straighten(opencv, gray, contour.astype("float32") / scale, angle))
    return strips


def _coherent(opencv: OpenCv, small: Picture) -> tuple[Picture, Picture, Picture]:
    cv2, np = opencv.cv2, opencv.numpy
    smooth = cv2.GaussianBlur(small, (3, 3), 0)
    gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    window = (15, 15)
    xx, yy, xy = (cv2.boxFilter(product, -1, window) for product in (gx * gx, gy * gy, gx * gy))
    energy = xx + yy
    # Twice the angle, as a vector: gradients of both signs then add up instead of cancelling.
    along_x, along_y = xx - yy, 2 * xy
    coherence = np.sqrt(along_x**2 + along_y**2) / (energy + 1e-3)
    busy = energy > max(float(energy.mean()), 200.0)
    mask = ((coherence > _MIN_COHERENCE) & busy).astype(np.uint8) * 255
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    return mask, along_x, along_y


def _angle(opencv: OpenCv, contour: Picture, along_x: Picture, along_y: Picture) -> float:
    """Return the reading direction in degrees: the mean direction of the gradients inside the contour."""
    cv2, np = opencv.cv2, opencv.numpy
    inside = np.zeros(along_x.shape, np.uint8)
    cv2.drawContours(inside, [contour], -1, 255, cv2.FILLED)
    mean_x, mean_y = cv2.mean(along_x, inside)[0], cv2.mean(along_y, inside)[0]
    return float(np.degrees(np.arctan2(mean_y, mean_x))) / 2.0


def _straighten(opencv: OpenCv, gray: Picture, contour: Picture, angle: float) -> tuple[Picture, Picture]:
    cv2, np = opencv.cv2, opencv.numpy
    cosine, sine = cos(radians(angle)), sin(radians(angle))
    turn = np.array([[cosine, sine], [-sine, cosine]], np.float32)
    turned = contour.reshape(-1, 2) @ turn.T
    left, top = turned.min(axis=0)
    right, bottom = turned.max(axis=0)
    margin = (right - left) * _QUIET + 8
    left, right = left - margin, right + margin
    zoom_x = min(4.0, max(1.0, _STRIP_WIDTH / (right - left)))
    height = max(bottom - top, 8.0)
    # The middle of the bars is enough, and a flat strip hides the slant that perspective leaves.
    middle, half = (top + bottom) / 2, height * 0.32
    zoom_y = _STRIP_HEIGHT / (2 * half)
    matrix = np.array(
        [
            [cosine * zoom_x, sine * zoom_x, -left * zoom_x],
            [-sine * zoom_y, cosine * zoom_y, -(middle - half) * zoom_y],
        ],
        np.float32,
    )
    size = (int((right - left) * zoom_x), _STRIP_HEIGHT)
    strip = cv2.warpAffine(gray, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return strip, matrix
