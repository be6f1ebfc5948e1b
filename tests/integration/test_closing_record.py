"""The handover record of a day close: worked out by hand, opened by independent readers, compared with the journal."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from pytestqt.qtbot import QtBot

from kube_pos.errors import UnknownSale
from kube_pos.operations.closing import close_day
from kube_pos.operations.closing_record import handover, newest_close, workbook
from kube_pos.operations.corrections import reverse
from kube_pos.operations.redemption import sell_for_cash
from kube_pos.texts import Texts
from kube_pos.ui.closing_export import pdf_of
from tests.ledger_kit import EGG_KG, MANAGER, RICE_BAG, SOAP_BAR, Outlet
from tests.ui_kit import banner, button, furnish, open_counter, settle, show, touch
from tests.use_case_kit import MANAGING, basket, shop

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def closed(outlet: Outlet) -> int:
    """Two bags and 1½ kg of eggs as aid, one bag more that is undone, two bars for cash; the day closed."""
    card = outlet.family()
    outlet.entitle()
    shop(outlet, card, (RICE_BAG, 2000), (EGG_KG, 1500))
    undone = shop(outlet, card, (RICE_BAG, 1000))
    reverse(outlet.till, outlet.session, undone.seq, "salah", MANAGER)
    sell_for_cash(outlet.till, outlet.session, basket(outlet, cash=((SOAP_BAR, 2000),)))
    return close_day(outlet.till, MANAGING).seq


def test_the_record_says_what_was_sold(outlet: Outlet, closed: int) -> None:
    newest = newest_close(outlet.journal)
    assert newest is not None
    assert newest.seq == closed
    record = handover(outlet.till, closed)
    assert dict(record.figures) == {
        "used": 195_000, "over": 0, "stand_in": 0, "out": 195_000, "difference": 0, "cash": 10_000,
    }  # fmt: skip
    assert [(sale.receipt, sale.kind, sale.aid, sale.cash) for sale in record.sales] == [
        ("A01-000001", "redemption", 195_000, 0),
        ("A01-000002", "redemption", 75_000, 0),
        ("A01-000003", "reversal", -75_000, 0),
        ("A01-000004", "general_sale", 0, 10_000),
    ]
    assert record.hash == newest.hash.hex()[:16]
    with pytest.raises(UnknownSale):
        handover(outlet.till, closed - 1)


def test_a_till_without_a_close_has_no_record(outlet: Outlet) -> None:
    assert newest_close(outlet.journal) is None


def test_another_reader_finds_the_journal_in_the_workbook(outlet: Outlet, closed: int) -> None:
    record = handover(outlet.till, closed)
    book = openpyxl.load_workbook(BytesIO(workbook(record, Texts("id"))))
    head, sales = book.worksheets
    assert (head["A6"].value, head["B6"].value) == (
        "Hak bantuan terpakai",
        195_000,
    )
    rows = [tuple(cell.value for cell in row) for row in sales.iter_rows(min_row=2)]
    assert [(row[0], row[3], row[4]) for row in rows] == [(each.receipt, each.aid, each.cash) for each in record.sales]
    assert sum(row[3] for row in rows) == 195_000
    assert all(isinstance(row[0], str) and isinstance(row[3], int) for row in rows)


@pytest.mark.usefixtures("qtbot")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext")
def test_another_reader_finds_the_figures_in_the_pdf(outlet: Outlet, closed: int, tmp_path: Path) -> None:
    path = tmp_path / "record.pdf"
    path.write_bytes(pdf_of(handover(outlet.till, closed), Texts("id")))
    words = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode()
    for expected in ("BERITA ACARA", "Rp195.000", "Rp10.000", "000003", "75.000", "Petugas Dinas"):
        assert expected in words
    assert "Siti" not in words


def test_the_page_saves_both_and_says_where(outlet: Outlet, closed: int, qtbot: QtBot) -> None:
    furnish(outlet)
    counter = open_counter(outlet)
    show(counter, qtbot)
    counter.window.open_page("tutup")
    touch(counter, button(counter, "ui.handover.export"))
    settle(counter, lambda: "berita-acara" in banner(counter))
    name = f"berita-acara-A01-2026-11-24-{closed}"
    folder = outlet.folder / "laporan"
    assert {file.name for file in folder.iterdir()} == {f"{name}.pdf", f"{name}.xlsx"}
    counter.close()
