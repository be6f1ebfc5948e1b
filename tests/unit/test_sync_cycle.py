"""One round of sync against an office without a network between; and many rounds with everything going wrong."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_pos.errors import KubePosError, StaleCursor
from kube_pos.sync.cycle import PAGES_A_CYCLE, CycleResult, run_cycle
from kube_pos.sync.failures import (
    Busy,
    ChainBroken,
    ClockSkew,
    CursorUnknown,
    Fork,
    Gap,
    Offline,
    Retired,
    ServerFailed,
    TooLarge,
    UnreadableAnswer,
)
from kube_pos.sync.outbox import Packed
from kube_pos.sync.ports import Waiting
from kube_pos.sync.wire import ChangesPage, UploadAnswer
from tests.fakes import FixedClock
from tests.sync_kit import DirectUpstream, MemoryFeed, MemoryOutbox, Office, redemption


@dataclass
class World:
    """A till and the office, each with its clock."""

    clock: FixedClock = field(default_factory=FixedClock)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    feed: MemoryFeed = field(default_factory=MemoryFeed)

    def __post_init__(self) -> None:
        self.office = Office(FixedClock())
        self.upstream = DirectUpstream(self.office, self.clock)

    def run(self, stop: threading.Event | None = None) -> CycleResult:
        return run_cycle(self.upstream, self.outbox, self.feed, self.clock, stop)

    def office_has_everything(self) -> bool:
        return [body for body, _ in self.office.received] == [entry.body for entry in self.outbox.entries]


@pytest.fixture
def world() -> World:
    return World()


def test_everything_goes_up_in_pages_and_comes_down_in_pages(world: World) -> None:
    world.outbox.fill(1203)
    for number in range(250):
        world.office.tell("card", str(number), b"{}")
    world.office.odd = frozenset({7})
    result = world.run()
    assert world.office_has_everything()
    assert world.upstream.requests == ["upload"] * 3 + ["changes"] * 3
    assert result == CycleResult(uploaded=1203, acked=1203, exceptions=3, changes=250, more=False, skew_ms=0)
    assert world.outbox.verdicts == {7: ("overdrawn",)}
    assert world.feed.at == len(world.feed.documents) == 250
    assert (world.outbox.bytes_up, world.outbox.bytes_down) == (600, 300)


def test_an_idle_round_is_one_request_that_renews_the_list(world: World) -> None:
    result = world.run()
    assert world.upstream.requests == ["changes"]
    assert world.feed.pages == 1
    assert (result.uploaded, result.more) == (0, False)


def test_only_what_was_acknowledged_counts_as_sent(world: World) -> None:
    world.outbox.fill(1100)
    world.upstream.troubles = []
    first_page_only = [None, Offline(reason="cut")]

    class Cut(DirectUpstream):
        def upload(self, packed: Packed) -> UploadAnswer:
            trouble = first_page_only.pop(0)
            if trouble is not None:
                raise trouble
            return super().upload(packed)

    world.upstream = Cut(world.office, world.clock)
    with pytest.raises(Offline):
        world.run()
    assert world.outbox.acked_seq == 500
    assert world.upstream.requests == ["upload"]


def test_an_office_that_was_set_back_gets_everything_again(world: World) -> None:
    world.outbox.fill(40)
    world.run()
    del world.office.received[25:]
    world.outbox.fill(3)
    result = world.run()
    assert world.office_has_everything()
    assert (result.acked, world.outbox.acked_seq) == (43, 43)


def test_an_office_that_lost_everything_gets_everything_again(world: World) -> None:
    world.outbox.fill(40)
    world.run()
    world.office.received.clear()
    world.outbox.fill(1)
    world.run()
    assert world.office_has_everything()


def test_an_office_that_asks_back_for_ever_is_not_obeyed_for_ever(world: World) -> None:
    world.outbox = Stingy()
    world.outbox.fill(10)
    world.run()
    world.outbox.fill(1)

    class Insatiable(DirectUpstream):
        def upload(self, packed: Packed) -> UploadAnswer:
            self.requests.append("upload")
            if packed.batch.first > 7:
                raise Gap(5)
            return super().upload(packed)

    world.upstream = Insatiable(world.office, world.clock)
    with pytest.raises(Gap):
        world.run()


@pytest.mark.parametrize("wanted", [0, -1, 11, 99])
def test_a_gap_that_can_not_be_is_no_answer(world: World, wanted: int) -> None:
    world.outbox.fill(10)
    world.run()
    world.outbox.fill(1)
    world.upstream.troubles = [Gap(wanted)]
    with pytest.raises(UnreadableAnswer):
        world.run()


def test_an_office_with_another_journal_stops_everything(world: World) -> None:
    other = World()
    other.outbox.append(b"another till's entry")
    other.run()
    world.office.received += other.office.received
    world.outbox.fill(2)
    with pytest.raises(Fork):
        world.run()
    assert world.outbox.acked_seq == 0
    assert "changes" not in world.upstream.requests


def test_what_went_ahead_by_another_way_is_no_fork(world: World) -> None:
    world.outbox.fill(700)
    bundle = World()
    bundle.outbox.entries = world.outbox.entries
    bundle.run()
    world.office.received += bundle.office.received
    world.run()
    assert world.outbox.acks == [500, 700]
    assert world.office_has_everything()


def test_an_answer_that_takes_nothing_is_not_asked_again_at_once(world: World) -> None:
    world.outbox.fill(3)

    class Lazy(DirectUpstream):
        def upload(self, packed: Packed) -> UploadAnswer:
            self.requests.append("upload")
            head = packed.batch.previous.hex()
            return UploadAnswer(acked=packed.batch.first - 1, head=head, server_time_ms=self.clock.now_ms())

    world.upstream = Lazy(world.office, world.clock)
    with pytest.raises(Busy):
        world.run()
    assert world.upstream.requests == ["upload", "changes"]


@pytest.mark.parametrize("trouble", [ServerFailed(status=500), Busy(status=503)])
def test_a_blocked_card_comes_down_even_when_nothing_goes_up(world: World, trouble: KubePosError) -> None:
    world.outbox.fill(1)
    world.office.tell("card", "t", b'{"state":"blocked"}')
    world.upstream.troubles = [trouble]
    with pytest.raises(type(trouble)):
        world.run()
    assert world.feed.documents == {("card", "t"): b'{"state":"blocked"}'}


def test_a_retired_till_is_told_so(world: World) -> None:
    world.office.state = "retired"
    with pytest.raises(Retired):
        world.run()


def test_a_place_that_the_office_never_gave_begins_the_list_anew(world: World) -> None:
    world.office.tell("card", "t", b"{}")
    world.feed.at = 5
    assert not world.run().more
    assert world.feed.at == 1
    assert world.upstream.requests == ["changes", "changes"]


def test_an_office_that_does_not_even_know_the_beginning_is_told(world: World) -> None:
    world.feed.at = 5
    world.upstream.troubles = [CursorUnknown(), CursorUnknown()]
    with pytest.raises(CursorUnknown):
        world.run()


def test_what_is_too_large_for_somebody_on_the_way_goes_in_halves(world: World) -> None:
    world.outbox.fill(20)

    class Narrow(DirectUpstream):
        widest = 3

        def upload(self, packed: Packed) -> UploadAnswer:
            if len(packed.hashes) > self.widest:
                raise TooLarge(status=413)
            return super().upload(packed)

    narrow = Narrow(world.office, world.clock)
    world.upstream = narrow
    assert world.run().acked == 20
    assert world.office_has_everything()
    narrow.widest = 0
    world.outbox.fill(9)
    with pytest.raises(TooLarge):
        world.run()


@pytest.mark.parametrize("hours", [-9000, -1, 1, 9000])
def test_a_wrong_clock_is_corrected_and_locks_nobody_out(world: World, hours: int) -> None:
    world.clock.now += hours * 3_600_000
    world.outbox.fill(2)
    result = world.run()
    assert world.office_has_everything()
    assert result.skew_ms == -hours * 3_600_000
    assert world.upstream.requests == ["upload", "upload", "changes"]


def test_a_clock_that_can_not_be_put_right_is_told(world: World) -> None:
    world.upstream.troubles = [ClockSkew(1), ClockSkew(1)]
    with pytest.raises(ClockSkew):
        world.run()
    assert world.upstream.requests == ["changes", "changes"]


def test_a_page_that_leads_nowhere_is_no_page(world: World) -> None:
    class Looping(DirectUpstream):
        def changes(self, after: int) -> ChangesPage:
            return ChangesPage(after=after, next=after, more=True, server_time_ms=self.clock.now_ms(), changes=())

    world.upstream = Looping(world.office, world.clock)
    with pytest.raises(UnreadableAnswer):
        world.run()


def test_a_page_from_another_place_is_not_applied(world: World) -> None:
    class Elsewhere(DirectUpstream):
        def changes(self, after: int) -> ChangesPage:
            return ChangesPage(after=after + 1, next=after + 2, more=False, server_time_ms=0, changes=())

    world.upstream = Elsewhere(world.office, world.clock)
    with pytest.raises(StaleCursor):
        world.run()
    assert world.feed.at == 0


def test_a_long_list_lets_the_entries_through_in_between(world: World) -> None:
    world.office.page_size = 1
    for number in range(PAGES_A_CYCLE + 5):
        world.office.tell("card", str(number), b"{}")
    assert world.run().more
    world.outbox.fill(1)
    assert not world.run().more
    assert world.feed.at == PAGES_A_CYCLE + 5
    assert world.office_has_everything()


def test_a_round_that_is_stopped_touches_no_store_after_the_message_under_way(world: World) -> None:
    stop = threading.Event()

    class Stopping(DirectUpstream):
        def upload(self, packed: Packed) -> UploadAnswer:
            stop.set()
            return super().upload(packed)

    world.upstream = Stopping(world.office, world.clock)
    world.outbox.fill(1300)
    result = world.run(stop)
    assert (result.uploaded, result.acked, result.more) == (0, 0, True)
    assert world.upstream.requests == ["upload"]
    # The stores may be closed by the time of the answer, so it was left; sending again is harmless.
    assert world.outbox.acked_seq == 0
    assert len(world.office.received) == 500
    world.run()
    assert world.office_has_everything()


def test_a_damaged_journal_is_not_sent(world: World) -> None:
    world.outbox.fill(5)
    world.outbox.entries[2] = Waiting(3, b"edited", world.outbox.entries[2].hash)
    with pytest.raises(ChainBroken):
        world.run()
    assert world.office.received == []


class Unreliable(DirectUpstream):
    """Loses requests and answers, delivers old batches again, forgets what it stored last: as it is told."""

    plan: list[str]

    def upload(self, packed: Packed) -> UploadAnswer:
        step = self.plan.pop(0) if self.plan else "deliver"
        match step:
            case "lose request":
                self.late.append(packed.body)
                raise Offline(reason="cut")
            case "lose answer":
                super().upload(packed)
                raise Offline(reason="timeout")
            case "late":
                for body in reversed(self.late):
                    self._late(body)
            case "set back":
                del self.office.received[len(self.office.received) // 2 :]
            case "fail":
                raise ServerFailed(status=500)
        return super().upload(packed)

    def _late(self, body: bytes) -> None:
        try:
            self._asked(lambda: self.office.take(body))
        except Gap:
            return


class Stingy(MemoryOutbox):
    """Hands out a few entries at a time, so that batches split everywhere."""

    portion = 3

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        return super().waiting(after, min(limit, self.portion))


STEPS = st.sampled_from(["deliver", "lose request", "lose answer", "late", "set back", "fail"])


@settings(max_examples=300, deadline=None)
@given(
    plan=st.lists(STEPS, max_size=25),
    sales=st.lists(st.integers(0, 9), min_size=1, max_size=8),
    portion=st.integers(1, 7),
)
def test_every_entry_arrives_exactly_once_whatever_happens(plan: list[str], sales: list[int], portion: int) -> None:
    world = World(outbox=Stingy())
    world.outbox.portion = portion  # type: ignore[attr-defined]
    unreliable = Unreliable(world.office, world.clock)
    unreliable.plan = list(plan)
    world.upstream = unreliable
    rounds = iter([*sales, *[0] * (len(plan) + 2)])
    for count in rounds:
        world.outbox.fill(count)
        before = world.outbox.acked_seq
        with suppress(Offline, ServerFailed, Gap):
            world.run()
        assert before <= world.outbox.acked_seq <= len(world.outbox.entries)
        if "set back" not in plan:
            assert world.outbox.acked_seq <= len(world.office.received)
    unreliable.plan.clear()
    world.outbox.append(redemption(10**6))
    world.run()
    assert world.office_has_everything()
    assert world.outbox.acked_seq == len(world.outbox.entries)
