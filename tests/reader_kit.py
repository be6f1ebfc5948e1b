"""A desk of readers for tests of the wizards: what is found is made up, what is chosen is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kube_pos.devices.camera_names import FoundCamera
from kube_pos.devices.code128_table import bars_of
from kube_pos.devices.wedge_calibration import TEST_CODE, Calibration, CalibrationFault
from kube_pos.errors import KubePosError

Learnt = Calibration | CalibrationFault


@dataclass
class MadeUpReaders:
    """Two scanners and two cameras."""

    scanner_port: str = ""
    camera: str = ""
    learning: Callable[[Learnt], None] | None = None
    used: list[Calibration] = field(default_factory=list)
    refuses: KubePosError | None = None

    test_code = TEST_CODE
    test_bars = bars_of(TEST_CODE)

    def learn(self, said: Callable[[Learnt], None]) -> None:
        self.learning = said

    def stop_learning(self) -> None:
        self.learning = None

    def use_learnt(self, calibration: Calibration, said: Callable[[KubePosError | None], None]) -> None:
        self.used.append(calibration)
        said(self.refuses)

    def serial_ports(self, said: Callable[[tuple[tuple[str, str], ...]], None]) -> None:
        said((("0C2E:0B61:A1", "Honeywell Voyager 1400g"), ("/dev/ttyS0", "ttyS0")))

    def choose_serial(self, port: str, said: Callable[[KubePosError | None], None]) -> None:
        self.scanner_port = port
        said(self.refuses)

    def cameras(self, said: Callable[[tuple[FoundCamera, ...]], None]) -> None:
        said(
            (FoundCamera("name:HD Pro Webcam C920", "HD Pro Webcam C920"), FoundCamera("name:Integrated", "Integrated"))
        )

    def choose_camera(self, spec: str, said: Callable[[KubePosError | None], None]) -> None:
        self.camera = spec
        said(self.refuses)
