"""Every report against figures worked out by hand, as a table, as CSV and read back from XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import select, update

from kube_pos.ledger.days import DAY_MS, at_wita, business_day
from kube_pos.ledger.entries import AnyEntry, DataMismatchReport, Mismatch, encode
from kube_pos.ledger.ids import CommodityId, LedgerId, OutletId
from kube_pos.sync import wire
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream import tables
from kube_pos.upstream.command_options import REPORTS
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import enrol, make_code
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.publication import publish
from kube_pos.upstream.receive import Fork, receive
from kube_pos.upstream.report_files import table_csv, table_xlsx
from kube_pos.upstream.report_kinds import KINDS, NAMES, make_report
from kube_pos.upstream.report_table import Cell, ReportTable
from tests.unit.test_upstream_receive import batch_of
from tests.upstream_kit import (
    MONTHLY,
    NOW_MS,
    PALARAN,
    SEBERANG,
    open_small_city,
    publish_two_months,
    redemption,
    reversal,
    two_months,
)

YESTERDAY = NOW_MS - DAY_MS
TEXTS = Texts("en")


def enrolled(database: Database, keys: Keys, outlet_id: OutletId, number: int) -> LedgerId:
    ledger_id = LedgerId(f"00000000-0000-7000-8000-{number:012d}")
    with database.write() as connection:
        code = make_code(connection, keys, outlet_id, "http://127.0.0.1:1", NOW_MS).code
        key = wire.to_base64(bytes(32))
        request = wire.EnrolmentRequest(
            code=code, ledger_id=ledger_id, public_key=key, device_name="kasir", program_version="0.1.0"
        )
        enrol(connection, keys, request, NOW_MS)
    return ledger_id


def sent(database: Database, ledger_id: LedgerId, *entries: AnyEntry) -> None:
    with database.write() as connection:
        batch = batch_of(ledger_id, [encode(entry) for entry in entries])
        assert not isinstance(receive(connection, ledger_id, batch, b"", NOW_MS), Fork)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Four families with 300.000 for October and for November each, family 1 with 10 kg of rice as well.

    Palaran's till: family 1 took 450.000 yesterday (all October's, half of November's); family 2 took 100.000 of
    October's today, undone; family 3, at home in Seberang, took 50.000 of October's today. Seberang's till is silent.
    """
    database, keys = open_small_city(tmp_path_factory.mktemp("office") / "office.db")
    publish_two_months(database)
    with database.write() as connection:
        first = connection.execute(select(tables.recipient.c.id).order_by(tables.recipient.c.id)).scalars().first()
        rice = replace(
            two_months(), months=("2026-12",), amount=10_000, commodity_id=CommodityId(1), recipients=frozenset({first})
        )
        publish(connection, rice, NOW_MS)
    till, silent = enrolled(database, keys, PALARAN, 1), enrolled(database, keys, SEBERANG, 2)
    mismatch = DataMismatchReport(
        at=NOW_MS, day=business_day(NOW_MS), by=10, ticket="A01-T0001", category=Mismatch.MOVED, recipient=2
    )
    sent(
        database,
        till,
        redemption(keys, 1, [(1, MONTHLY), (2, MONTHLY // 2)], at=YESTERDAY),
        redemption(keys, 2, [(3, 100_000)]),
        reversal(2),
        redemption(keys, 3, [(5, 50_000)]),
        mismatch,
    )
    with database.write() as connection:
        ledger = tables.ledger
        connection.execute(update(ledger).where(ledger.c.id == silent).values(last_contact=NOW_MS - 5 * DAY_MS))
    yield database
    database.close()


def made(
    database: Database, kind: str, first: date | None = None, last: date | None = None, days: int | None = None
) -> ReportTable:
    with database.write() as connection:
        return make_report(connection, kind, NOW_MS, "Bu Rini", first=first, last=last, days=days)


def figures(table: ReportTable, *columns: str) -> list[tuple[Cell, ...]]:
    return [tuple(record[column] for column in columns) for record in table.records()]


AMOUNTS = ("unit", "families", "served", "unserved", "entitled", "used_before", "used", "left")


def test_districts_and_wards(office: Database) -> None:
    expected = [
        ("Palaran", "kg Beras", 1, 0, 1, Decimal(10), Decimal(0), Decimal(0), Decimal(10)),
        ("Palaran", "Rp", 2, 1, 1, 1_200_000, 0, 450_000, 750_000),
        ("Samarinda Seberang", "Rp", 2, 1, 1, 1_200_000, 0, 50_000, 1_150_000),
    ]
    assert figures(made(office, "districts"), "district", *AMOUNTS) == expected
    assert figures(made(office, "wards"), "district", *AMOUNTS) == expected
    assert figures(made(office, "wards"), "ward") == [("Bukuan",), ("Bukuan",), ("Baqa",)]


def test_an_outlet_gives_out_to_families_of_another(office: Database) -> None:
    assert figures(made(office, "outlets"), "outlet_code", "unit", "used", "given_out") == [
        ("KUBE-01", "Rp", 450_000, 500_000),
        ("KUBE-01", "kg Beras", Decimal(0), Decimal(0)),
        ("KUBE-02", "Rp", 50_000, 0),
    ]


def test_arrears_are_split_back_to_their_months(office: Database) -> None:
    assert figures(made(office, "months"), "month", "fund", *AMOUNTS) == [
        ("2026-10", "APBD", "Rp", 4, 2, 2, 1_200_000, 0, 350_000, 850_000),
        ("2026-11", "APBD", "Rp", 4, 1, 3, 1_200_000, 0, 150_000, 1_050_000),
        ("2026-12", "APBD", "kg Beras", 1, 0, 1, Decimal(10), Decimal(0), Decimal(0), Decimal(10)),
    ]
    assert figures(made(office, "funds"), "fund", "budget_year", "unit", "entitled", "used", "left") == [
        ("APBD", 2026, "Rp", 2_400_000, 500_000, 1_900_000),
        ("APBD", 2026, "kg Beras", Decimal(10), Decimal(0), Decimal(10)),
    ]


def test_a_period_parts_what_was_used_before_it(office: Database) -> None:
    today = business_day(NOW_MS)
    now = made(office, "funds", first=today)
    assert figures(now, "unit", "used_before", "used", "left")[0] == ("Rp", 450_000, 50_000, 1_900_000)
    yesterday = business_day(YESTERDAY)
    past = made(office, "funds", first=yesterday, last=yesterday)
    assert figures(past, "unit", "used_before", "used", "left")[0] == ("Rp", 0, 450_000, 1_950_000)
    assert made(office, "funds", last=date(2026, 11, 15)).rows == ()


def test_served_and_unserved_by_name_are_noted(office: Database) -> None:
    served = made(office, "served")
    assert figures(served, "name", "nik", "months", "used", "left", "last_day") == [
        ("Ibu 1", "************0001", "2026-10, 2026-11", 450_000, 150_000, "2026-11-23"),
        ("Ibu 3", "************0003", "2026-10, 2026-11", 50_000, 550_000, "2026-11-24"),
    ]
    unserved = made(office, "unserved")
    assert figures(unserved, "name", "unit", "left") == [
        ("Ibu 1", "kg Beras", Decimal(10)),
        ("Ibu 2", "Rp", 600_000),
        ("Ibu 4", "Rp", 600_000),
    ]
    audit = tables.audit
    with office.read() as connection:
        lines = connection.execute(
            select(audit.c.actor, audit.c.detail).where(audit.c.action == "report_with_names").order_by(audit.c.id)
        ).all()
    assert tuple(lines[-1]) == ("Bu Rini", "kind=unserved from= to= rows=3")
    assert not any("Ibu" in line.detail for line in lines)


def test_unspent_near_expiry(office: Database) -> None:
    rows = figures(made(office, "expiring", days=60), "expires_on", "outlet_code", "month", "unit", "rows", "left")
    assert rows == [
        ("2026-12-31", "KUBE-01", "2026-10", "Rp", 1, 300_000),
        ("2026-12-31", "KUBE-01", "2026-11", "Rp", 2, 450_000),
        ("2026-12-31", "KUBE-01", "2026-12", "kg Beras", 1, Decimal(10)),
        ("2026-12-31", "KUBE-02", "2026-10", "Rp", 2, 550_000),
        ("2026-12-31", "KUBE-02", "2026-11", "Rp", 2, 600_000),
    ]
    assert made(office, "expiring").rows == ()


def test_matters_mismatches_and_silent_tills(office: Database) -> None:
    matters = figures(made(office, "exceptions"), "outlet_code", "entry", "matter", "family")
    assert ("KUBE-01", 5, "data_mismatch", None) in matters
    assert ("KUBE-01", 4, "no_share", 3) in matters
    assert made(office, "exceptions", first=date(2026, 11, 25)).rows == ()
    assert figures(made(office, "mismatches"), "ticket", "category", "family", "name") == [
        ("A01-T0001", "moved", 2, "Ibu 2")
    ]
    assert made(office, "mismatches", last=date(2026, 11, 23)).rows == ()
    assert figures(made(office, "silent"), "outlet_code", "silent_days") == [("KUBE-02", 5)]
    assert made(office, "silent", days=6).rows == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_csv_and_xlsx_hold_the_same_cells(office: Database, kind: str, language: str) -> None:
    table, texts = made(office, kind), Texts(language)
    if kind == "expiring":
        table = made(office, kind, days=60)
    sheet = openpyxl.load_workbook(io.BytesIO(table_xlsx(table, texts))).worksheets[0]
    header, *rows = [tuple(row) for row in sheet.iter_rows(values_only=True)]
    assert header == table.header(texts)
    assert rows == [tuple(float(c) if isinstance(c, Decimal) else c for c in _dates(row)) for row in table.rows]
    lines = list(csv.reader(io.StringIO(table_csv(table, texts)), delimiter=";"))
    assert lines[0] == list(header)
    assert len(lines) == len(table.rows) + 1
    for place, column in enumerate(table.columns):
        if column == "nik":
            cells = [sheet.cell(number, place + 1) for number in range(2, len(rows) + 2)]
            assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}


def _dates(row: tuple[Cell, ...]) -> list[object]:
    """Days as openpyxl gives them back: at midnight."""
    return [
        openpyxl.utils.datetime.from_excel(openpyxl.utils.datetime.to_excel(cell)) if type(cell) is date else cell
        for cell in row
    ]


def test_a_name_is_no_formula() -> None:
    table = ReportTable("silent", ("district", "entries"), (("=1+1", 3), ("@x", -4)))
    assert table_csv(table, TEXTS).splitlines()[1:] == ["'=1+1;3", "'@x;-4"]
    sheet = openpyxl.load_workbook(io.BytesIO(table_xlsx(table, TEXTS))).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["B3"].value) == ("=1+1", "s", -4)


def test_the_command_line_offers_every_kind() -> None:
    assert set(REPORTS) == set(KINDS) >= NAMES


def test_days_are_written_as_in_samarinda(office: Database) -> None:
    assert figures(made(office, "silent"), "last_contact")[0][0].isoformat() == "2026-11-19T10:00:00"  # type: ignore[union-attr]
    assert at_wita(date(2026, 11, 19), 10) == NOW_MS - 5 * DAY_MS
