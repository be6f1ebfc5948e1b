"""What every reader keeps to, run against a real pseudo terminal and a real video file."""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.clock import SystemClock
from kube_pos.devices.camera import CameraCallbacks, CameraReader, CameraSettings
from kube_pos.devices.capture import CaptureSettings
from kube_pos.devices.ports import DeviceState, Reader, Source
from kube_pos.devices.serial_scanner import SerialScanner, SerialScannerSettings
from kube_pos.devices.simulated import PtyScanner
from kube_pos.devices.simulated_video import write_card_video
from kube_pos.devices.worker import Backoff
from tests.devices_kit import Heard, card_digits, unseen

CODE = card_digits(123)
QUICK = Backoff(0.05, 0.2)


class ReaderContract(ABC):
    """The promises of `ports.Reader`; each plug inherits them."""

    device: str
    source: Source

    @abstractmethod
    def reader(self, heard: Heard, folder: Path) -> Reader:
        """Return a reader whose device is there and is showing or about to show CODE."""

    @abstractmethod
    def show_code(self) -> None:
        """Let the device read CODE (again), where it does not by itself."""

    @abstractmethod
    def absent(self, heard: Heard, folder: Path) -> Reader:
        """Return a reader whose device is not there."""

    @abstractmethod
    def unplug(self) -> None:
        """Release what the test holds."""

    @pytest.fixture(autouse=True)
    def _tidy(self) -> Iterator[None]:
        yield
        self.unplug()

    def test_it_reads_a_code_and_tells_its_source(self, tmp_path: Path) -> None:
        heard = Heard()
        reader = self.reader(heard, tmp_path)
        reader.start()
        assert heard.wait_state(DeviceState.READY)
        self.show_code()
        assert heard.wait(lambda: len(heard.scans) == 1)
        reader.stop()
        assert heard.scans[0].payload == CODE
        assert heard.scans[0].source is self.source
        assert [status.state for status in heard.statuses] == [DeviceState.STARTING, DeviceState.READY]
        assert {status.device for status in heard.statuses} == {self.device}

    def test_stopping_takes_less_than_three_seconds_and_no_scan_follows(self, tmp_path: Path) -> None:
        heard = Heard()
        reader = self.reader(heard, tmp_path)
        reader.start()
        assert heard.wait_state(DeviceState.READY)
        begun = time.monotonic()
        reader.stop()
        assert time.monotonic() - begun < 3
        scans = len(heard.scans)
        self.show_code()
        assert not heard.wait(lambda: len(heard.scans) > scans, 0.4)

    def test_stopping_before_the_start_and_twice_does_no_harm(self, tmp_path: Path) -> None:
        reader = self.reader(Heard(), tmp_path)
        reader.stop()
        reader.start()
        reader.stop()
        reader.stop()
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(self.device)]

    def test_it_reads_again_after_a_second_start(self, tmp_path: Path) -> None:
        heard = Heard()
        reader = self.reader(heard, tmp_path)
        reader.start()
        assert heard.wait_state(DeviceState.READY)
        reader.stop()
        heard.scans.clear()
        heard.statuses.clear()
        reader.start()
        assert heard.wait_state(DeviceState.READY)
        self.show_code()
        assert heard.wait(lambda: CODE in heard.payloads())
        reader.stop()

    def test_an_absent_device_is_a_status_told_once_not_an_exception(self, tmp_path: Path) -> None:
        heard = Heard()
        reader = self.absent(heard, tmp_path)
        reader.start()
        assert heard.wait_state(DeviceState.LOST)
        assert not heard.wait(lambda: len(heard.statuses) > 2, 0.5)
        reader.stop()
        assert [status.state for status in heard.statuses] == [DeviceState.STARTING, DeviceState.LOST]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal needs a POSIX system")
class TestSerialScanner(ReaderContract):
    device = "scanner"
    source = Source.SERIAL
    plug: PtyScanner | None = None

    def reader(self, heard: Heard, folder: Path) -> Reader:
        self.plug = PtyScanner(folder / "scanner", allow=True)
        self.plug.plug()
        return self._over(self.plug.path, heard)

    def show_code(self) -> None:
        assert self.plug is not None
        self.plug.type(CODE)

    def absent(self, heard: Heard, folder: Path) -> Reader:
        return self._over(folder / "nothing", heard)

    def unplug(self) -> None:
        if self.plug is not None:
            self.plug.unplug()

    def _over(self, path: Path, heard: Heard) -> Reader:
        settings = SerialScannerSettings(str(path), backoff=QUICK)
        return SerialScanner(settings, heard.on_scan, heard.on_status, SystemClock())


class TestCameraReader(ReaderContract):
    device = "camera"
    source = Source.CAMERA

    def reader(self, heard: Heard, folder: Path) -> Reader:
        video = folder / "cards.avi"
        write_card_video(video, (CODE,), allow=True)
        return self._over(video, heard)

    def show_code(self) -> None:
        """Do nothing: the film runs and shows the code by itself."""

    def absent(self, heard: Heard, folder: Path) -> Reader:
        return self._over(folder / "nothing.avi", heard)

    def unplug(self) -> None:
        """Do nothing: a file needs no release."""

    def _over(self, path: Path, heard: Heard) -> Reader:
        settings = CameraSettings(CaptureSettings(str(path)), backoff=QUICK)
        callbacks = CameraCallbacks(heard.on_scan, heard.on_status, unseen)
        return CameraReader(settings, callbacks, SystemClock())
