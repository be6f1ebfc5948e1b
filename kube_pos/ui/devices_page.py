"""Perangkat: how each device is and what to do, and a live test: scan any code and see what arrives."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from kube_pos.devices.ports import DeviceState, DeviceStatus, Frame, Scan
from kube_pos.ui import device_words, words
from kube_pos.ui.camera_view import CameraView
from kube_pos.ui.camera_wizard import CameraWizard
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, ToneFrame, card, label
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.printer_wizard import PrinterWizard
from kube_pos.ui.scanner_wizard import ScannerWizard
from kube_pos.ui.table_models import Column, RowsModel, Table

_KEPT = 8


class DeviceCard(QFrame):
    """One device: its name, its state, and a sentence."""

    def __init__(self, context: Context, device: str, name: str = "") -> None:
        """Begin with a device that has not spoken yet; `name` is the key of what it is called."""
        super().__init__()
        self._context = context
        self.setProperty("surface", "card")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 16, 12)
        row.setSpacing(14)
        row.addWidget(IconLabel(device.removesuffix("_2"), context.theme.colours.accent, 40))
        column = QVBoxLayout()
        column.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(context.say(name or f"lamp.{device}"), "large"))
        head.addSpacing(8)
        self._sign = IconLabel("off", context.theme.colours.ink_soft, 22)
        self._state = label("", "strong")
        head.addWidget(self._sign)
        head.addWidget(self._state)
        head.addStretch(1)
        column.addLayout(head)
        self._sentence = label("", "body", wraps=True)
        column.addWidget(self._sentence)
        row.addLayout(column, 1)
        self.show_status(DeviceStatus(device, DeviceState.OFF, ""))

    def show_status(self, status: DeviceStatus) -> None:
        """Show how the device is."""
        texts = self._context.texts
        colour = state_colour(self._context, status.state)
        self._sign.show_icon(device_words.STATE_ICONS[status.state], colour)
        self._state.setText(device_words.lamp_words(texts, status))
        self._sentence.setText(device_words.sentence(texts, status))
        self.setAccessibleName(f"{status.device}: {self._state.text()}. {self._sentence.text()}")


class DevicesPage(QWidget):
    """The devices and the live test; codes that are read here are shown and nothing else."""

    def __init__(self, context: Context) -> None:
        """Lay the page out."""
        super().__init__()
        self._context = context
        self._scans: tuple[tuple[Scan, int], ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._wizard: PrinterWizard | None = None
        self._reader_wizards: tuple[ScannerWizard | CameraWizard, ...] = ()
        self._stack = QStackedWidget()
        edge = QVBoxLayout(self)
        edge.setContentsMargins(16, 14, 16, 14)
        edge.addWidget(self._stack)
        overview = QWidget()
        self._stack.addWidget(overview)
        outer = QVBoxLayout(overview)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(12)
        outer.addWidget(self._make_head())
        row = QHBoxLayout()
        row.setSpacing(14)
        left = QVBoxLayout()
        left.setSpacing(12)
        self._cards = {device: DeviceCard(context, device) for device in device_words.DEVICES}
        self._cards["printer_2"] = DeviceCard(context, "printer_2", "printing.place_printer_2")
        self._cards["printer_2"].hide()
        for each in self._cards.values():
            left.addWidget(each)
        left.addStretch(1)
        row.addLayout(left, 1)
        row.addWidget(self._make_test(), 1)
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Make ready for a test."""
        self._leave_wizard()

    def set_up_printer(self) -> None:
        """Open the page where a printer is chosen."""
        if self._wizard is not None:
            self._stack.setCurrentWidget(self._wizard)
            self._wizard.begin()

    def set_up_reader(self, wizard: ScannerWizard | CameraWizard) -> None:
        """Open the page where a scanner or camera is chosen."""
        self._stack.setCurrentWidget(wizard)
        wizard.begin()

    def show_status(self, status: DeviceStatus) -> None:
        """Show how a device is."""
        for wizard in self._reader_wizards:
            wizard.show_status(status)
        found = self._cards.get(status.device)
        if found is not None:
            found.show_status(status)
        if status.device == "printer_2":
            self._cards["printer_2"].setVisible(status.state is not DeviceState.OFF)

    def show_frame(self, frame: Frame) -> None:
        """Show the camera's picture."""
        page = self._stack.currentWidget()
        (page if isinstance(page, CameraWizard) else self._camera).show_frame(frame)

    def take_scan(self, scan: Scan) -> None:
        """Show what was read: never the whole code."""
        page = self._stack.currentWidget()
        if isinstance(page, ScannerWizard | CameraWizard):
            page.take_scan(scan)
            return
        now = self._context.desk.till.clock.monotonic_ms()
        self._scans = ((scan, max(0, now - scan.at_ms)), *self._scans)[:_KEPT]
        self._model.show_rows(self._scans)
        self._big.setText(words.masked(scan.payload))
        self._verdict.set_tone("good")
        self._sign.show_icon("check", self._context.theme.colours.on_good_soft)

    def _make_head(self) -> PageHead:
        say, printers = self._context.say, self._context.desk.printers
        buttons = self._make_reader_buttons()
        if printers is not None:
            self._wizard = PrinterWizard(self._context, printers)
            self._wizard.left.connect(self._leave_wizard)
            self._stack.addWidget(self._wizard)
            set_up = Button(say("printing.set_up"), self._context.theme, icon_name="printer")
            set_up.clicked.connect(self.set_up_printer)
            buttons.append(set_up)
        return PageHead(say("devices.title"), say("devices.words"), *buttons)

    def _make_reader_buttons(self) -> list[QWidget]:
        readers, theme = self._context.desk.readers, self._context.theme
        if readers is None:
            return []
        scanner, camera = ScannerWizard(self._context, readers), CameraWizard(self._context, readers)
        self._reader_wizards = (scanner, camera)
        buttons: list[QWidget] = []
        for name, wizard in (("scanner", scanner), ("camera", camera)):
            wizard.left.connect(self._leave_wizard)
            self._stack.addWidget(wizard)
            button = Button(self._context.say(f"readers.set_up_{name}"), theme, icon_name=name)
            button.clicked.connect(partial(self.set_up_reader, wizard))
            buttons.append(button)
        return buttons

    def _leave_wizard(self) -> None:
        page = self._stack.currentWidget()
        if isinstance(page, ScannerWizard | CameraWizard):
            page.end()
        self._stack.setCurrentIndex(0)
        self.setFocus()

    def _make_test(self) -> QFrame:
        say, colours = self._context.say, self._context.theme.colours
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        column.addWidget(label(say("devices.test"), "title"))
        self._verdict = ToneFrame("info")
        line = QHBoxLayout(self._verdict)
        line.setContentsMargins(14, 10, 14, 10)
        self._sign = IconLabel("scanner", colours.on_info_soft, 32)
        self._big: QLabel = label(say("devices.scan_any"), "title", wraps=True)
        line.addWidget(self._sign)
        line.addWidget(self._big, 1)
        column.addWidget(self._verdict)
        self._camera = CameraView(self._context.theme, say("waiting.camera"))
        column.addWidget(self._camera, 1)
        self._model: RowsModel[tuple[Scan, int]] = RowsModel(
            (
                Column(say("devices.source"), lambda row: say(f"devices.source_{row[0].source.value}"), 108),
                Column(say("devices.symbology"), lambda row: row[0].symbology or "–", 106),
                Column(say("devices.length"), lambda row: str(len(row[0].payload)), 84, True),
                Column(say("devices.code"), lambda row: words.masked(row[0].payload)),
                Column(say("devices.ms"), lambda row: str(row[1]), 60, True),
            )
        )
        self._table: Table[tuple[Scan, int]] = Table(self._model, say("devices.test"), row_height=40)
        column.addWidget(self._table, 1)
        return frame


def state_colour(context: Context, state: DeviceState) -> str:
    """Return the colour of a device's state on a plain surface."""
    colours = context.theme.colours
    return {
        "off": colours.ink_soft,
        "info": colours.on_info_soft,
        "good": colours.on_good_soft,
        "warn": colours.on_warn_soft,
        "bad": colours.on_bad_soft,
    }[device_words.STATE_TONES[state]]
