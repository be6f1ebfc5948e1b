"""Tutup Hari: the newest day close as a PDF with signature lines and as a workbook, in a folder of the till."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

from kube_pos.ledger.quantity import format_number
from kube_pos.operations.closing_record import Handover, handover, in_words, newest_close, titles, workbook
from kube_pos.texts import Texts
from kube_pos.ui.banner import Tone
from kube_pos.ui.context import Context


def export_newest(context: Context) -> None:
    """Save the newest close in both forms and tell where; reading and writing run on the writer's thread."""
    desk = context.desk
    folder = Path(desk.folder) / "laporan"

    def read() -> tuple[Handover, bytes] | None:
        close = newest_close(desk.till.journal)
        if close is None:
            return None
        record = handover(desk.till, close.seq)
        return record, workbook(record, desk.texts)

    def made(found: tuple[Handover, bytes] | None) -> None:
        if found is None:
            context.tell(Tone.INFO, context.say("handover.none"))
            return
        record, book = found
        pdf = pdf_of(record, desk.texts)
        name = f"berita-acara-{record.place[2]}-{record.day.isoformat()}-{record.seq}"

        def write() -> Path:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.xlsx").write_bytes(book)
            (folder / f"{name}.pdf").write_bytes(pdf)
            return folder / f"{name}.pdf"

        day = desk.texts.day(record.day)
        context.bridge.run(
            write, lambda path: context.tell(Tone.GOOD, context.say("handover.saved", day=day, path=str(path)))
        )

    context.bridge.run(read, made)


def pdf_of(record: Handover, texts: Texts) -> bytes:
    """Return the record as an A4 page or more: figures, sales, and lines to sign on."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(16, 16, 16, 16), QPageLayout.Unit.Millimeter)
    writer.setResolution(96)
    writer.setTitle(texts.say("handover.title"))
    document = QTextDocument()
    # A size of its own: the window's is set for a screen, and would break the columns of the page.
    font = document.defaultFont()
    font.setPointSize(9)
    document.setDefaultFont(font)
    document.setHtml(_html(record, texts))
    document.print_(writer)
    del writer
    buffer.close()
    return bytes(buffer.data().data())


def _html(record: Handover, texts: Texts) -> str:
    def say(name: str) -> str:
        return escape(texts.say(f"handover.{name}"))

    title, *lines = (escape(line) for line in titles(record, texts))
    figures = "".join(
        f"<tr><td>{escape(name)}</td><td align='right'><b>{amount}</b></td></tr>"
        for name, amount in in_words(record, texts)
    )
    heads = "".join(f"<th align='left'>{say(name)}</th>" for name in ("receipt", "time", "kind", "aid", "paid"))
    sales = "".join(
        f"<tr><td>{escape(sale.receipt)}</td><td>{texts.moment(sale.at_ms)}</td>"
        f"<td>{escape(texts.say(f'movement.{sale.kind}'))}</td>"
        f"<td align='right'>{format_number(sale.aid)}</td><td align='right'>{format_number(sale.cash)}</td></tr>"
        for sale in record.sales
    )
    places = "".join(
        f"<td width='33%'>{say(name)}<br><br><br><br>______________________<br>{say('name_line')}</td>"
        for name in ("cashier", "manager", "officer")
    )
    return (
        f"<h2>{title}</h2><p>{'<br>'.join(lines)}</p>"
        f"<table width='70%' cellpadding='3'>{figures}</table><br>"
        f"<table width='100%' cellpadding='3' border='1' style='border-collapse:collapse'>"
        f"<tr>{heads}</tr>{sales}</table>"
        f"<p>{say('count')}: {len(record.sales)}</p>"
        f"<h4>{say('signed')}</h4><table width='100%'><tr>{places}</tr></table>"
    )
