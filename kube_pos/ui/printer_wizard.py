"""Setting up a printer: find it, print the test page, choose the width that the ruler shows, and use it at once."""

from __future__ import annotations

import sys

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kube_pos.devices.document import WIDTHS
from kube_pos.devices.ports import FoundPrinter, PrinterChoice
from kube_pos.errors import KubePosError
from kube_pos.ui.banner import Tone
from kube_pos.ui.choice_row import ChoiceRow
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, ToneFrame, card, field, label, named_field, scrolled
from kube_pos.ui.desk import PrinterDesk
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.table_models import Column, RowsModel, Table

FIRST, SECOND = "printer", "printer_2"
_PORT = 9100
_OWN_KINDS = {"screen": "screen", "network": "network", "file": "file", "serial": "serial", "usb": "usb", "lp": "lp"}


class PrinterWizard(QWidget):
    """All steps on one page, so that a technician may go back and forth between them."""

    left = Signal()

    def __init__(self, context: Context, printers: PrinterDesk) -> None:
        """Lay the page out; nothing is looked for before `begin`."""
        super().__init__()
        self._context = context
        self._printers = printers
        self._spec = ""
        self._found: tuple[FoundPrinter, ...] = ()
        say, theme = context.say, context.theme
        back = Button(say("printing.back"), theme, icon_name="back", hint="Esc")
        back.clicked.connect(self.left)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.left)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(10)
        outer.addWidget(PageHead(say("printing.title"), say("printing.words"), back))
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._make_find(), 1)
        row.addWidget(self._make_side(), 1)
        outer.addLayout(row, 1)

    def begin(self) -> None:
        """Show what is chosen now and look for printers."""
        self._show_place(self._place.value)
        self._search()
        self._table.setFocus()

    def _make_find(self) -> QFrame:
        say, theme = self._context.say, self._context.theme
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        places = tuple((place, say(f"printing.place_{place}")) for place in (FIRST, SECOND))
        self._place = ChoiceRow(theme, say("printing.which"), places)
        self._place.chosen.connect(self._show_place)
        column.addWidget(self._place)
        column.addWidget(label(say("printing.found"), "title"))
        self._model: RowsModel[FoundPrinter] = RowsModel(
            (
                Column(say("printing.kind"), lambda found: say(f"printing.kind_{found.kind}"), 216),
                Column(say("printing.name"), _name),
            )
        )
        self._table: Table[FoundPrinter] = Table(self._model, say("printing.found"))
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._take_chosen())
        column.addWidget(self._table, 1)
        self._found_words = label("", "small", wraps=True)
        column.addWidget(self._found_words)
        line = QHBoxLayout()
        self._typed = field(say("printing.typed"), say("printing.typed_hint"))
        self._typed.returnPressed.connect(self._take_typed)
        use = Button(say("printing.use_typed"), theme)
        use.clicked.connect(self._take_typed)
        self._again = Button(say("printing.again"), theme, icon_name="search")
        self._again.clicked.connect(self._search)
        line.addWidget(named_field(say("printing.typed"), self._typed), 1)
        for button in (use, self._again):
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(line)
        return frame

    def _make_side(self) -> QFrame:
        say, theme = self._context.say, self._context.theme
        frame = card()
        inner = QWidget()
        edge = QVBoxLayout(frame)
        edge.setContentsMargins(2, 2, 2, 2)
        edge.addWidget(scrolled(inner))
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(8)
        self._chosen = label("", "large", wraps=True)
        column.addWidget(self._chosen)
        column.addWidget(label(say("printing.test"), "title"))
        column.addWidget(label(say("printing.test_words"), "soft", wraps=True))
        self._test = Button(say("printing.print_test"), theme, icon_name="printer")
        self._test.clicked.connect(self._try)
        column.addWidget(self._test)
        column.addWidget(self._make_result())
        column.addWidget(label(say("printing.width"), "title"))
        column.addWidget(label(say("printing.width_words"), "soft", wraps=True))
        widths = tuple((str(width), say(f"printing.width_{width}")) for width in WIDTHS)
        self._width = ChoiceRow(theme, say("printing.width"), widths)
        column.addWidget(self._width)
        self._use_words = label(say("printing.use"), "title")
        self._use = ChoiceRow(
            theme, say("printing.use"), tuple((use, say(f"printing.use_{use}")) for use in ("slips", "spare"))
        )
        column.addWidget(self._use_words)
        column.addWidget(self._use)
        column.addStretch(1)
        self._save = Button(say("printing.save"), theme, kind="primary", icon_name="check", tall=True)
        self._save.clicked.connect(self._choose)
        column.addWidget(self._save)
        return frame

    def _make_result(self) -> QFrame:
        self._result = ToneFrame("info")
        column = QVBoxLayout(self._result)
        column.setContentsMargins(14, 8, 14, 8)
        row = QHBoxLayout()
        self._sign = IconLabel("info", self._context.theme.colours.on_info_soft, 26)
        self._outcome = label("", "body", wraps=True)
        row.addWidget(self._sign)
        row.addWidget(self._outcome, 1)
        column.addLayout(row)
        self._advice: QLabel = label("", "small", wraps=True)
        self._advice.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        column.addWidget(self._advice)
        self._result.hide()
        return self._result

    def _show_place(self, place: str) -> None:
        is_second = place == SECOND
        choice = self._printers.choice(place)
        self._width.choose(str(choice.columns))
        if choice.use:
            self._use.choose(choice.use)
        self._use.setVisible(is_second)
        self._use_words.setVisible(is_second)
        self._take(choice.spec)
        self._show_found(self._found)

    def _search(self) -> None:
        self._again.setEnabled(False)
        self._found_words.setText(self._context.say("printing.searching"))
        self._printers.find(lambda found: self._context.bridge.post(lambda: self._searched(found)))

    def _searched(self, found: tuple[FoundPrinter, ...]) -> None:
        self._again.setEnabled(True)
        words = [] if found else [self._context.say("printing.none_found")]
        if sys.platform == "win32":
            words.append(self._context.say("printing.advice_windows"))
        self._found_words.setText("\n".join(words))
        self._show_found(found)

    def _show_found(self, found: tuple[FoundPrinter, ...]) -> None:
        self._found = found
        nothing = FoundPrinter("none", "") if self._place.value == SECOND else FoundPrinter("screen", "screen")
        known = {each.spec for each in (*found, nothing)}
        mine = () if self._spec in known else (FoundPrinter(_kind(self._spec), self._spec),)
        rows = (*mine, *found, nothing)
        spec = self._spec
        self._model.show_rows(rows)
        self._table.selectRow(next(place for place, each in enumerate(rows) if each.spec == spec))

    def _take_chosen(self) -> None:
        found = self._model.row(self._table.chosen())
        if found is not None:
            self._take(found.spec)

    def _take_typed(self) -> None:
        address = self._typed.text().strip()
        if not address:
            self._typed.setFocus()
            return
        host, colon, port = address.rpartition(":")
        spec = f"network:{host}:{port}" if colon and port.isdecimal() else f"network:{address}:{_PORT}"
        self._take(spec)
        self._show_found(self._found)
        self._test.setFocus()

    def _rows(self) -> tuple[FoundPrinter, ...]:
        rows = (self._model.row(place) for place in range(self._model.rowCount()))
        return tuple(row for row in rows if row is not None)

    def _take(self, spec: str) -> None:
        if spec != self._spec:
            self._result.hide()
        self._spec = spec
        shown = self._context.say(f"printing.kind_{_kind(spec)}")
        detail = spec.partition(":")[2]
        self._chosen.setText(self._context.say("printing.chosen", printer=f"{shown} {detail}".strip()))
        self._test.setEnabled(bool(spec))

    def _choice(self) -> PrinterChoice:
        use = self._use.value if self._place.value == SECOND else ""
        return PrinterChoice(self._spec, int(self._width.value), use)

    def _try(self) -> None:
        self._test.setEnabled(False)
        self._show_result("info", "clock", self._context.say("printing.printing"))
        self._printers.try_out(self._choice(), lambda outcome: self._context.bridge.post(lambda: self._tried(outcome)))

    def _tried(self, outcome: str) -> None:
        self._test.setEnabled(True)
        say, texts = self._context.say, self._context.texts
        if outcome in {"confirmed", "sent"}:
            self._show_result("good", "check", say(f"printing.result_{outcome}"))
            return
        self._show_result("bad", "warning", texts.say(f"device.{outcome}"))
        if outcome != "printer_denied" or sys.platform == "win32":
            return
        rule = self._printers.advice(self._spec)
        if rule:
            self._advice.setText(f"{say('printing.advice_usb')}\n{rule}")
        else:
            self._advice.setText(f"{say('printing.advice_serial')}\nsudo usermod -aG dialout,lp $USER")
        self._advice.show()

    def _show_result(self, tone: str, sign: str, words: str) -> None:
        colours = self._context.theme.colours
        colour = {"good": colours.on_good_soft, "bad": colours.on_bad_soft, "info": colours.on_info_soft}[tone]
        self._result.set_tone(tone)
        self._sign.show_icon(sign, colour)
        self._outcome.setText(words)
        self._result.setAccessibleName(words)
        self._advice.hide()
        self._result.show()

    def _choose(self) -> None:
        self._save.setEnabled(False)
        self._context.tell(Tone.INFO, self._context.say("printing.saving"))

        def said(error: KubePosError | None) -> None:
            self._context.bridge.post(lambda: self._saved(error))

        self._printers.choose(self._place.value, self._choice(), said)

    def _saved(self, error: KubePosError | None) -> None:
        self._save.setEnabled(True)
        if error is not None:
            self._context.fail(error)
        else:
            self._context.tell(Tone.GOOD, self._context.say("printing.saved"))


def _kind(spec: str) -> str:
    kind = spec.partition(":")[0]
    if kind == "windows":
        return "windows"
    return _OWN_KINDS.get(kind, "none")


def _name(found: FoundPrinter) -> str:
    detail = found.spec.partition(":")[2]
    return f"{found.name} · {detail}" if found.name and found.name != detail else detail
