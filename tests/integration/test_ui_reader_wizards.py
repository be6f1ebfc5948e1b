"""The wizards of scanner and camera: what is learnt, found, chosen, read; and that nothing is lost on the way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from kube_pos.devices.opencv import load_opencv
from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, Source
from kube_pos.devices.wedge_calibration import TEST_CODE, Calibration, CalibrationFault, learn
from kube_pos.devices.zxing import load_zxing
from kube_pos.errors import LibraryMissing
from kube_pos.ledger.cards import card_number
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.ui.bars_view import BarsView
from kube_pos.ui.camera_view import CameraView
from kube_pos.ui.camera_wizard import CameraWizard
from kube_pos.ui.main_window import MainWindow
from kube_pos.ui.scanner_wizard import ScannerWizard
from tests.ledger_kit import Outlet
from tests.reader_kit import MadeUpReaders
from tests.ui_kit import Counter, banner, button, furnish, open_counter, press, scan, settle, show, touch, words_on
from tests.unit.test_devices_wedge_calibration import struck

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def readers() -> MadeUpReaders:
    return MadeUpReaders()


@pytest.fixture
def counter(outlet: Outlet, readers: MadeUpReaders, qtbot: QtBot) -> Iterator[Counter]:
    furnish(outlet)
    opened = open_counter(outlet)
    opened.window.deleteLater()
    opened.desk = replace(opened.desk, readers=readers)
    opened.window = MainWindow(opened.desk, opened.bridge)
    show(opened, qtbot)
    opened.window.open_page("perangkat")
    yield opened
    opened.close()


def learnt(text: str = TEST_CODE, gap_ms: int = 5, end: str = "\r") -> Calibration:
    found = learn(struck(text, gap_ms, end=end))
    assert isinstance(found, Calibration)
    return found


def test_a_scanner_is_learnt_shown_and_used_at_once(counter: Counter, readers: MadeUpReaders) -> None:
    touch(counter, button(counter, "ui.readers.set_up_scanner"))
    assert readers.learning is not None
    assert not button(counter, "ui.readers.use_learnt").isEnabled()
    found = learnt(f"]C0~{TEST_CODE}", 130, "\t")
    readers.learning(found)
    settle(counter)
    said = words_on(counter)
    say = counter.desk.texts.say
    assert say("ui.readers.learnt", gap=130, longest=130) in said
    for key in ("ends_tab", "aim_on", "layout_same", "slow"):
        assert say(f"ui.readers.{key}") in said
    assert "«~»" in said
    touch(counter, button(counter, "ui.readers.use_learnt"))
    assert readers.used == [found]
    assert banner(counter) == say("ui.readers.saved")


@pytest.mark.parametrize("fault", list(CalibrationFault))
def test_a_scan_that_teaches_nothing_says_why_and_offers_another(
    counter: Counter, readers: MadeUpReaders, fault: CalibrationFault
) -> None:
    touch(counter, button(counter, "ui.readers.set_up_scanner"))
    assert readers.learning is not None
    readers.learning(fault)
    readers.learning = None
    settle(counter)
    assert counter.desk.texts.say(f"ui.readers.fault_{fault.value}") in words_on(counter)
    assert not button(counter, "ui.readers.use_learnt").isEnabled()
    touch(counter, button(counter, "ui.readers.again"))
    assert readers.learning is not None


def test_leaving_by_escape_gives_the_keys_back(counter: Counter, readers: MadeUpReaders) -> None:
    touch(counter, button(counter, "ui.readers.set_up_scanner"))
    assert readers.learning is not None
    press(counter, Qt.Key.Key_Escape)
    assert readers.learning is None
    assert button(counter, "ui.readers.set_up_scanner").isVisible()


def test_another_page_gives_the_keys_back_too(counter: Counter, readers: MadeUpReaders) -> None:
    touch(counter, button(counter, "ui.readers.set_up_scanner"))
    counter.window.open_page("kasir")
    assert readers.learning is None


def test_a_serial_scanner_is_chosen_from_the_list_and_tried(counter: Counter, readers: MadeUpReaders) -> None:
    touch(counter, button(counter, "ui.readers.set_up_scanner"))
    wizard = counter.window.findChild(ScannerWizard)
    wizard._table.selectRow(1)
    touch(counter, button(counter, "ui.readers.use_port"))
    assert readers.scanner_port == "0C2E:0B61:A1"
    scan(counter, card_number(5).digits)
    assert "••••••••••" in words_on(counter)
    assert card_number(5).digits not in words_on(counter)
    scan(counter, TEST_CODE)
    assert counter.desk.texts.say("ui.readers.read_test") in words_on(counter)


def test_a_port_that_is_not_plugged_in_is_typed_and_stays_on_the_list(counter: Counter, readers: MadeUpReaders) -> None:
    touch(counter, button(counter, "ui.readers.set_up_scanner"))
    wizard = counter.window.findChild(ScannerWizard)
    wizard._typed.setText("COM7")
    touch(counter, button(counter, "ui.readers.use_port"))
    assert readers.scanner_port == "COM7"
    rows = [wizard._model.row(place) for place in range(wizard._model.rowCount())]
    assert ("COM7", counter.desk.texts.say("ui.readers.port_away")) in rows


def test_a_refused_choice_is_told(counter: Counter, readers: MadeUpReaders) -> None:
    readers.refuses = LibraryMissing(library="OpenCV", package="pip")
    touch(counter, button(counter, "ui.readers.set_up_camera"))
    touch(counter, button(counter, "ui.readers.use_camera"))
    assert "OpenCV" in banner(counter)


def test_a_camera_is_chosen_by_name_and_shows_what_it_reads(counter: Counter, readers: MadeUpReaders) -> None:
    touch(counter, button(counter, "ui.readers.set_up_camera"))
    wizard = counter.window.findChild(CameraWizard)
    wizard._table.selectRow(1)
    touch(counter, button(counter, "ui.readers.use_camera"))
    assert readers.camera == "name:HD Pro Webcam C920"
    counter.bridge.on_status(DeviceStatus("camera", DeviceState.LOST, "camera_busy", (("camera", "C920"),)))
    settle(counter)
    assert counter.desk.texts.say("device.camera_busy", camera="C920") in words_on(counter)
    counter.bridge.on_frame(Frame(64, 36, bytes(64 * 36 * 3), "dark"))
    settle(counter)
    assert wizard.findChild(CameraView).has_picture
    assert counter.desk.texts.say("camera_hint.dark") in words_on(counter)
    counter.scan(card_number(5).digits, Source.CAMERA)
    settle(counter)
    assert "code128" in words_on(counter)


def test_a_camera_that_is_away_stays_chosen(counter: Counter, readers: MadeUpReaders) -> None:
    readers.camera = "name:Gone"
    touch(counter, button(counter, "ui.readers.set_up_camera"))
    wizard = counter.window.findChild(CameraWizard)
    chosen = wizard._model.row(wizard._table.chosen())
    assert chosen is not None
    assert chosen.spec == "name:Gone"


def test_the_test_code_on_the_screen_is_read_by_a_camera(counter: Counter) -> None:
    touch(counter, button(counter, "ui.readers.set_up_scanner"))
    QApplication.processEvents()
    view = counter.window.findChild(BarsView)
    picture = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    opencv, zxing = load_opencv(), load_zxing()
    assert zxing is not None
    np = opencv.numpy
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    gray = np.ascontiguousarray(rows[:, : picture.width()])
    assert [code.payload for code in zxing.read(gray, thorough=True)] == [TEST_CODE]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_that_a_wizard_can_choose_exists(language: str) -> None:
    texts = Texts(language)
    keys = [f"fault_{fault.value}" for fault in CalibrationFault] + [f"ends_{end}" for end in ("enter", "tab", "none")]
    assert all(texts.has(f"ui.readers.{key}") for key in (*keys, "set_up_scanner", "set_up_camera"))
