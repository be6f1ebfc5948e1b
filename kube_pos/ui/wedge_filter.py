"""Takes a keyboard scanner's keys out of the stream before any widget sees them, and gives a person's keys back.

The filter sits on the windows themselves (QWindow), where every key press passes exactly once and with the time at
which it was struck. `devices/wedge.py` decides who typed; this file only carries events to and fro.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent, QWindow
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from kube_pos.clock import Clock
from kube_pos.devices.keyboard_us import from_windows
from kube_pos.devices.ports import Scan, Source
from kube_pos.devices.wedge import Key, Verdict, WedgeDetector, WedgeSettings

_TERMINATING_TEXTS = frozenset({"\r", "\n", "\t"})
"""What scanners set to send control characters end a code with: line feed has a key of its own, or comes as Ctrl+J."""
_TERMINATORS = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab})

_TELL_AGAIN_MS = 60_000
_WAYS_OUT = frozenset({Qt.Key.Key_Escape, *(Qt.Key(Qt.Key.Key_F1.value + n) for n in range(12))})
"""Keys that no scanner types: they work also while a test scan is awaited."""
RECORD_SILENCE_MS = 700
"""So long without a key, and the scan of a test code is over."""
LATE_END_MS = 300
"""An Enter so soon after a code that silence ended still belongs to it: nobody reads the screen and answers faster."""


@dataclass(slots=True)
class _Held:
    """A key press that waits for its verdict, with all that is needed to deliver it later."""

    key: Key
    press: QKeyEvent
    release: QKeyEvent | None = None


class WedgeFilter(QObject):
    """An event filter for every window of the program."""

    input_method_seen = Signal()
    """Characters came through an input method: a scanner's would be torn there. Told once a minute at most."""

    def __init__(self, on_scan: Callable[[Scan], None], clock: Clock, settings: WedgeSettings | None = None) -> None:
        """Give scans to `on_scan`, which is `Bridge.on_scan`."""
        super().__init__()
        self._on_scan = on_scan
        self._clock = clock
        self._detector = WedgeDetector(settings)
        self._held: list[_Held] = []
        self._event_clock_ahead_ms = 0
        self._code_ended_ms: int | None = None
        """When the last key was struck of a code that silence ended."""
        self._recorded: list[Key] = []
        self._on_recorded: Callable[[tuple[Key, ...]], None] | None = None
        self._record_end = QTimer(self)
        self._record_end.setSingleShot(True)
        self._record_end.timeout.connect(self._end_recording)
        self._input_method_ms = -_TELL_AGAIN_MS
        self._focus: QObject | None = None
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.timeout.connect(self._silence_seems_over)

    def watch_all(self, application: QGuiApplication) -> None:
        """Watch every window that gets the keyboard, from the one that has it now."""
        application.focusWindowChanged.connect(self.watch)
        application.focusObjectChanged.connect(self._watch_focus)
        self.watch(application.focusWindow())

    def use(self, settings: WedgeSettings) -> None:
        """Go by other settings from the next key on; what is held was a person's."""
        self._give_back(self._detector.release())
        self._detector = WedgeDetector(settings)

    def record(self, on_recorded: Callable[[tuple[Key, ...]], None] | None) -> None:
        """Keep the keys of the next scan from everything and give them to `on_recorded`; None: stop waiting for one."""
        self._give_back(self._detector.release())
        self._recorded.clear()
        self._record_end.stop()
        self._on_recorded = on_recorded

    def watch(self, window: QWindow | None) -> None:
        """Watch a window; to watch it twice is harmless."""
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Return True for events that no widget may see (now)."""
        kind = event.type()
        if self._on_recorded is not None and isinstance(event, QKeyEvent) and event.key() not in _WAYS_OUT:
            return self._take_down(event)
        if kind is QEvent.Type.InputMethod:
            self._notice_input_method(event)
            return False
        if watched is self._focus:
            return False
        if kind is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._press(event)
        if kind is QEvent.Type.ShortcutOverride and self._held:
            # A running burst is text, whatever shortcuts there are.
            event.accept()
            return True
        if kind is QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            return self._release(event)
        if kind is QEvent.Type.FocusAboutToChange:
            # The keyboard goes to another program: what is held belongs to the widget that still has the focus.
            self._give_back(self._detector.release())
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        self._event_clock_ahead_ms = event.timestamp() - self._clock.monotonic_ms()
        key = _key(event)
        if key.is_terminator and self._is_late_end(key):
            return True
        verdict = self._detector.feed(key)
        if verdict.swallow and self._detector.deadline_ms() is None and verdict.payload is None:
            # The end of a scan that was dropped, or a second end: nothing waits for a verdict any more.
            self._held.clear()
        elif verdict.swallow and verdict.payload is None:
            self._held.append(_Held(key, event.clone()))
        self._act(verdict)
        return verdict.swallow

    def _release(self, event: QKeyEvent) -> bool:
        """Hold the release of a held key back with it: a button wants to see the press first."""
        for held in self._held:
            if held.press.key() == event.key() and held.release is None:
                held.release = event.clone()
                return True
        return False

    def _take_down(self, event: QKeyEvent) -> bool:
        """Write a key down while a test scan is recorded; a shortcut must not fire, so that is taken as well."""
        event.accept()
        if event.type() is QEvent.Type.KeyPress:
            self._recorded.append(_key(event))
            self._record_end.start(RECORD_SILENCE_MS)
        return True

    def _end_recording(self) -> None:
        on_recorded, self._on_recorded = self._on_recorded, None
        keys = tuple(self._recorded)
        self._recorded.clear()
        if on_recorded is not None:
            on_recorded(keys)

    def _watch_focus(self, focus: QObject | None) -> None:
        """Watch what has the focus for input methods: their text goes past the window, straight to it."""
        if self._focus is not None and isValid(self._focus) and not isinstance(self._focus, QWindow):
            self._focus.removeEventFilter(self)
        self._focus = None if isinstance(focus, QWindow) else focus
        if self._focus is not None:
            self._focus.installEventFilter(self)

    def _notice_input_method(self, event: QEvent) -> None:
        composing = isinstance(event, QInputMethodEvent) and (event.commitString() or event.preeditString())
        now = self._clock.monotonic_ms()
        if composing and now - self._input_method_ms >= _TELL_AGAIN_MS:
            self._input_method_ms = now
            self.input_method_seen.emit()

    def _silence_seems_over(self) -> None:
        # After a frozen moment this timer may fire before the keys that wait in the window system's queue. One more
        # turn of the event loop lets them come in first.
        QTimer.singleShot(0, self, self._expire)

    def _expire(self) -> None:
        verdict = self._detector.expire(self._clock.monotonic_ms() + self._event_clock_ahead_ms)
        if verdict.payload is not None and self._held:
            self._code_ended_ms = self._held[-1].key.timestamp_ms
        self._act(verdict)

    def _is_late_end(self, key: Key) -> bool:
        """Tell whether a key is the Enter of a code that silence ended: a slow scanner's, no person's."""
        ended, self._code_ended_ms = self._code_ended_ms, None
        return ended is not None and 0 <= key.timestamp_ms - ended <= LATE_END_MS

    def _act(self, verdict: Verdict) -> None:
        self._give_back(verdict.replay)
        if verdict.payload is not None:
            self._forget_all_but_newest(keep=verdict.swallow and bool(self._detector.deadline_ms()))
            self._on_scan(Scan(verdict.payload, Source.WEDGE, _symbology(verdict.payload), self._clock.monotonic_ms()))
        deadline = self._detector.deadline_ms()
        if deadline is None:
            self._silence.stop()
        else:
            now = self._clock.monotonic_ms() + self._event_clock_ahead_ms
            self._silence.start(max(1, deadline - now))

    def _forget_all_but_newest(self, *, keep: bool) -> None:
        """Drop the keys of a scan; the newest stays when it begins another burst."""
        del self._held[: len(self._held) - 1 if keep else len(self._held)]

    def _give_back(self, keys: tuple[Key, ...]) -> None:
        for key in keys:
            held = next((each for each in self._held if each.key is key), None)
            if held is None:
                continue
            self._held.remove(held)
            target = QApplication.activePopupWidget() or QApplication.focusWidget()
            if target is not None:
                QCoreApplication.sendEvent(target, held.press)
                if held.release is not None:
                    QCoreApplication.sendEvent(target, held.release)


def _key(event: QKeyEvent) -> Key:
    code = event.nativeScanCode()
    return Key(
        event.text(),
        event.timestamp(),
        is_auto_repeat=event.isAutoRepeat(),
        is_terminator=event.key() in _TERMINATORS or event.text() in _TERMINATING_TEXTS,
        scan_code=from_windows(code) if sys.platform == "win32" else code,
        shift=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier),
    )


def _symbology(payload: str) -> str:
    """Return the AIM identifier that a scanner put before the code, such as `]C1`; nothing without one."""
    return payload[:3] if payload.startswith("]") and len(payload) > 3 else ""
