"""`rebuild` mends sums and lists from the entries, whole or not at all, and touches nothing that can't be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.ledger.sqlite_rebuild import rebuild
from kube_pos.ledger.sqlite_verify import verify
from tests.ledger_kit import Outlet
from tests.schemas import make

TABLES = ("share_use", "sale", "stock", "slip", "delivery", "collector", "stand_in", "exchange")


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[Outlet]:
    make(tmp_path)
    kit = Outlet(tmp_path)
    yield kit
    kit.close()


def rows(outlet: Outlet, table: str) -> list[tuple[object, ...]]:
    found = outlet.journal_file.read().exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
    return [tuple(row) for row in found]


def edit(outlet: Outlet, statement: str) -> None:
    with outlet.journal_file.write() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock SET on_hand = on_hand + 1000",
        "DELETE FROM sale",
        "UPDATE share_use SET spent = 1, released = 7",
        "INSERT INTO stand_in VALUES ('card', '2026-11', 5)",
        "INSERT INTO delivery VALUES (2, NULL)",
        "UPDATE sale SET closing = NULL",
    ],
)
def test_wrong_projections_are_made_anew_and_nothing_else(outlet: Outlet, statement: str) -> None:
    before = {table: rows(outlet, table) for table in (*TABLES, "entry", "print_job", "basket", "checkpoint")}
    edit(outlet, statement)
    assert not verify(outlet.journal_file).is_clean
    assert rebuild(outlet.journal_file).is_clean
    assert {table: rows(outlet, table) for table in before} == before


def test_a_broken_chain_is_left_as_it_is(outlet: Outlet) -> None:
    edit(outlet, "DROP TRIGGER entry_is_never_changed")
    edit(outlet, "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '75000', '75001') AS BLOB) WHERE seq = 2")
    edit(outlet, "UPDATE stock SET on_hand = 1")
    report = rebuild(outlet.journal_file)
    assert not report.is_clean
    assert rows(outlet, "stock")[0][1] == 1
