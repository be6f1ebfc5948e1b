"""The office's command line: each sub-command on a real database, and the service as a real process."""

from __future__ import annotations

import argparse
import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import openpyxl
import pytest

from kube_pos.ledger.cards import CardNumber, parse
from kube_pos.sync.wire import read_enrolment_code
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream.commands import add_commands, run
from kube_pos.upstream.console.officers import prove
from kube_pos.upstream.database import open_database
from kube_pos.upstream.reports import ReportLine, as_csv
from kube_pos.upstream.server import listen
from tests.upstream_kit import SetClock, open_small_city, publish_two_months

PROGRAM = """
import argparse, sys
from kube_pos.clock import SystemClock
from kube_pos.texts import Texts
from kube_pos.upstream.commands import add_commands, run
parser = argparse.ArgumentParser()
add_commands(parser.add_subparsers(dest="upstream_command", required=True), Texts("en"))
args = parser.parse_args()
sys.exit(run(args, Texts("en"), SystemClock(args.clock_shift_ms)))
"""
PUBLISH = (
    "publish",
    "--fund",
    "APBD",
    "--amount",
    "300000",
    "--released-on",
    "2026-11-16",
    "--expires-on",
    "2026-12-31",
)


class Line:
    """The command line, on one database."""

    def __init__(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.database, self.capsys = database, capsys

    def __call__(self, command: str, *words: str, language: str = "en") -> tuple[int, str, str]:
        texts = Texts(language)
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers(dest="upstream_command", required=True), texts)
        args = parser.parse_args([command, "--database", str(self.database), *words])
        code = run(args, texts, SetClock())
        said = self.capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    database, _ = open_small_city(tmp_path / "office.db")
    database.close()
    return Line(tmp_path / "office.db", capsys)


def test_publish_twice_is_refused_in_words(line: Line) -> None:
    words = (*PUBLISH[1:], "--program", "Bantuan Pangan", "--months", "2026-10, 2026-11")
    code, said, _ = line(PUBLISH[0], *words)
    assert (code, "4 families: 8 rows, Rp2.400.000" in said) == (0, True)
    for language in LANGUAGES:
        code, said, wrong = line(PUBLISH[0], *words, language=language)
        assert (code, said, "2026-10" in wrong) == (1, "", True)


def test_a_name_that_is_not_there(line: Line) -> None:
    code, _, wrong = line(PUBLISH[0], *PUBLISH[1:], "--program", "Bantuan Panagn", "--months", "2026-10")
    assert (code, "Bantuan Panagn" in wrong) == (1, True)


def test_import_first_dry_then_for_good(line: Line, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["NIK", "Nama", "Kelurahan", "Kecamatan"])
    sheet.append(["6472015508770012", "Siti Aminah", "Bukuan", "Palaran"])
    sheet.append([6472015508770013, "Rina Wulandari", "Bukuan", "Palaran"])
    book.save(tmp_path / "list.xlsx")
    code, said, _ = line("import-recipients", str(tmp_path / "list.xlsx"), "--dry-run")
    assert (code, "Row 3 refused" in said, "Nothing was stored" in said, "new card" in said) == (0, True, True, False)
    code, said, _ = line("import-recipients", str(tmp_path / "list.xlsx"))
    assert (code, "1 rows stored, 1 refused" in said) == (0, True)
    number = said.split("new card ")[1].split()[0]
    assert isinstance(parse(number), CardNumber)
    assert "Siti" not in said
    code, _, wrong = line("import-recipients", str(tmp_path / "none.xlsx"))
    assert (code, "none.xlsx" in wrong) == (1, True)


def test_enrol_writes_a_code_and_its_qr(line: Line, tmp_path: Path) -> None:
    qr = tmp_path / "code.svg"
    words = ("--outlet", "KUBE-02", "--address", "https://bantuan.example", "--qr", str(qr))
    code, said, _ = line("enrol", *words)
    found = read_enrolment_code(said.splitlines()[0])
    assert (code, found.address, found.fingerprint in said.splitlines()[1]) == (0, "https://bantuan.example", True)
    assert qr.stat().st_size > 0
    for wrong in (("--outlet", "KUBE-77"), ("--outlet", "KUBE-01", "--address", "two words")):
        assert line("enrol", *wrong)[0] == 1
    with pytest.raises(SystemExit) as usage:
        line("enrol", "--outlet", "KUBE-01", "--qr", "code.png")
    assert usage.value.code == 2


