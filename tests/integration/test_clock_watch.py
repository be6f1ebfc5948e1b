"""«Clock wrong or set back»: never below the last entry, warn, business day with upstream's last signed time."""

from __future__ import annotations

from datetime import date

from kube_pos.ledger.clock_guard import ClockState
from kube_pos.ledger.days import DAY_MS, at_wita
from kube_pos.ledger.sqlite_queues import SqliteOutbox
from kube_pos.operations.clock_watch import clock_sentence, clock_state
from kube_pos.operations.corrections import reverse
from tests.fakes import TODAY
from tests.ledger_kit import MANAGER, RICE_BAG, Outlet
from tests.use_case_kit import ID, may, redemption_of, shop


def contact(outlet: Outlet, server_ms: int) -> None:
    SqliteOutbox(outlet.journal_file).note_contact(outlet.clock.now, server_ms, 0, 0)


def test_a_right_clock_says_nothing_and_marks_nothing(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    contact(outlet, outlet.clock.now)
    assert clock_state(outlet.till).state is ClockState.OK
    assert clock_sentence(clock_state(outlet.till), ID) == ""
    assert not redemption_of(shop(outlet, card, (RICE_BAG, 1000))).clock_suspect


def test_set_back_a_year_the_day_is_that_of_upstreams_last_time(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    contact(outlet, outlet.clock.now)
    before = outlet.journal.last_at_ms()
    outlet.clock.now -= 365 * DAY_MS
    found = clock_state(outlet.till)
    assert (found.state, found.off_by_ms) == (ClockState.BEHIND, 365 * DAY_MS)
    assert clock_sentence(found, ID).startswith("Jam komputer tertinggal 365 hari; sekarang kira-kira 24/11/2026 10:00")
    entry = redemption_of(shop(outlet, card, (RICE_BAG, 1000)))
    assert (entry.day, entry.at >= before, entry.clock_suspect) == (TODAY, True, True)


def test_a_day_ahead_at_the_last_contact_neither_opens_nor_expires_a_month_too_early(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle("2026-10", 100_000, expires_on=TODAY)
    true_time = outlet.clock.now
    outlet.clock.now = true_time + DAY_MS
    contact(outlet, true_time)
    found = clock_state(outlet.till)
    assert (found.state, found.believed_ms) == (ClockState.AHEAD, true_time)
    assert "terlalu maju 1 hari" in clock_sentence(found, ID)
    assert may(outlet, card).balance == 100_000
    sale = shop(outlet, card, (RICE_BAG, 1000))
    entry = redemption_of(sale)
    assert (entry.day, entry.at, entry.clock_suspect) == (TODAY, true_time + DAY_MS, True)
    outlet.clock.now = true_time + 60_000
    assert clock_state(outlet.till).state is ClockState.OK, "set right"
    undone = reverse(outlet.till, outlet.session, sale.seq, "salah", MANAGER).entry
    assert (undone.at, undone.day, undone.clock_suspect) == (true_time + DAY_MS, TODAY, True)


def test_far_ahead_of_everything_warns_but_sells(outlet: Outlet) -> None:
    outlet.clock.now = at_wita(date(2031, 1, 1))
    found = clock_state(outlet.till)
    assert found.state is ClockState.AHEAD
    assert outlet.till.today() == date(2031, 1, 1), "nothing proves it wrong"


def test_minutes_and_hours_in_words(outlet: Outlet) -> None:
    outlet.clock.now -= 5 * 60_000
    assert "5 menit" in clock_sentence(clock_state(outlet.till), ID)
    outlet.clock.now -= 3 * 3_600_000
    assert "3 jam" in clock_sentence(clock_state(outlet.till), ID)
