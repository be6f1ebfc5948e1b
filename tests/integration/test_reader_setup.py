"""Readers chosen while the till runs: real settings file, real pseudo terminal, made-up cameras of the system."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kube_pos.clock import SystemClock
from kube_pos.devices.camera import CameraCallbacks, CameraReader, CameraSettings
from kube_pos.devices.camera_names import CameraAbsent, camera_number, find_cameras
from kube_pos.devices.capture import CaptureSettings
from kube_pos.devices.document import PrintDocument
from kube_pos.devices.ports import DeviceState
from kube_pos.devices.registry import DeviceContext
from kube_pos.devices.simulated import PtyScanner
from kube_pos.devices.supervisor import Supervisor
from kube_pos.devices.wedge import Key, WedgeSettings
from kube_pos.devices.wedge_calibration import TEST_CODE, Calibration
from kube_pos.devices.worker import Backoff
from kube_pos.errors import KubePosError
from kube_pos.ledger.sqlite_queues import SqlitePrints
from kube_pos.printing import Printing, PrintingParts
from kube_pos.reader_setup import Learnt, ReaderSetup, learnt_settings
from kube_pos.settings import FILE_NAME, Settings, load
from tests.devices_kit import Heard, card_digits, unseen
from tests.ledger_kit import Outlet
from tests.unit.test_devices_wedge_calibration import struck


class Tap:
    """The place where a scanner's keys come by."""

    def __init__(self) -> None:
        self.used: list[WedgeSettings] = []
        self.recording: Callable[[tuple[Key, ...]], None] | None = None

    def record(self, on_recorded: Callable[[tuple[Key, ...]], None] | None) -> None:
        self.recording = on_recorded

    def use(self, settings: WedgeSettings) -> None:
        self.used.append(settings)


class Rig:
    """A supervisor with its printing and the readers' setup, on real files."""

    def __init__(self, outlet: Outlet, folder: Path) -> None:
        self.heard = Heard()
        self.file = folder / FILE_NAME
        clock = SystemClock()
        self.supervisor = Supervisor(self.heard.on_scan, self.heard.on_status, unseen, clock)
        callbacks = CameraCallbacks(self.supervisor.scanned, self.supervisor.told, self.supervisor.shown)
        context = DeviceContext(clock, callbacks, lambda _: None, folder)
        parts = PrintingParts(
            SqlitePrints(outlet.journal_file),
            lambda _job, columns: PrintDocument(columns, ()),
            context,
            self.supervisor,
            lambda _: None,
            lambda: PrintDocument(32, ()),
            self.file,
        )
        self.printing = Printing(parts, Settings(printer="screen", backup_folder="/somewhere"))
        self.setup = ReaderSetup(self.supervisor, context, self.printing)
        self.supervisor.take((), self.printing.queues)
        self.supervisor.start()

    def wait(self, act: Callable[[Callable[[KubePosError | None], None]], None]) -> KubePosError | None:
        """Do what answers by a callback on another thread, and return the answer."""
        answered = threading.Event()
        answers: list[KubePosError | None] = []

        def said(error: KubePosError | None) -> None:
            answers.append(error)
            answered.set()

        act(said)
        assert answered.wait(10)
        return answers[0]


