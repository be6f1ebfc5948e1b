"""Adds up what several frames show of one bar code: noise and shake differ from frame to frame, the bars do not."""

from __future__ import annotations

from collections import deque
from typing import Any

from kube_pos.devices.opencv import OpenCv

_FRAMES = 8
_ALIKE = 0.75
"""Correlation from which on two lines are taken for the same code, here or turned round."""


class LineMemory:
    """The last lines of bars that could not be read, laid over each other. Used on one thread."""

    def __init__(self, opencv: OpenCv) -> None:
        """Begin with nothing seen."""
        self._np = opencv.numpy
        self._lines: deque[Any] = deque(maxlen=_FRAMES)

    def add(self, line: Any) -> Any | None:
        """Take in a line; return the mean with those that look like it, or None while it stands alone."""
        np = self._np
        alike = []
        for before in self._lines:
            if len(before) != len(line):
                continue
            straight, turned = (float(np.corrcoef(line, each)[0, 1]) for each in (before, before[::-1]))
            if max(straight, turned) > _ALIKE:
                alike.append(before if straight >= turned else before[::-1])
        self._lines.append(line)
        return np.mean([line, *alike], axis=0, dtype=np.float32) if alike else None

    def forget(self) -> None:
        """Begin anew: a code was read, or the card is gone."""
        self._lines.clear()
