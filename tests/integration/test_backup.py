"""Backups: whole, proved, thinned out, told of, and made while the till sells; the drill of a lost disk."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from kube_pos import recovery
from kube_pos.backup import (
    DAY_MS,
    KEEP,
    STATE_FILE,
    NoBackupFolder,
    backup_age,
    backups_in,
    load_state,
    prefix_of,
    recovery_beside,
    run_backup,
    say_age,
)
from kube_pos.backup_keeper import AGAIN_MS, BackupKeeper
from kube_pos.enrolment import enrol, make_recovery_code
from kube_pos.errors import JournalRestored, KeyUnavailable
from kube_pos.folder import TillFolder, open_folder
from kube_pos.keys import KeyFile
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.sqlite_backup import BackupFailed, BackupStopped, copy_journal
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.old_ledgers import send_old, unsent
from kube_pos.recovery import WrongRecoveryCode
from kube_pos.restoring import BackupUnusable, NothingToRestore, recover_keys, restore
from kube_pos.sync.client import UpstreamClient
from kube_pos.sync.cycle import run_cycle
from kube_pos.sync.failures import Fork
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.stores import StoredFeed, StoredOutbox
from kube_pos.texts import LANGUAGES, Texts
from kube_pos.upstream import tables
from kube_pos.upstream.ledgers import retire as retire_upstream
from tests.keeping_kit import MACHINE, City, close_day, key_file, make_folder, sell, small_city
from tests.unit.test_keys import MemoryKeyring
from tests.upstream_kit import NOW_MS

NEVER = threading.Event()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "office.db") as made:
        yield made


@pytest.fixture
def till(tmp_path: Path, city: City) -> Iterator[TillFolder]:
    """An open till that sold five times."""
    folder = city.join(tmp_path / "till")
    city.sync(folder)
    sell(folder, 5)
    yield folder
    folder.close()


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    path = tmp_path / "stick"
    path.mkdir()
    return path


def quiet(_done: int, _pages: int) -> None:
    """Watch nothing."""


def back_up(till: TillFolder, to: Path, city: City) -> Path:
    return Path(run_backup(till, to, city.clock, quiet, NEVER).path)


def opened(till: TillFolder, path: Path) -> Database:
    return till.journal.sibling(path, JOURNAL)


def test_a_backup_is_one_file_under_the_same_key_and_goes_to_the_newest_entry(
    till: TillFolder, stick: Path, city: City
) -> None:
    make_recovery_code(till)
    state = run_backup(till, stick, city.clock, quiet, NEVER)
    head = SqliteJournal(till.journal).head()
    assert sorted(path.name for path in stick.iterdir()) == sorted(
        [Path(state.path).name, recovery_beside(Path(state.path)).name]
    )
    copy = opened(till, Path(state.path))
    assert SqliteJournal(copy).head() == head
    assert (state.seq, state.at_ms, state.same_disk) == (head[0], NOW_MS, True)
    # The backup carries the till's signature of its newest entry.
    assert verify(copy, DeviceKey(till.keys.device).public_key()).is_clean
    assert copy.read().exec_driver_sql("SELECT max(seq) FROM checkpoint").scalar() == head[0]
    copy.close()
    assert load_state(till.path) == state
    assert b"SQLite format" not in Path(state.path).read_bytes()


def test_sales_go_on_while_a_backup_is_made_and_do_not_make_it_begin_anew(
    till: TillFolder, stick: Path, city: City
) -> None:
    make_it_large(till)
    seen: list[int] = []

    def sell_meanwhile(done: int, _pages: int) -> None:
        seen.append(done)
        sell(till)

    state = run_backup(till, stick, city.clock, sell_meanwhile, NEVER)
    assert len(seen) >= 3
    assert seen == sorted(set(seen))
    assert SqliteJournal(till.journal).head()[0] == state.seq + len(seen)
    copy = opened(till, Path(state.path))
    assert SqliteJournal(copy).head()[0] == state.seq
    copy.close()


def make_it_large(till: TillFolder) -> None:
    """Fill the journal's file with some megabytes, in a basket that nobody looks into."""
    SqliteJournal(till.journal).save_basket(os.urandom(4_000_000))


