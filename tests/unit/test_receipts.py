"""Receipts: golden files at every width, no line too wide, no name or number readable, copies marked."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.devices.document import WIDTHS, Cut, PrintDocument, QrCode, Text
from kube_pos.devices.plain_text import to_ascii
from kube_pos.ledger.entries import Line, Proxy
from kube_pos.ledger.ids import LedgerId, ProductId, StaffId
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.quantity import Rupiah, Thousandths, line_total
from kube_pos.ledger.receipt_code import read, receipt_code, write
from kube_pos.operations.layout import Layout
from kube_pos.operations.receipts import mask_name, render
from kube_pos.texts import LANGUAGES, Texts
from tests.entry_kit import SPECIMENS
from tests.unit.golden import CATALOGUE, GENERAL, MIXED, ONE_MONTH, PAPERS, RAPEL, REVERSAL, paper_of, path_of, text_of

odd_text = st.text(max_size=90) | st.sampled_from(
    ["", "H. Muhammad 'Ali\tÉ\x1b@", "٣" * 70, "a b" * 40, "x" * 200, "\n\n"]
)
ID = Texts("id")


def fits(document: PrintDocument) -> None:
    for block in document.blocks:
        if isinstance(block, Text):
            assert len(block.text) <= (document.columns // 2 if block.double else document.columns), block
            assert "\n" not in block.text
            assert len(to_ascii(block.text)) <= len(block.text)


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_is_the_one_that_was_looked_at(name: str, columns: int) -> None:
    assert text_of(name, columns) == path_of(name, columns).read_text(encoding="utf-8")
    fits(PAPERS[name](ID, columns))


def test_no_golden_file_is_left_over() -> None:
    known = {path_of(name, columns, ending) for name in PAPERS for columns in WIDTHS for ending in ("txt", "bin")}
    assert set(path_of("x", 1).parent.iterdir()) == known


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("columns", WIDTHS)
def test_every_language_fits_and_is_plain_ascii(language: str, columns: int) -> None:
    for name, make in PAPERS.items():
        document = make(Texts(language), columns)
        fits(document)
        assert document.plain_text().isascii() or name == "long_names"


@given(st.sampled_from(WIDTHS), odd_text, odd_text, st.integers(0, 10**12), st.integers(1, 10**9), odd_text)
def test_no_line_is_wider_than_the_paper(
    columns: int, name: str, reason: str, price: int, quantity: int, next_release: str
) -> None:
    total = line_total(Thousandths(quantity), Rupiah(price))
    line = Line(product=ProductId(1), quantity=Thousandths(quantity), price=Rupiah(price), total=total)
    goods = {1: msgspec.structs.replace(CATALOGUE.products[ProductId(1)], name=name, unit=reason)}
    outlets = {1: msgspec.structs.replace(CATALOGUE.outlets[1], name=name, ward=reason)}  # type: ignore[index]
    catalogue = type(CATALOGUE)(
        outlets,
        CATALOGUE.programs,
        CATALOGUE.funds,
        CATALOGUE.commodities,
        goods,
        CATALOGUE.staff,
        (),
        (),
        (),  # type: ignore[arg-type]
    )
    proxy = Proxy(name=name, relation=reason, family_card_shown=False, reason=reason)
    sale = msgspec.structs.replace(ONE_MONTH, lines=(line,), cash=(line,), opening=Rupiah(price), proxy=proxy)
    undone = msgspec.structs.replace(REVERSAL, reason=reason)
    for entry in (sale, undone):
        paper = paper_of(
            entry, catalogue=catalogue, name=mask_name(name), cashier=name, next_release=next_release, copy=price % 3,
        )  # fmt: skip
        fits(render(paper, ID, columns))


@given(st.sampled_from(WIDTHS), odd_text, odd_text)
def test_a_pair_never_loses_a_character(columns: int, left: str, right: str) -> None:
    out = Layout(columns)
    out.pair(left, right)
    fits(out.document())
    shown = "".join(out.document().plain_text().split())
    assert shown == "".join(f"{left} {right}".split())


def test_a_paper_has_one_of_three_widths() -> None:
    with pytest.raises(ValueError, match="32"):
        Layout(40)


def test_rapel_is_named_with_its_months() -> None:
    assert "Periode: Okt 2026 + Nov 2026 (dirapel)" in render(paper_of(RAPEL), ID, 48).plain_text()


@pytest.mark.parametrize("entry", [ONE_MONTH, MIXED, RAPEL, REVERSAL])
def test_what_every_receipt_must_say(entry: object) -> None:
    text = render(paper_of(entry), ID, 42).plain_text()  # type: ignore[arg-type]
    for needed in (
        "KUBE Melati", "Rawa Makmur", "A01", "24/11/2026 10:00 WITA", "Rahmah", "LURING", "Tidak dipungut biaya",
        "Pengaduan: Dinas Sosial", "[QR KUBER1", "S*** A*****", "****4321",
    ):  # fmt: skip
        assert needed in text
    assert "Siti" not in text
    assert "Aminah" not in text


def test_a_sent_sale_says_so() -> None:
    text = render(paper_of(ONE_MONTH, is_sent=True), ID, 32).plain_text()
    assert "TERSINKRON" in text
    assert "LURING" not in text


def test_the_code_and_the_cut_stand_at_the_end() -> None:
    blocks = render(paper_of(GENERAL), ID, 32).blocks
    assert isinstance(blocks[-1], Cut)
    assert sum(isinstance(block, QrCode) for block in blocks) == 1


def test_only_sales_and_reversals_have_receipts() -> None:
    for entry in SPECIMENS[3:]:
        with pytest.raises(TypeError):
            render(paper_of(GENERAL, stored=Stored(1, entry, bytes(32))), ID, 32)


def test_what_the_list_no_longer_knows_is_printed_by_number() -> None:
    bare = type(CATALOGUE)(CATALOGUE.outlets, {}, {}, {}, {}, {}, (), (), ())
    text = render(paper_of(MIXED, catalogue=bare), ID, 42).plain_text()
    assert "#1" in text
    reversal = msgspec.structs.replace(REVERSAL, approver=StaffId(9))
    assert "9" in render(paper_of(reversal, catalogue=bare, target=None), ID, 32).plain_text()


@given(st.text(max_size=40))
def test_a_masked_name_shows_only_initials(name: str) -> None:
    masked = mask_name(name)
    assert [word[0] for word in masked.split()] == [word[0] for word in name.split()]
    assert all(set(word[1:]) <= {"*"} for word in masked.split())


@given(st.integers(1, 2**40), st.integers(0, 10**9), st.integers(0, 99), st.binary(min_size=64, max_size=64))
def test_the_code_is_read_back(seq: int, rupiah: int, copy: int, signature: bytes) -> None:
    code = receipt_code(LedgerId("01234567-89ab"), seq, bytes(32), "A01-000001", rupiah, copy)
    assert read(write(code, signature)) == (code, signature)


@pytest.mark.parametrize(
    "text", ["", "KUBER1", "KUBER1.a.b.c.d.e.f.g", "KUBER2.0.1.r.1.0.0.AA", "KUBER1.0.1.r.1.0.0.€", "6472"]
)
def test_what_is_no_receipts_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)
