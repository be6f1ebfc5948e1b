"""A thread that does one job after another, so that the main thread never waits for the disk."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class Worker:
    """One plain thread and its queue; jobs run in the order they were given."""

    def __init__(self, name: str) -> None:
        """Make the worker; it runs nothing before `start`."""
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the jobs already given, then end the thread; wait for it at most `timeout_s` seconds."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def submit(self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Run `job` on the thread, then `done` with its result or `failed` with its exception, also on the thread."""

        def run() -> None:
            try:
                result = job()
            except Exception as error:  # noqa: BLE001 -- the one place where any failure of a job becomes an answer
                failed(error)
            else:
                done(result)

        self._jobs.put(run)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001 -- a failing callback must not end the thread
                _LOG.exception("a callback of a background job failed")
