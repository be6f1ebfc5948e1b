"""The outbox and the prints: nothing goes back, nothing is lost, nobody guesses."""

from __future__ import annotations

import pytest

from kube_pos.ledger import entries
from kube_pos.ledger.chain import genesis
from kube_pos.ledger.ids import RecipientId
from kube_pos.ledger.ports import PrintKind, PrintRequest, SyncStatus
from kube_pos.ledger.sqlite_queues import QueuedPrint, SqliteOutbox, SqlitePrints, StoredPrintState
from tests.fakes import TODAY
from tests.ledger_kit import CASHIER, LEDGER, Outlet


@pytest.fixture
def outbox(outlet: Outlet) -> SqliteOutbox:
    """An outbox of four entries."""
    for _ in range(3):
        outlet.journal.append(entries.SignedIn(at=outlet.till.now_ms(), day=TODAY, by=CASHIER.id))
    return SqliteOutbox(outlet.journal_file)


@pytest.fixture
def prints(outlet: Outlet) -> SqlitePrints:
    """Three prints: of entries 2, 3 and 4."""
    for number in (1, 2, 3):
        entry = entries.BalanceInquiry(at=outlet.till.now_ms(), day=TODAY, by=CASHIER.id, recipient=RecipientId(number))
        outlet.journal.append(entry, PrintRequest(PrintKind.BALANCE))
    return SqlitePrints(outlet.journal_file)


def test_before_the_first_answer_everything_waits(outlet: Outlet, outbox: SqliteOutbox) -> None:
    assert outbox.acked() == (0, genesis(LEDGER))
    waiting = outbox.waiting(0, 10)
    assert [entry.seq for entry in waiting] == [1, 2, 3, 4]
    assert waiting[-1].hash == outlet.journal.head()[1]
    assert outbox.status() == SyncStatus(4, None, 0, 0, 0)
    assert outbox.verdict_of(1) is None


def test_waiting_entries_come_in_order_and_by_the_page(outbox: SqliteOutbox) -> None:
    assert [entry.seq for entry in outbox.waiting(1, 2)] == [2, 3]
    assert outbox.waiting(4, 10) == []


def test_what_was_acknowledged_never_goes_back(outbox: SqliteOutbox) -> None:
    hashes = {entry.seq: entry.hash for entry in outbox.waiting(0, 10)}
    outbox.acknowledge(3, {})
    assert outbox.acked() == (3, hashes[3])
    outbox.acknowledge(1, {})
    assert outbox.acked() == (3, hashes[3])
    assert outbox.status().unsent == 1


def test_more_than_there_is_is_never_acknowledged(outbox: SqliteOutbox) -> None:
    outbox.acknowledge(99, {})
    assert outbox.acked()[0] == 0


def test_only_exceptions_are_counted_as_exceptions(outbox: SqliteOutbox) -> None:
    outbox.acknowledge(3, {1: (), 2: ("overdrawn", "stale_list"), 3: ()})
    assert outbox.status().exceptions == 1
    assert outbox.verdict_of(1) == ()
    assert outbox.verdict_of(2) == ("overdrawn", "stale_list")
    assert outbox.verdict_of(4) is None


def test_a_verdict_that_upstream_takes_back_is_no_exception_any_more(outbox: SqliteOutbox) -> None:
    outbox.acknowledge(2, {2: ("overdrawn",)})
    outbox.acknowledge(2, {2: ()})
    assert outbox.status().exceptions == 0


def test_contacts_add_up(outbox: SqliteOutbox) -> None:
    outbox.note_contact(10, 11, 100, 2000)
    outbox.note_contact(20, 21, 1, 2)
    assert outbox.status() == SyncStatus(4, 20, 0, 101, 2002)


def test_sent_is_no_flag_on_an_entry(outlet: Outlet, outbox: SqliteOutbox) -> None:
    before = outbox.waiting(0, 10)
    outbox.acknowledge(4, {})
    assert outbox.waiting(0, 10) == before
    outlet.close()
    outlet.open()
    assert SqliteOutbox(outlet.journal_file).acked() == (4, before[-1].hash)


def test_the_oldest_print_comes_first(prints: SqlitePrints) -> None:
    assert prints.next_pending() == QueuedPrint(1, "balance", 2, 0)
    prints.mark(1, StoredPrintState.SENT)
    assert prints.next_pending() == QueuedPrint(2, "balance", 3, 0)


def test_a_print_of_which_not_a_byte_left_waits_again(prints: SqlitePrints) -> None:
    prints.mark(1, StoredPrintState.FAILED_CLEAN, "paper")
    found = prints.next_pending()
    assert found is not None
    assert found.id == 1
    prints.mark(1, StoredPrintState.SENDING)
    found = prints.next_pending()
    assert found is not None
    assert found.id == 2


def test_a_print_that_a_power_cut_met_is_unknown_and_not_repeated(outlet: Outlet, prints: SqlitePrints) -> None:
    prints.mark(1, StoredPrintState.SENDING)
    outlet.close()
    outlet.open()
    again = SqlitePrints(outlet.journal_file)
    assert again.recover() == [QueuedPrint(1, "balance", 2, 0)]
    assert again.recover() == []
    assert again.unknown() == [QueuedPrint(1, "balance", 2, 0)]
    assert again.states(2) == ("unknown",)
    found = again.next_pending()
    assert found is not None
    assert found.ref == 3


@pytest.mark.parametrize(("came_out", "state"), [(True, "confirmed"), (False, "sent")])
def test_the_cashier_says_whether_it_came_out(prints: SqlitePrints, came_out: bool, state: str) -> None:  # noqa: FBT001
    prints.mark(1, StoredPrintState.UNKNOWN)
    assert prints.answer_unknown(2, came_out=came_out) is not came_out
    assert prints.states(2) == (state,)
    assert prints.answer_unknown(2, came_out=False) is False, "asked once"


def test_states_begin_with_the_original(outlet: Outlet, prints: SqlitePrints) -> None:
    outlet.journal.request_print(PrintRequest(PrintKind.BALANCE, ref=2, copy=1))
    prints.mark(1, StoredPrintState.CONFIRMED)
    assert prints.states(2) == ("confirmed", "pending")
