"""Making the projections anew from the entries, when `verify` found that only they are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_verify import Rebuilt, VerifyReport, verify, walk

_Rows = Iterable[tuple[object, ...]]


def rebuild(database: Database, public_key: bytes | None = None) -> VerifyReport:
    """Make the projections of a journal anew when nothing else is wrong with it; return what is found afterwards.

    Entries, checkpoints and queues are never touched. A journal that is whole, or whose pages, chain or signed points
    do not hold, is left as it is and its findings are returned: sums made of entries that can't be trusted would hide
    the damage. All tables change in one transaction, or none. Raises StorageFailed when the disk refuses.
    """
    report = verify(database, public_key)
    if {finding.code for finding in report.findings} != {"projection"}:
        return report
    with database.write() as cursor:
        rebuilt = Rebuilt()
        # The writer's own connection: what is read here is the state that this transaction began on.
        if any(fault is not None for _, fault in walk(database.read(), rebuilt)):
            return report
        for table, columns, rows in _tables(rebuilt):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 -- our own names
            marks = ", ".join("?" * columns)
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 -- our own names
    return verify(database, public_key)


def _tables(rebuilt: Rebuilt) -> Iterator[tuple[str, int, _Rows]]:
    """Yield each projection's table, how many columns it has, and its rows."""
    for name, expected, sql in rebuilt.expected():
        columns = 3 if name == "stand_in" else sql.count(",") + 1
        yield name, columns, (_row(name, key, values) for key, values in expected.items())


def _row(name: str, key: object, values: tuple[object, ...]) -> tuple[object, ...]:
    if name == "stand_in":
        # Its key is put together of card and month for the comparison.
        return (*str(key).split(" "), *values)
    return (key, *values)
