"""Receipts as bytes, read back by a strict little interpreter of ESC/POS."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.devices.conversation import Delivery, Look, Terms
from kube_pos.devices.document import Align, Cut, PrintDocument, QrCode, Text
from kube_pos.devices.escpos_printer import CodeTooLarge, EscposPrinter, LineTooLong, to_bytes
from kube_pos.devices.opencv import load_opencv
from kube_pos.devices.plain_text import to_ascii
from kube_pos.devices.ports import PrinterError, PrintTerms
from kube_pos.devices.printer_models import MODELS, PrinterModel, find_model, model_for
from kube_pos.devices.zxing import load_zxing
from tests.escpos_interpreter import run

CACHE = Path(tempfile.gettempdir()) / "kube-pos-test-escpos"
NARROW = MODELS[0]
CUTTING = MODELS[1]
NATIVE = next(model for model in MODELS if model.native_qr)


@dataclass
class Paper:
    """What a printer would do: lines with their weight and size, picture strips, cuts. Unknown bytes fail the test."""

    lines: list[tuple[str, bool, bool]] = field(default_factory=list)
    strips: list[tuple[int, int, bytes]] = field(default_factory=list)
    native_codes: list[bytes] = field(default_factory=list)
    cuts: int = 0
    fed: int = 0
    starts: int = 0

    @classmethod
    def of(cls, data: bytes) -> Paper:
        paper, place, text, bold, double = cls(), 0, "", False, False
        while place < len(data):
            head = data[place : place + 2]
            if head == b"\x1b@":
                paper.starts, bold, double, place = paper.starts + 1, False, False, place + 2
            elif head == b"\x1b!":
                bold, double, place = bool(data[place + 2] & 8), data[place + 2] & 0x30 == 0x30, place + 3
            elif head == b"\x1bE":
                bold, place = bool(data[place + 2] & 1), place + 3
            elif head == b"\x1ba":
                place += 3
            elif head == b"\x1bd":
                paper.fed, place = paper.fed + data[place + 2], place + 3
            elif head == b"\x1dV":
                paper.cuts, place = paper.cuts + 1, place + 3
            elif head == b"\x1d(":
                size = int.from_bytes(data[place + 3 : place + 5], "little")
                if data[place + 6] == 80:
                    paper.native_codes.append(data[place + 8 : place + 5 + size])
                place += 5 + size
            elif data[place : place + 4] == b"\x1dv0\x00":
                wide = int.from_bytes(data[place + 4 : place + 6], "little")
                high = int.from_bytes(data[place + 6 : place + 8], "little")
                paper.strips.append((wide, high, data[place + 8 : place + 8 + wide * high]))
                place += 8 + wide * high
            elif data[place] == 10:
                paper.lines.append((text, bold, double))
                text, place = "", place + 1
            else:
                assert 0x20 <= data[place] < 0x7F, f"byte {data[place]:#x} at {place}"
                text, place = text + chr(data[place]), place + 1
        assert text == "", "the last line was not ended"
        return paper

    def texts(self) -> list[str]:
        return [text for text, _, _ in self.lines]


def paper_of(*blocks: Text | QrCode | Cut, model: PrinterModel = NARROW, columns: int | None = None) -> Paper:
    return Paper.of(to_bytes(PrintDocument(columns or model.columns, blocks), model, CACHE))


def test_a_job_starts_from_a_known_state() -> None:
    assert to_bytes(PrintDocument(32, (Text("Struk"),)), NARROW, CACHE) == b"\x1b@Struk\n"


def test_weight_and_size_are_switched_on_and_off_again() -> None:
    paper = paper_of(Text("SALINAN", double=True, bold=True), Text("biasa"), Text("tebal", bold=True), Text("lagi"))
    assert paper.lines == [
        ("SALINAN", True, True),
        ("biasa", False, False),
        ("tebal", True, False),
        ("lagi", False, False),
    ]


def test_a_centred_line_stands_where_the_preview_shows_it() -> None:
    document = PrintDocument(32, (Text("Outlet", Align.CENTER), Text("Rp1", Align.CENTER, double=True)))
    assert Paper.of(to_bytes(document, NARROW, CACHE)).texts() == document.plain_text().splitlines()


def test_a_narrow_document_on_wide_paper_keeps_its_own_width() -> None:
    assert paper_of(Text("x", Align.CENTER), model=CUTTING, columns=32).texts() == ["x".center(32).rstrip()]


@pytest.mark.parametrize(("length", "double"), [(33, False), (17, True)])
def test_a_line_too_long_is_an_error_and_never_wraps(length: int, *, double: bool) -> None:
    with pytest.raises(LineTooLong) as caught:
        paper_of(Text("9" * length, double=double))
    assert caught.value.facts == {"columns": length - 1, "length": length}


def test_a_name_with_control_bytes_can_not_command_the_printer() -> None:
    assert paper_of(Text("Beras\x1bp\x00\x32\x32\x1d\x56\x00 5kg\x9b")).texts() == ["Berasp22V 5kg"]


def test_letters_that_printers_lack_become_alike_ones() -> None:
    text = paper_of(Text("Gula “aren” – café… 中 \u00a0Rp1 ½ ﬁ")).texts()[0]
    assert text == 'Gula "aren" - cafe. ?  Rp1 ? ?'


@given(st.text(max_size=60))
def test_plain_text_is_printable_and_never_longer(text: str) -> None:
    plain = to_ascii(text)
    assert plain.isascii()
    assert plain == "" or plain.isprintable()
    assert len(plain) <= len(text)


def test_a_printer_without_a_knife_feeds_and_one_with_a_knife_cuts() -> None:
    assert (paper_of(Cut()).cuts, paper_of(Cut()).fed) == (0, NARROW.feed_lines)
    cut = paper_of(Cut(), model=CUTTING)
    assert (cut.cuts, cut.fed) == (1, 6)


@pytest.mark.parametrize("model", [model for model in MODELS if not model.native_qr], ids=lambda model: model.name)
@pytest.mark.parametrize("length", [1, 40, 90, 300])
def test_a_code_is_printed_in_strips_that_read_back(model: PrinterModel, length: int) -> None:
    payload = ("KPOS1:" + "0123456789ABCDEF" * 20)[:length]
    paper = paper_of(QrCode(payload), model=model)
    assert all(wide * 8 <= model.dots for wide, _, _ in paper.strips)
    assert all(high <= 100 and high % 48 for _, high, _ in paper.strips)
    opencv, zxing = load_opencv(), load_zxing()
    assert zxing is not None
    np = opencv.numpy
    rows = np.frombuffer(b"".join(data for _, _, data in paper.strips), np.uint8)
    picture = 255 - np.unpackbits(rows.reshape(-1, paper.strips[0][0]), axis=1) * 255
    assert [code.payload for code in zxing.read(np.ascontiguousarray(picture), thorough=True)] == [payload]
    dark = np.nonzero((picture == 0).any(axis=0))[0]
    assert math.isclose(dark[0], picture.shape[1] - 1 - dark[-1], abs_tol=2)


def test_a_code_larger_than_the_paper_is_an_error() -> None:
    with pytest.raises(CodeTooLarge):
        paper_of(QrCode("x" * 2000))


def test_a_printer_that_draws_codes_itself_gets_the_words() -> None:
    paper = paper_of(QrCode("KPOS1:abc"), model=NATIVE)
    assert (paper.strips, paper.native_codes) == ([], [b"KPOS1:abc"])


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    paper_of(Text("Struk"), QrCode("KPOS1:abc"), Cut(), model=CUTTING)
    assert capfd.readouterr() == ("", "")


def test_each_width_has_a_model_and_each_model_a_name() -> None:
    assert [model_for(columns).columns for columns in (32, 42, 48) if model_for(columns)] == [32, 42, 48]
    assert model_for(40) is None
    assert find_model("generic-58") is NARROW
    assert find_model("?") is None


class _Way:
    """A transport that keeps what it was given, and how."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.terms: list[Terms] = []
        self.asked: list[bool] = []
        self.delivery = Delivery()
        self.look_says: Look | PrinterError = Look()

    def send(self, data: bytes, terms: Terms) -> Delivery:
        self.sent.append(data)
        self.terms.append(terms)
        return self.delivery

    def look(self, *, asks: bool) -> Look:
        self.asked.append(asks)
        if isinstance(self.look_says, PrinterError):
            raise self.look_says
        return self.look_says


