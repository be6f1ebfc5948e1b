"""Files of every released schema, opened by today's program: upgraded, whole, and sold on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from kube_pos.errors import DatabaseTooNew
from kube_pos.ledger import tables
from kube_pos.ledger.ids import RecipientId
from kube_pos.ledger.migrations import JOURNAL, REPLICA, Schema
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_verify import verify
from tests import schemas
from tests.ledger_kit import KEY, Outlet
from tests.schemas import DEVICE, FAMILIES, FOLDER, path_of

NUMBERS = range(1, max(JOURNAL.number, REPLICA.number) + 1)
BOTH = {schema.name: (schema, metadata) for schema, metadata in ((JOURNAL, tables.JOURNAL), (REPLICA, tables.REPLICA))}


def kept_number(number: int, schema: Schema) -> int:
    """The files were kept together: a schema that has no such number yet stands at its newest."""
    return min(number, schema.number)


def test_a_file_of_every_schema_is_kept() -> None:
    there = {path.name for path in FOLDER.iterdir()}
    wanted = {path_of(schema.name, n).name for schema, _ in BOTH.values() for n in range(1, schema.number + 1)}
    assert there == wanted, "run python -m tests.schemas"
    assert all(re.fullmatch(r"(journal|replica)-\d+\.db", name) for name in there)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", BOTH)
def test_a_kept_file_becomes_what_todays_queries_expect(tmp_path: Path, name: str, number: int) -> None:
    schema, metadata = BOTH[name]
    shutil.copy(path_of(name, kept_number(number, schema)), tmp_path / "file.db")
    database = Database(tmp_path / "file.db", KEY, schema)
    assert database.read().exec_driver_sql("PRAGMA user_version").scalar() == schema.number
    found = inspect(database.read())
    made = {table: [column["name"] for column in found.get_columns(table)] for table in found.get_table_names()}
    assert made == {table: [column.name for column in metadata.tables[table].columns] for table in metadata.tables}
    database.close()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_till_of_every_schema_is_whole_and_sells_on(tmp_path: Path, number: int) -> None:
    for schema, _ in BOTH.values():
        shutil.copy(path_of(schema.name, kept_number(number, schema)), tmp_path / f"{schema.name}.db")
    kit = Reopened(tmp_path)
    report = verify(kit.journal_file, DEVICE.public_key())
    assert (report.entries, report.findings) == (FAMILIES + 3, ())
    assert kit.journal.next_receipt() == f"A01-{FAMILIES + 2:06d}"
    last = kit.journal.last_sale_of(RecipientId(2))
    assert last is not None
    assert last.receipt == "A01-000002"
    assert kit.replica.family_count() == FAMILIES
    assert kit.replica.granted_rows(RecipientId(1))[0].granted == 300_000
    kit.journal.reverse(another_reversal(kit))
    assert verify(kit.journal_file, DEVICE.public_key()).is_clean
    kit.close()


class Reopened(Outlet):
    """The outlet of kept files: enrolled already."""

    def __post_init__(self) -> None:
        self.open()


def another_reversal(kit: Outlet) -> schemas.entries.Reversal:
    return schemas.entries.Reversal(
        at=kit.journal.last_at_ms(),
        day=schemas.TODAY,
        by=schemas.CASHIER.id,
        sale=schemas.SaleId(f"{100:032x}"),
        receipt=kit.journal.next_receipt(),
        target=3,
        reason="rusak",
        approver=schemas.MANAGER.id,
    )


def test_making_the_files_again_gives_the_same_content(tmp_path: Path) -> None:
    schemas.make(tmp_path)
    for name, (schema, metadata) in BOTH.items():
        shutil.copy(path_of(name, schema.number), tmp_path / "kept.db")
        kept, made = (Database(tmp_path / file, KEY, schema) for file in ("kept.db", f"{name}.db"))
        for table in metadata.sorted_tables:
            assert kept.read().execute(select(table)).all() == made.read().execute(select(table)).all(), table.name
        kept.close()
        made.close()
        (tmp_path / "kept.db").unlink()


def test_a_file_of_tomorrow_is_refused_and_left_alone(tmp_path: Path) -> None:
    for schema, _ in BOTH.values():
        path = tmp_path / f"{schema.name}.db"
        shutil.copy(path_of(schema.name, schema.number), path)
        Database(path, KEY, Schema(schema.name, (*schema.steps, ("CREATE TABLE tomorrow (one INTEGER)",)))).close()
        before = path.read_bytes()
        with pytest.raises(DatabaseTooNew):
            Database(path, KEY, schema)
        assert path.read_bytes() == before
