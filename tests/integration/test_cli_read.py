"""`kube-pos read`: what a picture shows, and what is missing to read it better."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kube_pos import cli, cli_support
from kube_pos.devices.decoder import Decoder
from kube_pos.devices.opencv import load_opencv
from kube_pos.devices.symbols import Symbology
from kube_pos.devices.zxing import load_zxing
from kube_pos.ledger.cards import card_number


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    opencv, zxing = load_opencv(), load_zxing()
    assert zxing is not None
    path = tmp_path / "kartu.png"
    opencv.cv2.imwrite(str(path), zxing.draw(opencv, card_number(7).digits, Symbology.CODE128, 3))
    return path


def test_it_tells_file_symbology_text_and_time(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["read", "--json", str(picture)]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["file"], row["symbology"], row["text"]) == (str(picture), "code128", card_number(7).digits)
    assert isinstance(row["ms"], int)


@pytest.mark.parametrize(("language", "words"), [("id", "belum terpasang"), ("en", "is not installed")])
def test_without_zbar_it_reads_on_and_names_the_package(
    picture: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: str,
) -> None:
    monkeypatch.setattr(cli_support, "load_decoder", lambda: Decoder(load_opencv(), load_zxing(), None))
    assert cli.main(["--language", language, "read", str(picture)]) == 0
    said = capsys.readouterr()
    assert card_number(7).digits in said.out
    assert words in said.err
    assert "libzbar0" in said.err


def test_a_file_that_is_no_picture_fails_alone(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "surat.png"
    other.write_text("bukan gambar", encoding="utf-8")
    assert cli.main(["--language", "id", "read", str(other), str(picture)]) == 1
    said = capsys.readouterr()
    assert card_number(7).digits in said.out
    assert str(other) in said.out + said.err
