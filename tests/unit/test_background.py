"""The thread beside the window, and one till a folder."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kube_pos.background import Worker
from kube_pos.errors import AlreadyRunning, StorageFailed
from kube_pos.single_instance import SingleInstance


def unexpected(error: Exception) -> None:
    raise AssertionError(error)


def test_jobs_run_in_their_order_on_one_thread() -> None:
    worker, seen, where = Worker("w"), list[int](), set[int]()

    def job(number: int) -> int:
        where.add(threading.get_ident())
        return number

    for number in range(50):
        worker.submit(lambda number=number: job(number), seen.append, unexpected)  # type: ignore[misc]
    worker.start()
    worker.stop()
    assert seen == list(range(50))
    assert len(where) == 1
    assert threading.get_ident() not in where


def test_a_failing_job_is_an_answer_and_the_next_one_runs() -> None:
    worker, failed, done = Worker("w"), list[Exception](), list[int]()
    worker.submit(lambda: 1 // 0, done.append, failed.append)
    worker.submit(lambda: 7, done.append, failed.append)
    worker.start()
    worker.stop()
    assert [type(error) for error in failed] == [ZeroDivisionError]
    assert done == [7]


def test_a_failing_callback_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    worker, done, failed = Worker("w"), list[int](), list[Exception]()

    def bad(_: int) -> None:
        raise ValueError("callback")

    worker.submit(lambda: 1, bad, failed.append)
    worker.submit(lambda: 2, done.append, failed.append)
    with caplog.at_level(logging.ERROR):
        worker.start()
        worker.stop()
    assert (done, failed) == ([2], [])
    assert "callback of a background job failed" in caplog.text


def test_stopping_a_worker_that_never_started_is_harmless() -> None:
    Worker("w").stop()


def test_one_till_a_folder(tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    with pytest.raises(AlreadyRunning) as caught:
        SingleInstance(tmp_path)
    assert caught.value.facts == {"path": str(tmp_path)}
    first.release()
    SingleInstance(tmp_path).release()


def test_a_till_that_died_holds_nothing(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from kube_pos.single_instance import SingleInstance\n"
    code += "held = SingleInstance(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning):
            SingleInstance(tmp_path)
        other.kill()
        other.wait(10)
    SingleInstance(tmp_path).release()


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed) as caught:
        SingleInstance(tmp_path / "gone")
    assert str(tmp_path / "gone") in str(caught.value.facts["path"])
