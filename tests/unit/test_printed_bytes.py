"""Every paper as bytes, read by a strict interpreter: no unknown command, no line too long, codes that are read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_pos.devices.document import WIDTHS, Cut, PrintDocument, QrCode
from kube_pos.devices.escpos_printer import LineTooLong, to_bytes
from kube_pos.devices.plain_text import to_ascii
from kube_pos.devices.printer_models import PrinterModel, model_for
from kube_pos.operations.layout import Layout
from kube_pos.operations.trial_page import ruler, trial_page
from kube_pos.texts import LANGUAGES, Texts
from tests.escpos_interpreter import NotEscPos, Roll, run
from tests.pure_kit import NOW
from tests.unit.golden import PAPERS, bytes_of, path_of

CACHE = Path(tempfile.gettempdir()) / "kube-pos-test-escpos"
ID = Texts("id")
EVERY = [(name, columns) for name in PAPERS for columns in WIDTHS]


def model(columns: int) -> PrinterModel:
    found = model_for(columns)
    assert found is not None
    return found


def roll_of(data: bytes, columns: int) -> Roll:
    return run(data, columns, model(columns).dots)


@pytest.mark.parametrize(("name", "columns"), EVERY)
def test_the_bytes_are_those_that_were_looked_at(name: str, columns: int) -> None:
    assert bytes_of(name, columns) == path_of(name, columns, "bin").read_bytes()


@pytest.mark.parametrize(("name", "columns"), EVERY)
def test_a_printer_shows_the_text_and_the_code(name: str, columns: int) -> None:
    document = PAPERS[name](ID, columns)
    data = path_of(name, columns, "bin").read_bytes()
    roll = roll_of(data, columns)
    assert data.startswith(b"\x1b@")
    assert not roll.is_open
    wanted = [to_ascii(line).rstrip() for line in document.plain_text().splitlines() if not line.startswith("[QR ")]
    assert [line.text for line in roll.lines] == wanted
    codes = [block.payload for block in document.blocks if isinstance(block, QrCode)]
    assert roll.codes == codes
    cuts = sum(isinstance(block, Cut) for block in document.blocks)
    assert (roll.cuts, roll.fed > 0) == (cuts if model(columns).has_cutter else 0, cuts > 0)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_copy_says_so_in_double_size_at_both_ends(columns: int) -> None:
    lines = roll_of(path_of("second_copy_of_rapel", columns, "bin").read_bytes(), columns).lines
    places = [place for place, line in enumerate(lines) if line.double]
    assert [lines[place].text.strip() for place in places] == ["SALINAN ke-2"] * 2
    assert places[0] == 0
    assert places[1] > len(lines) - 5


@pytest.mark.parametrize("columns", WIDTHS)
def test_amounts_end_at_the_papers_edge_and_the_number_stands_at_head_and_foot(columns: int) -> None:
    lines = [line.text for line in roll_of(path_of("mixed_with_cash", columns, "bin").read_bytes(), columns).lines]
    amounts = [line for line in lines if " x Rp" in line or line.startswith(("Jumlah", "Saldo", "Dipakai", "Sisa"))]
    assert len(amounts) > 8
    assert {len(line) for line in amounts} == {columns}
    assert sum("A01-000123" in line for line in lines) == 2
    assert lines[-1].strip() == "--- AKHIR A01-000123 ---"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_test_page_shows_where_each_paper_ends(language: str) -> None:
    page = trial_page(Texts(language), "A01", NOW)
    roll = run(to_bytes(page, PrinterModel("trial", 48, 384, has_cutter=True), CACHE), 48, 384)
    assert roll.codes == ["KUBE-POS A01 24/11/2026 10:00 WITA"]
    assert roll.cuts == 1
    lines = [line.text for line in roll.lines]
    assert [len(text.text) for text in ruler()] == [40, 48, 32, 42, 48]
    assert [line for line in lines if line.endswith("=]")] == [text.text for text in ruler()[2:]]
    others = [line for line in lines if line not in {text.text for text in ruler()}]
    assert all(len(line) <= 32 for line in others)


def test_a_paper_for_wide_rolls_is_refused_by_a_narrow_one() -> None:
    with pytest.raises(LineTooLong):
        to_bytes(PAPERS["one_month"](ID, 48), model(32), CACHE)


anything = st.text(st.characters(), max_size=70) | st.text(st.characters(max_codepoint=0x9F), max_size=70)


@settings(max_examples=60)
@given(st.sampled_from(WIDTHS), st.lists(st.tuples(anything, anything), max_size=6))
def test_no_text_whatever_becomes_a_command_or_too_long_a_line(columns: int, pairs: list[tuple[str, str]]) -> None:
    out = Layout(columns)
    for left, right in pairs:
        out.pair(left, right)
        out.centred(left, bold=True)
        out.wrapped(right)
        out.big(left)
    roll = roll_of(to_bytes(out.document(), model(columns), CACHE), columns)
    assert not roll.is_open
    assert roll.resets == 1
    assert (roll.cuts, roll.fed, roll.codes) == (0, 0, [])


@settings(max_examples=25)
@given(
    st.sampled_from(WIDTHS), st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl.-_", min_size=1, max_size=200)
)
def test_any_code_is_read_back_from_the_picture(columns: int, payload: str) -> None:
    document = PrintDocument(columns, (QrCode(payload), Cut()))
    assert roll_of(to_bytes(document, model(columns), CACHE), columns).codes == [payload]


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b@caf\x82\n",
        b"\x1bp\x00\x32\x32",
        b"\x1c.",
        b"x" * 33 + b"\n",
        b"\x1b!\x30" + b"x" * 17 + b"\n",
        b"half\x1dV\x00",
        b"\x1dv0\x00\x31\x00\x01\x00" + bytes(49),
        b"\x1dv0\x00\x01\x00\x30\x00" + bytes(48),
        b"\x10\x04\x07",
        b"\x00",
    ],
)
def test_the_interpreter_is_strict(data: bytes) -> None:
    with pytest.raises(NotEscPos):
        run(data, 32, 384)


def test_the_interpreter_knows_a_picture_that_is_no_code_and_an_end_that_is_missing() -> None:
    assert run(b"\x1dv0\x00\x01\x00\x08\x00" + bytes(8) + b"\n", 32, 384).codes == [""]
    assert run(b"half a line", 32, 384).is_open
    assert run(b"\x1dv0\x00\x30\x00\x08\x00\x00", 32, 384).is_open
