"""The handover record of a day close: its figures and sales, from the journal alone, and as a workbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from io import BytesIO

import xlsxwriter

from kube_pos.errors import UnknownSale
from kube_pos.ledger.entries import DayClosed, GeneralSale, Redemption, Reversal
from kube_pos.ledger.ports import JournalStore, Stored
from kube_pos.ledger.quantity import format_rupiah
from kube_pos.ledger.totals import add_up
from kube_pos.operations.till import Till
from kube_pos.texts import Texts


@dataclass(frozen=True, slots=True)
class HandoverSale:
    """One sale of a close: aid and cash in rupiah, a reversal with its sale's figures taken off."""

    receipt: str
    at_ms: int
    kind: str
    aid: int
    cash: int


@dataclass(frozen=True, slots=True)
class Handover:
    """What two people sign at the end of a day. No family is named in it."""

    seq: int
    hash: str
    day: date
    place: tuple[str, str, str]
    """Outlet, ward and terminal."""
    figures: tuple[tuple[str, int], ...]
    """By the key of their word under `handover`, as the close said them."""
    sales: tuple[HandoverSale, ...]


def newest_close(journal: JournalStore) -> Stored | None:
    """Return the newest day close. Reads back from the newest entry."""
    for seq in range(journal.head()[0], 0, -1):
        stored = journal.entry(seq)
        if stored is not None and isinstance(stored.entry, DayClosed):
            return stored
    return None


def handover(till: Till, seq: int) -> Handover:
    """Return the record of day close `seq`; raises UnknownSale when it is none. Not on the main thread."""
    stored = till.journal.entry(seq)
    if stored is None or not isinstance(stored.entry, DayClosed):
        raise UnknownSale(receipt=str(seq))
    close = stored.entry
    outlet = till.replica.catalogue().outlets.get(till.identity.outlet_id)
    found = [sale for number in close.sales if (sale := till.journal.entry(number)) is not None]
    return Handover(
        seq,
        stored.hash.hex()[:16],
        close.day,
        (outlet.name if outlet else "-", outlet.ward if outlet else "-", till.identity.terminal),
        (
            ("used", close.entitlement_used),
            ("over", close.over),
            ("stand_in", close.stand_in),
            ("out", close.goods_out),
            ("difference", close.entitlement_used + close.over + close.stand_in - close.goods_out),
            ("cash", close.cash),
        ),
        tuple(_line(till.journal, sale) for sale in found),
    )


def workbook(record: Handover, texts: Texts) -> bytes:
    """Return the record as XLSX: amounts are numbers, receipt numbers are text."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0"})
    head = book.add_worksheet(texts.say("handover.sheet_day"))
    head.set_column(0, 0, 44)
    head.set_column(1, 1, 20)
    for row, line in enumerate(titles(record, texts)):
        head.write_string(row, 0, line, bold)
    for row, (name, amount) in enumerate(record.figures, start=5):
        head.write_string(row, 0, texts.say(f"handover.{name}"))
        head.write_number(row, 1, amount, money)
    head.write_string(5 + len(record.figures), 0, texts.say("handover.count"))
    head.write_number(5 + len(record.figures), 1, len(record.sales), money)
    sheet = book.add_worksheet(texts.say("handover.sheet_sales"))
    sheet.set_column(0, 4, 22)
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(("receipt", "time", "kind", "aid", "paid")):
        sheet.write_string(0, column, texts.say(f"handover.{name}"), bold)
    for row, sale in enumerate(record.sales, start=1):
        for column, text in enumerate((sale.receipt, texts.moment(sale.at_ms), texts.say(f"movement.{sale.kind}"))):
            sheet.write_string(row, column, text)
        sheet.write_number(row, 3, sale.aid, money)
        sheet.write_number(row, 4, sale.cash, money)
    book.close()
    return out.getvalue()


def titles(record: Handover, texts: Texts) -> tuple[str, ...]:
    """Return the lines at the head of the record."""
    outlet, ward, terminal = record.place
    return (
        texts.say("handover.title"),
        texts.say("handover.place", outlet=outlet, ward=ward, terminal=terminal),
        texts.say("handover.day", day=texts.day(record.day)),
        texts.say("handover.closing", seq=record.seq, hash=record.hash),
    )


def in_words(record: Handover, texts: Texts) -> tuple[tuple[str, str], ...]:
    """Return the figures as they are read: name and amount."""
    return tuple((texts.say(f"handover.{name}"), format_rupiah(amount)) for name, amount in record.figures)


def _line(journal: JournalStore, stored: Stored) -> HandoverSale:
    entry, targets = stored.entry, {}
    if isinstance(entry, Reversal) and (target := journal.entry(entry.target)) is not None:
        targets[target.seq] = target
    if not isinstance(entry, Redemption | GeneralSale | Reversal):
        raise UnknownSale(receipt=str(stored.seq))
    totals = add_up((stored,), targets)
    kinds = {Redemption: "redemption", GeneralSale: "general_sale", Reversal: "reversal"}
    return HandoverSale(entry.receipt, entry.at, kinds[type(entry)], totals.goods_out, totals.cash)
