"""Runs before the program in the bundle: pyzbar asks the system for zbar, which lies in the bundle."""

from __future__ import annotations

import ctypes.util
import sys
from pathlib import Path

_ask_the_system = ctypes.util.find_library


def _find_library(name: str) -> str | None:
    if name == "zbar":
        return str(Path(sys._MEIPASS) / "libzbar.so.0")  # type: ignore[attr-defined]  # noqa: SLF001 -- PyInstaller's name
    return _ask_the_system(name)


ctypes.util.find_library = _find_library
