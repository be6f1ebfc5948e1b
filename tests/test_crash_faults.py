"""A failing disk: said, nothing half, nothing double. The whole: `python -m tests.crash.faults --runs 1000000`."""

from __future__ import annotations

from pathlib import Path

import pytest

from kube_pos.errors import StorageFailed
from tests.crash.day import Day, opening
from tests.crash.faults import prove, prove_all
from tests.crash.outlet import CrashOutlet, Setup
from tests.crash.plants import CLOSES_AT_ONCE, KEEPS_BROKEN
from tests.crash.vfs import Fault, Plan, Recorder
from tests.ledger_kit import EGG_KG


@pytest.mark.slow
@pytest.mark.parametrize("reads", [False, True])
def test_any_call_may_fail(reads: bool) -> None:  # noqa: FBT001
    found = prove_all(500, 1, reads=reads)
    assert found.said == []
    assert found.runs == 500
    assert found.seen > 250, "most failures reach the till"


@pytest.mark.slow
@pytest.mark.parametrize(("setup", "reads"), [(CLOSES_AT_ONCE, False), (KEEPS_BROKEN, True)])
def test_a_planted_fault_is_found(setup: Setup, reads: bool) -> None:  # noqa: FBT001
    assert prove(150, 1, reads=reads, setup=setup).violations > 0


def _till(folder: Path, *, reads: bool = False) -> tuple[Recorder, CrashOutlet, Day]:
    recorder = Recorder(folder, keep=False, reads=reads)
    outlet = CrashOutlet(folder, recorder=recorder)
    day = Day(outlet, lambda *_: None)
    for _, step in opening(day):
        step()
    return recorder, outlet, day


@pytest.mark.parametrize("sticky", [False, True])
def test_a_commit_whose_flush_failed_does_not_come_back_while_the_till_runs(tmp_path: Path, sticky: bool) -> None:  # noqa: FBT001
    recorder, outlet, day = _till(tmp_path)
    head, calls = outlet.journal.head(), recorder.calls
    day.deliver(1_000)
    calls = recorder.calls - calls
    recorder.arm(Plan(calls, Fault.IOERR, sticky=sticky))
    with pytest.raises(StorageFailed):
        day.deliver(2_000)
    assert outlet.journal.head()[0] == head[0] + 1
    recorder.disarm()
    day.deliver(2_000)
    assert outlet.journal.head()[0] == head[0] + 2
    assert outlet.journal.stock()[EGG_KG.id] == 103_000
    outlet.close()
    assert recorder.close() == 0


def test_one_failed_read_does_not_stop_the_till(tmp_path: Path) -> None:
    recorder, outlet, _ = _till(tmp_path, reads=True)
    outlet.close()
    outlet.open()
    recorder.arm(Plan(1, Fault.IOERR, sticky=False))
    with pytest.raises(StorageFailed):
        outlet.journal.stock()
    assert outlet.journal.stock()[EGG_KG.id] == 100_000
    outlet.close()
    recorder.close()
