"""A new version's trial on a real till's data: it opens them, and does nothing that could not be taken back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kube_pos.cli_update import UnsentEntries, refuse_unsent
from kube_pos.enrolment import enrol
from kube_pos.folder import open_folder
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox, SqlitePrints
from tests.keeping_kit import City, make_folder, sell, small_city


def tried(path: Path) -> int:
    words = [sys.executable, "-m", "kube_pos", "--folder", str(path), "trial"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "KUBE_POS_CHOSEN": "1"}
    return subprocess.run(words, env=environment, timeout=60, check=False).returncode


def test_a_trial_prints_nothing_and_tells_the_office_nothing(tmp_path: Path) -> None:
    path, roll = tmp_path / "till", tmp_path / "roll.bin"
    with small_city(tmp_path / "office.db") as city:
        _enrolled(path, city, printer=f"file:{roll}", sync_interval_s=1)
        folder = open_folder(path)
        sell(folder)
        prints, outbox = SqlitePrints(folder.journal), SqliteOutbox(folder.journal)
        before = SqliteJournal(folder.journal).head()
        assert prints.states(before[0]) == ("pending",)
        with pytest.raises(UnsentEntries):
            refuse_unsent(folder)
        folder.close()

        assert tried(path) == 0

        folder = open_folder(path)
        prints, outbox = SqlitePrints(folder.journal), SqliteOutbox(folder.journal)
        assert SqliteJournal(folder.journal).head() == before
        assert prints.states(before[0]) == ("pending",)
        assert not roll.exists()
        assert outbox.status().unsent == before[0]
        assert outbox.status().bytes_up == 0
        folder.close()


def _enrolled(path: Path, city: City, **settings: object) -> None:
    make_folder(path, **settings)
    folder = open_folder(path)
    enrol(folder, city.code(), city.clock)
    folder.close()
