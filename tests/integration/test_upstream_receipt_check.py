"""A receipt's code at the office: genuine, changed, of another till, not yet sent, and not the one that was sent."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.ledger.receipt_code import ReceiptCode, receipt_code, write
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream.commands import add_commands, run
from tests.upstream_kit import SetClock, TestTill, World, redemption, small_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with small_world(tmp_path) as made:
        yield made


def code_of(till: TestTill, seq: int = 1, *, receipt: str = "A01-000001", copy: int = 0) -> ReceiptCode:
    return receipt_code(till.ledger_id, seq, till.heads[seq], receipt, 165_000, copy)


def signed(till: TestTill, code: ReceiptCode) -> str:
    return write(code, till.key.sign(code.text().encode()))


class Office:
    def __init__(self, world: World, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.database, self.capsys, self.folder = folder / "office.db", capsys, folder
        self.till = world.till()
        self.till.journal(redemption(world.keys, 1, [(1, 100_000)]))

    def check(self, *words: str, language: str = "id") -> tuple[int, str]:
        texts = Texts(language)
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers(dest="upstream_command", required=True), texts)
        args = parser.parse_args(["check-receipt", "--database", str(self.database), *words])
        status = run(args, texts, SetClock())
        captured = self.capsys.readouterr()
        return status, captured.out + captured.err


@pytest.fixture
def office(world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Office:
    return Office(world, capsys, tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_genuine_receipt_is_told_before_and_after_its_sale_has_come(office: Office, language: str) -> None:
    code = signed(office.till, code_of(office.till))
    status, said = office.check(code, language=language)
    assert status == 0
    for needed in ("A01-000001", "Rp165.000", Texts(language).say("upstream_receipt.not_yet")):
        assert needed in said
    assert office.till.upload().status_code == 200
    status, said = office.check(code, language=language)
    assert (status, Texts(language).say("upstream_receipt.stored") in said) == (0, True)


def test_a_copy_is_told_as_one(office: Office) -> None:
    assert "salinan ke-2" in office.check(signed(office.till, code_of(office.till, copy=2)))[1]


def test_every_changed_character_is_found(office: Office) -> None:
    code = signed(office.till, code_of(office.till))
    for place in range(len(code) - 1):
        changed = code[:place] + ("1" if code[place] != "1" else "2") + code[place + 1 :]
        status, said = office.check(changed)
        assert status == 1, changed
        assert "SAH." not in said.replace("TIDAK SAH.", "")


def test_a_code_of_another_till_or_of_nobody_is_refused(office: Office, world: World) -> None:
    forger = world.stranger()
    forger.ledger_id = office.till.ledger_id
    forger.heads = office.till.heads
    assert "TIDAK SAH" in office.check(signed(forger, code_of(forger)))[1]
    unknown = ReceiptCode("ffffffff", 1, "Z01-000001", 5, "0" * 16, 0)
    assert "tidak terdaftar" in office.check(signed(forger, unknown))[1]
    assert "bukan kode struk" in office.check("64720000000123")[1]


def test_a_signed_code_that_is_not_what_was_sent_is_told(office: Office) -> None:
    code = signed(office.till, ReceiptCode(office.till.ledger_id[:8], 1, "A01-000001", 900_000, "0" * 16, 0))
    assert office.till.upload().status_code == 200
    status, said = office.check(code)
    assert (status, "TIDAK COCOK" in said) == (1, True)


def test_a_file_of_codes_is_answered_line_by_line(office: Office, tmp_path: Path) -> None:
    good = signed(office.till, code_of(office.till))
    path = tmp_path / "codes.txt"
    path.write_text(f"{good}\n\nnonsense\n{good}\n", encoding="utf-8")
    status, said = office.check("--file", str(path))
    assert status == 1
    assert said.count("SAH. Struk") == 2
    assert said.count("bukan kode struk") == 1
