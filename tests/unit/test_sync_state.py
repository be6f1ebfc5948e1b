"""What a failure means for the cashier, in words that exist in both languages; which addresses are allowed."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from kube_pos.errors import KubePosError, StaleCursor, StorageFailed
from kube_pos.sync import failures
from kube_pos.sync.address import is_loopback, usable_address
from kube_pos.sync.failures import (
    AddressUnusable,
    Busy,
    ClockSkew,
    CursorUnknown,
    EnrolmentRefused,
    Fork,
    Gap,
    InsecureAddress,
    KeyRefused,
    Offline,
    RequestRefused,
    Retired,
    ServerFailed,
    TooLarge,
)
from kube_pos.sync.problems import enrolment_failure_of, failure_of
from kube_pos.sync.state import SyncReport, SyncState, is_lasting, report_of, report_of_success
from kube_pos.sync.wire import Problem
from kube_pos.texts import LANGUAGES, Texts

FACTS: dict[str, str | int] = {
    "address": "http://kantor.example",
    "reason": "timeout",
    "status": 500,
    "seq": 7,
    "wanted": 7,
    "server_time_ms": 1,
    "expected": "aa",
    "found": "bb",
    "kind": "ValueError",
    "path": "replica.db",
}
ERRORS = [
    kind
    for _, kind in inspect.getmembers(failures, inspect.isclass)
    if issubclass(kind, KubePosError) and kind is not KubePosError
]


def problem(code: str, status: int, wanted: int | None = None, time_ms: int | None = None) -> bytes:
    return msgspec.json.encode(
        Problem(type="about:blank", title="?", status=status, code=code, wanted=wanted, server_time_ms=time_ms)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_error_has_its_sentence(language: str) -> None:
    texts = Texts(language)
    assert len(ERRORS) >= 19
    for state in SyncState:
        assert texts.say(f"sync_state.{state}")
    for kind in ERRORS:
        sentence = texts.say(f"error.{kind.code}", **FACTS)
        assert sentence
        assert "{" not in sentence


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Offline(reason="cut"), SyncState.OFFLINE),
        (ClockSkew(1), SyncState.CLOCK_SKEW),
        (Fork(seq=1), SyncState.STOPPED_FORK),
        (Retired(), SyncState.RETIRED),
        (KeyRefused(reason="unknown_ledger"), SyncState.KEY_REFUSED),
        (failures.BadSignature(), SyncState.NOT_TRUSTED),
        (failures.CertificateRefused(reason="x"), SyncState.NOT_TRUSTED),
        (failures.ChainBroken(seq=1), SyncState.STOPPED_DAMAGED),
        (Busy(status=503), SyncState.SERVER_TROUBLE),
        (StaleCursor(expected=1, found=2), SyncState.SERVER_TROUBLE),
    ],
)
def test_each_failure_has_its_state(error: KubePosError, state: SyncState) -> None:
    assert report_of(error) == SyncReport(state, error)
    assert report_of(error).detail == error.code


def test_a_full_disk_does_not_speak_of_a_sale() -> None:
    report = report_of(StorageFailed(path="replica.db", reason="disk full"))
    assert (report.state, report.detail) == (SyncState.STOPPED_DAMAGED, "sync_not_stored")
    assert report.error is not None
    assert report.error.facts == {"path": "replica.db", "reason": "disk full"}


def test_a_till_that_syncs_with_a_wrong_clock_says_so() -> None:
    assert report_of_success(119_999).state is SyncState.ONLINE
    assert report_of_success(-120_000).state is SyncState.CLOCK_SKEW
    assert report_of_success(0).detail == "online"


def test_only_the_office_ends_what_lasts() -> None:
    assert is_lasting(SyncState.STOPPED_FORK)
    assert not is_lasting(SyncState.OFFLINE)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (409, problem("fork", 409), Fork),
        (403, problem("quarantined", 403), Fork),
        (409, problem("gap", 409, wanted=3), Gap),
        (401, problem("clock_skew", 401, time_ms=5), ClockSkew),
        (401, problem("unknown_ledger", 401), KeyRefused),
        (401, problem("bad_token", 401), KeyRefused),
        (403, problem("retired", 403), Retired),
        (410, problem("cursor_unknown", 410), CursorUnknown),
        (413, problem("too_large", 413), TooLarge),
        (413, b"<html>", TooLarge),
        (503, problem("busy", 503), Busy),
        (400, problem("unknown_protocol", 400), RequestRefused),
        (500, problem("whatever", 500), ServerFailed),
        (409, problem("gap", 409), RequestRefused),
        (401, problem("clock_skew", 401), RequestRefused),
        (429, b"", Busy),
        (503, b"<html>", Busy),
        (502, b"<html>", ServerFailed),
        (302, b"", ServerFailed),
        (401, b"\xff\xfe", ServerFailed),
        (409, b'{"code":"fork"}', ServerFailed),
    ],
)
def test_each_answer_is_one_failure(status: int, body: bytes, kind: type[KubePosError]) -> None:
    assert type(failure_of(status, body)) is kind


def test_a_gap_and_a_skew_carry_what_is_needed_to_go_on() -> None:
    gap = failure_of(409, problem("gap", 409, wanted=3))
    skew = failure_of(401, problem("clock_skew", 401, time_ms=5))
    assert isinstance(gap, Gap)
    assert gap.wanted == 3
    assert isinstance(skew, ClockSkew)
    assert skew.server_time_ms == 5


def test_a_refused_enrolment_keeps_its_reason_but_a_broken_server_is_none() -> None:
    refused = enrolment_failure_of(403, problem("bad_code", 403))
    assert isinstance(refused, EnrolmentRefused)
    assert refused.facts == {"reason": "bad_code"}
    assert isinstance(enrolment_failure_of(503, problem("busy", 503)), Busy)
    assert isinstance(enrolment_failure_of(404, b"<html>"), ServerFailed)


@pytest.mark.parametrize(
    "address",
    [
        "https://kantor.example",
        "https://kantor.example:8443/kube",
        "https://10.0.0.5",
        "http://127.0.0.1:8600",
        "http://127.9.8.7",
        "http://localhost:1",
        "http://[::1]:8600",
    ],
)
def test_usable_addresses(address: str) -> None:
    assert usable_address(f"{address}/") == address


@pytest.mark.parametrize(
    "address",
    ["http://kantor.example", "http://10.0.0.5", "http://127.0.0.1.kantor.example", "http://localhost.example"],
)
def test_plain_http_to_another_machine_is_refused(address: str) -> None:
    with pytest.raises(InsecureAddress) as caught:
        usable_address(address)
    assert caught.value.facts == {"address": address}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kantor.example",
        "ftp://kantor.example",
        "https://",
        "https://kantor.example:99999",
        "https://kantor.example:0",
        "https://siti:rahasia@kantor.example",
        "https://kantor.example/?a=b",
        "https://kantor.example/#a",
        "https://[::1",
        " https://kantor.example",
    ],
)
def test_anything_else_is_no_address(address: str) -> None:
    with pytest.raises(AddressUnusable):
        usable_address(address)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(AddressUnusable) as caught:
        usable_address("https://siti:rahasia@kantor.example")
    assert caught.value.facts == {"address": "kantor.example"}


def test_loopback_is_this_machine_only() -> None:
    assert is_loopback("127.255.0.1")
    assert not is_loopback("128.0.0.1")
    assert not is_loopback("::2")
    assert not is_loopback("")
