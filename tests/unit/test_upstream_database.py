"""The office's database and feed: schema, migrations, order, and what an audience sees."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from kube_pos.errors import DatabaseTooNew, DatabaseUnreadable
from kube_pos.ledger.ids import LedgerId, OutletId
from kube_pos.upstream import feed, tables
from kube_pos.upstream.copying import insert_rows
from kube_pos.upstream.database import Database, insert_new, open_database
from kube_pos.upstream.keys import load_keys
from kube_pos.upstream.migrations import NEWEST, schema_of
from tests.postgres_kit import Cluster, OfficeIn

ONE, TWO = OutletId(1), OutletId(2)
TILL = LedgerId("till")


@pytest.fixture
def database(tmp_path: Path, office_in: OfficeIn) -> Iterator[Database]:
    opened = open_database(office_in(tmp_path))
    yield opened
    opened.close()


def put(database: Database, *items: feed.Item) -> int:
    with database.write() as connection:
        return feed.put(connection, items)


def seen(database: Database, outlet: OutletId = ONE, after: int = 0) -> list[tuple[str, str, bytes | None]]:
    with database.read() as connection:
        changes, _ = feed.page(connection, TILL, outlet, after)
    return [(change.kind, change.key, None if change.doc is None else bytes(change.doc)) for change in changes]


class TestSchema:
    def test_the_migrated_schema_is_what_the_tables_say(self, database: Database) -> None:
        with database.read() as connection:
            found = inspect(connection)
            names = set(found.get_table_names()) - {"schema", "sqlite_sequence"}
            assert names == set(tables.metadata.tables)
            for name, table in tables.metadata.tables.items():
                columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
                assert set(columns) == {column.name for column in table.columns}
                required = {column.name for column in table.columns if not column.nullable}
                keys = set(found.get_pk_constraint(name)["constrained_columns"])
                assert {column for column, nullable in columns.items() if not nullable} | keys == required | keys
                assert keys == {column.name for column in table.primary_key.columns}

    def test_a_second_start_changes_nothing(self, tmp_path: Path, office_in: OfficeIn) -> None:
        place = office_in(tmp_path)
        for _ in range(2):
            database = open_database(place)
            with database.read() as connection:
                assert schema_of(connection) == NEWEST
            database.close()

    def test_a_newer_schema_is_refused_and_left_alone(self, tmp_path: Path, office_in: OfficeIn) -> None:
        place = office_in(tmp_path)
        database = open_database(place)
        with database.write() as connection:
            connection.execute(text("UPDATE schema SET number = 99"))
        database.close()
        with pytest.raises(DatabaseTooNew) as found:
            open_database(place)
        assert (found.value.facts["found"], found.value.facts["known"]) == (99, NEWEST)

    def test_a_file_that_is_no_database_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "office.db").write_bytes(b"this is a letter, and a long one at that" * 100)
        with pytest.raises(DatabaseUnreadable):
            open_database(str(tmp_path / "office.db"))

    def test_writes_are_durable_by_setting(self, database: Database) -> None:
        if database.is_postgresql:
            pytest.skip("PostgreSQL is durable unless its administrator says otherwise")
        with database.write() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
            assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1

    def test_keys_are_made_once(self, database: Database) -> None:
        with database.write() as connection:
            first = load_keys(connection)
        with database.write() as connection:
            again = load_keys(connection)
        assert (first.public, first.city) == (again.public, again.city)
        assert len(first.fingerprint) == 32

    def test_a_key_in_use_is_not_inserted_again(self, database: Database) -> None:
        row = {"name": "a", "value": "1"}
        with database.write() as connection:
            assert insert_new(connection, tables.setting, row)
            assert not insert_new(connection, tables.setting, {**row, "value": "2"})

    def test_errors_carry_no_values(self, database: Database) -> None:
        row = {"name": "secret name", "value": "secret value"}
        with database.write() as connection:
            connection.execute(insert(tables.setting), row)
        with pytest.raises(IntegrityError) as found, database.write() as connection:
            connection.execute(insert(tables.setting), row)
        assert "secret" not in str(found.value)

    def test_errors_of_many_rows_at_once_carry_no_values(self, database: Database) -> None:
        rows = [{"name": "secret name", "value": "secret value"}]
        with database.write() as connection:
            insert_rows(connection, tables.setting, rows)
        with pytest.raises(IntegrityError) as found, database.write() as connection:
            insert_rows(connection, tables.setting, rows)
        assert "secret" not in "".join(traceback.format_exception(found.value))

    def test_a_value_that_is_refused_is_not_quoted(self, postgres: Cluster) -> None:
        database = open_database(postgres.new())
        rows = [{"id": "secret", "name": "Kasir", "role": "viewer"}]
        for put in (insert_rows, lambda connection, table, rows: connection.execute(insert(table), rows)):
            with pytest.raises(DBAPIError) as found, database.write() as connection:
                put(connection, tables.officer, rows)
            assert "secret" not in "".join(traceback.format_exception(found.value))
        database.close()

    @pytest.mark.parametrize(
        "place", ["mysql://a/b", "nonsense://x", "postgresql://", "postgresql://office@127.0.0.1:1/x", "x://[y"]
    )
    def test_a_url_that_leads_nowhere_is_refused_with_a_sentence(self, place: str) -> None:
        with pytest.raises(DatabaseUnreadable):
            open_database(place)

    def test_a_url_as_people_write_it_is_spoken_by_psycopg(self, postgres: Cluster) -> None:
        url = postgres.new()
        for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
            database = open_database(url.replace("postgresql", scheme, 1))
            assert database.name.startswith("postgresql+psycopg://")
            database.close()


class TestFeed:
    def test_unchanged_bytes_are_no_news(self, database: Database) -> None:
        item = feed.Item(feed.ALL, "fund", "1", b"{}")
        assert (put(database, item), put(database, item)) == (1, 0)
        assert put(database, feed.Item(feed.ALL, "fund", "1", b"[]")) == 1
        assert seen(database) == [("fund", "1", b"[]")]

    def test_a_new_version_takes_a_new_number(self, database: Database) -> None:
        put(database, feed.Item(feed.ALL, "fund", "1", b"1"), feed.Item(feed.ALL, "fund", "2", b"2"))
        put(database, feed.Item(feed.ALL, "fund", "1", b"3"))
        assert seen(database) == [("fund", "2", b"2"), ("fund", "1", b"3")]
        assert seen(database, after=2) == [("fund", "1", b"3")]

    def test_a_deletion_stays_in_its_place(self, database: Database) -> None:
        put(database, feed.Item(feed.ALL, "fund", "1", b"1"))
        assert put(database, feed.Item(feed.ALL, "fund", "1", None)) == 1
        assert put(database, feed.Item(feed.ALL, "fund", "1", None)) == 0
        assert put(database, feed.Item(feed.ALL, "fund", "never", None)) == 0
        assert seen(database) == [("fund", "1", None)]

    def test_audiences(self, database: Database) -> None:
        put(
            database,
            feed.Item(feed.ALL, "card", "a", b"foreign", except_outlet=ONE),
            feed.Item(feed.for_outlet(ONE), "card", "a", b"own"),
            feed.Item(feed.for_ledger(TILL), "share", "1", b"mine"),
            feed.Item(feed.for_ledger(LedgerId("other")), "share", "1", b"theirs"),
        )
        assert seen(database, ONE) == [("card", "a", b"own"), ("share", "1", b"mine")]
        assert seen(database, TWO) == [("card", "a", b"foreign"), ("share", "1", b"mine")]

    def test_pages_have_an_end_and_say_so(self, database: Database) -> None:
        put(database, *(feed.Item(feed.ALL, "fund", str(number), b"x") for number in range(7)))
        sizes, after, more = [], 0, True
        while more:
            with database.read() as connection:
                changes, more = feed.page(connection, TILL, ONE, after, limit=3)
            sizes.append(len(changes))
            after = changes[-1].n
        assert sizes == [3, 3, 1]

    def test_numbers_are_seen_in_order_while_others_write(self, database: Database) -> None:
        def write(worker: int) -> None:
            for number in range(20):
                put(database, feed.Item(feed.ALL, "fund", f"{worker}-{number}", b"x"))

        workers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
        for worker in workers:
            worker.start()
        after, found = 0, []
        while len(found) < 60:
            with database.read() as connection:
                changes, _ = feed.page(connection, TILL, ONE, after)
            found += [change.key for change in changes]
            after = changes[-1].n if changes else after
        for worker in workers:
            worker.join()
        assert len(set(found)) == 60

    @given(
        puts=st.lists(
            st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([b"1", b"2", None])), max_size=6), max_size=6
        )
    )
    @settings(max_examples=40, deadline=None)
    def test_following_and_a_fresh_start_end_the_same(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        office_in: OfficeIn,
        puts: list[list[tuple[str, bytes | None]]],
    ) -> None:
        database = open_database(office_in(tmp_path_factory.mktemp("feed")))
        followed: dict[str, bytes] = {}
        after = 0
        expected: dict[str, bytes] = {}
        for items in puts:
            put(database, *(feed.Item(feed.ALL, "fund", key, doc) for key, doc in items))
            with database.read() as connection:
                changes, _ = feed.page(connection, TILL, ONE, after)
                after = changes[-1].n if changes else after
            for changed in changes:
                apply(followed, changed.key, None if changed.doc is None else bytes(changed.doc))
            for key, doc in items:
                apply(expected, key, doc)
        fresh: dict[str, bytes] = {}
        for _, key, doc in seen(database):
            apply(fresh, key, doc)
        database.close()
        assert followed == fresh == expected


def apply(replica: dict[str, bytes], key: str, doc: bytes | None) -> None:
    if doc is None:
        replica.pop(key, None)
    else:
        replica[key] = doc
