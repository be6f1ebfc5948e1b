"""The thread that syncs: at once when woken, else from time to time, and without end whatever fails."""

from __future__ import annotations

import logging
import random
import threading
import traceback
from collections.abc import Callable
from typing import Protocol

from kube_pos.clock import Clock
from kube_pos.errors import KubePosError
from kube_pos.sync.cycle import Upstream, run_cycle
from kube_pos.sync.failures import SyncFailed
from kube_pos.sync.outbox import LONGEST_DELAY_S, back_off_s
from kube_pos.sync.ports import FeedStore, OutboxStore
from kube_pos.sync.state import SyncReport, SyncState, is_lasting, report_of, report_of_success

INTERVAL_S = 60.0
STOP_S = 3.0
_LOG = logging.getLogger(__name__)


class Client(Upstream, Protocol):
    """Upstream over a connection that the worker opens and another thread may cut."""

    def abort(self) -> None:
        """Cut the request under way and refuse later ones; from any thread."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class SyncWorker:
    """One plain thread that runs one round after another."""

    def __init__(
        self,
        connect: Callable[[], Client],
        outbox: OutboxStore,
        feed: FeedStore,
        clock: Clock,
        on_report: Callable[[SyncReport], None],
        *,
        interval_s: float = INTERVAL_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Run nothing before `start`.

        `connect` is called on the sync thread, so that the HTTP library is loaded there; the stores are used, and
        `on_report` is called, on that thread only. `chance` gives the jitter of the back-off, from 0 to 1.
        """
        self._connect = connect
        self._outbox = outbox
        self._feed = feed
        self._clock = clock
        self._on_report = on_report
        self._interval_s = interval_s
        self._chance = chance
        self._woken = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._failures = 0
        self._is_proved = False
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        """Start the thread; the first round begins at once."""
        self._thread.start()

    def wake(self) -> None:
        """Begin a round at once, or another one after the one under way; from any thread, never waits."""
        self._woken.set()

    def stop(self) -> bool:
        """End after the message under way, which is cut; return within 3 s whether the thread has ended.

        A thread that hangs in the system's name look-up or in the making of a connection is left behind: it is a
        daemon, and touches no store any more.
        """
        self._stop.set()
        self._woken.set()
        with self._lock:
            if self._client is not None:
                self._client.abort()
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        return not self._thread.is_alive()

    def pause_after(self, report: SyncReport, *, more: bool = False) -> float:
        """Return how many seconds to wait after a round, and count failures in a row."""
        if report.error is None:
            self._failures = 0
            return 0.0 if more else self._interval_s
        self._failures += 1
        if is_lasting(report.state):
            return LONGEST_DELAY_S
        return back_off_s(self._failures, self._chance())

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._woken.clear()
                pause = self._round()
                if not self._stop.is_set():
                    self._woken.wait(pause)
        finally:
            with self._lock:
                client, self._client = self._client, None
            if client is not None:
                client.close()

    def _round(self) -> float:
        """Run one round, whatever it does; return how long to wait."""
        more = False
        self._tell(SyncReport(SyncState.WORKING))
        try:
            prove = not self._is_proved
            result = run_cycle(self._connected(), self._outbox, self._feed, self._clock, self._stop, prove=prove)
            self._is_proved = True
        except KubePosError as error:
            report = report_of(error)
            if not self._stop.is_set():
                _LOG.warning("sync: %s", report.detail)
        except Exception as error:  # noqa: BLE001 -- sync must outlive any mistake of its own; sales go on without it
            # The type alone: a message could quote a document, and so a name.
            _LOG.error("sync failed: %s in %s", type(error).__name__, _place(error))
            report = report_of(SyncFailed(kind=type(error).__name__))
        else:
            report = report_of_success(result.skew_ms)
            more = result.more
        self._tell(report)
        return self.pause_after(report, more=more)

    def _connected(self) -> Client:
        """Return the client, made at first use and kept."""
        if self._client is None:
            client = self._connect()
            with self._lock:
                self._client = client
                if self._stop.is_set():
                    client.abort()
        return self._client

    def _tell(self, report: SyncReport) -> None:
        if self._stop.is_set():
            return
        try:
            self._on_report(report)
        except Exception as error:  # noqa: BLE001 -- a listener's mistake must not end sync
            _LOG.error("a listener of sync failed: %s", type(error).__name__)


def _place(error: Exception) -> str:
    """Return where an error arose, without anything that it says."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
