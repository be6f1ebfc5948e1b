"""The strip above a page that tells and asks, in place of dialogs: a scanner's Enter can't accept it unseen."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from kube_pos.ui.controls import Button, IconLabel, ToneFrame, label
from kube_pos.ui.theme import Theme

STAYS_MS = 9_000
"""How long a message without a question stays."""


class Tone(StrEnum):
    """What kind of message it is; each has a colour and an icon of its own."""

    GOOD = "good"
    INFO = "info"
    WARN = "warn"
    BAD = "bad"


TONE_ICONS = {Tone.GOOD: "check", Tone.INFO: "info", Tone.WARN: "warning", Tone.BAD: "cross"}
Action = tuple[str, Callable[[], None]]


class Banner(QWidget):
    """At most one message or question at a time; a newer one takes its place."""

    def __init__(self, theme: Theme, close_text: str) -> None:
        """Begin hidden."""
        super().__init__()
        self._theme = theme
        self._close_text = close_text
        self._stack = QVBoxLayout(self)
        self._stack.setContentsMargins(16, 12, 16, 0)
        self._frame: ToneFrame | None = None
        self._key = ""
        self._return_to: QWidget | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)
        self.hide()

    @property
    def text(self) -> str:
        """Return what the banner says; nothing while it is hidden."""
        return self._frame.accessibleName() if self._frame is not None else ""

    @property
    def asks(self) -> bool:
        """Tell whether the banner waits for an answer."""
        return self._frame is not None and not self._timer.isActive()

    def show_message(self, tone: Tone, text: str) -> None:
        """Tell something for a while; an open question stays where it is unless this is worse."""
        if self.asks and tone is not Tone.BAD:
            return
        self._show(tone, text, ())
        self._timer.start(STAYS_MS if tone is not Tone.BAD else STAYS_MS * 3)

    def ask(self, tone: Tone, text: str, *actions: Action, key: str = "", takes_focus: bool = True) -> None:
        """Ask something with a button for each answer; `key` names the question.

        The first answer has the focus, but for a question that nobody is waiting for: a typed Enter would answer it.
        """
        focused = QApplication.focusWidget()
        if focused is not None and not self.isAncestorOf(focused):
            self._return_to = focused
        buttons = self._show(tone, text, actions)
        self._key = key
        if takes_focus:
            buttons[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def is_asking(self, key: str) -> bool:
        """Tell whether a question of this name stands there."""
        return self.asks and self._key == key

    def withdraw(self, key: str) -> None:
        """Take a question back when it is still the one that stands there."""
        if key and self._key == key:
            self.clear()

    def dismiss_question(self) -> bool:
        """Take back an open question, as Escape does; tell whether there was one."""
        asked = self.asks
        if asked:
            self.clear()
        return asked

    def clear(self) -> None:
        """Hide the banner and give the focus back."""
        self._timer.stop()
        self._key = ""
        frame, self._frame = self._frame, None
        held_focus = frame is not None and frame.isAncestorOf(QApplication.focusWidget() or self)
        if frame is not None:
            frame.hide()
            self._stack.removeWidget(frame)
            frame.setParent(None)
            frame.deleteLater()
        self.hide()
        # The widget that had the focus may be gone: rows of the basket are made anew at every change.
        if held_focus and self._return_to is not None and isValid(self._return_to) and self._return_to.isVisible():
            self._return_to.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close a message by Escape."""
        if event.key() == Qt.Key.Key_Escape and not self.asks:
            self.clear()
        else:
            super().keyPressEvent(event)

    def _show(self, tone: Tone, text: str, actions: tuple[Action, ...]) -> list[Button]:
        self.clear()
        frame = ToneFrame(tone.value)
        frame.setAccessibleName(text)
        row = QHBoxLayout(frame)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(IconLabel(TONE_ICONS[tone], tone_colour(self._theme, tone), 30), 0, Qt.AlignmentFlag.AlignVCenter)
        sentence = label(text, "large", wraps=True)
        row.addWidget(sentence, 1)
        offered = actions or ((self._close_text, lambda: None),)
        buttons = [self._answer(place, words, act) for place, (words, act) in enumerate(offered)]
        for button in buttons:
            row.addWidget(button)
        self._frame = frame
        self._stack.addWidget(frame)
        self.show()
        return buttons

    def _answer(self, place: int, words: str, act: Callable[[], None]) -> Button:
        def answered() -> None:
            self.clear()
            act()

        button = Button(words, self._theme)
        button.setObjectName(f"answer-{place}")
        button.clicked.connect(answered)
        return button


def tone_colour(theme: Theme, tone: Tone) -> str:
    """Return the text colour of a tone."""
    colours = theme.colours
    return {
        Tone.GOOD: colours.on_good_soft,
        Tone.INFO: colours.on_info_soft,
        Tone.WARN: colours.on_warn_soft,
        Tone.BAD: colours.on_bad_soft,
    }[tone]
