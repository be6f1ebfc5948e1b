"""Journals that were put back or copied: recognised at start, retired, kept, and never sold from again."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_pos.clock import SystemClock
from kube_pos.enrolment import enrol, make_recovery_code
from kube_pos.errors import JournalRestored, NotEnrolled, StorageFailed
from kube_pos.folder import TillFolder, open_folder
from kube_pos.keys import KeyFile
from kube_pos.ledger.entries import Restored, SignedIn
from kube_pos.ledger.marker import Doubt
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import Predecessor, predecessors
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.marks import FILE_NAME as MARK
from kube_pos.marks import MarkKeeper
from kube_pos.recovery import FILE_NAME as RECOVERY
from kube_pos.recovery import unwrap
from kube_pos.retirement import finish_retirement, retire
from kube_pos.sync.signing import DeviceKey
from kube_pos.texts import LANGUAGES, Texts
from tests.fakes import FixedClock
from tests.keeping_kit import MACHINE, OTHER_MACHINE, City, head, key_file, sell, small_city
from tests.upstream_kit import NOW_MS


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "office.db") as made:
        yield made


@pytest.fixture
def path(tmp_path: Path, city: City) -> Path:
    """A till's folder with three entries and their mark, closed."""
    folder = city.join(tmp_path / "till")
    city.sync(folder)
    sell(folder, 2)
    advance(folder)
    folder.close()
    return tmp_path / "till"


def advance(folder: TillFolder) -> None:
    MarkKeeper(folder.marks, SqliteJournal(folder.journal), folder.keys, SystemClock()).advance()


def put_back(path: Path, while_away: int = 3, *, marked: bool = True) -> None:
    """Copy the journal, sell on, and put the copy back."""
    kept = path.parent / "kept.db"
    shutil.copy(path / "journal.db", kept)
    folder = open_folder(path, MACHINE)
    sell(folder, while_away)
    if marked:
        advance(folder)
    folder.close()
    shutil.copy(kept, path / "journal.db")


def ended(path: Path, machine: str = MACHINE) -> Predecessor:
    """Open a folder that must not sell and return what it follows on."""
    folder = open_folder(path, machine)
    try:
        with pytest.raises(JournalRestored):
            SqliteJournal(folder.journal).identity()
        return predecessors(folder.journal)[-1]
    finally:
        folder.close()


def test_an_untouched_folder_opens_as_it_was(path: Path) -> None:
    for _ in range(2):
        folder = open_folder(path, MACHINE)
        assert SqliteJournal(folder.journal).identity().terminal == "A01"
        assert sell(folder) != []
        folder.close()


def test_an_older_journal_put_back_is_recognised(path: Path) -> None:
    put_back(path)
    assert ended(path).reason == Doubt.OLDER
    assert ended(path).seq == 3


def test_an_older_journal_that_sold_on_is_recognised_by_its_hashes(path: Path) -> None:
    put_back(path, 2)
    marks = {name: (path.parent / name).read_bytes() for name in ("till.key.mark", f"till/{MARK}")}
    # As if the till had been started without looking at its marks: another sale lies where the mark stands.
    for name in marks:
        (path.parent / name).unlink()
    shutil.copy(path.parent / "kept.db", path / "journal.db")

    keys = KeyFile(key_file(path)).load()
    assert keys is not None
    database = Database(path / "journal.db", keys.files, JOURNAL)
    journal = SqliteJournal(database)

    for _ in range(4):
        journal.append(SignedIn(**head(journal)))  # type: ignore[arg-type]
    database.close()
    for name, content in marks.items():
        (path.parent / name).write_bytes(content)
    assert ended(path).reason == Doubt.OTHER_ENTRIES


def test_a_folder_copied_to_another_machine_is_recognised(path: Path) -> None:
    assert ended(path, OTHER_MACHINE).reason == Doubt.OTHER_MACHINE


def test_a_folder_copied_beside_itself_is_recognised(path: Path, tmp_path: Path) -> None:
    shutil.copytree(path, tmp_path / "copy")
    assert ended(tmp_path / "copy").reason == Doubt.OTHER_MACHINE
    folder = open_folder(path, MACHINE)
    assert SqliteJournal(folder.journal).identity()
    folder.close()


def test_a_copy_beside_takes_nothing_from_the_till_that_it_was_made_of(path: Path, city: City, tmp_path: Path) -> None:
    keys = KeyFile(key_file(path)).load()
    shutil.copytree(path, tmp_path / "copy")
    copy = open_folder(tmp_path / "copy", MACHINE)
    assert enrol(copy, city.code(), city.clock).terminal == "A02"
    sell(copy, 5)
    advance(copy)
    copy.close()
    assert KeyFile(key_file(path)).load() == keys
    folder = open_folder(path, MACHINE)
    assert SqliteJournal(folder.journal).identity().terminal == "A01"
    sell(folder)
    assert city.sync(folder).acked == 4
    folder.close()
    again = open_folder(tmp_path / "copy", MACHINE)
    assert city.sync(again).acked == 7
    again.close()


