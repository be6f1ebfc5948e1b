"""Setting up a scanner: one that types is learnt from a test code on the screen, a serial one is chosen from a list."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.devices.ports import DeviceStatus, Frame, Scan
from kube_pos.devices.wedge_calibration import Calibration, CalibrationFault
from kube_pos.errors import KubePosError
from kube_pos.ui import device_words, words
from kube_pos.ui.banner import Tone
from kube_pos.ui.bars_view import BarsView
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, field, label, named_field
from kube_pos.ui.outcome_box import OutcomeBox
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.reader_desk import ReaderDesk
from kube_pos.ui.table_models import Column, RowsModel, Table


class ScannerWizard(QWidget):
    """Both kinds of scanners side by side, and what was read last below."""

    left = Signal()

    def __init__(self, context: Context, readers: ReaderDesk) -> None:
        """Lay the page out; nothing is looked for before `begin`."""
        super().__init__()
        self._context = context
        self._readers = readers
        self._learnt: Calibration | None = None
        say, theme = context.say, context.theme
        back = Button(say("readers.back"), theme, icon_name="back", hint="Esc")
        back.clicked.connect(self._leave)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self._leave)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(10)
        outer.addWidget(PageHead(say("readers.scanner_title"), say("readers.scanner_words"), back))
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._make_typing(), 1)
        row.addWidget(self._make_serial(), 1)
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Wait for a scan of the test code at once, and look for serial ports."""
        self._search()
        self._listen()

    def end(self) -> None:
        """Let the keys go where they belong again."""
        self._readers.stop_learning()

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the keys back also when another page is opened."""
        self.end()
        super().hideEvent(event)

    def take_scan(self, scan: Scan) -> None:
        """Show what a scanner read that is already set up: never the whole code."""
        right = scan.payload == self._readers.test_code
        key = "readers.read_test" if right else "readers.read_other"
        said = self._context.say(key, code=words.masked(scan.payload), length=len(scan.payload))
        self._serial_outcome.put("good", said)

    def show_status(self, status: DeviceStatus) -> None:
        """Show how the scanner is."""
        if status.device == "scanner":
            self._state.setText(device_words.sentence(self._context.texts, status))

    def show_frame(self, _frame: Frame) -> None:
        """Need no picture."""

    def _make_typing(self) -> QFrame:
        say, theme = self._context.say, self._context.theme
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addWidget(label(say("readers.typing"), "title"))
        column.addWidget(label(say("readers.typing_words"), "soft", wraps=True))
        column.addWidget(BarsView(self._readers.test_bars, say("readers.test_code", code=self._readers.test_code)))
        caption = label(self._readers.test_code, "small")
        caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(caption)
        self._outcome = OutcomeBox(self._context, say("readers.scan_now"))
        column.addWidget(self._outcome)
        self._facts = label("", "body", wraps=True)
        column.addWidget(self._facts)
        column.addStretch(1)
        row = QHBoxLayout()
        self._again = Button(say("readers.again"), theme, icon_name="scanner")
        self._again.clicked.connect(self._listen)
        self._use = Button(say("readers.use_learnt"), theme, kind="primary", icon_name="check", tall=True)
        self._use.clicked.connect(self._use_learnt)
        row.addWidget(self._again)
        row.addWidget(self._use, 1)
        column.addLayout(row)
        return frame

    def _make_serial(self) -> QFrame:
        say, theme = self._context.say, self._context.theme
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addWidget(label(say("readers.serial"), "title"))
        column.addWidget(label(say("readers.serial_words"), "soft", wraps=True))
        self._model: RowsModel[tuple[str, str]] = RowsModel(
            (
                Column(say("readers.port_name"), lambda row: row[1]),
                Column(say("readers.port"), lambda row: row[0] or "–", 190),
            )
        )
        self._table: Table[tuple[str, str]] = Table(self._model, say("readers.serial"), row_height=44)
        column.addWidget(self._table, 1)
        self._typed = field(say("readers.port_typed"), say("readers.port_hint"))
        self._typed.returnPressed.connect(self._use_port)
        search = Button(say("readers.search"), theme, icon_name="search")
        search.clicked.connect(self._search)
        row = QHBoxLayout()
        row.addWidget(named_field(say("readers.port_typed"), self._typed), 1)
        row.addWidget(search, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        self._state = label("", "body", wraps=True)
        column.addWidget(self._state)
        self._serial_outcome = OutcomeBox(self._context, say("readers.serial_test"))
        column.addWidget(self._serial_outcome)
        use = Button(say("readers.use_port"), theme, kind="primary", icon_name="check", tall=True)
        use.clicked.connect(self._use_port)
        column.addWidget(use)
        return frame

    def _listen(self) -> None:
        self._learnt = None
        self._use.setEnabled(False)
        self._facts.setText("")
        self._outcome.put("info", self._context.say("readers.scan_now"))
        self._again.setFocus()
        self._readers.learn(self._heard)

    def _heard(self, found: Calibration | CalibrationFault) -> None:
        say = self._context.say
        if isinstance(found, CalibrationFault):
            self._outcome.put("warn", say(f"readers.fault_{found.value}"))
            return
        self._learnt = found
        self._outcome.put("good", say("readers.learnt", gap=found.mean_gap_ms, longest=found.longest_gap_ms))
        settings = found.settings
        facts = [say(f"readers.ends_{found.ends}")]
        if settings.prefix or settings.suffix:
            facts.append(say("readers.dress", prefix=settings.prefix or "–", suffix=settings.suffix or "–"))
        facts.append(say("readers.aim_on" if found.has_aim else "readers.aim_off"))
        facts.append(say("readers.layout_other" if settings.us_layout else "readers.layout_same"))
        if settings.beat_ms:
            facts.append(say("readers.slow"))
        self._facts.setText("\n".join(f"• {fact}" for fact in facts))
        self._use.setEnabled(True)
        self._use.setFocus()

    def _use_learnt(self) -> None:
        if self._learnt is not None:
            self._use.setEnabled(False)
            self._readers.use_learnt(self._learnt, self._said)

    def _use_port(self) -> None:
        chosen = self._model.row(self._table.chosen())
        port = self._typed.text().strip() or (chosen[0] if chosen is not None else "")
        self._readers.stop_learning()
        self._readers.choose_serial(port, self._said)

    def _said(self, error: KubePosError | None) -> None:
        self._context.bridge.post(lambda: self._saved(error))

    def _saved(self, error: KubePosError | None) -> None:
        if error is not None:
            self._context.fail(error)
            return
        self._context.tell(Tone.GOOD, self._context.say("readers.saved"))
        self._search()

    def _search(self) -> None:
        self._readers.serial_ports(lambda found: self._context.bridge.post(lambda: self._show_ports(found)))

    def _show_ports(self, found: tuple[tuple[str, str], ...]) -> None:
        say, chosen = self._context.say, self._readers.scanner_port
        rows = [("", say("readers.no_port")), *found]
        if chosen not in {row[0] for row in rows}:
            rows.append((chosen, say("readers.port_away")))
        self._model.show_rows(tuple(rows))
        self._table.selectRow(next(place for place, row in enumerate(rows) if row[0] == chosen))

    def _leave(self) -> None:
        self.end()
        self.left.emit()
