"""What the wizards of scanner and camera are given by the program's composition root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kube_pos.devices.camera_names import FoundCamera
from kube_pos.devices.wedge_calibration import Calibration, CalibrationFault
from kube_pos.errors import KubePosError

Said = Callable[[KubePosError | None], None]
"""Hears the error, None when done; called on another thread."""


class ReaderDesk(Protocol):
    """The readers, as setting them up needs it."""

    @property
    def test_code(self) -> str:
        """Return the code whose scan teaches a scanner."""
        ...

    @property
    def test_bars(self) -> tuple[bool, ...]:
        """Return its bars, module by module, without quiet zones."""
        ...

    @property
    def scanner_port(self) -> str:
        """Return the serial scanner that is chosen; empty for one that types."""
        ...

    @property
    def camera(self) -> str:
        """Return the camera that is chosen; empty for none."""
        ...

    def learn(self, said: Callable[[Calibration | CalibrationFault], None]) -> None:
        """Learn from the next scan of the test code; the answer comes on the main thread."""
        ...

    def stop_learning(self) -> None:
        """Wait for no test scan any more."""
        ...

    def use_learnt(self, calibration: Calibration, said: Said) -> None:
        """Go by what was learnt, and keep it."""
        ...

    def serial_ports(self, said: Callable[[tuple[tuple[str, str], ...]], None]) -> None:
        """Look for serial ports: what the settings keep of each, and its name."""
        ...

    def choose_serial(self, port: str, said: Said) -> None:
        """Take a serial scanner into use; an empty port: only one that types."""
        ...

    def cameras(self, said: Callable[[tuple[FoundCamera, ...]], None]) -> None:
        """Look for cameras."""
        ...

    def choose_camera(self, spec: str, said: Said) -> None:
        """Take a camera into use; empty: none."""
        ...
