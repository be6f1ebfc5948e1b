"""A keyboard scanner's keys never reach a field or a button; a person's keys all do, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from kube_pos.devices.ports import Scan, Source
from kube_pos.devices.wedge import Key, WedgeSettings
from kube_pos.ui.controls import Button
from kube_pos.ui.theme import LIGHT
from kube_pos.ui.wedge_filter import WedgeFilter
from tests.fakes import FixedClock

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")
CARD = "64720000000160"
PERSON_MS, SCANNER_MS = 130, 8
_NO_KEYS = Qt.KeyboardModifier.NoModifier


@dataclass
class Desk:
    """A window with a field and a button, behind the filter, and a keyboard whose clock is in the test's hand."""

    clock: FixedClock = field(default_factory=FixedClock)
    scans: list[Scan] = field(default_factory=list)
    pressed: int = 0
    now: int = 50_000

    def __post_init__(self) -> None:
        self.window = QWidget()
        column = QVBoxLayout(self.window)
        self.edit = QLineEdit()
        self.button = Button("Simpan", LIGHT)
        self.button.clicked.connect(self._count)
        column.addWidget(self.edit)
        column.addWidget(self.button)
        self.filter = WedgeFilter(self.scans.append, self.clock)

    def _count(self) -> None:
        self.pressed += 1

    def strike(self, character: str, gap_ms: int, *, repeat: bool = False, held: bool = False) -> None:
        """Send one key as the window system does: shortcut override, press, release, each with its time."""
        self.now += gap_ms
        self.clock.advance(gap_ms)
        key = {"\r": Qt.Key.Key_Return, "\t": Qt.Key.Key_Tab}.get(character) or Qt.Key(ord(character.upper()))
        kinds = [QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease]
        for kind in kinds[:2] if held else kinds:
            event = QKeyEvent(kind, key, _NO_KEYS, character, repeat)
            event.setTimestamp(self.now)
            event.ignore()
            QCoreApplication.sendEvent(self.window.windowHandle(), event)

    def type_text(self, text: str, gap_ms: int = PERSON_MS) -> None:
        for character in text:
            self.strike(character, gap_ms)
            self.silence(1)

    def scan(self, payload: str, end: str = "\r") -> None:
        self.strike(payload[0], 400)
        for character in payload[1:] + end:
            self.strike(character, SCANNER_MS)

    def silence(self, ms: int) -> None:
        """Let time pass on the keyboard's clock and let the filter notice."""
        self.now += ms
        self.clock.advance(ms)
        self.filter._expire()

    @property
    def payloads(self) -> list[str]:
        return [scan.payload for scan in self.scans]


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk()
    qtbot.addWidget(made.window)
    with qtbot.waitExposed(made.window):
        made.window.show()
    made.window.activateWindow()
    made.edit.setFocus()
    qtbot.waitUntil(made.edit.hasFocus)
    made.filter.watch(made.window.windowHandle())
    yield made
    made.window.windowHandle().removeEventFilter(made.filter)


def test_a_scan_is_told_and_leaves_the_field_empty(desk: Desk) -> None:
    desk.scan(CARD)
    assert desk.payloads == [CARD]
    assert desk.scans[0].source is Source.WEDGE
    assert desk.edit.text() == ""


def test_the_enter_of_a_scan_presses_no_button(desk: Desk) -> None:
    desk.button.setFocus()
    desk.scan(CARD)
    assert desk.payloads == [CARD]
    assert desk.pressed == 0
    desk.strike("\r", 900)
    assert desk.pressed == 1


def test_the_tab_of_a_scan_moves_no_focus(desk: Desk) -> None:
    desk.scan(CARD, end="\t")
    assert desk.payloads == [CARD]
    assert desk.edit.hasFocus()


def test_a_scan_may_end_with_a_line_feed(desk: Desk) -> None:
    desk.scan(CARD, end="\n")
    assert desk.payloads == [CARD]
    assert desk.edit.text() == ""


def test_an_enter_that_comes_late_from_a_slow_scanner_presses_no_button(desk: Desk) -> None:
    desk.button.setFocus()
    desk.scan(CARD, end="")
    desk.silence(120)
    assert desk.payloads == [CARD]
    desk.strike("\r", 60)
    assert desk.pressed == 0
    desk.strike("\r", 100)
    assert desk.pressed == 1


def test_a_persons_enter_after_a_scan_without_an_end_presses(desk: Desk) -> None:
    desk.button.setFocus()
    desk.scan(CARD, end="")
    desk.silence(120)
    desk.strike("\r", 400)
    assert desk.pressed == 1


def test_a_scan_with_two_ends_presses_no_button(desk: Desk) -> None:
    desk.button.setFocus()
    desk.scan(CARD, end="\r\r")
    assert desk.payloads == [CARD]
    assert desk.pressed == 0


def test_what_a_person_types_arrives_whole_and_in_order(desk: Desk) -> None:
    desk.type_text("beras 5 kg")
    desk.silence(200)
    assert desk.edit.text() == "beras 5 kg"
    assert desk.scans == []


def test_a_fast_typist_is_no_scanner(desk: Desk) -> None:
    desk.type_text("minyak goreng", gap_ms=70)
    desk.silence(200)
    assert desk.edit.text() == "minyak goreng"
    assert desk.scans == []


def test_a_scan_in_the_middle_of_typing_leaves_the_typing_as_it_was(desk: Desk) -> None:
    desk.type_text("ber")
    desk.silence(200)
    desk.scan(CARD)
    desk.type_text("as")
    desk.silence(200)
    assert desk.payloads == [CARD]
    assert desk.edit.text() == "beras"


def test_a_persons_enter_still_presses(desk: Desk) -> None:
    desk.button.setFocus()
    desk.strike("\r", 500)
    assert desk.pressed == 1