def test_a_backup_called_off_leaves_nothing(till: TillFolder, stick: Path, city: City) -> None:
    make_it_large(till)
    stop = threading.Event()
    with pytest.raises(BackupStopped):
        run_backup(till, stick, city.clock, lambda _done, _pages: stop.set(), stop)
    assert list(stick.iterdir()) == []
    assert load_state(till.path) is None


def test_a_folder_that_is_not_there_is_never_made(till: TillFolder, tmp_path: Path, city: City) -> None:
    with pytest.raises(NoBackupFolder):
        back_up(till, tmp_path / "unplugged", city)
    assert not (tmp_path / "unplugged").exists()


def test_a_stick_that_refuses_is_told_and_older_backups_stay(till: TillFolder, stick: Path, city: City) -> None:
    first = back_up(till, stick, city)
    sell(till)
    target = stick / "next.kpb"
    (stick / "next.kpb.part").mkdir()
    with pytest.raises(BackupFailed) as caught:
        copy_journal(till.journal, target, quiet, NEVER)
    assert caught.value.facts["path"] == str(target)
    assert first.exists()


def test_a_damaged_journal_gives_no_backup(till: TillFolder, stick: Path, city: City) -> None:
    with till.journal.write() as cursor:
        cursor.execute("UPDATE stock SET on_hand = on_hand + 1")
    with pytest.raises(BackupFailed) as caught:
        back_up(till, stick, city)
    assert caught.value.facts["reason"] == "projection"
    assert list(stick.iterdir()) == []


def test_the_newest_and_one_a_month_are_kept(till: TillFolder, stick: Path, city: City) -> None:
    made = []
    for _ in range(20):
        sell(till)
        made.append(back_up(till, stick, city).name)
        city.clock.at_ms += 6 * DAY_MS
    left = {path.name for path in backups_in(stick, own_prefix(till))}
    assert set(made[-KEEP:]) <= left
    newest_of_month = {}
    for name in made:
        newest_of_month[name.split("-")[4][:6]] = name
    # The month under way when others were thinned out kept its newest then; all that is left is one of these.
    assert set(newest_of_month.values()) <= left
    assert len(left) <= KEEP + len(newest_of_month)
    assert len(left) < len(made)


def own_prefix(till: TillFolder) -> str:
    identity = SqliteJournal(till.journal).identity()
    return prefix_of(identity.terminal, identity.ledger_id)


def test_a_clock_set_back_does_not_cost_the_newest_backup(till: TillFolder, stick: Path, city: City) -> None:
    for _ in range(KEEP + 1):
        sell(till)
        back_up(till, stick, city)
        city.clock.at_ms += DAY_MS // 4
    city.clock.at_ms -= 400 * DAY_MS
    sell(till)
    made = back_up(till, stick, city)
    assert made.exists()
    assert backups_in(stick, own_prefix(till))[0] == made


def test_the_backup_just_proved_stays_though_its_name_is_the_oldest(till: TillFolder, stick: Path, city: City) -> None:
    for _ in range(KEEP + 1):
        back_up(till, stick, city)
        city.clock.at_ms += 60_000
    city.clock.at_ms -= 3_600_000
    assert back_up(till, stick, city).exists()


def test_others_files_in_the_folder_are_left_alone(till: TillFolder, stick: Path, city: City) -> None:
    others = ["photo.jpg", "kube-pos-B01-00000000-20200101T000000Z-000001.kpb", "x.kpb"]
    for name in others:
        (stick / name).write_bytes(b"x")
    for _ in range(KEEP + 2):
        sell(till)
        back_up(till, stick, city)
        city.clock.at_ms += 1000
    assert all((stick / name).exists() for name in others)


