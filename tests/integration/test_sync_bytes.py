"""What sync costs in mobile data: a sale alone, a sale among fifty, a poll that finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from kube_pos.sync.client import UpstreamClient
from kube_pos.sync.cycle import Traffic, run_cycle
from kube_pos.sync.outbox import make_batch
from tests.fakes import FixedClock
from tests.sync_kit import LEDGER, OFFICE_KEY, TILL_KEY, MemoryFeed, MemoryOutbox, Office
from tests.sync_server import serving


@dataclass
class Counted:
    """A till whose messages are counted."""

    client: UpstreamClient
    office: Office

    def upload(self, count: int) -> Traffic:
        """Return the traffic of a batch of sales; some other sales went before."""
        outbox = MemoryOutbox().fill(7 + count)
        self.office.received = [(entry.body, entry.hash) for entry in outbox.entries[:7]]
        self.client.upload(make_batch(outbox.entries[7:], outbox.entries[6].hash))
        return self.client.take_traffic()

    def idle(self) -> Traffic:
        outbox = MemoryOutbox()
        run_cycle(self.client, outbox, MemoryFeed(), FixedClock())
        return Traffic(outbox.bytes_up, outbox.bytes_down)


@pytest.fixture
def counted() -> Iterator[Counted]:
    with ExitStack() as stack:
        server = stack.enter_context(serving(Office(FixedClock())))
        client = UpstreamClient(server.address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), FixedClock())
        stack.callback(client.close)
        yield Counted(client, server.office)


def test_a_sale_among_fifty_costs_little(counted: Counted) -> None:
    traffic = counted.upload(50)
    assert (traffic.up + traffic.down) / 50 <= 120


def test_a_poll_that_finds_nothing_costs_little(counted: Counted) -> None:
    traffic = counted.idle()
    assert traffic.up + traffic.down <= 1000


def test_a_sale_alone_costs_less_than_a_kilobyte_to_send(counted: Counted) -> None:
    assert counted.upload(1).up <= 1000
