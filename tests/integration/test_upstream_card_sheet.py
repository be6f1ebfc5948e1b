"""The printed sheet: every code on it, drawn to pixels as a printer would, is read by an independent reader."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from kube_pos.ledger.cards import CardNumber, card_number
from kube_pos.texts import Texts
from kube_pos.upstream.card_sheet import MODULE_MM, write_card_sheet
from kube_pos.upstream.codes import Symbol, make_code, write_qr
from kube_pos.upstream.sample_city import DemoCard, DemoCity
from kube_pos.upstream.sample_goods import ean13

_SIGNED = f"SSC1.SMD1.64720000000160.20261116.{'QM4T7ZAB' * 12}ABCDEFG"


def small_city() -> DemoCity:
    cases = (
        "arrears",
        "used_up",
        "expired",
        "on_hold",
        "two_funds",
        "in_kind",
        "delivery",
        "card_lost",
        "card_blocked",
    )
    cards = tuple(
        DemoCard(card_number(number * 7919), case, "allowed", "Siti Nurhaliza Kusumawardhani Permatasari Hasanah")
        for number, case in enumerate((*cases, "held_elsewhere", "not_released"), start=1)
    )
    return DemoCity(
        cards=cards,
        unknown_card=card_number(99_999_999),
        wrong_card="64720000000161",
        national_id="6472015508770012",
        barcodes=(("Beras 5 kg", ean13(1)), ("Telur ayam", ean13(2))),
        signed_card=_SIGNED,
        forged_card=_SIGNED.replace("64720000000160", card_number(2).digits),
    )


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler-utils")
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_printed_code_reads(tmp_path: Path, language: str) -> None:
    city = small_city()
    write_card_sheet(tmp_path / "cards.pdf", city, Texts(language))
    subprocess.run(["pdftoppm", "-r", "150", "-gray", tmp_path / "cards.pdf", tmp_path / "page"], check=True)
    pages = sorted(tmp_path.glob("page*.pgm"))
    assert len(pages) == 4
    found: list[tuple[str, str]] = []
    for page in pages:
        with Image.open(page) as picture:
            found += [(code.text, str(code.format)) for code in zxingcpp.read_barcodes(picture)]
    numbers = [card.number.digits for card in city.cards]
    numbers += [city.unknown_card.digits, city.wrong_card, city.national_id]
    texts = [text for text, _ in found]
    signed = [city.signed_card, city.forged_card]
    assert sorted(texts) == sorted(numbers * 2 + signed + [number for _, number in city.barcodes])


def test_bars_are_wide_enough() -> None:
    assert MODULE_MM >= 0.33
    for number in (card_number(1), CardNumber("64729999999999")):
        code = make_code(Symbol.CODE_128, number.digits)
        assert code.columns * MODULE_MM + 20 * MODULE_MM < 85.6


def test_modules_are_the_code_s_own() -> None:
    code = make_code(Symbol.QR, "64720000000160")
    assert code.columns == len(code.rows) == 21
    assert code.rows[0][0].width == 7
    ean = make_code(Symbol.EAN_13, ean13(1))
    assert (ean.columns, len(ean.rows)) == (95, 1)
    with pytest.raises(ValueError, match="Invalid character"):
        make_code(Symbol.EAN_13, "no digits")


def test_a_qr_file_is_svg(tmp_path: Path) -> None:
    write_qr(tmp_path / "code.svg", "KUBE1 http://127.0.0.1:1 ff AAAA")
    assert (tmp_path / "code.svg").read_text(encoding="utf-8").lstrip().startswith(("<svg", "<?xml"))
    with pytest.raises(ValueError, match="png"):
        write_qr(tmp_path / "code.png", "x")
