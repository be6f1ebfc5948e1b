"""Importing lists as offices have them: real XLSX and CSV files, and rows spoilt in every known way."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from kube_pos.errors import KubePosError
from kube_pos.ledger.cards import card_number, card_token
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream import tables
from kube_pos.upstream.database import Database
from kube_pos.upstream.errors import ListColumnsMissing, ListMangled, ListUnreadable
from kube_pos.upstream.import_rules import RowFault, RowNote, folded, national_id_fault
from kube_pos.upstream.importer import ImportPlan, apply, plan
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.sheet import Cell
from tests.postgres_kit import OfficeIn
from tests.upstream_kit import NOW_MS, open_small_city

HEADER = ("NIK", "No KK", "Nama", "Alamat", "RT", "Kelurahan", "Kecamatan", "No Kartu", "Outlet")
GOOD = ("6472015508770012", "6472010101200099", "Siti Aminah", "Jl. A", "5", "Bukuan", "Palaran", "", "")


class Office:
    def __init__(self, database: Database, keys: Keys, folder: Path) -> None:
        self.database, self.keys, self.folder = database, keys, folder

    def xlsx(self, *rows: Sequence[object], header: Sequence[str] = HEADER) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in (header, *rows):
            sheet.append(list(row))
        path = self.folder / "daftar.xlsx"
        book.save(path)
        return path

    def plan(self, path: Path) -> ImportPlan:
        with self.database.read() as connection:
            return plan(connection, self.keys, path)

    def plan_or_sentence(self, path: Path) -> ImportPlan | str:
        try:
            return self.plan(path)
        except KubePosError as error:
            return Texts("id").error(error)

    def faults(self, *rows: Sequence[object]) -> list[tuple[int, RowFault]]:
        return [(refused.number, refused.fault) for refused in self.plan(self.xlsx(*rows)).refused]

    def count(self) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(tables.recipient)).scalar_one())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, office_in: OfficeIn) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    database, keys = open_small_city(office_in(folder))
    yield Office(database, keys, folder)
    database.close()


def changed(**cells: object) -> tuple[object, ...]:
    names = dict(zip(("nik", "kk", "name", "address", "rt", "ward", "district", "card", "outlet"), GOOD, strict=True))
    return tuple({**names, **cells}.values())


class TestPlan:
    def test_a_good_row_is_accepted_with_the_ward_s_outlet(self, office: Office) -> None:
        (row,) = office.plan(office.xlsx(GOOD)).accepted
        assert (row.number, row.family.home_outlet_id, row.family.neighbourhood, row.card) == (2, 1, "RT 05", None)

    @pytest.mark.parametrize(
        ("cells", "fault"),
        [
            ({"nik": ""}, RowFault.NIK_MISSING),
            ({"nik": 6472015508770012}, RowFault.NIK_NUMERIC),
            ({"nik": "6,47E+15"}, RowFault.NIK_SCIENTIFIC),
            ({"nik": "6.47201E+15"}, RowFault.NIK_SCIENTIFIC),
            ({"nik": 6.47e15}, RowFault.NIK_NUMERIC),
            ({"nik": "647201550877001"}, RowFault.NIK_LENGTH),
            ({"nik": "6472 0155 0877 0012"}, RowFault.NIK_LENGTH),
            ({"nik": "'6472015508770012"}, RowFault.NIK_LENGTH),
            ({"nik": "6472015508770000"}, RowFault.NIK_SERIAL),
            ({"nik": "6472013208770012"}, RowFault.NIK_DATE),
            ({"nik": "6472014008770012"}, RowFault.NIK_DATE),
            ({"nik": "6472017208770012"}, RowFault.NIK_DATE),
            ({"nik": "6472011513770012"}, RowFault.NIK_DATE),
            ({"nik": "6472010008770012"}, RowFault.NIK_DATE),
            ({"kk": "123"}, RowFault.KK_SHAPE),
            ({"kk": 6472010101200099}, RowFault.KK_SHAPE),
            ({"name": " "}, RowFault.NAME_MISSING),
            ({"name": "---"}, RowFault.NAME_MISSING),
            ({"name": "x" * 101}, RowFault.NAME_TOO_LONG),
            ({"ward": "Bukit"}, RowFault.WARD_UNKNOWN),
            ({"district": "Samarinda Seberang"}, RowFault.WARD_UNKNOWN),
            ({"ward": "Mesjid", "district": "Samarinda Seberang"}, RowFault.WARD_WITHOUT_OUTLET),
            ({"outlet": "KUBE-99"}, RowFault.OUTLET_UNKNOWN),
            ({"card": int(card_number(50).digits)}, RowFault.CARD_NUMERIC),
            ({"card": "64720000005099"}, RowFault.CARD_WRONG),
            ({"card": "ABC"}, RowFault.CARD_WRONG),
            ({"card": card_number(1).digits}, RowFault.CARD_OF_ANOTHER),
        ],
    )
    def test_a_spoilt_row_is_refused_with_its_number(
        self, office: Office, cells: dict[str, object], fault: RowFault
    ) -> None:
        assert office.faults(GOOD, changed(**{"nik": "6472015508770022", **cells})) == [(3, fault)]

    def test_a_second_row_of_one_nik_or_card_is_refused(self, office: Office) -> None:
        card = card_number(60).digits
        rows = [changed(card=card), GOOD, changed(nik="6472015508770022", card=card)]
        assert office.faults(*rows) == [(3, RowFault.NIK_TWICE), (4, RowFault.CARD_TWICE)]

    def test_an_nik_that_ends_in_0_or_is_from_elsewhere_is_good(self, office: Office) -> None:
        planned = office.plan(office.xlsx(changed(nik="3578015508770010"), changed(nik="6472015508770010")))
        assert planned.refused == ()
        assert [(note.number, note.note) for note in planned.notes] == [(2, RowNote.NIK_ELSEWHERE)]

    def test_a_file_whose_niks_nearly_all_end_in_0_is_refused_whole(self, office: Office) -> None:
        spoilt = [changed(nik=f"64720155087{number:04d}0") for number in range(1, 10)]
        with pytest.raises(ListMangled) as found:
            office.plan(office.xlsx(*spoilt, GOOD))
        assert (found.value.facts["count"], found.value.facts["total"]) == (9, 10)
        assert len(office.plan(office.xlsx(*spoilt)).accepted) == 9
        assert len(office.plan(office.xlsx(*spoilt[:8], GOOD, changed(nik="6472015508770013"))).accepted) == 10

    def test_headers_in_any_order_and_spelling_below_a_title(self, office: Office) -> None:
        path = office.folder / "judul.xlsx"
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in (
            ["DAFTAR PENERIMA 2026"],
            [],
            ["KECAMATAN", "kelurahan ", "Nama Lengkap", "E-Warong", "Nomor KK", "No. NIK", "RT/RW", "Nomor Kartu"],
            ["  palaran", "BUKUAN", "Siti   Aminah", "kube-02", "6472010101200099", GOOD[0], "012/03", ""],
        ):
            sheet.append(row)
        book.save(path)
        (row,) = office.plan(path).accepted
        assert (row.number, row.family.name, row.family.home_outlet_id) == (4, "Siti Aminah", 2)
        assert row.family.neighbourhood == "RT 12"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_csv_of_every_usual_kind(self, office: Office, encoding: str, delimiter: str) -> None:
        path = office.folder / "daftar.csv"
        row = [str(cell) for cell in changed(name="José Ü")]
        path.write_bytes("\r\n".join(delimiter.join(line) for line in (HEADER, row)).encode(encoding))
        (accepted,) = office.plan(path).accepted
        assert accepted.family.name == "José Ü"


class TestMalformedFiles:
    def test_a_column_that_must_be_there(self, office: Office) -> None:
        with pytest.raises(ListColumnsMissing) as found:
            office.plan(office.xlsx(("a", "b"), header=("Nama", "Alamat")))
        assert found.value.facts["columns"] == "NIK, Kelurahan, Kecamatan"

    def test_files_that_are_no_list(self, office: Office) -> None:
        good = office.xlsx(GOOD).read_bytes()
        files = {
            "cut.xlsx": good[: len(good) // 2],
            "empty.csv": b"",
            "blank.csv": b"\n\n;;\n",
            "picture.csv": b"\x89PNG\r\n\x1a\n\0\0\0",
            "quote.csv": b'NIK;Nama\n"a" b;c\n',
        }
        for name, data in files.items():
            (office.folder / name).write_bytes(data)
            with pytest.raises(ListUnreadable) as found:
                office.plan(office.folder / name)
            for language in LANGUAGES:
                assert name in Texts(language).error(found.value)

    def test_a_missing_file(self, office: Office) -> None:
        with pytest.raises(ListUnreadable):
            office.plan(office.folder / "nowhere.xlsx")

    def test_entities_that_grow_are_not_expanded(self, office: Office) -> None:
        path = office.folder / "bomb.xlsx"
        laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
        with zipfile.ZipFile(office.xlsx(GOOD)) as source, zipfile.ZipFile(path, "w") as target:
            for item in source.namelist():
                data = source.read(item)
                if item.endswith("sheet1.xml"):
                    data = laughs.encode() + data
                target.writestr(item, data)
        with pytest.raises(ListUnreadable):
            office.plan(path)

    @given(
        data=st.binary(max_size=300), prefix=st.sampled_from([b"", b"PK\x03\x04", b"NIK;Nama;Kelurahan;Kecamatan\n"])
    )
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_bytes_give_a_plan_or_a_sentence(self, office: Office, data: bytes, prefix: bytes) -> None:
        path = office.folder / "any.csv"
        path.write_bytes(prefix + data)
        found = office.plan_or_sentence(path)
        assert "any.csv" in found if isinstance(found, str) else found.accepted == ()


class TestApply:
    def test_families_are_stored_once_and_cards_assigned(self, tmp_path: Path) -> None:
        database, keys = open_small_city(tmp_path / "office.db")
        office = Office(database, keys, tmp_path)
        path = office.xlsx(GOOD, changed(nik="6472015508770013", card=card_number(70).digits))
        for expected in (True, False):
            with database.write() as connection:
                imported = apply(connection, keys, office.plan(path), NOW_MS)
            assert [row.new_card is not None for row in imported] == [expected, False]
            assert office.count() == 6
        with database.read() as connection:
            row = connection.execute(
                select(tables.recipient).where(tables.recipient.c.national_id_last4 == "0012")
            ).one()
            tokens = set(connection.execute(select(tables.card.c.token)).scalars())
        assert GOOD[0] not in str(row)
        assert card_token(keys.city, card_number(70)) in tokens
        assert len(tokens) == 6
        database.close()

    def test_a_family_that_moves_is_forgotten_by_its_old_outlet(self, tmp_path: Path) -> None:
        database, keys = open_small_city(tmp_path / "office.db")
        office = Office(database, keys, tmp_path)
        for ward, district in (("Bukuan", "Palaran"), ("Baqa", "Samarinda Seberang")):
            with database.write() as connection:
                planned = office.plan(office.xlsx(changed(ward=ward, district=district)))
                apply(connection, keys, planned, NOW_MS)
        feed = tables.feed
        with database.read() as connection:
            rows = connection.execute(
                select(feed).where(feed.c.kind == "recipient", feed.c.key == "5").order_by(feed.c.n)
            )
            assert [(row.audience, row.op) for row in rows] == [("outlet:1", "delete"), ("outlet:2", "put")]
        database.close()

    def test_nothing_is_stored_when_one_row_no_longer_fits(self, tmp_path: Path) -> None:
        database, keys = open_small_city(tmp_path / "office.db")
        office = Office(database, keys, tmp_path)
        card = card_number(70).digits
        stale = office.plan(office.xlsx(changed(nik="6472015508770099"), changed(card=card)))
        with database.write() as connection:
            apply(connection, keys, office.plan(office.xlsx(changed(nik="6472015508770013", card=card))), NOW_MS)
        before = office.count()
        with pytest.raises(KubePosError, match="list_outdated"), database.write() as connection:
            apply(connection, keys, stale, NOW_MS)
        assert office.count() == before
        database.close()


class TestRules:
    @given(
        day=st.integers(0, 99),
        month=st.integers(0, 99),
        year=st.integers(0, 99),
        serial=st.integers(0, 9999),
        region=st.integers(110101, 999999),
    )
    def test_the_shape_of_an_nik(self, day: int, month: int, year: int, serial: int, region: int) -> None:
        number = f"{region:06d}{day:02d}{month:02d}{year:02d}{serial:04d}"
        is_right = (1 <= day <= 31 or 41 <= day <= 71) and 1 <= month <= 12 and serial > 0
        assert (national_id_fault(Cell(number)) is None) == is_right
        assert national_id_fault(Cell(number, is_number=True)) is RowFault.NIK_NUMERIC

    @given(st.text(max_size=20))
    def test_any_other_text_is_refused(self, text: str) -> None:
        fault = national_id_fault(Cell(text))
        assert fault is not None or (len(text) == 16 and text.isascii() and text.isdigit())

    @given(st.text())
    def test_folding_is_stable(self, text: str) -> None:
        assert folded(folded(text)) == folded(text)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_fault_and_note_has_a_sentence(self, language: str) -> None:
        texts = Texts(language)
        for code in (*RowFault, *RowNote):
            assert texts.say(f"upstream_import.{code}")
