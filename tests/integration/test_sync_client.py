"""The till's client against a real HTTP server that keeps the protocol, and breaks it on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec
import pytest

from kube_pos.errors import KubePosError
from kube_pos.ledger.chain import genesis
from kube_pos.sync.client import UpstreamClient, enrol
from kube_pos.sync.failures import (
    BadSignature,
    Busy,
    ClockSkew,
    EnrolmentRefused,
    Fork,
    Gap,
    InsecureAddress,
    KeyRefused,
    Offline,
    Retired,
    ServerFailed,
    UnreadableAnswer,
    WrongFingerprint,
)
from kube_pos.sync.outbox import Packed, make_batch
from kube_pos.sync.signing import fingerprint
from kube_pos.sync.wire import EnrolmentCode, EnrolmentRequest, to_base64
from tests.fakes import FixedClock
from tests.sync_kit import FORGER_KEY, LEDGER, OFFICE_KEY, TILL_KEY, MemoryOutbox, Office, Refusal
from tests.sync_server import Fault, OfficeServer, serving

REQUEST = EnrolmentRequest(
    code="ABCD-EFGH",
    ledger_id=LEDGER,
    public_key=to_base64(TILL_KEY.public_key()),
    device_name="kasir 1",
    program_version="0.1.0",
)


class Pair:
    """A client and the server that it speaks to."""

    def __init__(self, server: OfficeServer, total_s: float = 120.0) -> None:
        self.server = server
        self.office = server.office
        self.clock = FixedClock()
        self.client = UpstreamClient(
            server.address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), self.clock, total_s=total_s
        )


@contextmanager
def paired(total_s: float = 120.0) -> Iterator[Pair]:
    with ExitStack() as stack:
        pair = Pair(stack.enter_context(serving(Office(FixedClock()))), total_s)
        stack.callback(pair.client.close)
        # Hanging answers end before the server waits for its threads.
        stack.callback(pair.server.released.set)
        yield pair


@pytest.fixture
def pair() -> Iterator[Pair]:
    with paired() as made:
        yield made


def batch(count: int, first: int = 1) -> Packed:
    entries = MemoryOutbox().fill(first + count - 1).entries
    previous = entries[first - 2].hash if first > 1 else genesis(LEDGER)
    return make_batch(entries[first - 1 :], previous)


def test_a_batch_is_received_and_its_answer_believed(pair: Pair) -> None:
    answer = pair.client.upload(batch(3))
    assert answer.acked == len(pair.office.received) == 3
    assert answer.head == pair.office.head(3).hex()
    assert pair.client.upload(batch(3)) == answer


def test_a_page_is_received(pair: Pair) -> None:
    pair.office.tell("card", "t", '{"name":"Rukmini, «é»"}'.encode())
    page = pair.client.changes(0)
    assert (page.next, page.more) == (1, False)
    assert bytes(page.changes[0].doc or b"") == '{"name":"Rukmini, «é»"}'.encode()


def test_one_connection_serves_all_requests(pair: Pair) -> None:
    pair.client.upload(batch(1))
    for _ in range(5):
        pair.client.changes(0)
    assert pair.server.connections == 1


def test_what_is_gone_comes_without_a_document(pair: Pair) -> None:
    pair.office.tell("card", "a", b"{}")
    pair.office.tell("card", "b", None)
    assert [change.doc is None for change in pair.client.changes(0).changes] == [False, True]


SIGNED_FAULTS = {
    Fault.DROP_BEFORE: (Offline, {"reason": "cut"}),
    Fault.DROP_AFTER: (Offline, {"reason": "cut"}),
    Fault.CUT_BODY: (Offline, {"reason": "cut"}),
    Fault.CUT_HEADERS: (Offline, {"reason": "cut"}),
    Fault.ERROR_BEFORE: (ServerFailed, {"status": 500}),
    Fault.ERROR_AFTER: (ServerFailed, {"status": 500}),
    Fault.BUSY: (Busy, {"status": 503}),
    Fault.WRONG_SIGNATURE: (BadSignature, {}),
    Fault.NO_SIGNATURE: (BadSignature, {}),
    Fault.PORTAL: (BadSignature, {}),
    Fault.REDIRECT: (ServerFailed, {"status": 302}),
    Fault.TOO_LARGE: (UnreadableAnswer, {"reason": "too large"}),
    Fault.BOMB: (UnreadableAnswer, {"reason": "too large"}),
    Fault.SPOILT_FRAME: (UnreadableAnswer, {"reason": "encoding"}),
    Fault.UNKNOWN_ENCODING: (UnreadableAnswer, {"reason": "encoding"}),
}


@pytest.mark.parametrize("fault", SIGNED_FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_one_failure_and_the_next_request_works(pair: Pair, fault: Fault) -> None:
    kind, facts = SIGNED_FAULTS[fault]
    for request in (lambda: pair.client.upload(batch(2)), lambda: pair.client.changes(0)):
        pair.server.faults.append(fault)
        with pytest.raises(kind) as caught:
            request()
        assert caught.value.facts == facts
        assert pair.client.changes(0).next == 0
    assert pair.client.upload(batch(2)).acked == 2


def test_signed_nonsense_is_no_answer(pair: Pair) -> None:
    pair.server.faults += [Fault.GARBAGE, Fault.GARBAGE]
    with pytest.raises(UnreadableAnswer):
        pair.client.upload(batch(1))
    with pytest.raises(UnreadableAnswer):
        pair.client.changes(0)


def test_a_compressed_page_is_read(pair: Pair) -> None:
    for number in range(50):
        pair.office.tell("card", str(number), b'{"state":"active"}')
    plain = pair.client.changes(0)
    size = pair.client.take_traffic().down
    pair.server.faults.append(Fault.COMPRESSED)
    assert [change.key for change in pair.client.changes(0).changes] == [change.key for change in plain.changes]
    assert pair.client.take_traffic().down < size / 2


def test_problems_come_as_errors(pair: Pair) -> None:
    with pytest.raises(Gap) as caught:
        pair.client.upload(batch(2, first=5))
    assert caught.value.wanted == 1
    pair.office.received.append((b"other", bytes(32)))
    with pytest.raises(Fork):
        pair.client.upload(batch(2))
    pair.office.state = "retired"
    with pytest.raises(Retired):
        pair.client.changes(0)


def test_another_key_is_refused(pair: Pair) -> None:
    pair.office.receive = _refuse  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyRefused) as caught:
        pair.client.upload(batch(1))
    assert caught.value.facts == {"reason": "bad_signature"}


def _refuse(*_: object) -> None:
    raise Refusal("bad_signature", 401)


@pytest.mark.parametrize("shift_ms", [-31_536_000_000, 31_536_000_000])
def test_a_clock_a_year_off_is_told_and_can_be_corrected(pair: Pair, shift_ms: int) -> None:
    pair.clock.now += shift_ms
    with pytest.raises(ClockSkew) as caught:
        pair.client.changes(0)
    pair.client.correct_clock(caught.value.server_time_ms)
    assert pair.client.offset_ms == -shift_ms
    assert pair.client.changes(0).next == 0


def test_bytes_are_counted_as_the_socket_saw_them(pair: Pair) -> None:
    pair.office.tell("card", "t", b"{}")
    pair.client.upload(batch(40))
    pair.client.changes(0)
    traffic = pair.client.take_traffic()
    # An answer's last byte reaches the client before the server has noted it.
    deadline = time.monotonic() + 5
    while pair.server.seen[-1].bytes_out == 0 and time.monotonic() < deadline:
        pair.server.released.wait(0.005)
    assert traffic.up == sum(seen.bytes_in for seen in pair.server.seen)
    assert traffic.down == sum(seen.bytes_out for seen in pair.server.seen)
    assert pair.client.take_traffic().up == 0


def test_a_request_without_a_connection_counts_nothing() -> None:
    with serving(Office(FixedClock())) as server:
        address = server.address
    client = UpstreamClient(address, LEDGER, TILL_KEY, OFFICE_KEY.public_key(), FixedClock())
    with pytest.raises(Offline) as caught:
        client.changes(0)
    assert caught.value.facts == {"reason": "connect"}
    assert (client.take_traffic().up, client.take_traffic().down) == (0, 0)
    client.close()


def test_a_hanging_request_ends_at_once_when_aborted(pair: Pair) -> None:
    pair.server.faults.append(Fault.HANG)
    caught: list[KubePosError] = []

    def ask() -> None:
        try:
            pair.client.changes(0)
        except KubePosError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert pair.server.arrived.wait(5)
    pair.client.abort()
    thread.join(2)
    assert not thread.is_alive()
    assert [error.facts for error in caught] == [{"reason": "stopped"}]
    with pytest.raises(Offline):
        pair.client.changes(0)


def test_an_answer_that_trickles_for_ever_is_cut() -> None:
    with paired(total_s=0.4) as pair:
        pair.server.faults.append(Fault.TRICKLE)
        begun = time.monotonic()
        with pytest.raises(Offline) as caught:
            pair.client.changes(0)
        assert time.monotonic() - begun < 5
        assert caught.value.facts == {"reason": "cut"}
        assert pair.client.changes(0).next == 0


def test_a_till_is_taken_in(pair: Pair) -> None:
    answer = enrol(pair.server.enrolment_code(), REQUEST)
    assert (answer.ledger_id, answer.terminal) == (LEDGER, "A01")
    assert answer.upstream_key == to_base64(OFFICE_KEY.public_key())


def test_a_used_code_is_refused_with_its_reason(pair: Pair) -> None:
    with pytest.raises(EnrolmentRefused) as caught:
        enrol(pair.server.enrolment_code(), msgspec.structs.replace(REQUEST, code="USED"))
    assert caught.value.facts == {"reason": "bad_code"}


def test_an_office_with_another_key_than_the_code_names_is_not_believed(pair: Pair) -> None:
    code = pair.server.enrolment_code()
    pair.server.key = FORGER_KEY
    with pytest.raises(WrongFingerprint) as caught:
        enrol(code, REQUEST)
    assert caught.value.facts["found"] == fingerprint(FORGER_KEY.public_key())


@pytest.mark.parametrize("fault", [Fault.WRONG_SIGNATURE, Fault.NO_SIGNATURE], ids=lambda fault: fault.name)
def test_an_enrolment_that_the_named_key_did_not_sign_is_not_believed(pair: Pair, fault: Fault) -> None:
    pair.server.faults.append(fault)
    with pytest.raises(BadSignature):
        enrol(pair.server.enrolment_code(), REQUEST)


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.PORTAL, Fault.OTHER_LEDGER], ids=lambda fault: fault.name)
def test_an_enrolment_that_is_none_is_not_believed(pair: Pair, fault: Fault) -> None:
    pair.server.faults.append(fault)
    with pytest.raises(UnreadableAnswer):
        enrol(pair.server.enrolment_code(), REQUEST)


def test_nothing_is_sent_to_an_insecure_address() -> None:
    code = EnrolmentCode(address="http://kantor.example", fingerprint="0" * 32, code="X")
    with pytest.raises(InsecureAddress):
        enrol(code, REQUEST)
    with pytest.raises(InsecureAddress):
        UpstreamClient(code.address, LEDGER, TILL_KEY, bytes(32), FixedClock())
