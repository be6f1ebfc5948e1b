"""Which cameras are plugged in, and their numbers by name: numbers change with every plug, names stay."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

BY_NAME = "name:"
_SYSTEM = Path("/sys/class/video4linux")
_WINDOWS_NUMBERS = range(4)


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that is plugged in. `spec` is what the settings keep of it."""

    spec: str
    name: str


class CameraAbsent(Exception):
    """No camera of that name or number is plugged in."""


def find_cameras(system: Path = _SYSTEM, platform: str = sys.platform) -> tuple[FoundCamera, ...]:
    """Return the cameras.

    Linux tells their names. Windows tells names only through COM, so the first numbers are offered there, unproved.
    """
    if platform == "win32":
        return tuple(FoundCamera(str(number), "") for number in _WINDOWS_NUMBERS)
    names = _names(system)
    found = []
    for number, name in sorted(names.items()):
        twins = [other for other, same in sorted(names.items()) if same == name]
        # Two cameras of one make are told apart by their order, as well as can be.
        place = twins.index(number)
        found.append(FoundCamera(f"{BY_NAME}{name}" + (f"#{place + 1}" if place else ""), name))
    return tuple(found)


def camera_number(spec: str, system: Path = _SYSTEM, platform: str = sys.platform) -> int:
    """Return the number for a number or `name:NAME`; raises CameraAbsent when it is certain that it is not there."""
    if spec.isdecimal():
        places = (system / f"video{spec}", Path(f"/dev/video{spec}"))
        if platform == "linux" and not any(place.exists() for place in places):
            raise CameraAbsent
        return int(spec)
    wanted, _, place = spec.removeprefix(BY_NAME).partition("#")
    same = [number for number, name in sorted(_names(system).items()) if name == wanted]
    at = int(place) - 1 if place.isdecimal() else 0
    if at >= len(same) or at < 0:
        raise CameraAbsent
    return same[at]


def _names(system: Path) -> dict[int, str]:
    """Return the names of the devices that give pictures: a camera's second device gives only facts about them."""
    names: dict[int, str] = {}
    try:
        folders = sorted(system.iterdir())
    except OSError:
        return names
    for folder in folders:
        number = folder.name.removeprefix("video")
        try:
            is_first = (folder / "index").read_text(encoding="ascii").strip() == "0"
            name = (folder / "name").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        if number.isdecimal() and is_first and name:
            # A sign of our own form must not be in the name.
            names[int(number)] = name.replace("#", " ").strip()
    return names