@pytest.fixture
def rig(outlet: Outlet, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(outlet, tmp_path)
    yield made
    made.supervisor.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal needs a POSIX system")
def test_a_serial_scanner_is_taken_into_use_without_a_restart_and_kept(rig: Rig, tmp_path: Path) -> None:
    plug = PtyScanner(tmp_path / "ttyACM0", allow=True)
    plug.plug()
    assert rig.wait(lambda said: rig.setup.choose_serial(str(plug.path), said)) is None
    assert rig.heard.wait_state(DeviceState.READY)
    plug.type(card_digits(4))
    assert rig.heard.wait(lambda: rig.heard.payloads() == [card_digits(4)])
    assert load(rig.file).scanner_port == str(plug.path)
    assert load(rig.file).backup_folder == "/somewhere"
    assert rig.wait(lambda said: rig.setup.choose_serial("", said)) is None
    assert rig.heard.wait(lambda: rig.heard.statuses[-1].detail == "scanner_keyboard")
    assert load(rig.file).scanner_port == ""
    plug.unplug()


def test_what_was_learnt_is_used_at_once_kept_and_used_at_the_next_start(rig: Rig) -> None:
    tap, learnt = Tap(), list[Learnt]()
    rig.setup.attach(tap)
    rig.setup.learn(learnt.append)
    assert tap.recording is not None
    tap.recording(tuple(struck(f"~{TEST_CODE}", 120)))
    (found,) = learnt
    assert isinstance(found, Calibration)
    assert rig.wait(lambda said: rig.setup.use_learnt(found, said)) is None
    assert tap.used == [WedgeSettings(), found.settings]
    assert learnt_settings(load(rig.file)) == found.settings
    rig.setup.stop_learning()
    assert tap.recording is None


def test_settings_that_can_not_be_read_are_the_usual_ones() -> None:
    assert learnt_settings(Settings(scanner_keys="{not json")) == WedgeSettings()
    assert learnt_settings(Settings()) == WedgeSettings()


def test_a_wrong_choice_is_told_and_changes_nothing(rig: Rig) -> None:
    error = rig.wait(lambda said: rig.setup.choose_camera("  ", said))
    assert error is not None
    assert error.code == "device_setting_wrong"
    assert rig.setup.camera == ""
    assert not rig.file.exists()


def test_a_settings_file_that_can_not_be_written_is_told(rig: Rig) -> None:
    rig.file.with_suffix(".toml.new").mkdir()
    error = rig.wait(lambda said: rig.setup.choose_camera("0", said))
    assert error is not None
    assert error.code == "settings_not_saved"
    assert rig.setup.camera == ""


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """The folder of a Linux system with three cameras, of which two are of one make; each has a second device."""
    root = tmp_path / "video4linux"
    for number, name in ((0, "Integrated Camera"), (2, "HD Webcam #7"), (4, "HD Webcam #7")):
        for index in (0, 1):
            folder = root / f"video{number + index}"
            folder.mkdir(parents=True)
            (folder / "name").write_text(f"{name}\n", encoding="utf-8")
            (folder / "index").write_text(f"{index}\n", encoding="utf-8")
    return root


def test_cameras_are_listed_by_name_and_found_again_by_it(system: Path) -> None:
    found = find_cameras(system, "linux")
    assert [camera.name for camera in found] == ["Integrated Camera", "HD Webcam  7", "HD Webcam  7"]
    assert [camera_number(camera.spec, system, "linux") for camera in found] == [0, 2, 4]
    assert camera_number("4", system, "linux") == 4


def test_a_camera_whose_number_changed_is_found_by_its_name(system: Path) -> None:
    spec = find_cameras(system, "linux")[0].spec
    (system / "video0").rename(system / "video9")
    assert camera_number(spec, system, "linux") == 9


@pytest.mark.parametrize("spec", ["name:Gone", "name:HD Webcam  7#3", "name:HD Webcam  7#0", "77", "name:"])
def test_an_absent_camera_is_told_as_absent(system: Path, spec: str) -> None:
    with pytest.raises(CameraAbsent):
        camera_number(spec, system, "linux")


def test_where_the_system_tells_no_names_numbers_are_offered(tmp_path: Path) -> None:
    assert [camera.spec for camera in find_cameras(tmp_path / "nothing", "win32")] == ["0", "1", "2", "3"]
    assert find_cameras(tmp_path / "nothing", "linux") == ()
    assert camera_number("2", tmp_path / "nothing", "win32") == 2


def test_a_camera_by_a_name_that_is_not_there_is_not_found_and_tried_again(tmp_path: Path) -> None:
    heard = Heard()
    settings = CameraSettings(CaptureSettings("name:Nobody's camera"), backoff=Backoff(0.05, 0.1))
    reader = CameraReader(settings, CameraCallbacks(heard.on_scan, heard.on_status, unseen), SystemClock())
    reader.start()
    assert heard.wait_state(DeviceState.LOST)
    reader.stop()
    assert heard.statuses[-1].detail == "camera_not_found"
    assert heard.statuses[-1].facts == (("camera", "Nobody's camera"),)
    assert not list(tmp_path.iterdir())
