"""No bytes that a till may sign make the receiver stumble: it refuses the batch, or takes every entry of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.ids import LedgerId
from kube_pos.sync import wire
from kube_pos.upstream import tables
from kube_pos.upstream.batches import read_batch
from kube_pos.upstream.database import Database
from kube_pos.upstream.enrolment import enrol, make_code
from kube_pos.upstream.keys import Keys
from kube_pos.upstream.problems import RequestRefused
from kube_pos.upstream.receive import Fork, receive
from kube_pos.upstream.reports import report
from tests.postgres_kit import OfficeIn
from tests.upstream_kit import NOW_MS, PALARAN, open_small_city, publish_two_months

NUMBERS = st.one_of(st.integers(-3, 10), st.integers(), st.sampled_from([2**31, 2**53, 2**63, 2**64, -(2**63)]))
TEXTS = st.one_of(st.sampled_from(["a", "b", "", "\0", "\ud800", "x" * 100]), st.text(max_size=5))
MOSTLY_RIGHT = st.one_of(*[st.integers(1, 8)] * 9, NUMBERS)
NAMES = st.one_of(*[st.sampled_from("abcdef")] * 5, TEXTS)
DRAWS = st.lists(st.tuples(MOSTLY_RIGHT, MOSTLY_RIGHT), max_size=3)


def body_of(fields: dict[str, object]) -> bytes:
    """JSON as a careless till would write it, by an encoder that escapes lone surrogates and takes any number."""
    return json.dumps(fields).encode()


@st.composite
def entries(draw: st.DrawFn) -> bytes:
    """Something like an entry: right in shape, wild in its figures."""
    base: dict[str, object] = {
        "at": draw(st.sampled_from([NOW_MS] * 9 + [-1, 2**70])),
        "day": draw(st.dates()).isoformat(),
        "by": draw(NUMBERS),
    }
    kind = draw(st.sampled_from(["Redemption", "GeneralSale", "Reversal", "ShareReleased", "Restored", "DayOpened"]))
    sale = {"sale": draw(NAMES), "receipt": draw(TEXTS)}
    draws = draw(DRAWS)
    line = {"product": 1, "quantity": draw(NUMBERS), "price": 1, "total": 1, "draws": [list(pair) for pair in draws]}
    sources = [[row, 1, draw(MOSTLY_RIGHT), 2026, draw(NAMES), date(2026, 12, 31).isoformat()] for row, _ in draws]
    fields: dict[str, dict[str, object]] = {
        "Redemption": {
            **sale,
            "recipient": draw(MOSTLY_RIGHT),
            "card": draw(NAMES),
            "lines": [line],
            "sources": sources,
            "opening": 0,
        },
        "GeneralSale": {**sale, "lines": []},
        "Reversal": {**sale, "target": draw(MOSTLY_RIGHT), "reason": "", "approver": 1},
        "ShareReleased": {"entitlement": draw(MOSTLY_RIGHT), "released": draw(MOSTLY_RIGHT)},
        "Restored": {"previous": draw(TEXTS), "previous_seq": draw(NUMBERS)},
        "DayOpened": {},
    }
    return body_of({"kind": kind, **base, **fields[kind]})


class Office:
    def __init__(self, database: Database, keys: Keys) -> None:
        self.database, self.keys, self.tills = database, keys, 0

    def new_ledger(self) -> LedgerId:
        self.tills += 1
        ledger_id = LedgerId(f"00000000-0000-7000-8000-{self.tills:012d}")
        with self.database.write() as connection:
            code = make_code(connection, self.keys, PALARAN, "http://127.0.0.1:1", NOW_MS).code
            request = wire.EnrolmentRequest(
                code=code,
                ledger_id=ledger_id,
                public_key=wire.to_base64(bytes(32)),
                device_name="",
                program_version="",
            )
            enrol(connection, self.keys, request, NOW_MS)
        return ledger_id


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, office_in: OfficeIn) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    database, keys = open_small_city(office_in(folder))
    publish_two_months(database)
    yield Office(database, keys)
    database.close()


def batch_of(ledger_id: LedgerId, bodies: list[bytes]) -> wire.Batch:
    head = genesis(ledger_id)
    for seq, body in enumerate(bodies, start=1):
        head = link(head, seq, body)
    return wire.Batch(wire.PROTOCOL, 1, genesis(ledger_id), tuple(bodies), head)


@given(bodies=st.lists(st.one_of(entries(), st.binary(max_size=20)), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_every_entry_is_taken_and_no_figure_goes_below_zero(office: Office, bodies: list[bytes]) -> None:
    ledger_id = office.new_ledger()
    batch = batch_of(ledger_id, bodies)
    with office.database.write() as connection:
        answer = receive(connection, ledger_id, batch, b"", NOW_MS)
    assert not isinstance(answer, Fork)
    assert answer.acked == len(bodies)
    with office.database.read() as connection:
        stored = connection.execute(
            select(tables.entry.c.body).where(tables.entry.c.ledger_id == ledger_id).order_by(tables.entry.c.seq)
        ).scalars()
        assert list(stored) == bodies
        least = connection.execute(select(func.min(tables.share.c.spent))).scalar_one()
        assert least >= 0
        assert report(connection)
    with office.database.write() as connection:
        again = receive(connection, ledger_id, batch, b"", NOW_MS)
    assert again == answer


@given(data=st.binary(max_size=200), is_compressed=st.booleans())
def test_any_bytes_are_a_batch_or_a_refusal(data: bytes, is_compressed: bool) -> None:  # noqa: FBT001 - a property
    body = zstandard.compress(data) if is_compressed else data
    with pytest.raises(RequestRefused) as found:
        read_batch(body)
    assert found.value.problem.code in {"malformed", "unknown_protocol"}


@given(
    protocol=st.integers(0, 1),
    first=NUMBERS,
    bodies=st.lists(st.binary(max_size=5), max_size=3),
    spoil=st.sampled_from(["", "previous", "head"]),
)
def test_a_batch_is_read_only_when_it_adds_up(protocol: int, first: int, bodies: list[bytes], spoil: str) -> None:
    head = previous = bytes(32)
    if 0 < first < 2**62:
        for place, body in enumerate(bodies):
            head = link(head, first + place, body)
    fields = [protocol, max(-(2**63), min(first, 2**64 - 1)), b"" if spoil == "previous" else previous, bodies]
    fields.append(b"x" if spoil == "head" else head)
    body = zstandard.compress(msgspec.msgpack.encode(fields))
    is_good = protocol == wire.PROTOCOL and 1 <= first <= 2**53 and bodies and not spoil
    try:
        batch = read_batch(body)
    except RequestRefused:
        batch = None
    assert (batch is not None) == bool(is_good)
