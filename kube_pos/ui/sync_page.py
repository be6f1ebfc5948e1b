"""Sinkron: what waits for the office, when it last answered, how much data was used, and «try now»."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kube_pos.ledger.ports import SaleRow
from kube_pos.ledger.quantity import format_number, format_rupiah
from kube_pos.ui import words
from kube_pos.ui.banner import Tone
from kube_pos.ui.bridge import SyncNews
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, IconLabel, ToneFrame, card, label
from kube_pos.ui.page_head import PageHead
from kube_pos.ui.riwayat_page import total_of
from kube_pos.ui.table_models import Column, RowsModel, Table

_KIB = 1024


class SyncPage(QWidget):
    """The state of the outbox and of the list, in words."""

    def __init__(self, context: Context) -> None:
        """Lay the page out."""
        super().__init__()
        self._context = context
        self._news: SyncNews | None = None
        say = context.say
        self._now = Button(say("sync.now"), context.theme, kind="primary", icon_name="sync")
        self._now.clicked.connect(self._try_now)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(12)
        outer.addWidget(PageHead(say("sync.title"), say("sync.words"), self._now))
        outer.addWidget(self._make_verdict())
        outer.addWidget(self._make_figures())
        outer.addWidget(label(say("sync.waiting"), "large"))
        self._model: RowsModel[SaleRow] = RowsModel(
            (
                Column(say("history.receipt"), lambda row: row.entry.receipt, 180),
                Column(say("history.when"), lambda row: context.texts.moment(row.entry.at)),
                Column(say("history.total"), lambda row: format_rupiah(total_of(row.entry)), 160, True),
            )
        )
        outer.addWidget(Table(self._model, say("sync.waiting"), row_height=44), 1)

    def begin(self) -> None:
        """Read what waits."""
        self.refresh()
        self._now.setFocus()

    def hear_sync(self, news: SyncNews) -> None:
        """Take in how sync stands."""
        self._news = news

    def refresh(self) -> None:
        """Read again what waits."""
        desk, say, texts = self._context.desk, self._context.say, self._context.texts
        status, now = desk.sync_status(), desk.till.now_ms()
        self._figures["unsent"].setText(format_number(status.unsent))
        self._figures["contact"].setText(words.age(texts, status.last_contact_ms, now))
        self._figures["list"].setText(words.age(texts, desk.till.replica.list_as_of_ms(), now))
        self._figures["exceptions"].setText(format_number(status.exceptions))
        self._figures["data"].setText(say("sync.bytes", up=size(status.bytes_up), down=size(status.bytes_down)))
        acked = desk.till.journal.head()[0] - status.unsent
        self._model.show_rows(desk.till.journal.sales(after_seq=acked, limit=200))
        self._show_verdict(status.unsent, status.exceptions)

    def _make_verdict(self) -> QFrame:
        self._verdict = ToneFrame("good")
        row = QHBoxLayout(self._verdict)
        row.setContentsMargins(16, 8, 16, 8)
        self._sign = IconLabel("check", self._context.theme.colours.on_good_soft, 28)
        self._sentence = label("", "large", wraps=True)
        row.addWidget(self._sign)
        row.addWidget(self._sentence, 1)
        return self._verdict

    def _make_figures(self) -> QFrame:
        frame = card()
        row = QHBoxLayout(frame)
        row.setContentsMargins(20, 12, 20, 12)
        row.setSpacing(20)
        self._figures: dict[str, QLabel] = {}
        for name in ("unsent", "contact", "list", "exceptions", "data"):
            column = QVBoxLayout()
            column.setSpacing(2)
            self._figures[name] = label("", "large")
            column.addWidget(label(self._context.say(f"sync.{name}"), "soft", wraps=True))
            column.addWidget(self._figures[name])
            row.addLayout(column, 1)
        return frame

    def _show_verdict(self, unsent: int, exceptions: int) -> None:
        colours = self._context.theme.colours
        if exceptions:
            tone, sign, key, colour = "warn", "warning", "sync.has_exceptions", colours.on_warn_soft
        elif unsent:
            tone, sign, key, colour = "info", "clock", "sync.has_waiting", colours.on_info_soft
        else:
            tone, sign, key, colour = "good", "check", "sync.all_sent", colours.on_good_soft
        sentence = self._context.say(key, n=exceptions or unsent)
        error = self._news.error if self._news is not None else None
        if error is not None:
            tone, sign, colour = "warn", "warning", colours.on_warn_soft
            sentence = f"{sentence} {self._context.words_of(error)}"
        self._verdict.set_tone(tone)
        self._sign.show_icon(sign, colour)
        self._sentence.setText(sentence)

    def _try_now(self) -> None:
        self._context.desk.sync_now()
        self._context.tell(Tone.INFO, self._context.say("sync.trying"))


def size(count: int) -> str:
    """Return an amount of data in words: «1,4 MB»."""
    if count < _KIB:
        return f"{count} B"
    if count < _KIB * _KIB:
        return f"{format_number(count // _KIB)} KB"
    tenths = count * 10 // (_KIB * _KIB)
    return f"{format_number(tenths // 10)},{tenths % 10} MB"