def test_the_whole_folder_put_back_is_recognised_by_the_mark_beside_the_keys(path: Path, tmp_path: Path) -> None:
    shutil.copytree(path, tmp_path / "kept")
    folder = open_folder(path, MACHINE)
    sell(folder)
    advance(folder)
    folder.close()
    shutil.rmtree(path)
    shutil.copytree(tmp_path / "kept", path)
    assert ended(path).reason == Doubt.OLDER


def test_a_journal_alone_without_its_marks_is_not_trusted(path: Path) -> None:
    (path / MARK).unlink()
    folder = open_folder(path, MACHINE)
    assert SqliteJournal(folder.journal).identity()
    folder.close()
    (path / MARK).unlink(missing_ok=True)
    key_file(path).with_name("till.key.mark").unlink()
    assert ended(path).reason == Doubt.NO_MARK


@pytest.mark.parametrize("text", ["", "{", '{"seq":1}', "\N{SNOWMAN}"])
def test_one_spoilt_mark_leaves_the_other_in_force(path: Path, text: str) -> None:
    (path / MARK).write_bytes(text.encode("utf-16"))
    folder = open_folder(path, MACHINE)
    assert SqliteJournal(folder.journal).identity()
    folder.close()
    put_back(path)
    (path / MARK).write_text(text, encoding="utf-8")
    assert ended(path).reason == Doubt.OLDER


def test_another_ledgers_journal_put_in_is_recognised(path: Path, city: City) -> None:
    put_back(path)
    first = ended(path)
    folder = open_folder(path, MACHINE)
    enrol(folder, city.code(), city.clock)
    sell(folder)
    advance(folder)
    folder.close()
    (path / first.file).chmod(0o600)
    shutil.copy(path / first.file, path / "journal.db")
    assert ended(path).reason == Doubt.OTHER_LEDGER


def test_a_fork_that_upstream_tells_of_is_acted_on_at_the_next_start(path: Path) -> None:
    folder = open_folder(path, MACHINE)
    keeper = MarkKeeper(folder.marks, SqliteJournal(folder.journal), folder.keys, FixedClock())
    keeper.note_fork()
    sell(folder)
    keeper.advance()
    folder.close()
    assert ended(path).reason == Doubt.FORK


def test_the_sentence_tells_the_remedy_and_where_the_old_entries_are(path: Path) -> None:
    put_back(path)
    folder = open_folder(path, MACHINE)
    with pytest.raises(JournalRestored) as caught:
        SqliteJournal(folder.journal).identity()
    folder.close()
    for language in LANGUAGES:
        said = Texts(language).error(caught.value)
        assert "kube-pos enrol" in said
        assert "journal-A01-000003-" in said


def test_the_old_entries_stay_readable_and_whole_and_are_not_written(path: Path) -> None:
    put_back(path)
    kept = path / ended(path).file
    assert stat.S_IMODE(kept.stat().st_mode) == 0o400
    folder = open_folder(path, MACHINE)
    before = kept.read_bytes()
    old = folder.journal.sibling(kept, JOURNAL)
    assert verify(old).is_clean
    assert [row.entry.receipt for row in SqliteJournal(old).sales()] == ["A01-000002", "A01-000001"]
    old.close()
    folder.close()
    assert kept.read_bytes() == before
    assert not list(path.glob("*-wal"))


def test_nothing_of_the_old_shares_and_baskets_remains(path: Path) -> None:
    folder = open_folder(path, MACHINE)
    assert SqliteReplica(folder.replica).family_count() > 0
    SqliteJournal(folder.journal).save_basket(b"{}")
    folder.close()
    put_back(path)
    folder = open_folder(path, MACHINE)
    assert SqliteReplica(folder.replica).cursor() == 0
    assert SqliteReplica(folder.replica).family_count() == 0
    journal = SqliteJournal(folder.journal)
    assert journal.open_basket() is None
    assert journal.stock() == {}
    folder.close()