def test_what_a_power_cut_left_of_a_backup_goes_with_the_next(till: TillFolder, stick: Path, city: City) -> None:
    left = [stick / f"{own_prefix(till)}-20261101T000000Z-000001.kpb.part{end}" for end in ("", "-journal")]
    for path in left:
        path.write_bytes(b"x")
    back_up(till, stick, city)
    assert not any(path.exists() for path in left)
    assert len(list(stick.iterdir())) == 1


def test_the_age_is_told_in_words(till: TillFolder, stick: Path, city: City) -> None:
    journal = SqliteJournal(till.journal)
    entries = journal.head()[0]
    assert f"{entries}" in say_age(backup_age(till.path, journal, city.clock), Texts("id"))
    back_up(till, stick, city)
    sell(till, 2)
    city.clock.at_ms += 3 * DAY_MS + 5
    age = backup_age(till.path, journal, city.clock)
    assert (age.entries_since, age.age_ms // DAY_MS) == (2, 3)
    for language in LANGUAGES:
        said = say_age(age, Texts(language))
        assert "3" in said
        assert "24/11/2026" in said
    (till.path / STATE_FILE).write_text("{", encoding="utf-8")
    assert backup_age(till.path, journal, city.clock).state is None


def open_with(till: TillFolder, **settings: object) -> TillFolder:
    till.close()
    make_folder(till.path, **settings)
    return open_folder(till.path, MACHINE)


def wait_for(keeper: BackupKeeper) -> None:
    """Wait until the keeper's thread has done what it was given, by ending it."""
    keeper._worker.stop()


def drain(keeper: BackupKeeper) -> None:
    """Wait until the keeper's thread has done what it was given so far."""
    done = threading.Event()
    keeper._worker.submit(lambda: None, lambda _: done.set(), lambda _: None)
    assert done.wait(30)


def test_the_keeper_backs_up_once_a_day_and_after_a_close(till: TillFolder, stick: Path, city: City) -> None:
    folder = open_with(till, backup_folder=str(stick))
    made: list[int] = []

    def run() -> int:
        keeper = BackupKeeper(folder, city.clock)
        keeper.start()
        wait_for(keeper)
        return len(backups_in(stick, own_prefix(folder)))

    made.append(run())
    sell(folder)
    city.clock.at_ms += 1000
    made.append(run())
    close_day(folder, SqliteJournal(folder.journal, DeviceKey(folder.keys.device).sign))
    made.append(run())
    sell(folder)
    city.clock.at_ms += DAY_MS
    made.append(run())
    assert made == [1, 1, 2, 3]
    folder.close()


def test_without_a_folder_the_keeper_does_nothing(till: TillFolder, city: City) -> None:
    keeper = BackupKeeper(till, city.clock)
    keeper.start()
    wait_for(keeper)
    assert load_state(till.path) is None


def test_after_a_failure_the_keeper_waits_an_hour(till: TillFolder, stick: Path, city: City) -> None:
    folder = open_with(till, backup_folder=str(stick / "unplugged"))
    keeper = BackupKeeper(folder, city.clock)
    keeper._failed(NoBackupFolder(path="x"))
    (stick / "unplugged").mkdir()
    keeper.start()
    keeper.consider()
    drain(keeper)
    assert list((stick / "unplugged").iterdir()) == []
    city.clock.at_ms += AGAIN_MS
    keeper.consider()
    wait_for(keeper)
    assert len(backups_in(stick / "unplugged", own_prefix(folder))) == 1
    folder.close()


def lose(till: TillFolder) -> None:
    """Lose the disk with the keys on it."""
    till.close()
    shutil.rmtree(till.path)
    for path in (key_file(till.path), key_file(till.path).with_name("till.key.mark")):
        path.unlink()


def test_the_drill_of_a_lost_disk(till: TillFolder, stick: Path, city: City) -> None:
    code = make_recovery_code(till)
    old = SqliteJournal(till.journal).identity()
    backup = back_up(till, stick, city)
    lost = sell(till, 2)
    lose(till)
    make_folder(till.path)

    ended = restore(till.path, backup, code)
    assert (ended.ledger_id, ended.terminal, ended.seq) == (old.ledger_id, "A01", 6)
    folder = open_folder(till.path, "a-new-machine")
    with pytest.raises(JournalRestored):
        SqliteJournal(folder.journal).identity()
    kept = opened(folder, folder.path / ended.file)
    assert verify(kept).is_clean
    assert len(SqliteJournal(kept).sales()) == 5
    kept.close()

    identity = enrol(folder, city.code(), city.clock)
    assert identity.ledger_id != old.ledger_id
    # What upstream never got is sent under the old name, by the old key.
    assert unsent(folder) == {"A01": 6}
    assert [(row.ledger.terminal, row.acked) for row in send_old(folder, city.clock)] == [("A01", 6)]
    city.sync(folder)
    receipts = sell(folder, 4)
    assert not set(receipts) & {*lost, *(f"A01-{n:06d}" for n in range(1, 10))}
    assert verify(folder.journal, DeviceKey(folder.keys.device).public_key()).is_clean
    folder.close()
    again = open_folder(till.path, "a-new-machine")
    assert SqliteJournal(again.journal).identity() == identity
    again.close()
    assert recovery.unwrap(till.path / recovery.FILE_NAME, code) == KeyFile(key_file(till.path)).load()


def test_what_is_sent_late_is_taken_from_a_retired_ledger_too(till: TillFolder, stick: Path, city: City) -> None:
    code = make_recovery_code(till)
    city.sync(till)
    sell(till)
    backup = back_up(till, stick, city)
    ledger_id = SqliteJournal(till.journal).identity().ledger_id
    lose(till)
    with city.database.write() as connection:
        retire_upstream(connection, ledger_id, "petugas", NOW_MS)
    make_folder(till.path)
    restore(till.path, backup, code)
    folder = open_folder(till.path, MACHINE)
    enrol(folder, city.code(), city.clock)
    for _ in range(2):
        assert [row.acked for row in send_old(folder, city.clock)] == [7]
    folder.close()


def test_upstream_that_has_more_than_the_backup_is_no_harm(till: TillFolder, stick: Path, city: City) -> None:
    code = make_recovery_code(till)
    backup = back_up(till, stick, city)
    sell(till, 3)
    city.sync(till)
    lose(till)
    make_folder(till.path)
    restore(till.path, backup, code)
    folder = open_folder(till.path, MACHINE)
    enrol(folder, city.code(), city.clock)
    assert [row.acked for row in send_old(folder, city.clock)] == [9]
    with city.database.read() as connection:
        states = connection.execute(tables.ledger.select()).all()
    assert [row.state for row in states] == ["active", "active"]
    folder.close()


def test_a_till_put_back_whole_with_its_marks_is_found_at_the_first_contact(
    till: TillFolder, tmp_path: Path, city: City
) -> None:
    """A machine set back as a whole: no mark can tell, but upstream holds more."""

    city.sync(till)
    till.close()
    shutil.copytree(tmp_path / "till", tmp_path / "kept")
    folder = open_folder(tmp_path / "till", MACHINE)
    sell(folder)
    city.sync(folder)
    folder.close()
    shutil.rmtree(tmp_path / "till")
    shutil.copytree(tmp_path / "kept", tmp_path / "till")
    folder = open_folder(tmp_path / "till", MACHINE)
    identity = SqliteJournal(folder.journal).identity()
    client = UpstreamClient(
        city.address, identity.ledger_id, DeviceKey(folder.keys.device), identity.upstream_key, city.clock
    )
    outbox = StoredOutbox(identity, SqliteOutbox(folder.journal), city.clock)
    feed = StoredFeed(SqliteReplica(folder.replica))
    # Nothing waits, so an ordinary round sees nothing.
    run_cycle(client, outbox, feed, city.clock)
    with pytest.raises(Fork):
        run_cycle(client, outbox, feed, city.clock, prove=True)
    client.close()
    folder.close()


def test_a_damaged_journal_is_kept_beside_what_is_put_back(till: TillFolder, stick: Path, city: City) -> None:
    backup = back_up(till, stick, city)
    till.close()
    journal = till.path / "journal.db"
    spoilt = bytearray(journal.read_bytes())
    spoilt[5000] ^= 1
    journal.write_bytes(spoilt)
    restore(till.path, backup)
    assert (till.path / "journal-damaged.db").read_bytes() == spoilt
    folder = open_folder(till.path, MACHINE)
    assert predecessors(folder.journal)[-1].reason == "backup"
    folder.close()


def test_a_whole_journal_is_not_replaced(till: TillFolder, stick: Path, city: City) -> None:
    backup = back_up(till, stick, city)
    till.close()
    before = (till.path / "journal.db").read_bytes()
    with pytest.raises(NothingToRestore):
        restore(till.path, backup)
    assert (till.path / "journal.db").read_bytes() == before


@pytest.mark.parametrize("damage", ["gone", "text", "byte", "cut"])
def test_a_spoilt_backup_is_refused_and_changes_nothing(
    till: TillFolder, stick: Path, city: City, tmp_path: Path, damage: str
) -> None:
    backup = back_up(till, stick, city)
    content = bytearray(backup.read_bytes())
    match damage:
        case "gone":
            backup.unlink()
        case "text":
            backup.write_bytes(b"not a database " * 1000)
        case "byte":
            content[9000] ^= 1
            backup.write_bytes(content)
        case "cut":
            backup.write_bytes(content[: len(content) // 2])
    till.close()
    make_folder(tmp_path / "new")
    shutil.copy(key_file(till.path), key_file(tmp_path / "new"))
    with pytest.raises(BackupUnusable):
        restore(tmp_path / "new", backup)
    assert not (tmp_path / "new" / "journal.db").exists()


def test_a_wrong_code_restores_nothing(till: TillFolder, stick: Path, city: City, tmp_path: Path) -> None:
    make_recovery_code(till)
    backup = back_up(till, stick, city)
    make_folder(tmp_path / "new")
    with pytest.raises(WrongRecoveryCode):
        restore(tmp_path / "new", backup, recovery.new_code())
    with pytest.raises(KeyUnavailable):
        restore(tmp_path / "new", backup)
    assert not key_file(tmp_path / "new").exists()


def test_lost_keys_come_back_by_the_code(till: TillFolder) -> None:
    code = make_recovery_code(till)
    identity = SqliteJournal(till.journal).identity()
    till.close()
    key_file(till.path).unlink()
    with pytest.raises(KeyUnavailable) as caught:
        open_folder(till.path, MACHINE)
    assert all("kube-pos recover" in Texts(language).error(caught.value) for language in LANGUAGES)
    with pytest.raises(WrongRecoveryCode):
        recover_keys(till.path, recovery.new_code())
    assert not key_file(till.path).exists()
    recover_keys(till.path, code)
    folder = open_folder(till.path, MACHINE)
    assert SqliteJournal(folder.journal).identity() == identity
    assert folder.keys == till.keys
    assert verify(folder.journal).is_clean
    folder.close()


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_a_lost_keyring_is_made_good_by_the_code(city: City, tmp_path: Path, ring: MemoryKeyring) -> None:
    path = tmp_path / "till"
    make_folder(path, key_file="")
    folder = open_folder(path, MACHINE)
    identity = enrol(folder, city.code(), city.clock)
    code = make_recovery_code(folder)
    receipts = sell(folder, 2)
    folder.close()
    assert len(ring.kept) == 2
    ring.kept.clear()
    with pytest.raises(KeyUnavailable):
        open_folder(path, MACHINE)
    assert ring.kept == {}
    recover_keys(path, code)
    folder = open_folder(path, MACHINE)
    journal = SqliteJournal(folder.journal)
    assert journal.identity() == identity
    assert [row.entry.receipt for row in journal.sales()] == receipts[::-1]
    assert sell(folder) == ["A01-000003"]
    folder.close()
