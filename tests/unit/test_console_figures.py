"""What the overview counts."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from kube_pos.upstream import tables
from kube_pos.upstream.console.figures import districts
from tests.upstream_kit import open_small_city, publish_two_months


def test_families_are_counted_once_however_many_months_they_have(tmp_path: Path) -> None:
    database, _ = open_small_city(tmp_path / "office.db")
    publish_two_months(database)
    with database.read() as connection:
        families = connection.execute(tables.recipient.select()).all()
        assert sum(place.families for place in districts(connection)) == len(families)
        assert sum(place.served for place in districts(connection)) == 0
    with database.write() as connection:
        rows = connection.execute(tables.entitlement.select()).all()
        mine = [row.id for row in rows if row.recipient_id == families[0].id]
        assert len(mine) == 2
        spent = {"ledger_id": "A", "granted": 5, "released": 0, "spent": 5, "settled": 0}
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.execute(tables.share.delete())
        connection.execute(insert(tables.share), [{"entitlement_id": row, **spent} for row in mine])
        assert sum(place.served for place in districts(connection)) == 1
        connection.execute(tables.share.delete())
    database.close()
