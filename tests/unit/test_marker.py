"""When a journal is taken for a copy or for one that was put back."""

from __future__ import annotations

import msgspec
import pytest

from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.marker import Doubt, Found, Marker, doubt

OURS, BEFORE, OTHER = LedgerId("ours"), LedgerId("before"), LedgerId("other")
HASHES = {seq: bytes([seq]) * 32 for seq in range(1, 6)}
FOUND = Found(OURS, 5, HASHES.get, frozenset({BEFORE}))
HERE = "here"


def mark(seq: int = 5, ledger: LedgerId = OURS, **more: object) -> Marker:
    digest = bytes([seq]).hex() * 32
    return Marker(ledger_id=ledger, seq=seq, hash=digest, machine=HERE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("seq", range(6))
def test_a_mark_at_or_behind_the_newest_entry_is_borne_out(seq: int) -> None:
    assert doubt([mark(seq)], FOUND, HERE) is None


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ([mark(6)], Doubt.OLDER),
        ([mark(3), mark(6)], Doubt.OLDER),
        ([msgspec.structs.replace(mark(4), hash="00" * 32)], Doubt.OTHER_ENTRIES),
        ([mark(5, OTHER)], Doubt.OTHER_LEDGER),
        ([mark(5), mark(1, OTHER)], Doubt.OTHER_LEDGER),
        ([msgspec.structs.replace(mark(5), machine="there")], Doubt.OTHER_MACHINE),
        ([mark(5, fork=True)], Doubt.FORK),
        ([], Doubt.NO_MARK),
        ([mark(9, BEFORE)], Doubt.NO_MARK),
    ],
)
def test_each_doubt_has_its_reason(marks: list[Marker], why: Doubt) -> None:
    assert doubt(marks, FOUND, HERE) is why


def test_what_is_remembered_of_the_ledgers_before_is_history() -> None:
    assert doubt([mark(5), mark(99, BEFORE)], FOUND, HERE) is None


@pytest.mark.parametrize(("there", "here"), [("", HERE), (HERE, ""), ("", "")])
def test_a_computer_without_a_name_is_not_held_against_a_journal(there: str, here: str) -> None:
    assert doubt([msgspec.structs.replace(mark(5), machine=there)], FOUND, here) is None


def test_an_empty_journal_without_a_mark_has_nothing_to_lose() -> None:
    assert doubt([], Found(OURS, 0, HASHES.get), HERE) is None
