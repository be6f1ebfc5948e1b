"""The sync thread: rounds, waking, pauses, stopping, and surviving everything."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from kube_pos.sync.client import UpstreamClient
from kube_pos.sync.cycle import Traffic
from kube_pos.sync.failures import Busy, Fork, Gap, Offline, Retired, ServerFailed
from kube_pos.sync.outbox import Packed
from kube_pos.sync.state import SyncReport, SyncState, report_of
from kube_pos.sync.wire import ChangesPage, UploadAnswer
from kube_pos.sync.worker import Client, SyncWorker
from tests.fakes import FixedClock
from tests.sync_kit import LEDGER, OFFICE_KEY, TILL_KEY, MemoryFeed, MemoryOutbox, Office
from tests.sync_server import Fault, OfficeServer, serving

LONG_S = 3600.0


class Heard:
    """What the worker reported, and a way to wait for it."""

    def __init__(self) -> None:
        self.reports: list[SyncReport] = []
        self.changed = threading.Condition()

    def __call__(self, report: SyncReport) -> None:
        with self.changed:
            self.reports.append(report)
            self.changed.notify_all()

    def wait(self, done: Callable[[list[SyncReport]], bool], seconds: float = 10) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: done(self.reports), seconds), self.reports

    def wait_for(self, *states: SyncState) -> None:
        self.wait(lambda reports: [report.state for report in reports][-len(states) :] == list(states))

    def wait_for_rounds(self, count: int) -> None:
        self.wait(lambda reports: len([r for r in reports if r.state is not SyncState.WORKING]) >= count)


class Till:
    """A till with its sync thread against a real server."""

    def __init__(self, server: OfficeServer, interval_s: float = LONG_S) -> None:
        self.server = server
        self.clock = FixedClock()
        self.outbox = MemoryOutbox()
        self.feed = MemoryFeed()
        self.heard = Heard()
        self.chance = 0.0
        self.worker = SyncWorker(
            self.connect,
            self.outbox,
            self.feed,
            self.clock,
            self.heard,
            interval_s=interval_s,
            chance=lambda: self.chance,
        )

    def connect(self) -> UpstreamClient:
        return UpstreamClient(self.server.address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), self.clock)


@pytest.fixture
def till() -> Iterator[Till]:
    with ExitStack() as stack:
        made = Till(stack.enter_context(serving(Office(FixedClock()))))
        stack.callback(made.worker.stop)
        stack.callback(made.server.released.set)
        yield made


def test_the_first_round_begins_at_once(till: Till) -> None:
    till.outbox.fill(3)
    till.worker.start()
    till.heard.wait_for(SyncState.WORKING, SyncState.ONLINE)
    assert till.outbox.acked_seq == len(till.server.office.received) == 3


def test_a_sale_is_sent_when_it_wakes_the_thread(till: Till) -> None:
    till.worker.start()
    till.heard.wait_for_rounds(1)
    till.outbox.fill(1)
    till.worker.wake()
    till.heard.wait_for_rounds(2)
    assert len(till.server.office.received) == 1


def test_a_wake_during_a_round_is_not_lost(till: Till) -> None:
    till.server.faults.append(Fault.HANG)
    till.worker.start()
    assert till.server.arrived.wait(5)
    till.outbox.fill(1)
    till.worker.wake()
    till.server.released.set()
    till.heard.wait_for_rounds(2)
    assert len(till.server.office.received) == 1


def test_rounds_come_from_time_to_time(till: Till) -> None:
    quick = Till(till.server, interval_s=0.01)
    quick.worker.start()
    quick.heard.wait_for_rounds(4)
    assert quick.worker.stop()
    assert {report.state for report in quick.heard.reports} == {SyncState.WORKING, SyncState.ONLINE}


def test_the_outbox_drains_through_a_bad_line(till: Till) -> None:
    till.outbox.fill(60)
    till.server.faults += [
        Fault.DROP_BEFORE,
        Fault.DROP_AFTER,
        Fault.ERROR_AFTER,
        Fault.ERROR_BEFORE,
        Fault.CUT_BODY,
        Fault.WRONG_SIGNATURE,
        Fault.PORTAL,
        Fault.CUT_HEADERS,
        Fault.BUSY,
        Fault.NO_SIGNATURE,
    ]
    till.worker.start()
    for round_no in range(1, 12):
        till.heard.wait_for_rounds(round_no)
        till.worker.wake()
    till.heard.wait(lambda reports: reports[-1].state is SyncState.ONLINE)
    assert till.outbox.acked_seq == 60
    assert [body for body, _ in till.server.office.received] == [entry.body for entry in till.outbox.entries]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault.DROP_BEFORE, SyncState.OFFLINE),
        (Fault.WRONG_SIGNATURE, SyncState.NOT_TRUSTED),
        (Fault.ERROR_BEFORE, SyncState.SERVER_TROUBLE),
    ],
    ids=lambda value: value.name,
)
def test_each_failure_shows_its_state(till: Till, fault: Fault, state: SyncState) -> None:
    till.server.faults.append(fault)
    till.worker.start()
    till.heard.wait_for_rounds(1)
    assert till.heard.reports[-1].state is state
    assert till.heard.reports[-1].error is not None


def test_a_wrong_clock_syncs_and_is_told(till: Till) -> None:
    till.clock.now -= 86_400_000
    till.outbox.fill(1)
    till.worker.start()
    till.heard.wait_for_rounds(1)
    assert till.heard.reports[-1] == SyncReport(SyncState.CLOCK_SKEW, skew_ms=86_400_000)
    assert till.outbox.acked_seq == 1


def test_a_fork_is_told_and_asked_about_rarely(till: Till) -> None:
    till.server.office.received.append((b"another", bytes(32)))
    till.outbox.fill(1)
    till.worker.start()
    till.heard.wait_for_rounds(1)
    report = till.heard.reports[-1]
    assert report.state is SyncState.STOPPED_FORK
    assert till.worker.pause_after(report) == 300


def test_pauses_double_while_it_fails_and_end_with_success(till: Till) -> None:
    pause = till.worker.pause_after
    offline = report_of(Offline(reason="cut"))
    till.chance = 1.0
    assert [pause(offline) for _ in range(11)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert pause(SyncReport(SyncState.ONLINE)) == LONG_S
    assert pause(SyncReport(SyncState.ONLINE), more=True) == 0
    till.chance = 0.0
    assert [pause(report_of(Busy(status=503))) for _ in range(3)] == [0.5, 1, 2]
    assert pause(report_of(Retired())) == 300
    assert pause(report_of(Fork(seq=1))) == 300


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.TRICKLE], ids=lambda fault: fault.name)
def test_stopping_does_not_wait_for_a_hanging_request(till: Till, fault: Fault) -> None:
    till.server.faults.append(fault)
    till.worker.start()
    assert till.server.arrived.wait(5)
    begun = time.monotonic()
    assert till.worker.stop()
    assert time.monotonic() - begun < 3
    assert till.heard.reports == [SyncReport(SyncState.WORKING)]


def test_stopping_between_rounds_and_before_the_start(till: Till) -> None:
    till.worker.start()
    till.heard.wait_for_rounds(1)
    assert till.worker.stop()
    never_started = Till(till.server)
    assert never_started.worker.stop()


class Stub:
    """A client that does what a test says."""

    offset_ms = 0

    def __init__(self, act: Callable[[], ChangesPage]) -> None:
        self.act = act
        self.closed = threading.Event()

    def upload(self, packed: Packed) -> UploadAnswer:
        raise Gap(1)

    def changes(self, after: int) -> ChangesPage:
        return self.act()

    def correct_clock(self, server_time_ms: int) -> None:
        self.offset_ms = server_time_ms

    def take_traffic(self) -> Traffic:
        return Traffic()

    def abort(self) -> None:
        return

    def close(self) -> None:
        self.closed.set()


def worker_with(client: Callable[[], Client], heard: Callable[[SyncReport], None]) -> SyncWorker:
    return SyncWorker(client, MemoryOutbox(), MemoryFeed(), FixedClock(), heard, interval_s=LONG_S, chance=lambda: 0)


def test_a_mistake_of_our_own_is_logged_without_a_name_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    actions: list[Callable[[], ChangesPage]] = []

    def mistake() -> ChangesPage:
        raise KeyError("Siti Aminah 6472015708900001")

    actions.append(mistake)
    empty = ChangesPage(after=0, next=0, more=False, server_time_ms=FixedClock().now, changes=())
    client = Stub(lambda: actions.pop(0)() if actions else empty)
    heard = Heard()
    worker = worker_with(lambda: client, heard)
    with caplog.at_level(logging.DEBUG):
        worker.start()
        heard.wait_for_rounds(2)
        assert worker.stop()
    states = [report.state for report in heard.reports if report.state is not SyncState.WORKING]
    assert states == [SyncState.SERVER_TROUBLE, SyncState.ONLINE]
    assert heard.reports[1].detail == "sync_failed"
    assert "KeyError in mistake" in caplog.text
    assert "Siti" not in caplog.text
    assert "6472" not in caplog.text
    assert client.closed.is_set()


def test_a_client_that_can_not_be_made_is_tried_again() -> None:
    empty = ChangesPage(after=0, next=0, more=False, server_time_ms=FixedClock().now, changes=())
    tries: list[int] = []

    def connect() -> Client:
        tries.append(1)
        if len(tries) == 1:
            raise ServerFailed(status=500)
        return Stub(lambda: empty)

    heard = Heard()
    worker = worker_with(connect, heard)
    worker.start()
    heard.wait_for_rounds(2)
    assert worker.stop()
    assert heard.reports[-1].state is SyncState.ONLINE
    assert len(tries) == 2


def test_a_listener_that_fails_does_not_end_sync(caplog: pytest.LogCaptureFixture) -> None:
    empty = ChangesPage(after=0, next=0, more=False, server_time_ms=FixedClock().now, changes=())
    rounds = threading.Semaphore(0)

    def act() -> ChangesPage:
        rounds.release()
        return empty

    def listener(_report: SyncReport) -> None:
        raise RuntimeError("the window is gone")

    worker = worker_with(lambda: Stub(act), listener)
    worker.start()
    assert rounds.acquire(timeout=5)
    worker.wake()
    assert rounds.acquire(timeout=5)
    assert worker.stop()
    assert "a listener of sync failed: RuntimeError" in caplog.text


def test_a_thread_that_can_not_be_cut_is_left_behind_in_time() -> None:
    entered, release = threading.Event(), threading.Event()

    def act() -> ChangesPage:
        entered.set()
        assert release.wait(30)
        return ChangesPage(after=0, next=0, more=False, server_time_ms=0, changes=())

    client = Stub(act)
    heard, feed = Heard(), MemoryFeed()
    worker = SyncWorker(lambda: client, MemoryOutbox(), feed, FixedClock(), heard)
    worker.start()
    assert entered.wait(5)
    begun = time.monotonic()
    assert not worker.stop()
    assert time.monotonic() - begun < 3.5
    release.set()
    assert client.closed.wait(5)
    assert feed.pages == 0
    assert [report.state for report in heard.reports] == [SyncState.WORKING]
