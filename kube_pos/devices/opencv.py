"""The only home of OpenCV and numpy: loaded late, on a device's thread, for they cost a second and 60 MB."""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Picture: TypeAlias = "NDArray[np.uint8]"
"""A gray picture (rows, columns) or a BGR one (rows, columns, 3)."""


@dataclass(frozen=True, slots=True)
class OpenCv:
    """The two loaded modules."""

    cv2: ModuleType
    numpy: ModuleType


def load_opencv() -> OpenCv:
    """Import OpenCV and numpy and undo what the import does to the process."""
    # Microsoft's camera interface else takes up to 20 seconds to open; read by OpenCV at its import.
    os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    # OpenCV points Qt at plugins of its own, which are another Qt's.
    os.environ.pop("QT_QPA_PLATFORM_PLUGIN_PATH", None)
    os.environ.pop("QT_QPA_FONTDIR", None)
    # The till has two cores; the other one is the main thread's.
    cv2.setNumThreads(1)
    return OpenCv(cv2, np)


def to_gray(opencv: OpenCv, picture: Picture) -> Picture:
    """Return the picture in gray; a gray one as it is."""
    if picture.ndim == 2:
        return picture
    gray: Picture = opencv.cv2.cvtColor(picture, opencv.cv2.COLOR_BGR2GRAY)
    return gray
