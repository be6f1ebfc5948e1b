"""The till's sync on its real files against the real office: enrolled, served, skewed, copied, retired."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from kube_pos.ledger.cards import card_number, card_token
from kube_pos.ledger.chain import genesis
from kube_pos.ledger.entries import DayOpened, SignedIn, encode
from kube_pos.ledger.ids import LedgerId, StaffId, uuid7
from kube_pos.ledger.migrations import JOURNAL, REPLICA
from kube_pos.ledger.ports import Identity
from kube_pos.ledger.sqlite_engine import Database
from kube_pos.ledger.sqlite_journal import SqliteJournal
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.ledger.sqlite_replica import SqliteReplica
from kube_pos.sync.client import UpstreamClient, enrol
from kube_pos.sync.cycle import CycleResult, run_cycle
from kube_pos.sync.failures import CursorUnknown, EnrolmentRefused, Fork, KeyRefused, Retired, UnreadableAnswer
from kube_pos.sync.outbox import make_batch
from kube_pos.sync.signing import DeviceKey
from kube_pos.sync.state import SyncReport, SyncState
from kube_pos.sync.stores import StoredFeed, StoredOutbox
from kube_pos.sync.wire import Change, ChangesPage, EnrolmentCode, EnrolmentRequest, from_base64, to_base64
from kube_pos.sync.worker import SyncWorker
from kube_pos.upstream import tables
from kube_pos.upstream.enrolment import make_code
from kube_pos.upstream.ledgers import retire
from tests.sync_kit import FORGER_KEY, MemoryFeed, MemoryOutbox
from tests.upstream_kit import NOW_MS, PALARAN, SetClock, open_small_city, publish_two_months, serving

FILE_KEY = bytes(range(32))


class RealTill:
    """A till on files of its own, taken in by the office."""

    def __init__(self, folder: Path, code: EnrolmentCode) -> None:
        folder.mkdir()
        self.clock = SetClock()
        self.key = DeviceKey(code.code.encode().ljust(32, b"k")[:32])
        self.request = EnrolmentRequest(
            code=code.code,
            ledger_id=LedgerId(uuid7(NOW_MS, self.key.public_key()[:10])),
            public_key=to_base64(self.key.public_key()),
            device_name="Laptop",
            program_version="0.1.0",
        )
        answer = enrol(code, self.request)
        self.identity = Identity(
            ledger_id=answer.ledger_id,
            terminal=answer.terminal,
            outlet_id=answer.outlet_id,
            city_key=from_base64(answer.city_key),
            upstream_address=code.address,
            upstream_key=from_base64(answer.upstream_key),
            is_demo=answer.is_demo,
        )
        self.files = [
            Database(folder / "journal.db", FILE_KEY, JOURNAL),
            Database(folder / "replica.db", FILE_KEY, REPLICA),
        ]
        self.journal = SqliteJournal(self.files[0])
        self.journal.set_identity(self.identity)
        self.outbox = StoredOutbox(self.identity, SqliteOutbox(self.files[0]), self.clock)
        self.replica = SqliteReplica(self.files[1])
        self.feed = StoredFeed(self.replica)
        self.client = self.connect()

    def connect(self) -> UpstreamClient:
        identity = self.identity
        return UpstreamClient(
            identity.upstream_address, identity.ledger_id, self.key, identity.upstream_key, self.clock
        )

    def work(self, count: int) -> None:
        for number in range(count):
            at = max(NOW_MS + number, self.journal.last_at_ms())
            self.journal.append(SignedIn(at=at, day=date(2026, 11, 24), by=StaffId(1)))

    def sync(self) -> CycleResult:
        return run_cycle(self.client, self.outbox, self.feed, self.clock)

    def close(self) -> None:
        self.client.close()
        for file in self.files:
            file.close()


class City:
    """The office with its server, and tills as they come."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.clock = SetClock()
        self.database, self.keys = open_small_city(folder / "office.db")
        stack.callback(self.database.close)
        publish_two_months(self.database)
        self.address = stack.enter_context(serving(self.database, self.clock))

    def code(self) -> EnrolmentCode:
        with self.database.write() as connection:
            return make_code(connection, self.keys, PALARAN, self.address, NOW_MS)

    def till(self, name: str = "till") -> RealTill:
        made = RealTill(self.folder / name, self.code())
        self.stack.callback(made.close)
        return made

    def held(self, ledger_id: LedgerId) -> int:
        with self.database.read() as connection:
            entry = tables.entry
            return connection.execute(select(func.count()).where(entry.c.ledger_id == ledger_id)).scalar_one()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with ExitStack() as stack:
        yield City(tmp_path, stack)


def test_a_new_till_has_its_list_and_shares_after_one_round(city: City) -> None:
    till = city.till()
    result = till.sync()
    assert not result.more
    assert till.replica.family_count() == 2
    card = till.replica.card(card_token(till.identity.city_key, card_number(1)))
    assert card is not None
    assert card.recipient_id is not None
    rows = till.replica.granted_rows(card.recipient_id)
    assert [row.granted for row in rows] == [300_000, 300_000]
    assert till.replica.list_as_of_ms() == NOW_MS


