"""A sheet of demo cards to print or to hold before a camera: A4, cards of the size of a bank card, two by five.

Each card has its number as Code 128, as QR and in groups, with the edge case that it shows. A last page has codes that
are no known card: an unknown one, a wrong check digit, sixteen digits, and the products' bar codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fpdf import FPDF

from kube_pos.texts import Texts
from kube_pos.upstream.codes import Code, Symbol, make_code
from kube_pos.upstream.sample_city import CASHIER_PIN, MANAGER_PIN, DemoCard, DemoCity

CARD_MM = (85.6, 54.0)
MODULE_MM = 0.36
"""The width of a bar code's thinnest bar: what cheap laser scanners and webcams still read."""
_QR_MODULE_MM = 0.85
_SIGNED_MM = 33.0
_COLUMNS, _ROWS = 2, 5
_GAP_MM = 3.0
_LEFT_MM = (210 - _COLUMNS * CARD_MM[0] - _GAP_MM) / 2
_TOP_MM = (297 - _ROWS * CARD_MM[1] - (_ROWS - 1) * _GAP_MM) / 2
_BAR_HEIGHT_MM = 11.0
_PRODUCT_ROWS = 7


@dataclass(frozen=True, slots=True)
class _Face:
    """What stands on one card."""

    title: str
    hint: str
    number: str
    signed: str = ""
    """The text of a signed QR code, which stands alone then and large."""


class CardSheet:
    """Draws cards and codes on A4 pages."""

    def __init__(self, texts: Texts, font_path: Path | None) -> None:
        """Use a TrueType font when one is given, else the fonts that every PDF reader has."""
        self._texts = texts
        self._pdf = FPDF(format="A4")
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_title(texts.say("card_sheet.title"))
        self._pdf.set_creator("kube-pos")
        self._family = "helvetica"
        if font_path is not None:
            self._family = "sheet"
            self._pdf.add_font(self._family, fname=font_path)

    def cards(self, cards: tuple[DemoCard, ...]) -> None:
        """Add pages of cards."""
        faces = [_Face(card.name, self._texts.say(f"demo_case.{card.case}"), card.number.digits) for card in cards]
        self._pages(faces)

    def others(self, city: DemoCity) -> None:
        """Add pages of codes that are no known card, and of the products."""
        say = self._texts.say
        signed = [
            _Face(say(f"card_sheet.{name}"), say(f"demo_case.{name}"), text.split(".")[2], text)
            for name, text in (("signed_card", city.signed_card), ("forged_card", city.forged_card))
            if text
        ]
        self._pages(
            [
                *signed,
                _Face(say("card_sheet.unknown"), say("demo_case.unknown_card"), city.unknown_card.digits),
                _Face(say("card_sheet.wrong"), say("demo_case.wrong_card"), city.wrong_card),
                _Face(say("card_sheet.national_id"), say("demo_case.national_id"), city.national_id),
            ]
        )
        self._products(city.barcodes)

    def write(self, path: Path) -> None:
        """Write the sheet as a PDF file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._pdf.output(str(path))

    def _pages(self, faces: list[_Face]) -> None:
        for place, face in enumerate(faces):
            spot = place % (_COLUMNS * _ROWS)
            if spot == 0:
                self._pdf.add_page()
            row, column = divmod(spot, _COLUMNS)
            left = _LEFT_MM + column * (CARD_MM[0] + _GAP_MM)
            self._card(left, _TOP_MM + row * (CARD_MM[1] + _GAP_MM), face)

    def _card(self, left: float, top: float, face: _Face) -> None:
        pdf = self._pdf
        pdf.set_draw_color(160)
        pdf.rect(left, top, *CARD_MM, style="D", round_corners=True, corner_radius=3)
        self._text(left + 5, top + 4, 11, face.title, width=52)
        self._text(left + 57, top + 4, 8, self._texts.say("card_sheet.mark"), width=24, align="R")
        self._text(left + 5, top + 10, 7.5, face.hint, width=44 if face.signed else 50, lines=True)
        if face.signed:
            signed = make_code(Symbol.QR, face.signed)
            module = _SIGNED_MM / signed.columns
            self._code(signed, left + CARD_MM[0] - 6 - _SIGNED_MM, top + 11, module, module)
            self._text(left + 5, top + 46, 11, _grouped(face.number), width=CARD_MM[0] - 10, align="C")
            return
        qr = make_code(Symbol.QR, face.number)
        size = qr.columns * _QR_MODULE_MM
        self._code(qr, left + CARD_MM[0] - 6 - size, top + 11, _QR_MODULE_MM, _QR_MODULE_MM)
        bars = make_code(Symbol.CODE_128, face.number)
        width = bars.columns * MODULE_MM
        self._code(bars, left + (CARD_MM[0] - width) / 2, top + 33, MODULE_MM, _BAR_HEIGHT_MM)
        self._text(left + 5, top + 46, 11, _grouped(face.number), width=CARD_MM[0] - 10, align="C")

    def _products(self, barcodes: tuple[tuple[str, str], ...]) -> None:
        """Add a page with the products' codes, and the demo's PINs."""
        self._pdf.add_page()
        say = self._texts.say
        self._text(15, 12, 14, say("card_sheet.products"), width=180)
        self._text(15, 20, 9, say("card_sheet.pins", cashier=CASHIER_PIN, manager=MANAGER_PIN), width=180)
        for place, (name, number) in enumerate(barcodes):
            column, row = divmod(place, _PRODUCT_ROWS)
            left, top = 20 + column * 95, 34 + row * 36
            self._text(left, top, 10, name, width=80)
            self._code(make_code(Symbol.EAN_13, number), left + 6, top + 7, MODULE_MM, 14)
            self._text(left + 6, top + 22, 9, number, width=60)

    def _code(self, code: Code, left: float, top: float, module: float, height: float) -> None:
        """Fill the dark modules as rectangles, so that they are sharp at any scale."""
        self._pdf.set_fill_color(0)
        for row, bars in enumerate(code.rows):
            for bar in bars:
                self._pdf.rect(left + bar.start * module, top + row * height, bar.width * module, height, style="F")

    def _text(
        self, left: float, top: float, size: float, text: str, *, width: float, align: str = "L", lines: bool = False
    ) -> None:
        pdf = self._pdf
        pdf.set_font(self._family, size=size)
        pdf.set_xy(left, top)
        if lines:
            pdf.multi_cell(width, size * 0.45, text, align=align)
            return
        while pdf.get_string_width(text) > width and len(text) > 1:
            text = text[:-2].rstrip() + "."
        pdf.cell(width, 5, text, align=align)


def write_card_sheet(path: Path, city: DemoCity, texts: Texts, font_path: Path | None = None) -> None:
    """Write the demo city's cards and other codes to a PDF file."""
    sheet = CardSheet(texts, font_path)
    sheet.cards(city.cards)
    sheet.others(city)
    sheet.write(path)


def _grouped(number: str) -> str:
    """Return a number in groups of four, as it is read aloud and typed."""
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))
