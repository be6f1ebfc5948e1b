"""Setting up the camera: choose it by its name, see its picture, hold a card before it and see what is read."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from kube_pos.devices.camera_names import FoundCamera
from kube_pos.devices.ports import DeviceStatus, Frame, Scan, Source
from kube_pos.errors import KubePosError
from kube_pos.ui import device_words, words
from kube_pos.ui.banner import Tone
from kube_pos.ui.camera_view import CameraView
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, card, label
from kube_pos.ui.outcome_box import OutcomeBox
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.reader_desk import ReaderDesk
from kube_pos.ui.table_models import Column, RowsModel, Table

_PICTURE_GONE_MS = 2_000


class CameraWizard(QWidget):
    """The list at the left, the live picture at the right."""

    left = Signal()

    def __init__(self, context: Context, readers: ReaderDesk) -> None:
        """Lay the page out; nothing is looked for before `begin`."""
        super().__init__()
        self._context = context
        self._readers = readers
        say, theme = context.say, context.theme
        back = Button(say("readers.back"), theme, icon_name="back", hint="Esc")
        back.clicked.connect(self.left)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.left)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(10)
        outer.addWidget(PageHead(say("readers.camera_title"), say("readers.camera_words"), back))
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._make_choice(), 2)
        row.addWidget(self._make_picture(), 3)
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Look for cameras."""
        self._outcome.put("info", self._context.say("readers.hold_card"))
        self._search()
        self._table.setFocus()

    def end(self) -> None:
        """Need nothing undone."""

    def take_scan(self, scan: Scan) -> None:
        """Show what was read and how long that took: never the whole code."""
        took = max(0, self._context.desk.till.clock.monotonic_ms() - scan.at_ms)
        key = "readers.camera_read" if scan.source is Source.CAMERA else "readers.read_other"
        code, length = words.masked(scan.payload), len(scan.payload)
        said = self._context.say(key, code=code, length=length, ms=took, kind=scan.symbology)
        self._outcome.put("good", said)

    def show_status(self, status: DeviceStatus) -> None:
        """Show how the camera is."""
        if status.device == "camera":
            self._state.setText(device_words.sentence(self._context.texts, status))

    def show_frame(self, frame: Frame) -> None:
        """Show the camera's picture, and what would make it better."""
        self._picture.show_frame(frame)
        self._age.start(_PICTURE_GONE_MS)
        key = f"camera_hint.{frame.hint}"
        has_words = bool(frame.hint) and self._context.texts.has(key)
        self._hint.setText(self._context.texts.say(key) if has_words else self._context.say("readers.picture_good"))

    def _make_choice(self) -> QFrame:
        say, theme = self._context.say, self._context.theme
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addWidget(label(say("readers.cameras"), "title"))
        self._model: RowsModel[FoundCamera] = RowsModel(
            (Column(say("readers.camera_name"), lambda row: row.name or say("readers.camera_number", n=row.spec)),)
        )
        self._table: Table[FoundCamera] = Table(self._model, say("readers.cameras"), row_height=44)
        column.addWidget(self._table, 1)
        self._state = label("", "body", wraps=True)
        column.addWidget(self._state)
        search = Button(say("readers.search"), theme, icon_name="search")
        search.clicked.connect(self._search)
        use = Button(say("readers.use_camera"), theme, kind="primary", icon_name="check", tall=True)
        use.clicked.connect(self._use)
        row = QHBoxLayout()
        row.addWidget(search)
        row.addWidget(use, 1)
        column.addLayout(row)
        return frame

    def _make_picture(self) -> QFrame:
        say = self._context.say
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        self._picture = CameraView(self._context.theme, say("waiting.camera"))
        column.addWidget(self._picture, 1)
        self._hint = label("", "large", wraps=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._hint)
        self._outcome = OutcomeBox(self._context, say("readers.hold_card"))
        column.addWidget(self._outcome)
        self._age = QTimer(self)
        self._age.setSingleShot(True)
        self._age.timeout.connect(self._no_picture)
        return frame

    def _no_picture(self) -> None:
        self._picture.clear()
        self._hint.setText("")

    def _search(self) -> None:
        self._readers.cameras(lambda found: self._context.bridge.post(lambda: self._show(found)))

    def _show(self, found: tuple[FoundCamera, ...]) -> None:
        say, chosen = self._context.say, self._readers.camera
        rows = [FoundCamera("", say("readers.no_camera")), *found]
        if chosen not in {row.spec for row in rows}:
            rows.append(FoundCamera(chosen, say("readers.camera_away", camera=chosen.removeprefix("name:"))))
        self._model.show_rows(tuple(rows))
        self._table.selectRow(next(place for place, row in enumerate(rows) if row.spec == chosen))

    def _use(self) -> None:
        chosen = self._model.row(self._table.chosen())
        if chosen is not None:
            self._context.tell(Tone.INFO, self._context.say("readers.opening"))
            self._readers.choose_camera(chosen.spec, self._said)

    def _said(self, error: KubePosError | None) -> None:
        self._context.bridge.post(lambda: self._saved(error))

    def _saved(self, error: KubePosError | None) -> None:
        if error is not None:
            self._context.fail(error)
        else:
            self._context.tell(Tone.GOOD, self._context.say("readers.saved"))
