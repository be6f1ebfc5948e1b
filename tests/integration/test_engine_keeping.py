"""The running till looks after its marks and backups off the sale's path, and stops being itself after a fork."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kube_pos.background import Worker
from kube_pos.engine import Engine, Listeners
from kube_pos.enrolment import enrol
from kube_pos.errors import JournalRestored
from kube_pos.folder import TillFolder, open_folder
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_predecessors import predecessors
from kube_pos.sync.state import SyncReport, SyncState
from kube_pos.texts import Texts
from tests.keeping_kit import MACHINE, City, close_day, make_folder, sell, small_city


class Running:
    """A till without its window, and what it told of sync."""

    def __init__(self, folder: TillFolder, city: City) -> None:
        self.folder = folder
        self.states: list[SyncState] = []
        self._told = threading.Condition()
        listeners = Listeners(
            on_scan=ignore, on_device=ignore, on_frame=ignore, on_sync=self._hear, on_print=ignore, on_document=ignore
        )
        self.engine = Engine(folder, Texts(), city.clock, Worker("writer"), listeners)
        self.engine.start()

    def wait_for_state(self, state: SyncState) -> None:
        with self._told:
            assert self._told.wait_for(lambda: state in self.states, 30), self.states

    def stop(self) -> None:
        self.engine.stop()
        self.folder.close()

    def _hear(self, report: SyncReport) -> None:
        with self._told:
            self.states.append(report.state)
            self._told.notify_all()


def ignore(_: object) -> None:
    """Hear nothing."""


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1500):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come about")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "office.db") as made:
        yield made


def joined(path: Path, city: City, **settings: object) -> TillFolder:
    make_folder(path, sync_interval_s=1, **settings)
    folder = open_folder(path, MACHINE)
    enrol(folder, city.code(), city.clock)
    return folder


def marked(folder: TillFolder) -> int:
    return min(mark.seq for mark in folder.marks.load())


def test_a_running_till_is_marked_and_backed_up_without_anybodys_doing(city: City, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    folder = joined(tmp_path / "till", city, backup_folder=str(stick))
    sell(folder, 2)
    running = Running(folder, city)
    wait_until(lambda: marked(folder) == 3 and "24/11/2026" in running.engine.backup_sentence())
    assert len(list(stick.glob("*.kpb"))) == 1
    # A day close is signed in its own transaction, and makes a backup due.
    close_day(folder, running.engine.journal)
    running.engine.sync_now()
    wait_until(lambda: len(list(stick.glob("*.kpb"))) == 2)
    assert running.engine.verify()[0]
    sell(folder, journal=running.engine.journal)
    running.stop()
    assert marked(folder) == 5
    again = open_folder(tmp_path / "till", MACHINE)
    assert SqliteJournal(again.journal).head()[0] == 5
    again.close()


def test_a_till_that_upstream_calls_forked_is_retired_at_the_next_start(city: City, tmp_path: Path) -> None:
    folder = joined(tmp_path / "till", city)
    sell(folder)
    city.sync(folder)
    folder.close()
    shutil.copytree(tmp_path / "till", tmp_path / "kept")
    folder = open_folder(tmp_path / "till", MACHINE)
    sell(folder)
    city.sync(folder)
    folder.close()
    # The whole machine is set back, marks and all: only upstream can tell.
    shutil.rmtree(tmp_path / "till")
    shutil.copytree(tmp_path / "kept", tmp_path / "till")
    running = Running(open_folder(tmp_path / "till", MACHINE), city)
    running.wait_for_state(SyncState.STOPPED_FORK)
    running.stop()
    folder = open_folder(tmp_path / "till", MACHINE)
    with pytest.raises(JournalRestored):
        SqliteJournal(folder.journal).identity()
    assert predecessors(folder.journal)[-1].reason == "fork"
    folder.close()
