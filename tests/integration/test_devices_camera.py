"""The camera's threads over real video files: preview, hints, pictures that stop, the end of a film."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kube_pos.clock import SystemClock
from kube_pos.devices.camera import CameraCallbacks, CameraReader, CameraSettings
from kube_pos.devices.capture import CaptureSettings
from kube_pos.devices.opencv import OpenCv, load_opencv
from kube_pos.devices.picture_hints import PictureWatch, WatchSettings, look_at
from kube_pos.devices.ports import DeviceState, Frame
from kube_pos.devices.simulated import SimulationRefused
from kube_pos.devices.simulated_video import VideoPlan, write_card_video
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.worker import Backoff
from tests.devices_kit import Heard, card_digits, checks_itself, unseen


@pytest.fixture(scope="module")
def opencv() -> OpenCv:
    return load_opencv()


def video_of(opencv: OpenCv, path: Path, value: int, frames: int = 10) -> Path:
    """Write a video whose frames are all alike."""
    cv2, np = opencv.cv2, opencv.numpy
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for _ in range(frames):
        video.write(np.full((240, 320, 3), value, np.uint8))
    video.release()
    return path


def camera(
    path: Path,
    heard: Heard,
    on_frame: Callable[[Frame], None] = unseen,
    *,
    loop: bool = True,
    watch: WatchSettings | None = None,
) -> CameraReader:
    settings = CameraSettings(
        CaptureSettings(str(path), loop=loop), watch=watch or WatchSettings(), backoff=Backoff(0.05, 0.2)
    )
    callbacks = CameraCallbacks(heard.on_scan, heard.on_status, on_frame)
    return CameraReader(settings, callbacks, SystemClock(), checks_itself)


def test_two_cards_shown_one_after_the_other_are_each_told_once(tmp_path: Path) -> None:
    codes = (card_digits(1), card_digits(2))
    write_card_video(tmp_path / "cards.avi", codes, allow=True)
    heard = Heard()
    reader = camera(tmp_path / "cards.avi", heard, loop=False)
    reader.start()
    assert heard.wait(lambda: bool(heard.statuses) and heard.statuses[-1].detail == "camera_video_ended", 20)
    reader.stop()
    assert heard.payloads() == list(codes)
    assert {scan.symbology for scan in heard.scans} == {"code128"}


def test_a_qr_code_is_read_too(tmp_path: Path) -> None:
    plan = VideoPlan(held_frames=12, away_frames=2)
    write_card_video(tmp_path / "qr.avi", (card_digits(3),), symbology=Symbology.QR, plan=plan, allow=True)
    heard = Heard()
    reader = camera(tmp_path / "qr.avi", heard)
    reader.start()
    assert heard.wait(lambda: bool(heard.scans))
    reader.stop()
    assert heard.scans[0].symbology == "qr"


def test_the_preview_is_small_rgb_and_not_faster_than_the_eye(tmp_path: Path) -> None:
    write_card_video(tmp_path / "cards.avi", (card_digits(1),), plan=VideoPlan(fps=60), allow=True)
    frames: list[Frame] = []
    heard = Heard()
    reader = camera(tmp_path / "cards.avi", heard, frames.append)
    reader.start()
    assert heard.wait(lambda: bool(heard.scans))
    before = len(frames)
    assert not heard.wait(lambda: len(heard.statuses) > 5, 1.0)
    per_second = len(frames) - before
    reader.stop()
    assert 15 <= per_second <= 28
    assert {(frame.width, frame.height) for frame in frames} == {(640, 360)}
    assert all(len(frame.pixels) == frame.width * frame.height * 3 for frame in frames)


@pytest.mark.parametrize(("value", "detail"), [(0, "camera_black"), (120, "camera_frozen")])
def test_pictures_that_are_black_or_stand_still_want_attention(
    opencv: OpenCv, tmp_path: Path, value: int, detail: str
) -> None:
    heard = Heard()
    path = video_of(opencv, tmp_path / "still.avi", value)
    reader = camera(path, heard, watch=WatchSettings(black_ms=200, frozen_ms=600))
    reader.start()
    assert heard.wait(lambda: heard.statuses[-1].detail == detail if heard.statuses else False)
    reader.stop()
    assert heard.statuses[-1].state is DeviceState.ATTENTION


def test_a_camera_that_goes_away_is_lost_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "cards.avi"
    write_card_video(path, (card_digits(1),), plan=VideoPlan(held_frames=8, away_frames=0), allow=True)
    data = path.read_bytes()
    heard = Heard()
    reader = camera(path, heard)
    reader.start()
    assert heard.wait_state(DeviceState.READY)
    path.unlink()
    assert heard.wait_state(DeviceState.LOST)
    path.write_bytes(data)
    assert heard.wait_state(DeviceState.READY)
    reader.stop()


def test_a_file_that_is_no_video_is_a_lost_camera(tmp_path: Path) -> None:
    path = tmp_path / "text.avi"
    path.write_text("no pictures here", encoding="utf-8")
    heard = Heard()
    reader = camera(path, heard)
    reader.start()
    assert heard.wait_state(DeviceState.LOST)
    reader.stop()
    assert heard.statuses[-1].detail == "camera_not_found"


def test_hints_tell_dark_bright_and_blurred(opencv: OpenCv) -> None:
    cv2, np = opencv.cv2, opencv.numpy
    board = (np.indices((480, 640)).sum(axis=0) // 24 % 2 * 255).astype(np.uint8)
    assert look_at(opencv, board).hint == ""
    assert look_at(opencv, board // 8).hint == "dark"
    assert look_at(opencv, board // 16 + 235).hint == "bright"
    assert look_at(opencv, cv2.GaussianBlur(board, (0, 0), 7)).hint == "blurred"
    assert look_at(opencv, np.full((480, 640, 3), 120, np.uint8)).hint == ""


def test_the_watch_forgives_a_short_darkness(opencv: OpenCv) -> None:
    np = opencv.numpy
    watch = PictureWatch(WatchSettings(black_ms=1000, frozen_ms=5000))
    black, gray = (look_at(opencv, np.full((240, 320), value, np.uint8)) for value in (0, 100))
    assert watch.see(gray, 0) == "camera_ready"
    assert watch.see(black, 500) == "camera_ready"
    assert watch.see(gray, 900) == "camera_ready"
    assert watch.see(black, 1000) == "camera_ready"
    assert watch.see(black, 1900) == "camera_black"


def test_a_film_of_cards_is_not_made_for_the_till_itself(tmp_path: Path) -> None:
    with pytest.raises(SimulationRefused):
        write_card_video(tmp_path / "cards.avi", ("1234",))
