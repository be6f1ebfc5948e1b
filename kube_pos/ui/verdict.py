"""The one sentence of a decision, in its colour and with its sign."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout

from kube_pos.ledger.entitlement import Allowed, Refused
from kube_pos.ui import words
from kube_pos.ui.context import Context
from kube_pos.ui.controls import IconLabel, ToneFrame, label


class Verdict(ToneFrame):
    """Says what may be taken, or why not and what next."""

    def __init__(self, context: Context) -> None:
        """Lay the frame out."""
        super().__init__("good")
        self._context = context
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 12, 20, 12)
        row.setSpacing(18)
        self._icon = IconLabel("check", context.theme.colours.on_good_soft, 56)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        lines = QVBoxLayout()
        lines.setSpacing(4)
        self._sentence = label("", "decision", wraps=True)
        self._sentence.setObjectName("decision")
        self._next = label("", "decision_small", wraps=True)
        lines.addWidget(self._sentence)
        lines.addWidget(self._next)
        row.addLayout(lines, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def show_allowed(self, allowed: Allowed) -> None:
        """Say what may be taken."""
        context, catalogue = self._context, self._context.desk.till.replica.catalogue()
        tone, sign = ("warn", "warning") if allowed.stale_days else ("good", "check")
        parts = []
        if allowed.stale_days:
            parts.append(context.say("decision.stale", days=allowed.stale_days))
        if allowed.next_release is not None:
            parts.append(words.next_sentence(context.texts, allowed.next_release))
        self._dress(tone, sign, words.decision_sentence(context.texts, allowed, catalogue), " ".join(parts))

    def show_refused(self, refused: Refused, list_as_of_ms: int | None) -> None:
        """Say why nothing may be taken, and what next."""
        texts, catalogue = self._context.texts, self._context.desk.till.replica.catalogue()
        sentence = words.refusal_words(texts, refused, catalogue, list_as_of_ms)
        self._dress("bad", "cross", texts.say(f"refusal_short.{refused.reason.value}"), sentence)

    def _dress(self, tone: str, sign: str, sentence: str, more: str) -> None:
        colours = self._context.theme.colours
        colour = {"good": colours.on_good_soft, "warn": colours.on_warn_soft, "bad": colours.on_bad_soft}[tone]
        self.set_tone(tone)
        self._icon.show_icon(sign, colour)
        self._sentence.setText(sentence)
        self._next.setText(more)
        self._next.setVisible(bool(more))
        self.setAccessibleName(f"{sentence}. {more}")
