"""One round of sync: everything waiting goes up, then everything new comes down.

Nothing that matters is kept in memory: a round may break off at any point, and the next one begins with what the
stores say. Entries first, since they are the outlet's facts; pages after that even when upstream can't take the
entries just now, since a page may block a card.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from kube_pos.clock import Clock
from kube_pos.ledger.chain import genesis
from kube_pos.sync.failures import (
    Busy,
    ChainBroken,
    ClockSkew,
    CursorUnknown,
    Gap,
    RequestRefused,
    ServerFailed,
    TooLarge,
    UnreadableAnswer,
)
from kube_pos.sync.outbox import Packed, check_answer, make_batch
from kube_pos.sync.ports import FeedStore, OutboxStore, Waiting
from kube_pos.sync.wire import MAX_BATCH_ENTRIES, ChangesPage, UploadAnswer

PAGES_A_CYCLE = 50
"""After so many pages it is the entries' turn again: the first list of a city takes a while."""
_GAPS_A_CYCLE = 3
_LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes sent and received."""

    up: int = 0
    down: int = 0


class Upstream(Protocol):
    """The other side, as a cycle asks it. Both requests may be repeated without harm."""

    @property
    def offset_ms(self) -> int:
        """Return what is added to this computer's clock to date requests."""
        ...

    def upload(self, packed: Packed) -> UploadAnswer:
        """Send a batch and return upstream's verified answer."""
        ...

    def changes(self, after: int) -> ChangesPage:
        """Return the verified page of changes after a number."""
        ...

    def correct_clock(self, server_time_ms: int) -> None:
        """Date later requests by upstream's clock."""
        ...

    def take_traffic(self) -> Traffic:
        """Return the bytes since this was last asked."""
        ...


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What a round did."""

    uploaded: int
    """Entries sent, those sent again included."""
    acked: int
    """The newest entry that upstream holds."""
    exceptions: int
    """Entries that upstream took with an exception."""
    changes: int
    more: bool
    """Something is waiting still, so that the next round may begin at once."""
    skew_ms: int
    """How far upstream's clock is ahead of this computer's, by the last answer."""


@dataclass(slots=True)
class _Round:
    """A round under way: its parts, and the tallies for its result."""

    client: Upstream
    outbox: OutboxStore
    feed: FeedStore
    clock: Clock
    stop: threading.Event
    uploaded: int = 0
    acked: int = 0
    exceptions: int = 0
    changes: int = 0
    more: bool = False
    skew_ms: int = 0
    prove: bool = False

    def upload(self) -> None:
        """Send entries, message by message, until nothing waits."""
        seq, head = self.outbox.acked()
        self.acked = seq
        if self.prove and seq > 0 and not self.outbox.waiting(seq, 1):
            # Nothing would be sent, and so nobody would see that upstream holds more than a journal that was put back.
            seq, head = self._before(seq)
        gaps = 0
        limit = MAX_BATCH_ENTRIES
        while waiting := self.outbox.waiting(seq, limit):
            if self._ends():
                return
            packed = make_batch(waiting, head)
            try:
                answer = self._asked(partial(self.client.upload, packed))
            except Gap as gap:
                gaps += 1
                if gaps > _GAPS_A_CYCLE:
                    raise
                seq, head = self._back_to(gap.wanted, packed)
                continue
            except TooLarge:
                limit = len(packed.hashes) // 2
                if limit == 0:
                    raise
                continue
            if self._ends():
                return
            seq, head = self._take(answer, packed, seq)

    def pull(self) -> None:
        """Fetch and apply pages until upstream has no more."""
        for _ in range(PAGES_A_CYCLE):
            if self._ends():
                return
            page = self._page()
            if self._ends():
                return
            if page.next < page.after or (page.more and page.next == page.after):
                raise UnreadableAnswer(reason="next")
            self.feed.apply(page)
            self._note(page.server_time_ms)
            self.changes += len(page.changes)
            if not page.more:
                return
        self.more = True

    def _page(self) -> ChangesPage:
        """Return the next page, from the beginning when upstream does not know our place any more."""
        try:
            return self._asked(partial(self.client.changes, self.feed.cursor()))
        except CursorUnknown:
            if self.feed.cursor() == 0 or self._ends():
                raise
            _LOG.warning("upstream was set back, so its list is fetched from the beginning")
            self.feed.restart()
            return self._asked(partial(self.client.changes, 0))

    def _ends(self) -> bool:
        """Tell whether to stop: asked before a message and after it, since the stores may be closed by then."""
        if self.stop.is_set():
            self.more = True
        return self.stop.is_set()

    def _take(self, answer: UploadAnswer, packed: Packed, before: int) -> tuple[int, bytes]:
        """Store an answer; return the place from which to go on."""
        further = self._own(answer.acked) if answer.acked > packed.last else None
        checked = check_answer(answer, packed, further)
        self.outbox.acknowledge(checked)
        self.acked = max(self.acked, checked.acked)
        self._note(answer.server_time_ms)
        self.uploaded += len(packed.hashes)
        self.exceptions += len(answer.verdicts)
        if checked.acked <= before:
            # Signed, and yet nothing of a batch that follows on was taken: asking at once would never end.
            raise Busy(status=200)
        return checked.acked, bytes.fromhex(checked.head)

    def _back_to(self, wanted: int, packed: Packed) -> tuple[int, bytes]:
        """Return the place before an entry that upstream misses; it was set back, or something went astray."""
        if not 1 <= wanted < packed.batch.first:
            raise UnreadableAnswer(reason=f"wanted {wanted}, first {packed.batch.first}")
        _LOG.warning("upstream misses entries from %d on, which are sent again", wanted)
        return self._before(wanted)

    def _before(self, seq: int) -> tuple[int, bytes]:
        """Return the place before an entry of our own."""
        if seq == 1:
            return 0, genesis(self.outbox.identity().ledger_id)
        own = self._own(seq - 1)
        if own is None:
            raise ChainBroken(seq=seq - 1)
        return own.seq, own.hash

    def _own(self, seq: int) -> Waiting | None:
        found = self.outbox.waiting(seq - 1, 1)
        return found[0] if found and found[0].seq == seq else None

    def _asked(self, request: Callable[[], T]) -> T:
        """Return what a request returns; when the clock was wrong, correct it and ask once more."""
        try:
            return request()
        except ClockSkew as skew:
            self.client.correct_clock(skew.server_time_ms)
            self.skew_ms = skew.server_time_ms - self.clock.now_ms()
            return request()

    def _note(self, server_time_ms: int) -> None:
        self.skew_ms = server_time_ms - self.clock.now_ms()
        traffic = self.client.take_traffic()
        self.outbox.note_contact(server_time_ms, traffic.up, traffic.down)


class _NoFeed:
    """Stands where nothing is fetched."""

    def cursor(self) -> int:
        """Return the beginning."""
        return 0

    def apply(self, page: ChangesPage) -> None:
        """Take nothing in."""

    def restart(self) -> None:
        """There is nothing to begin anew."""


def send_waiting(client: Upstream, outbox: OutboxStore, clock: Clock) -> None:
    """Send everything that waits and fetch nothing: for a ledger that has ended. Raises as `run_cycle`."""
    _Round(client, outbox, _NoFeed(), clock, threading.Event(), prove=True).upload()


def run_cycle(
    client: Upstream,
    outbox: OutboxStore,
    feed: FeedStore,
    clock: Clock,
    stop: threading.Event | None = None,
    *,
    prove: bool = False,
) -> CycleResult:
    """Send everything that waits, then fetch everything new; between two messages look whether to stop.

    With `prove` the newest entry is sent again when nothing waits, so that upstream can say whether it holds more.
    Raises what the client raises, Fork, ChainBroken, EntryTooLarge, UnreadableAnswer, StaleCursor. What was
    acknowledged and applied before stays so.
    """
    turn = _Round(client, outbox, feed, clock, stop or threading.Event(), prove=prove)
    try:
        turn.upload()
    except (Busy, ServerFailed, RequestRefused, TooLarge, UnreadableAnswer):
        turn.pull()
        raise
    turn.pull()
    return CycleResult(
        uploaded=turn.uploaded,
        acked=turn.acked,
        exceptions=turn.exceptions,
        changes=turn.changes,
        more=turn.more,
        skew_ms=turn.skew_ms,
    )
