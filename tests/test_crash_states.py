"""No sale is lost at any instant of a power cut; a bounded part. The whole: `python -m tests.crash --states 100000`."""

from __future__ import annotations

import sys

import pytest

from tests.crash.histories import copying, failing, migrating, scripted, wandering
from tests.crash.outlet import PRODUCT, Setup
from tests.crash.plants import PLANTS, SMALL_LOG
from tests.crash.run import examine
from tests.crash.vfs import SyncFailed

pytestmark = pytest.mark.slow


def test_the_scripted_day() -> None:
    found = examine(scripted(), PRODUCT, 1_500, 1)
    assert found.first == []
    assert found.states > 1_000


@pytest.mark.parametrize("setup", [PRODUCT, SMALL_LOG], ids=lambda setup: setup.name)
def test_a_random_day(setup: Setup) -> None:
    found = examine(wandering("ci", setup), setup, 400, 1)
    assert found.first == []
    assert found.states > 250


def test_the_first_start_of_a_next_version() -> None:
    recording, setup = migrating()
    found = examine(recording, setup, 300, 1)
    assert found.first == []
    assert found.states > 50


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="flushes outside SQLite are seen by /proc")
def test_backups() -> None:
    found = examine(copying(), PRODUCT, 300, 1)
    assert found.first == []
    assert found.states > 200


def test_flushes_that_fail_before_the_cut() -> None:
    recording = failing("ci")
    assert any(isinstance(event, SyncFailed) for event in recording.events)
    found = examine(recording, PRODUCT, 400, 1)
    assert found.first == []
    assert found.states > 300


@pytest.mark.parametrize("setup", PLANTS, ids=lambda setup: setup.name)
def test_a_planted_fault_is_found(setup: Setup) -> None:
    found = examine(scripted(setup), setup, 1_500, 1, until_first=True)
    assert found.violations == 1
