"""The framed line of a wizard that says how the last step went, by colour, sign and words."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout

from kube_pos.ui.context import Context
from kube_pos.ui.controls import IconLabel, ToneFrame, label

_SIGNS = {"good": "check", "bad": "warning", "warn": "warning", "info": "info"}


class OutcomeBox(ToneFrame):
    """Says one sentence at a time."""

    def __init__(self, context: Context, words: str) -> None:
        """Begin with words that say what to do."""
        super().__init__("info")
        self._context = context
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        self._sign = IconLabel("info", context.theme.colours.on_info_soft, 26)
        self._words = label("", "body", wraps=True)
        row.addWidget(self._sign)
        row.addWidget(self._words, 1)
        self.put("info", words)

    @property
    def words(self) -> str:
        """Return what is said now."""
        return self._words.text()

    def put(self, tone: str, words: str) -> None:
        """Say how it went: good, bad, warn or info."""
        colours = self._context.theme.colours
        colour = {
            "good": colours.on_good_soft,
            "bad": colours.on_bad_soft,
            "warn": colours.on_warn_soft,
            "info": colours.on_info_soft,
        }[tone]
        self.set_tone(tone)
        self._sign.show_icon(_SIGNS[tone], colour)
        self._words.setText(words)
        self.setAccessibleName(words)
