"""A list as an office would have it goes in by the command line, and the demo's till serves its families."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook

from kube_pos.ledger.entries import Redemption
from tests.end2end.kit import ROOT, DemoTill, Keyboard, wait_for, x_server

pytestmark = [
    pytest.mark.screen,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.name != "posix" or shutil.which("Xvfb") is None, reason="needs Xvfb and xdotool"),
]
RICE = "2000006472014"
ROWS = (
    ("NIK", "No. KK", "Nama Lengkap", "Alamat", "RT", "Kelurahan", "Kecamatan"),
    ("6472015203850007", "6472010101150001", "Rusmini Wati", "Jl. Gerbang Dayaku 12", "07", "RAWA  MAKMUR", "palaran"),
    ("6472011107790003", "6472010101150002", "Bahtiar", "Jl. Olah Bebaya", "11", "Rawa Makmur", "Palaran"),
    (6472015203850000, "6472010101150003", "Angka Rusak", "Jl. Dua", "01", "Rawa Makmur", "Palaran"),
    ("6,47E+15", "6472010101150004", "Ilmiah", "Jl. Tiga", "01", "Rawa Makmur", "Palaran"),
    ("6472015203850000", "6472010101150005", "Serial Nol", "Jl. Empat", "01", "Rawa Makmur", "Palaran"),
    ("6472011207790003", "6472010101150006", "Kelurahan Salah", "Jl. Lima", "01", "Rawa Mundur", "Palaran"),
)


@pytest.fixture
def till(tmp_path: Path) -> Iterator[DemoTill]:
    with x_server() as display:
        till = DemoTill(tmp_path / "demo", display)
        till.prepare()
        yield till
        till.stop()


def office(till: DemoTill, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kube_pos", "--language", "id", "upstream", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    database = str(till.folder / "office.db")
    return subprocess.run(
        [*command, "--database", database], capture_output=True, text=True, check=False, env=environment
    )


def test_import_publish_and_serve(till: DemoTill, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ROWS:
        sheet.append(row)
    path = tmp_path / "Daftar KPM Palaran.xlsx"
    book.save(path)
    families = till.office_rows("SELECT count(*) FROM recipient")[0][0]
    till.start()

    done = office(till, "import-recipients", str(path))
    assert done.returncode == 0, done.stderr
    assert till.office_rows("SELECT count(*) FROM recipient") == [(int(str(families)) + 2,)]
    for number, reason in ((4, "angka"), (5, "E+15"), (6, "0000"), (7, "kelurahan")):
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"Baris {number} "))
        assert reason.lower() in line.lower(), line
    cards = re.findall(r"\b6472\d{10}\b", done.stdout)
    assert len(cards) == 2

    words = ("--program", "Bantuan Pangan Samarinda", "--fund", "APBD", "--amount", "250000")
    dates = ("--released-on", f"{till.year}-11-16", "--expires-on", "2099-12-31")
    twice = office(till, "publish", *words, "--months", f"{till.year}-11", *dates)
    assert twice.returncode == 1
    assert till.office_rows("SELECT count(*) FROM entitlement WHERE amount = 250000") == [(0,)]
    done = office(till, "publish", *words, "--months", f"{till.year}-08", *dates)
    assert done.returncode == 0, done.stderr

    keys = Keyboard(till.display)
    keys.focus()

    def is_served() -> bool:
        keys.scan(cards[0])
        keys.scan(RICE)
        if till.goods_in_basket():
            keys.press("F9")
        return bool(till.entries(Redemption))

    wait_for("the new family's sale", is_served)
    sale = till.entries(Redemption)[0]
    assert isinstance(sale, Redemption)
    assert sale.opening == 250_000
    wait_for("the acknowledgement", lambda: till.acked() == till.head()[0])
    assert till.verify().is_clean
