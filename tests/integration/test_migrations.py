"""The steps of the schema: what they make is what the queries are written for, and half a step is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, inspect

from kube_pos.errors import StorageFailed
from kube_pos.ledger import tables
from kube_pos.ledger.migrations import JOURNAL, REPLICA, Schema
from kube_pos.ledger.sqlite_engine import Database
from tests.ledger_kit import KEY, Outlet

BOTH = [(JOURNAL, tables.JOURNAL), (REPLICA, tables.REPLICA)]


def described(connection: Connection) -> dict[str, object]:
    found = inspect(connection)
    made: dict[str, object] = {}
    for name in found.get_table_names():
        columns = [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)]
        key = found.get_pk_constraint(name)["constrained_columns"]
        made[name] = (columns, key)
    return made


def written(metadata: MetaData) -> dict[str, object]:
    return {
        name: (
            [(c.name, str(c.type), bool(c.nullable)) for c in table.columns],
            [c.name for c in table.primary_key.columns],
        )
        for name, table in metadata.tables.items()
    }


@pytest.mark.parametrize(("schema", "metadata"), BOTH, ids=["journal", "replica"])
def test_the_steps_make_what_the_tables_say(tmp_path: Path, schema: Schema, metadata: MetaData) -> None:
    database = Database(tmp_path / "file.db", KEY, schema)
    assert described(database.read()) == written(metadata)
    database.close()


@pytest.mark.parametrize(("schema", "metadata"), BOTH, ids=["journal", "replica"])
def test_the_unique_columns_are_what_the_tables_say(tmp_path: Path, schema: Schema, metadata: MetaData) -> None:
    database = Database(tmp_path / "file.db", KEY, schema)
    found = inspect(database.read())
    for name, table in metadata.tables.items():
        made = {tuple(unique["column_names"]) for unique in found.get_unique_constraints(name)}
        said = {
            tuple(column.name for column in constraint.columns)
            for constraint in table.constraints
            if type(constraint).__name__ == "UniqueConstraint"
        }
        assert made == said, name
    database.close()


def test_every_table_checks_its_types(tmp_path: Path) -> None:
    for schema in (JOURNAL, REPLICA):
        database = Database(tmp_path / f"{schema.name}.db", KEY, schema)
        rows = database.read().exec_driver_sql("PRAGMA table_list").fetchall()
        mine = {row[1]: bool(row[5]) for row in rows if row[0] == "main" and not row[1].startswith("sqlite_")}
        assert mine
        assert all(mine.values()), mine
        database.close()


def test_opening_again_changes_nothing(outlet: Outlet) -> None:
    outlet.close()
    before = (outlet.folder / "journal.db").read_bytes()
    outlet.open()
    assert outlet.journal.identity().terminal == "A01"
    outlet.close()
    assert (outlet.folder / "journal.db").read_bytes() == before


def test_a_step_that_fails_half_way_leaves_the_old_schema_in_force(outlet: Outlet) -> None:
    outlet.close()
    path = outlet.folder / "journal.db"
    broken = Schema(
        "journal", (*JOURNAL.steps, ("CREATE TABLE half (one INTEGER)", "CREATE TABLE entry (one INTEGER)"))
    )
    with pytest.raises(StorageFailed, match="entry"):
        Database(path, KEY, broken)
    outlet.open()
    connection = outlet.journal_file.read()
    assert connection.exec_driver_sql("PRAGMA user_version").scalar() == 1
    assert "half" not in described(connection)
    assert outlet.journal.head()[0] == 1


def test_a_further_step_keeps_what_is_stored(outlet: Outlet) -> None:
    outlet.close()
    path = outlet.folder / "journal.db"
    newer = Schema("journal", (*JOURNAL.steps, ("CREATE TABLE more (one INTEGER) STRICT",)))
    database = Database(path, KEY, newer)
    assert "more" in described(database.read())
    assert database.read().exec_driver_sql("SELECT count(*) FROM entry").scalar() == 1
    database.close()
