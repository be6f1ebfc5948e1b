"""The recording layer and the disk that forgets: what the proofs of the power cut stand on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from kube_pos.errors import StorageFailed
from tests.crash.day import Day, opening, selling
from tests.crash.disk import Disk
from tests.crash.histories import scripted, wandering
from tests.crash.outlet import CrashOutlet
from tests.crash.run import count_syncs
from tests.crash.states import KINDS, files_after, states
from tests.crash.vfs import (
    Create,
    Delete,
    Fault,
    FolderSync,
    Plan,
    Recorder,
    Rename,
    Sync,
    SyncFailed,
    Truncate,
    Write,
    driver_library,
)


def test_the_drivers_library_takes_file_layers() -> None:
    library = driver_library()
    for symbol in ("sqlite3_vfs_register", "sqlite3_vfs_unregister", "sqlite3_vfs_find"):
        assert hasattr(library, symbol), "another wheel of sqlcipher3? The proofs of the power cut need its symbols."


def test_the_layer_sits_in_the_library_that_the_till_uses(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    with pytest.raises(sqlcipher.OperationalError, match="no such vfs"):
        sqlcipher.connect(f"{(tmp_path / 'x.db').as_uri()}?vfs=nobody", uri=True)
    outlet = CrashOutlet(tmp_path, recorder=recorder)
    assert any(isinstance(event, Write) for event in recorder.events)
    outlet.close()
    assert recorder.close() == 0


def test_what_was_recorded_is_what_is_on_disk(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    outlet = CrashOutlet(tmp_path, recorder=recorder)
    day = Day(outlet, recorder.note)
    disk = Disk(recorder.base)
    taken = 0
    for _, step in (*opening(day), *selling(day)):
        step()
        for event in recorder.events[taken:]:
            disk.take(event)
        taken = len(recorder.events)
        found = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
        assert files_after(disk, "kept", random.Random(1)) == found
    outlet.close()
    assert recorder.close() == 0


def test_a_redemption_is_one_flush() -> None:
    assert set(count_syncs(scripted())) == {1}
    assert set(count_syncs(wandering("any"))) <= {1}


def test_a_flush_is_needed_for_bytes_and_one_of_the_folder_for_names() -> None:
    disk = Disk({"a": b"old"})
    disk.take(Write(0, 0, b"new"))
    disk.take(Create("b", 1))
    assert disk.safe[0] == b"old"
    disk.take(Sync(0, folder=False))
    assert disk.safe[0] == b"new"
    assert disk.names == {"a": 0}
    disk.take(Delete("a", folder=False))
    assert disk.names_after(1) == {"a": 0, "b": 1}
    assert disk.names_after(2) == {"b": 1}
    disk.take(Sync(1, folder=True))
    assert disk.names == {"b": 1}
    disk.take(Delete("b", folder=True))
    assert disk.names == {}


def test_a_cut_file_and_a_gap() -> None:
    disk = Disk({"a": b"12345678"})
    disk.take(Truncate(0, 2))
    disk.take(Write(0, 4, b"x"))
    disk.take(Sync(0, folder=False))
    assert disk.safe[0] == b"12\0\0x"


def test_a_failed_flush_is_not_tried_again_but_pages_written_to_later_are_whole() -> None:
    disk = Disk({"a": bytes(8192)})
    disk.take(Write(0, 4094, b"abcd"))
    disk.take(SyncFailed(0))
    disk.take(Sync(0, folder=False))
    assert disk.safe[0] == bytes(8192)
    disk.take(Write(0, 0, b"x"))
    disk.take(Sync(0, folder=False))
    assert disk.safe[0][0:1] + disk.safe[0][4090:4100] == b"x\0\0\0\0ab\0\0\0\0"


def test_another_name() -> None:
    disk = Disk({"old": b"1", "new": b"2"})
    disk.take(Rename("old", "new"))
    assert disk.names_after(0) == {"old": 0, "new": 1}
    assert disk.names_after(1) == {"new": 0}
    disk.take(FolderSync())
    assert disk.names == {"new": 0}


def test_a_successor_of_the_same_name_is_another_file() -> None:
    disk = Disk({"journal": b"old"})
    disk.take(Delete("journal", folder=False))
    disk.take(Create("journal", 1))
    disk.take(Write(1, 0, b"new"))
    assert disk.names_after(0) == {"journal": 0}
    assert disk.names_after(2) == {"journal": 1}
    assert [bytes(disk.safe[0]), bytes(disk.safe[1])] == [b"old", b""]


def test_every_kind_of_cut_is_made() -> None:
    found = {state.kind for state in states(scripted(), 2_000, 1)}
    assert found == set(KINDS)


def test_a_call_fails_once_or_from_then_on(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    outlet = CrashOutlet(tmp_path, recorder=recorder)
    for sticky in (False, True):
        recorder.arm(Plan(1, Fault.FULL, sticky=sticky))
        with pytest.raises(StorageFailed):
            outlet.journal.save_basket(b"1")
        if sticky:
            with pytest.raises(StorageFailed):
                outlet.journal.save_basket(b"2")
            recorder.disarm()
        outlet.journal.save_basket(b"3")
        assert outlet.journal.open_basket() == b"3"
    outlet.close()
    recorder.close()