def test_the_sample_city_and_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = Line(tmp_path / "demo.db", capsys)
    cards = tmp_path / "cards.pdf"
    code, said, _ = line("sample-city", "--seed", "3", "--cards", str(cards), "--json")
    assert (code, cards.read_bytes()[:5]) == (0, b"%PDF-")
    assert len(json.loads(said.splitlines()[-1])["cards"]) == 18
    code, _, wrong = line("sample-city")
    assert (code, "demo.db" in wrong) == (1, True)
    report = json.loads(line("report", "--json")[1])
    assert report["used_rupiah"] == 450_000 + 900_000
    assert (report["served_rows"], report["rows"]) == (5, report["unserved_rows"] + 5)
    used = {found["month"]: found["used"] for found in report["lines"] if found["used"]}
    assert used == {"2026-10": 600_000, "2026-11": 450_000, "2026-12": 300_000}
    target = tmp_path / "report.csv"
    assert line("report", "--csv", str(target)) == (0, "", "")
    rows = list(csv.DictReader(target.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert len(rows) == len(report["lines"])
    assert sum(int(row["used"]) for row in rows) == 1_350_000
    assert {row["outlet_code"] for row in rows} == {f"KUBE-{number:02d}" for number in range(1, 52)}


def test_a_report_s_cells_are_no_formulas() -> None:
    found = ReportLine("=1+1", "@x", "P", "F", 2026, "2026-10", "rupiah", 1, 0, 1, 5, 0)
    assert as_csv([found]).splitlines()[1].startswith("'=1+1;'@x;P;F;2026;")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", ["serve", "import-recipients", "publish", "enrol", "report", "sample-city"])
def test_help_in_both_languages(line: Line, command: str, language: str) -> None:
    with pytest.raises(SystemExit) as end:
        line(command, "--help", language=language)
    assert end.value.code == 0
    assert Texts(language).say("upstream_help.database") in " ".join(line.capsys.readouterr().out.split())


def test_a_database_is_asked_for_unless_the_caller_names_one(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(dest="upstream_command"), Texts("en"), tmp_path / "office.db")
    assert parser.parse_args(["report"]).database == tmp_path / "office.db"


class Process:
    """The service as a process of its own, started and stopped as a supervisor does."""

    def __init__(self, database: Path, *words: str) -> None:
        self.ready = database.with_suffix(".ready")
        command = [sys.executable, "-c", PROGRAM, "serve", "--database", database, "--ready-file", self.ready, *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, wrong = self.process.communicate(timeout=30)
        return self.process.returncode, wrong


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    database, _ = open_small_city(tmp_path / "office.db")
    publish_two_months(database)
    database.close()
    served = Process(tmp_path / "office.db", "--port", "0")
    yield served
    if served.process.poll() is None:
        served.process.kill()
        served.process.communicate()


def test_serve_tells_when_it_is_ready_and_ends_quietly(process: Process) -> None:
    ready = json.loads(process.ready.read_text(encoding="utf-8"))
    assert ready == {"address": process.address, "pid": process.process.pid}
    assert httpx.get(f"{process.address}/v1/health").json()["status"] == "ok"
    assert process.stop() == (0, "")
    opened = open_database(str(process.ready.with_suffix(".db")))
    opened.close()


def test_a_shifted_clock_is_the_demo_s(tmp_path: Path) -> None:
    database, _ = open_small_city(tmp_path / "office.db")
    database.close()
    shifted = Process(tmp_path / "office.db", "--port", "0", "--clock-shift-ms", str(10 * 365 * 86_400_000))
    told = httpx.get(f"{shifted.address}/v1/health").json()["server_time_ms"]
    assert shifted.stop() == (0, "")
    assert told > 2_100_000_000_000


def test_a_busy_port_is_named(line: Line) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        code, _, wrong = line("serve", "--port", port)
    assert (code, port in wrong) == (1, True)


def test_officers_are_added_once_reset_and_listed(line: Line) -> None:
    code, said, _ = line("officer", "add", "Bu Rini", "--role", "administrator")
    assert code == 0
    first = said.split()[-1]
    code, _, wrong = line("officer", "add", "Bu Rini")
    assert (code, "officer reset" in wrong) == (1, True)
    assert line("officer", "add")[0] == 1
    code, _, wrong = line("officer", "reset", "Pak Adi")
    assert (code, "Pak Adi" in wrong) == (1, True)
    code, said, _ = line("officer", "reset", "Bu Rini")
    assert (code, said.split()[-1] != first) == (0, True)
    assert line("officer", "list") == (0, "Bu Rini\tadministrator\n", "")
    database = open_database(str(line.database))
    assert not prove(database, "Bu Rini", first).is_right
    assert prove(database, "Bu Rini", said.split()[-1]).is_right
    database.close()