RECEIPT = PrintDocument(32, (Text("Struk"),))


def test_the_printer_sends_the_bytes_or_fails_before_the_first() -> None:
    way = _Way()
    printer = EscposPrinter(way, NARROW, CACHE)
    assert printer.columns == 32
    assert not printer.print(RECEIPT, PrintTerms()).confirmed
    assert way.sent == [b"\x1b@Struk\n"]
    with pytest.raises(PrinterError) as caught:
        printer.print(PrintDocument(48, (Text("9" * 48),)), PrintTerms())
    assert (caught.value.detail, caught.value.clean) == ("printer_document", True)
    assert len(way.sent) == 1


def test_a_printer_that_was_silent_is_not_asked_at_each_job_but_now_and_then() -> None:
    way = _Way()
    printer = EscposPrinter(way, NARROW, CACHE)
    for _ in range(9):
        printer.look()
    printer.print(RECEIPT, PrintTerms())
    assert way.asked == [True, *[False] * 6, True, False]
    assert not way.terms[0].asks


def test_a_printer_that_was_away_is_asked_again() -> None:
    way = _Way()
    printer = EscposPrinter(way, NARROW, CACHE)
    printer.look()
    way.look_says = PrinterError("printer_unreachable", clean=True)
    with pytest.raises(PrinterError):
        printer.look()
    way.look_says = Look(answered=True, warning="printer_paper_low")
    assert printer.look() == "printer_paper_low"
    assert way.asked == [True, False, True]
    printer.print(RECEIPT, PrintTerms())
    assert way.terms[0].asks


def test_a_printer_that_does_not_tell_the_end_is_asked_for_it_once() -> None:
    way = _Way()
    printer = EscposPrinter(way, NARROW, CACHE)
    way.delivery = Delivery(answered=True, barrier_ignored=True)
    for _ in range(2):
        printer.print(RECEIPT, PrintTerms())
    assert [(terms.asks, terms.barrier) for terms in way.terms] == [(True, True), (True, False)]


@pytest.mark.parametrize("model", [NARROW, CUTTING], ids=lambda model: model.name)
def test_after_a_break_the_next_receipt_comes_out_whole_wherever_the_last_one_broke_off(model: PrinterModel) -> None:
    way = _Way()
    printer = EscposPrinter(way, model, CACHE)
    document = PrintDocument(32, (Text("Struk lama"), QrCode("KUBER1." + "x" * 120), Text("akhir"), Cut()))
    printer.print(document, PrintTerms())
    printer.print(RECEIPT, PrintTerms(after_break=True))
    assert not way.terms[1].barrier
    whole = way.sent[0]
    # Within a text, or within the dots of a picture; the few bytes of a command's head leave no choice to anyone.
    breaks = [n for n in range(1, len(whole), 97) if not set(whole[max(0, n - 8) : n]) & {0x1B, 0x1D}]
    assert len(breaks) > 20
    for length in breaks:
        roll = run(way.sent[0][:length] + way.sent[1], model.columns, model.dots)
        assert roll.lines[-1].text == "Struk"
        assert not roll.is_open
