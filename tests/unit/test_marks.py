"""Where the marks of a journal lie: in the folder and beside the keys, and what becomes of a place that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from kube_pos.errors import KeyUnavailable, StorageFailed
from kube_pos.keys import KeyFile, Keys, OsKeyring
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.marker import Marker
from kube_pos.marks import FILE_NAME, Marks, device_name
from tests.unit.test_keys import MemoryKeyring

KEYS = Keys(bytes(range(32)), bytes(range(32, 64)))


def mark(seq: int, **more: object) -> Marker:
    return Marker(ledger_id=LedgerId("x"), seq=seq, hash="00", device=device_name(KEYS), **more)  # type: ignore[arg-type]


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "till"
    path.mkdir()
    return path


def seqs(marks: Marks) -> list[int]:
    return [found.seq for found in marks.load()]


def test_a_mark_lies_in_the_folder_and_in_the_keyring(ring: MemoryKeyring, folder: Path) -> None:
    store = OsKeyring(folder)
    store.save(KEYS)
    marks = Marks(folder, store, "here")
    assert marks.load() == []
    marks.save(mark(7))
    assert seqs(marks) == [7, 7]
    (folder / FILE_NAME).unlink()
    assert seqs(marks) == [7]
    # The keys themselves are as they were, and another folder's mark is another.
    assert store.load() == KEYS
    assert OsKeyring(folder.parent / "other").load_mark() is None
    assert len(ring.kept) == 2


def test_a_locked_keyring_leaves_the_folders_mark_in_force(ring: MemoryKeyring, folder: Path) -> None:
    store = OsKeyring(folder)
    marks = Marks(folder, store, "here")
    marks.save(mark(3))
    ring.locked = True
    marks.save(mark(4))
    assert seqs(marks) == [4]
    with pytest.raises(KeyUnavailable):
        store.load_mark()
    ring.locked = False
    assert seqs(marks) == [4, 3]


def test_a_mark_beside_a_key_file_is_no_secret_and_leaves_the_keys_alone(folder: Path) -> None:
    store = KeyFile(folder.parent / "stick.key")
    store.save(KEYS)
    marks = Marks(folder, store, "here")
    marks.save(mark(5))
    assert (folder.parent / "stick.key.mark").exists()
    assert store.load() == KEYS
    assert b"here" not in (folder / FILE_NAME).read_bytes()


def test_after_a_fork_nothing_takes_the_mark_back(folder: Path) -> None:
    marks = Marks(folder, KeyFile(folder.parent / "stick.key"), "here")
    marks.save(mark(5))
    marks.save(mark(5, fork=True))
    marks.save(mark(9))
    assert [found.fork for found in marks.load()] == [True, True]


def test_a_key_that_signed_entries_is_known_as_used(folder: Path) -> None:
    marks = Marks(folder, KeyFile(folder.parent / "stick.key"), "here")
    assert not marks.was_used(KEYS)
    marks.save(mark(0))
    assert not marks.was_used(KEYS)
    marks.save(mark(1))
    assert marks.was_used(KEYS)
    assert not marks.was_used(Keys(KEYS.files, bytes(32)))


def test_a_mark_that_can_not_be_looked_at_is_told(folder: Path) -> None:
    marks = Marks(folder, KeyFile(folder.parent / "stick.key"), "here")
    (folder / FILE_NAME).mkdir()
    with pytest.raises(StorageFailed):
        marks.load()