def test_with_a_new_code_the_till_begins_anew_under_another_name(path: Path, city: City) -> None:
    folder = open_folder(path, MACHINE)
    old_id, old_key = SqliteJournal(folder.journal).identity().ledger_id, folder.keys.device
    code = make_recovery_code(folder)
    receipts = {f"A01-{n:06d}" for n in range(1, 10)}
    folder.close()
    put_back(path)
    folder = open_folder(path, MACHINE)
    # A clock that was set back meanwhile does not date the new journal before the end of the old one.
    city.clock.at_ms -= 3_600_000
    identity = enrol(folder, city.code(), city.clock)
    city.clock.at_ms += 3_600_000
    journal = SqliteJournal(folder.journal)
    assert identity.ledger_id != old_id
    assert identity.terminal == "A02"
    assert folder.keys.device != old_key
    first = journal.entry(1)
    assert first is not None
    assert isinstance(first.entry, Restored)
    assert (first.entry.previous, first.entry.previous_seq) == (old_id, 3)
    assert first.entry.at == predecessors(folder.journal)[-1].last_at >= NOW_MS
    # Nothing is free before an officer frees what the old ledger holds.
    city.sync(folder)
    assert folder.replica.read().exec_driver_sql("SELECT coalesce(sum(granted), 0) FROM share").scalar() == 0
    assert not receipts & set(sell(folder, 3))
    assert verify(folder.journal, DeviceKey(folder.keys.device).public_key()).is_clean
    # The paper code opens the new keys as well.
    assert unwrap(path / RECOVERY, code) == folder.keys
    folder.close()
    again = open_folder(path, MACHINE)
    assert SqliteJournal(again.journal).identity() == identity
    again.close()


def test_a_ledger_that_was_put_back_twice_keeps_both_files(path: Path, city: City) -> None:
    put_back(path)
    first = ended(path)
    folder = open_folder(path, MACHINE)
    enrol(folder, city.code(), city.clock)
    sell(folder)
    advance(folder)
    folder.close()
    put_back(path)
    second = ended(path)
    assert second.terminal == "A02"
    folder = open_folder(path, MACHINE)
    assert [row.ledger_id for row in predecessors(folder.journal)] == [first.ledger_id, second.ledger_id]
    folder.close()
    assert {first.file, second.file} <= {file.name for file in path.iterdir()}


def test_the_same_copy_put_back_twice_overwrites_nothing(path: Path) -> None:
    put_back(path)
    first = ended(path)
    shutil.copy(path.parent / "kept.db", path / "journal.db")
    second = ended(path)
    assert first.file != second.file
    assert (path / first.file).exists()


def test_a_folder_emptied_by_hand_does_not_take_its_old_name_again(path: Path, city: City) -> None:
    old = open_folder(path, MACHINE)
    old_id = SqliteJournal(old.journal).identity().ledger_id
    old.close()
    for name in ("journal.db", "replica.db", MARK):
        (path / name).unlink()
    folder = open_folder(path, MACHINE)
    with pytest.raises(NotEnrolled):
        SqliteJournal(folder.journal).identity()
    assert enrol(folder, city.code(), city.clock).ledger_id != old_id
    folder.close()


@pytest.mark.parametrize("cut", ["before", "between", "after"])
def test_a_retirement_cut_off_anywhere_is_ended_at_the_next_start(path: Path, cut: str) -> None:
    put_back(path)
    file, begun = path / "journal.db", path / "journal.next.db"
    before = file.read_bytes()
    first = ended(path)
    kept, empty = path / first.file, file.read_bytes()
    if cut == "before":
        kept.unlink()
        file.write_bytes(before)
        begun.write_bytes(empty)
    elif cut == "between":
        file.rename(begun)
    else:
        kept.chmod(0o600)
    assert ended(path).ledger_id == first.ledger_id
    assert kept.exists()
    assert not begun.exists()


def test_what_is_no_retirement_is_left_alone(tmp_path: Path) -> None:
    finish_retirement(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_leaves_the_journal_where_it_is(path: Path) -> None:
    folder = open_folder(path, MACHINE)
    keys = folder.keys
    folder.close()
    (path / "journal.next.db").mkdir()
    with pytest.raises(StorageFailed):
        retire(path, path / "journal.db", keys.files, keys.device, Doubt.OLDER)
    (path / "journal.next.db").rmdir()
    folder = open_folder(path, MACHINE)
    assert SqliteJournal(folder.journal).identity()
    folder.close()


def test_marks_are_written_now_and_then_and_at_once_when_asked(path: Path) -> None:
    folder = open_folder(path, MACHINE)
    clock = FixedClock()
    keeper = MarkKeeper(folder.marks, SqliteJournal(folder.journal), folder.keys, clock)

    def marked() -> int:
        return max(mark.seq for mark in folder.marks.load())

    keeper.advance()
    assert marked() == 3
    sell(folder)
    keeper.advance()
    assert marked() == 3
    clock.advance(20_000)
    keeper.advance()
    assert marked() == 4
    sell(folder)
    keeper.advance(at_once=True)
    assert marked() == 5
    folder.close()


def test_a_place_that_refuses_a_mark_does_not_stop_the_till(path: Path) -> None:
    folder = open_folder(path, MACHINE)
    sell(folder)
    (path / f"{MARK}.new").mkdir()
    advance(folder)
    folder.close()
    folder = open_folder(path, MACHINE)
    assert SqliteJournal(folder.journal).identity()
    folder.close()