def test_a_persons_space_presses_once_though_it_is_held_for_a_moment(desk: Desk) -> None:
    desk.button.setFocus()
    desk.strike(" ", 500)
    assert desk.pressed == 0
    desk.silence(200)
    assert desk.pressed == 1


def test_a_held_key_is_a_person(desk: Desk) -> None:
    desk.strike("a", 500, held=True)
    for _ in range(20):
        desk.strike("a", 33, repeat=True, held=True)
    desk.silence(200)
    assert desk.scans == []
    assert desk.edit.text() == "a" * 21


def test_keys_that_arrive_together_after_a_freeze_are_judged_by_their_own_times(desk: Desk) -> None:
    start = desk.now
    for place, character in enumerate("susu kotak"):
        desk.now = start + PERSON_MS * place
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, Qt.Key(ord(character.upper())), _NO_KEYS, character)
            event.setTimestamp(desk.now)
            QCoreApplication.sendEvent(desk.window.windowHandle(), event)
    desk.silence(300)
    assert desk.scans == []
    assert desk.edit.text() == "susu kotak"


def test_a_code_without_an_end_is_complete_after_silence(desk: Desk, qtbot: QtBot) -> None:
    desk.scan(CARD, end="")
    assert desk.scans == []
    desk.clock.advance(500)
    qtbot.waitUntil(lambda: desk.payloads == [CARD])
    assert desk.edit.text() == ""


def test_a_shortcut_on_a_character_does_not_eat_a_scan(desk: Desk) -> None:
    eaten: list[str] = []
    QShortcut(QKeySequence("2"), desk.window).activated.connect(lambda: eaten.append("2"))
    desk.scan("12345678")
    assert desk.payloads == ["12345678"]
    assert eaten == []


def test_two_scans_after_each_other_are_two(desk: Desk) -> None:
    desk.scan(CARD)
    desk.scan("8990000000112")
    assert desk.payloads == [CARD, "8990000000112"]
    assert desk.edit.text() == ""


def test_the_window_loses_the_keyboard_and_gives_the_held_keys_back(desk: Desk) -> None:
    desk.strike("x", 500)
    assert desk.edit.text() == ""
    QCoreApplication.sendEvent(desk.window.windowHandle(), QEvent(QEvent.Type.FocusAboutToChange))
    assert desk.edit.text() == "x"


def test_an_aim_prefix_is_told_as_the_kind_of_code(desk: Desk) -> None:
    desk.scan("]C1" + CARD)
    assert desk.scans[0].symbology == "]C1"


def test_windows_that_get_the_keyboard_later_are_watched_too(qtbot: QtBot) -> None:
    scans: list[Scan] = []
    clock = FixedClock()
    filter_ = WedgeFilter(scans.append, clock)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    filter_.watch_all(application)
    second = Desk()
    second.filter = filter_
    second.clock = clock
    qtbot.addWidget(second.window)
    with qtbot.waitExposed(second.window):
        second.window.show()
    second.window.activateWindow()
    qtbot.waitUntil(lambda: application.focusWindow() is second.window.windowHandle())
    second.edit.setFocus()
    second.scan(CARD)
    application.focusWindowChanged.disconnect(filter_.watch)
    assert [scan.payload for scan in scans] == [CARD]
    assert second.edit.text() == ""
    assert isinstance(second.button, QPushButton)


def test_a_test_scan_is_recorded_and_reaches_nothing(desk: Desk, qtbot: QtBot) -> None:
    recorded: list[tuple[Key, ...]] = []
    desk.filter.record(recorded.append)
    desk.scan("KUBE-7418/05x")
    qtbot.waitUntil(lambda: bool(recorded), timeout=3000)
    assert "".join(key.text for key in recorded[0]) == "KUBE-7418/05x\r"
    assert [key.is_terminator for key in recorded[0]][-1]
    assert desk.scans == []
    assert desk.edit.text() == ""
    desk.scan(CARD)
    assert desk.payloads == [CARD]


def test_escape_and_function_keys_go_through_while_a_test_scan_is_awaited(desk: Desk) -> None:
    seen: list[str] = []
    for key in ("Esc", "F1"):
        QShortcut(QKeySequence(key), desk.window).activated.connect(lambda key=key: seen.append(key))
    desk.filter.record(lambda _: None)
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_F1)
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_Escape)
    assert seen == ["F1", "Esc"]
    desk.filter.record(None)


def test_learnt_settings_hold_from_the_next_key_on(desk: Desk) -> None:
    desk.filter.use(WedgeSettings(prefix="~"))
    desk.scan("~" + CARD)
    assert desk.payloads == [CARD]
    desk.scan(CARD)
    desk.silence(500)
    assert desk.payloads == [CARD]


def test_an_input_method_is_noticed_once(desk: Desk) -> None:
    told: list[int] = []
    desk.filter.input_method_seen.connect(lambda: told.append(1))
    desk.filter._watch_focus(desk.edit)
    for text in ("你", "好"):
        event = QInputMethodEvent()
        event.setCommitString(text)
        QCoreApplication.sendEvent(desk.edit, event)
    assert told == [1]
    desk.filter._watch_focus(None)


def test_a_torn_scan_presses_nothing_and_holds_nothing_back_afterwards(desk: Desk) -> None:
    desk.filter.use(WedgeSettings(max_mean_gap_ms=60, max_gap_ms=75, silence_ms=90, needs_end=True))
    desk.button.setFocus()
    desk.strike("6", 500)
    desk.strike("4", 20)
    desk.silence(80)
    for character in CARD[2:] + "\r\r":
        desk.strike(character, 20)
    assert desk.payloads == []
    assert desk.pressed == 0
    assert desk.filter._held == []
    desk.scan(CARD)
    assert desk.payloads == [CARD]
