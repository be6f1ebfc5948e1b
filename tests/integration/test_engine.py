"""The encrypted files themselves: keys, durability settings, damage, full and read-only disks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from kube_pos.errors import DatabaseTooNew, DatabaseUnreadable, NotEnrolled, StorageFailed
from kube_pos.ledger import entries
from kube_pos.ledger.migrations import JOURNAL, REPLICA, Schema
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, KEY, MANAGER, Outlet

WRONG_KEY = bytes(32)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.endswith("-shm")}


def signed_in(outlet: Outlet) -> entries.SignedIn:
    return entries.SignedIn(at=outlet.till.now_ms(), day=TODAY, by=CASHIER.id)


@pytest.mark.parametrize("closed", [True, False])
def test_a_wrong_key_opens_nothing_and_changes_nothing(outlet: Outlet, closed: bool) -> None:  # noqa: FBT001
    if closed:
        outlet.close()
    before = files(outlet.folder)
    for name, schema in (("journal.db", JOURNAL), ("replica.db", REPLICA)):
        with pytest.raises(DatabaseUnreadable) as caught:
            Database(outlet.folder / name, WRONG_KEY, schema)
        assert caught.value.facts["path"] == str(outlet.folder / name)
    assert files(outlet.folder) == before
    if closed:
        outlet.open()
    assert outlet.journal.stock()


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database at all " * 400)
    before = files(tmp_path)
    with pytest.raises(DatabaseUnreadable):
        Database(path, KEY, JOURNAL)
    assert files(tmp_path) == before


def test_a_newer_schema_is_refused_and_left_as_it_is(outlet: Outlet) -> None:
    outlet.close()
    path = outlet.folder / "journal.db"
    newer = Schema("journal", (*JOURNAL.steps, ("CREATE TABLE from_the_future (one INTEGER)",)))
    Database(path, KEY, newer).close()
    before = files(outlet.folder)
    with pytest.raises(DatabaseTooNew) as caught:
        Database(path, KEY, JOURNAL)
    assert caught.value.facts == {"path": str(path), "found": 2, "known": 1}
    assert files(outlet.folder) == before
    Database(path, KEY, newer).close()


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed) as caught:
        Database(tmp_path / "gone" / "journal.db", KEY, JOURNAL)
    assert "gone" in str(caught.value.facts["path"])


def test_no_name_number_or_hash_is_readable_in_the_raw_files(outlet: Outlet) -> None:
    digits = outlet.family(3, national_id_hash="d" * 32, national_id_last4="7301")
    outlet.entitle(family=3)
    outlet.journal.append(signed_in(outlet))
    outlet.close()
    raw = b"".join(files(outlet.folder).values())
    assert len(raw) > 50_000
    for secret in (b"Siti", b"Aminah", digits.encode(), b"7301", b"d" * 32, b"SignedIn", b"SQLite format", b"Rahmah"):
        assert secret not in raw
        assert secret.decode().encode("utf-16-le") not in raw


def test_every_connection_flushes_and_keeps_a_log(outlet: Outlet) -> None:
    connection = outlet.journal_file.read()

    def setting(name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert setting("journal_mode") == "wal"
    assert setting("synchronous") == 2
    assert setting("recursive_triggers") == 1
    assert setting("temp_store") == 2
    assert len(str(setting("cipher_version"))) > 1


def test_each_thread_sees_what_another_has_stored(outlet: Outlet) -> None:
    seen: list[int] = []
    outlet.journal.head()

    def write() -> None:
        outlet.journal.append(signed_in(outlet))
        seen.append(outlet.journal.head()[0])

    for _ in range(3):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        seen.append(outlet.journal.head()[0])
        outlet.journal.append(signed_in(outlet))
    assert seen == [2, 2, 4, 4, 6, 6]


def test_a_reader_that_did_not_fetch_all_does_not_stop_the_writer(outlet: Outlet) -> None:
    rows = outlet.journal_file.read().exec_driver_sql("SELECT seq FROM entry, (SELECT 1 UNION ALL SELECT 2)")
    rows.fetchone()
    thread = threading.Thread(target=lambda: outlet.journal.append(signed_in(outlet)))
    thread.start()
    thread.join()
    rows.close()
    assert outlet.journal.head()[0] == 2


def test_a_block_that_fails_stores_nothing(outlet: Outlet) -> None:
    class Mishapped(Exception):
        pass

    def fail() -> None:
        with outlet.journal_file.write() as cursor:
            cursor.execute("INSERT INTO stock VALUES (99, 1)")
            raise Mishapped

    with pytest.raises(Mishapped):
        fail()
    assert 99 not in outlet.journal.stock()
    outlet.journal.append(signed_in(outlet))


def test_a_full_disk_stores_nothing_and_selling_goes_on_after(outlet: Outlet) -> None:
    big = entries.SettingsChanged(at=outlet.till.now_ms(), day=TODAY, by=MANAGER.id, name="note", value="x" * 200_000)
    connection = outlet.journal_file.read()
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    head = outlet.journal.head()
    with pytest.raises(StorageFailed) as caught:
        outlet.journal.append(big)
    assert "full" in str(caught.value.facts["reason"])
    assert outlet.journal.head() == head
    assert outlet.journal.append(big).seq == head[0] + 1


_FILLS_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from tests.ledger_kit import CASHIER, Outlet
from kube_pos.errors import StorageFailed
from kube_pos.ledger import entries
from tests.fakes import TODAY
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kit = Outlet(Path(sys.argv[1]))
wal = Path(sys.argv[1]) / "journal.db-wal"
head = kit.journal.head()[0]
def entry(size):
    return entries.SettingsChanged(at=kit.till.now_ms(), day=TODAY, by=CASHIER.id, name="n", value="x" * size)
resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + 30_000, resource.RLIM_INFINITY))
failed = 0
for _ in range(3):
    try:
        kit.journal.append(entry(100_000))
    except StorageFailed:
        failed += 1
print(failed, kit.journal.head()[0] - head)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(kit.journal.append(entry(100_000)).seq - head)
kit.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_write_that_the_system_refuses_stores_nothing_and_selling_goes_on_after(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FILLS_THE_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["3", "0", "1"]


def test_a_file_made_read_only_stores_nothing(outlet: Outlet) -> None:
    outlet.journal_file.read().exec_driver_sql("PRAGMA query_only = ON")
    head = outlet.journal.head()
    with pytest.raises(StorageFailed, match="storage_failed"):
        outlet.journal.append(signed_in(outlet))
    assert outlet.journal.head() == head
    assert outlet.journal.append(signed_in(outlet)).seq == head[0] + 1


def test_another_writer_that_never_ends_is_told_and_nothing_is_stored(outlet: Outlet) -> None:
    other = sqlcipher.connect(str(outlet.folder / "journal.db"), isolation_level=None)
    other.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    other.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
    other.execute("BEGIN IMMEDIATE")
    outlet.journal_file.read().exec_driver_sql("PRAGMA busy_timeout = 20")
    try:
        with pytest.raises(StorageFailed, match="locked"):
            outlet.journal.append(signed_in(outlet))
    finally:
        other.execute("ROLLBACK")
        other.close()
    outlet.journal.append(signed_in(outlet))


def test_a_block_holds_the_file_from_its_first_moment(outlet: Outlet) -> None:
    other = sqlcipher.connect(str(outlet.folder / "journal.db"), isolation_level=None)
    other.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    other.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
    other.execute("PRAGMA busy_timeout = 0")
    with outlet.journal_file.write(), pytest.raises(sqlcipher.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_journal_that_belongs_to_nobody_says_so(tmp_path: Path) -> None:
    database = Database(tmp_path / "journal.db", KEY, JOURNAL)
    journal = SqliteJournal(database)
    with pytest.raises(NotEnrolled):
        journal.identity()
    with pytest.raises(NotEnrolled):
        journal.append(entries.SignedIn(at=1, day=TODAY, by=CASHIER.id))
    database.close()


def test_a_damaged_page_is_told_as_such_when_it_is_read(outlet: Outlet) -> None:
    sql = "SELECT rootpage FROM sqlite_master WHERE name = 'stock'"
    page = int(outlet.journal_file.read().exec_driver_sql(sql).scalar_one())
    outlet.journal_file.checkpoint()
    outlet.close()
    path = outlet.folder / "journal.db"
    raw = bytearray(path.read_bytes())
    raw[(page - 1) * 4096 + 100] ^= 1
    path.write_bytes(raw)
    outlet.open()
    with pytest.raises(DatabaseUnreadable) as caught:
        outlet.journal.stock()
    assert caught.value.facts == {"path": str(path)}


def test_closing_twice_and_opening_again(outlet: Outlet) -> None:
    outlet.close()
    outlet.close()
    outlet.open()
    assert outlet.journal.identity().terminal == "A01"
