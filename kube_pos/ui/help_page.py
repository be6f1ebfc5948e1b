"""Bantuan: the keys, the versions, where the data lies, and a check of the journal."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, card, label, scrolled
from kube_pos.ui.page_head import PageHead

KEYS = (
    ("F1", "rail.kasir"),
    ("F2", "rail.riwayat"),
    ("F3", "rail.stok"),
    ("F4", "rail.tutup"),
    ("F6", "rail.sinkron"),
    ("F7", "rail.perangkat"),
    ("F12", "rail.bantuan"),
    ("Enter", "keys.enter"),
    ("Esc", "keys.escape"),
    ("F5", "keys.repeat"),
    ("F5", "keys.deliver"),
    ("F8", "keys.slip"),
    ("F9", "keys.confirm"),
    ("F9", "keys.ask"),
    ("F10", "keys.proxy"),
    ("F11", "keys.mismatch"),
    ("3*", "keys.quantity"),
)


class HelpPage(QWidget):
    """What a cashier or a technician wants to know when something is unclear."""

    def __init__(self, context: Context) -> None:
        """Lay the page out."""
        super().__init__()
        self._context = context
        say = context.say
        self._verify = Button(say("help.verify"), context.theme, kind="primary", icon_name="shield")
        self._verify.clicked.connect(self._check)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(12)
        support = Button(say("help.support"), context.theme, icon_name="send")
        support.clicked.connect(self._make_bundle)
        support.setVisible(context.desk.support is not None)
        outer.addWidget(PageHead(say("help.title"), say("help.words"), support, self._verify))
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._make_keys(), 1)
        row.addWidget(self._make_facts(), 1)
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Say how old the backup is, and put the focus on the check."""
        self._backup.setText(self._context.desk.backup())
        if self._context.desk.health is not None:
            self._context.bridge.run(self._context.desk.health, self._show_health)
        self._verify.setFocus()

    def _make_keys(self) -> QFrame:
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(20, 16, 20, 16)
        column.addWidget(label(self._context.say("help.keys"), "title"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(9)
        grid.setColumnStretch(1, 1)
        for line, (key, words) in enumerate(KEYS):
            grid.addWidget(label(key, "strong"), line, 0)
            grid.addWidget(label(self._context.say(words)), line, 1)
        inner = QWidget()
        inner.setLayout(grid)
        grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(scrolled(inner), 1)
        return frame

    def _make_facts(self) -> QFrame:
        say, desk = self._context.say, self._context.desk
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(6)
        column.addWidget(label(say("help.till"), "title"))
        identity = desk.till.identity
        facts = [
            (say("help.terminal"), identity.terminal),
            (say("help.ledger"), identity.ledger_id),
            (say("help.folder"), desk.folder),
            *desk.versions,
        ]
        grid = QGridLayout()
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        for line, (name, value) in enumerate(facts):
            grid.addWidget(label(name, "soft"), line, 0, Qt.AlignmentFlag.AlignTop)
            shown = label(value, "strong", wraps=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(shown, line, 1)
        column.addLayout(grid)
        self._backup = label("", "strong", wraps=True)
        column.addSpacing(10)
        column.addWidget(self._backup)
        self._health = QVBoxLayout()
        column.addLayout(self._health)
        column.addStretch(1)
        column.addWidget(label(say("help.privacy"), "small", wraps=True))
        return frame

    def _show_health(self, lines: tuple[tuple[bool, str], ...]) -> None:
        while (item := self._health.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        colours = self._context.theme.colours
        for is_well, sentence in lines:
            line = QWidget()
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 2, 0, 2)
            colour = colours.on_good_soft if is_well else colours.on_bad_soft
            row.addWidget(IconLabel("check" if is_well else "warning", colour, 22))
            row.addWidget(label(sentence, "strong", wraps=True), 1)
            self._health.addWidget(line)

    def _make_bundle(self) -> None:
        make = self._context.desk.support
        if make is not None:
            tell = self._context.tell
            self._context.bridge.run(make, lambda at: tell(Tone.GOOD, self._context.say("help.bundle", path=at)))

    def _check(self) -> None:
        self._verify.setEnabled(False)
        self._context.tell(Tone.INFO, self._context.say("help.verifying"))
        self._context.bridge.run(self._context.desk.verify, self._checked, self._failed)

    def _checked(self, result: tuple[bool, str]) -> None:
        self._verify.setEnabled(True)
        self._context.tell(Tone.GOOD if result[0] else Tone.BAD, result[1])

    def _failed(self, error: Exception) -> None:
        self._verify.setEnabled(True)
        self._context.fail(error)
