"""Whether an entry's paper came out: the state in words, and the question when nobody can know."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, ToneFrame, label

_TONES = {
    "pending": ("info", "clock"),
    "sending": ("info", "printer"),
    "sent": ("good", "check"),
    "confirmed": ("good", "check"),
    "unknown": ("warn", "warning"),
    "failed_clean": ("warn", "warning"),
    "voided": ("warn", "warning"),
}


class PrintLine(ToneFrame):
    """Shows the newest print job of an entry; hidden when nothing was to be printed."""

    answered = Signal(bool)
    """The cashier says whether the paper came out."""

    def __init__(self, context: Context) -> None:
        """Begin hidden."""
        super().__init__("info")
        self._context = context
        say, theme = context.say, context.theme
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        row = QHBoxLayout()
        self._icon = IconLabel("printer", theme.colours.on_info_soft, 26)
        self._text = label("", "large", wraps=True)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        column.addLayout(row)
        answers = QHBoxLayout()
        self._yes = Button(say("print.came_out"), theme, icon_name="check")
        self._no = Button(say("print.did_not"), theme, icon_name="cross")
        self._yes.clicked.connect(lambda: self.answered.emit(True))
        self._no.clicked.connect(lambda: self.answered.emit(False))
        answers.addWidget(self._yes)
        answers.addWidget(self._no)
        column.addLayout(answers)
        self.hide()

    def show_states(self, states: tuple[str, ...]) -> None:
        """Show where the newest job stands."""
        self.setVisible(bool(states))
        if not states:
            return
        state = states[-1]
        tone, sign = _TONES[state]
        colours = self._context.theme.colours
        colour = {"good": colours.on_good_soft, "warn": colours.on_warn_soft, "info": colours.on_info_soft}[tone]
        self.set_tone(tone)
        self._icon.show_icon(sign, colour)
        self._text.setText(self._context.say(f"print.{state}"))
        for button in (self._yes, self._no):
            button.setVisible(state == "unknown")
