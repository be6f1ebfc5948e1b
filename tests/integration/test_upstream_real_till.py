"""Upstream and the till's own client, over HTTP: both ends read the protocol alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard

from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.entries import encode
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync import wire
from kube_pos.sync.client import UpstreamClient, enrol
from kube_pos.sync.failures import ClockSkew, CursorUnknown, Fork, Gap, Retired
from kube_pos.sync.outbox import Packed
from kube_pos.sync.signing import DeviceKey
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import make_code
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.ledgers import retire
from tests.postgres_kit import OfficeIn
from tests.upstream_kit import NOW_MS, PALARAN, SetClock, open_small_city, publish_two_months, redemption, serving

LEDGER = LedgerId("01932f6a-7c00-7000-8000-000000000001")


class Pair:
    def __init__(self, database: Database, keys: Keys, address: str) -> None:
        self.database, self.keys = database, keys
        key = DeviceKey(bytes([7]) * 32)
        with database.write() as connection:
            code = make_code(connection, keys, PALARAN, address, NOW_MS)
        request = wire.EnrolmentRequest(
            code=code.code,
            ledger_id=LEDGER,
            public_key=wire.to_base64(key.public_key()),
            device_name="Laptop",
            program_version="0.1.0",
        )
        self.answer = enrol(wire.read_enrolment_code(wire.write_enrolment_code(code)), request)
        self.clock = SetClock()
        pinned = wire.from_base64(self.answer.upstream_key)
        self.client = UpstreamClient(address, LEDGER, key, pinned, self.clock)

    def packed(self, first: int, *bodies: bytes) -> Packed:
        heads = [genesis(LEDGER)]
        for place, body in enumerate(bodies):
            heads.append(link(heads[-1], first + place, body))
        batch = wire.Batch(wire.PROTOCOL, first, heads[0], bodies, heads[-1])
        return Packed(batch, zstandard.compress(msgspec.msgpack.encode(batch)), tuple(heads[1:]))


@pytest.fixture
def pair(tmp_path: Path, office_in: OfficeIn) -> Iterator[Pair]:
    database, keys = open_small_city(office_in(tmp_path))
    publish_two_months(database)
    with serving(database, SetClock()) as address:
        made = Pair(database, keys, address)
        yield made
        made.client.close()
    database.close()


def test_enrol_pull_and_upload(pair: Pair) -> None:
    assert (pair.answer.terminal, pair.answer.outlet_id) == ("A01", PALARAN)
    page = pair.client.changes(0)
    assert {change.kind for change in page.changes} >= {"recipient", "card", "entitlement", "share", "product"}
    sale = encode(redemption(pair.keys, 1, [(1, 5_000)]))
    answer = pair.client.upload(pair.packed(1, sale))
    assert (answer.acked, answer.verdicts) == (1, ())
    assert pair.client.changes(page.next).changes == ()


def test_each_refusal_is_the_error_that_the_till_acts_on(pair: Pair) -> None:
    with pytest.raises(Gap) as gap:
        pair.client.upload(pair.packed(5, b"{}"))
    assert gap.value.wanted == 1
    with pytest.raises(CursorUnknown):
        pair.client.changes(10**6)
    pair.clock.at_ms -= 3_600_000
    with pytest.raises(ClockSkew) as skew:
        pair.client.changes(0)
    pair.client.correct_clock(skew.value.server_time_ms)
    assert pair.client.changes(0).changes
    pair.client.upload(pair.packed(1, b"one"))
    with pytest.raises(Fork):
        pair.client.upload(pair.packed(1, b"another"))
    with pair.database.write() as connection:
        retire(connection, LEDGER, "petugas", NOW_MS)
    with pytest.raises(Retired):
        pair.client.changes(0)
