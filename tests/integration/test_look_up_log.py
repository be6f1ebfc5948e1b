"""«Log every look-up»: who, when, how, why; no names, no numbers; deleted after retention; never on the sale's path."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kube_pos.errors import WrongPin
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import keyed_hash
from kube_pos.ledger.days import DAY_MS, at_wita
from kube_pos.ledger.ids import ProgramId, StaffId
from kube_pos.ledger.records import HowFound
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.look_up import AskWhichNumber, NumberKind, Visit, look_up, look_up_number
from kube_pos.operations.look_up_log import LONGEST_REASON, count_look_ups, forget_old, log_look_up
from kube_pos.operations.signing_in import PinGate
from tests.fakes import TODAY
from tests.integration.test_use_cases import staffed, wait_after
from tests.ledger_kit import CITY_KEY, FOOD, MANAGER, Outlet
from tests.use_case_kit import scan

NIK = "6472014107900001"


def raw_log(outlet: Outlet) -> list[tuple[object, ...]]:
    return [tuple(row) for row in outlet.journal_file.read().exec_driver_sql("SELECT * FROM lookup_log ORDER BY id")]


def log(outlet: Outlet, visit: Visit, reason: str = "") -> None:
    log_look_up(outlet.till, outlet.session, visit, visit.how, reason)


def test_a_scan_and_a_typed_card_are_logged_by_token(outlet: Outlet) -> None:
    card = outlet.family()
    visit = scan(outlet, card)
    typed = look_up(outlet.till, card, manual=True)
    assert isinstance(typed, Visit)
    head = outlet.journal.head()
    log(outlet, visit)
    log(outlet, typed)
    at = outlet.clock.now
    assert raw_log(outlet) == [
        (1, at, 1, "scan", visit.token, 1, None, ""),
        (2, at, 1, "typed", visit.token, 1, None, ""),
    ]
    assert outlet.journal.head() == head, "the log is not the journal"
    assert outlet.syncs_woken == 0


def test_a_look_up_by_nik_tells_who_approved_and_why_but_never_the_number(outlet: Outlet) -> None:
    outlet.family(1, national_id_hash=keyed_hash(CITY_KEY, "nik", NIK), national_id_last4="0001")
    visit = look_up_number(outlet.till, AskWhichNumber(NIK), NumberKind.NIK)
    assert visit.how is HowFound.NIK
    reason = f"kartu hilang, NIK {NIK} atau 6472-0141 0790.0001"
    log_look_up(outlet.till, outlet.session, visit, visit.how, reason, MANAGER)
    (line,) = outlet.journal.look_ups(0, outlet.clock.now + 1)
    assert (line.how, line.recipient, line.approver, line.card) == (HowFound.NIK, 1, MANAGER.id, None)
    assert line.reason == "kartu hilang, NIK # atau #"
    everything = str(raw_log(outlet))
    assert "Siti" not in everything
    assert NIK[-8:] not in everything


def test_a_long_reason_is_cut(outlet: Outlet) -> None:
    log(outlet, scan(outlet, outlet.family()), "alasan " * 50)
    assert len(outlet.journal.look_ups(0, outlet.clock.now + 1)[0].reason) == LONGEST_REASON


def test_the_report_counts_each_kind_by_day(outlet: Outlet) -> None:
    card = outlet.family()
    for _ in range(2):
        log(outlet, scan(outlet, card))
    by_number = look_up_number(outlet.till, AskWhichNumber(NIK), NumberKind.FAMILY_CARD)
    log(outlet, by_number)
    outlet.clock.now = at_wita(date(2026, 11, 25))
    log(outlet, scan(outlet, card))
    counts = count_look_ups(outlet.till, TODAY, TODAY)
    assert counts == {HowFound.SCAN: 2, HowFound.TYPED: 0, HowFound.NIK: 0, HowFound.FAMILY_CARD: 1}
    assert sum(count_look_ups(outlet.till, TODAY, date(2026, 11, 25)).values()) == 4


def test_retention_deletes_old_lines_and_nothing_else(outlet: Outlet) -> None:
    card = outlet.family()
    log(outlet, scan(outlet, card))
    outlet.take_in((docs.Policy(program_id=FOOD, from_day=date(2026, 2, 1), retention_days=20),))
    entries_before = outlet.journal.head()
    outlet.clock.now += 20 * DAY_MS
    assert forget_old(outlet.till, outlet.clock.now) == 0, "the last day still counts"
    log(outlet, scan(outlet, card))
    outlet.clock.now += 1
    assert forget_old(outlet.till, outlet.clock.now) == 1
    assert len(raw_log(outlet)) == 1
    assert outlet.journal.head() == entries_before
    assert verify(outlet.journal_file).is_clean


def test_the_longest_retention_of_the_programmes_holds(outlet: Outlet) -> None:
    log(outlet, scan(outlet, outlet.family()))
    other = docs.Program(id=ProgramId(2), name="Lain", contact="-")
    outlet.take_in((other, docs.Policy(program_id=FOOD, from_day=date(2026, 2, 1), retention_days=1)))
    outlet.clock.now += 2 * DAY_MS
    assert forget_old(outlet.till, outlet.clock.now) == 0, "the other programme has the default"


def test_a_clock_set_far_ahead_wipes_nothing(outlet: Outlet) -> None:
    log(outlet, scan(outlet, outlet.family()))
    outlet.clock.now += 4000 * DAY_MS
    assert forget_old(outlet.till, outlet.clock.now) == 0
    assert len(raw_log(outlet)) == 1


def test_a_visit_remembers_how_the_family_was_found(outlet: Outlet) -> None:
    visit = scan(outlet, outlet.family())
    assert visit.how is HowFound.SCAN
    assert replace(visit, how=HowFound.TYPED) != visit


def restarted(outlet: Outlet) -> PinGate:
    outlet.close()
    outlet.clock.monotonic = 0
    outlet.open()
    return PinGate(outlet.till)


def test_a_pin_lock_out_survives_a_restart(outlet: Outlet) -> None:
    gate = staffed(outlet)
    waits = []
    for _ in range(5):
        waits.append(wait_after(gate, "0000"))
        outlet.clock.advance(waits[-1] * 1000)
    assert waits == [0, 0, 5, 10, 20]
    gate = restarted(outlet)
    assert wait_after(gate, "4711") == 20, "the wait begins anew, it does not end"
    outlet.clock.advance(20_000)
    assert wait_after(gate, "0000") == 40
    gate = restarted(outlet)
    outlet.clock.advance(40_000)
    gate.check(StaffId(7), "4711")
    assert outlet.journal.pin_tries() == {}
    assert wait_after(restarted(outlet), "0000") == 0


def test_a_restart_gives_no_free_tries(outlet: Outlet) -> None:
    gate = staffed(outlet)
    wait_after(gate, "0000")
    wait_after(gate, "0000")
    gate = restarted(outlet)
    assert wait_after(gate, "0000") == 5
    with pytest.raises(WrongPin):
        restarted(outlet).check(StaffId(7), "4711")