def test_a_list_that_is_not_whole_has_no_date_yet_and_one_that_can_not_be_read_changes_nothing(city: City) -> None:
    till = city.till()
    whole = till.client.changes(0)
    till.feed.apply(msgspec.structs.replace(whole, more=True))
    assert till.replica.list_as_of_ms() is None
    spoilt = Change(n=whole.next + 1, kind="card", key="t", doc=msgspec.Raw(b'{"token":1}'))
    page = msgspec.structs.replace(whole, after=whole.next, next=whole.next + 1, changes=(spoilt,))
    with pytest.raises(UnreadableAnswer):
        till.feed.apply(page)
    assert till.feed.cursor() == whole.next
    till.sync()
    assert till.replica.list_as_of_ms() == NOW_MS


def test_entries_arrive_once_and_are_acknowledged(city: City) -> None:
    till = city.till()
    till.work(1203)
    assert till.sync().acked == 1203
    assert till.outbox.acked() == till.journal.head()
    assert till.sync().uploaded == 0
    till.work(1)
    assert till.sync().acked == 1204
    assert city.held(till.identity.ledger_id) == 1204


def test_an_answer_that_was_lost_changes_nothing(city: City) -> None:
    till = city.till()
    till.work(5)
    till.client.upload(make_batch(till.outbox.waiting(0, 5), genesis(till.identity.ledger_id)))
    assert till.outbox.acked()[0] == 0
    assert till.sync().acked == 5
    assert city.held(till.identity.ledger_id) == 5


def test_what_can_not_be_read_blocks_nothing_and_has_its_verdict(city: City) -> None:
    till = city.till()
    outbox = MemoryOutbox(till.identity.ledger_id)
    outbox.append(b"\xff not an entry")
    outbox.append(encode(DayOpened(at=NOW_MS, day=date(2026, 11, 24), by=StaffId(1))))
    assert run_cycle(till.client, outbox, MemoryFeed(), till.clock).acked == 2
    assert outbox.verdicts == {1: ("unreadable",)}


@pytest.mark.parametrize("hours", [-24 * 365, 24 * 365])
def test_a_clock_a_year_off_locks_nobody_out(city: City, hours: int) -> None:
    till = city.till()
    till.clock.at_ms += hours * 3_600_000
    till.work(2)
    result = till.sync()
    assert (result.acked, result.skew_ms) == (2, -hours * 3_600_000)


def test_a_copied_journal_is_found_and_stops(city: City) -> None:
    till = city.till()
    till.work(3)
    till.sync()
    copy = MemoryOutbox(till.identity.ledger_id)
    for entry in till.outbox.waiting(0, 2):
        copy.append(entry.body)
    copy.fill(1)
    with pytest.raises(Fork):
        run_cycle(till.client, copy, MemoryFeed(), till.clock)
    with pytest.raises(Fork):
        till.sync()


def test_a_retired_till_is_told_so_and_its_entries_are_still_taken(city: City) -> None:
    till = city.till()
    till.work(2)
    with city.database.write() as connection:
        retire(connection, till.identity.ledger_id, "petugas", NOW_MS)
    with pytest.raises(Retired):
        till.sync()
    assert city.held(till.identity.ledger_id) == 2
    assert till.outbox.acked()[0] == 2


def test_another_key_is_refused(city: City) -> None:
    till = city.till()
    stranger = UpstreamClient(city.address, till.identity.ledger_id, FORGER_KEY, till.identity.upstream_key, till.clock)
    with pytest.raises(KeyRefused):
        stranger.changes(0)
    stranger.close()


def test_an_office_set_back_to_a_backup_tells_its_list_anew(city: City) -> None:
    till = city.till()
    till.sync()
    place = till.feed.cursor()
    till.feed.apply(ChangesPage(after=place, next=10**6, more=False, server_time_ms=NOW_MS, changes=()))
    with pytest.raises(CursorUnknown):
        till.client.changes(10**6)
    till.sync()
    assert till.feed.cursor() == place
    assert till.replica.family_count() == 2


def test_a_code_works_once_but_for_the_same_till(city: City) -> None:
    till = city.till()
    code = EnrolmentCode(address=city.address, fingerprint=city.keys.fingerprint, code=till.request.code)
    assert enrol(code, till.request).terminal == till.identity.terminal
    other = EnrolmentRequest(
        code=code.code,
        ledger_id=LedgerId(uuid7(NOW_MS, b"0123456789")),
        public_key=to_base64(FORGER_KEY.public_key()),
        device_name="Laptop",
        program_version="0.1.0",
    )
    with pytest.raises(EnrolmentRefused) as caught:
        enrol(code, other)
    assert caught.value.facts == {"reason": "bad_code"}


def test_the_thread_works_on_the_real_files(city: City) -> None:
    till = city.till()
    done = threading.Event()
    reports: list[SyncReport] = []

    def heard(report: SyncReport) -> None:
        reports.append(report)
        if report.state is not SyncState.WORKING:
            done.set()

    worker = SyncWorker(till.connect, till.outbox, till.feed, till.clock, heard)
    worker.start()
    assert done.wait(10)
    done.clear()
    till.work(2)
    worker.wake()
    assert done.wait(10)
    assert worker.stop()
    assert [report.state for report in reports] == [SyncState.WORKING, SyncState.ONLINE] * 2
    assert city.held(till.identity.ledger_id) == 2


def test_a_poll_of_the_real_office_costs_less_than_a_kilobyte(city: City) -> None:
    till = city.till()
    till.sync()
    till.client.changes(till.replica.cursor())
    traffic = till.client.take_traffic()
    assert traffic.up + traffic.down <= 1000
