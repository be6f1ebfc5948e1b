"""The edge cases of the product's table that the ledger and the decision answer, one test each, in its words."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from kube_pos.errors import AlreadyReversed, BasketTooMuch, NotEnoughShare, NotPermitted
from kube_pos.ledger import documents as docs
from kube_pos.ledger.cards import card_number, card_token, keyed_hash
from kube_pos.ledger.days import at_wita
from kube_pos.ledger.entitlement import Allowed, Refusal
from kube_pos.ledger.entries import DataMismatchReport, DayClosed, Mismatch, Proxy, TurnedAway
from kube_pos.ledger.ids import EntitlementId, RecipientId
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.closing import close_day, x_report
from kube_pos.operations.corrections import reprint, reverse
from kube_pos.operations.look_up import (
    AskWhichNumber,
    CodeFault,
    NotACard,
    NumberKind,
    Visit,
    look_up,
    look_up_number,
    record_turned_away,
    report_mismatch,
)
from kube_pos.operations.redemption import Basket, redeem
from tests.ledger_kit import CITY_KEY, EGG_KG, ELSEWHERE, HERE, MANAGER, RICE_BAG, Outlet
from tests.pure_kit import cycle
from tests.use_case_kit import (
    ID,
    MANAGING,
    basket,
    go_to,
    may,
    may_not,
    on_hand,
    paper,
    papers,
    redemption_of,
    scan,
    sentence,
    shop,
)

NIK = "6472014107900001"


def again(outlet: Outlet, number: EntitlementId, **changes: object) -> None:
    """Take in a new version of a row."""
    (row,) = [r for r in outlet.replica.granted_rows(RecipientId(1)) if r.entitlement.id == number]
    outlet.take_in((msgspec.structs.replace(row.entitlement, version=2, **changes),))


def test_rapel_of_two_months(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle("2026-11")
    outlet.entitle("2026-10", 100_000)
    allowed = may(outlet, card)
    assert [(line.entitlement.month, line.left) for line in allowed.lines] == [
        ("2026-10", 100_000),
        ("2026-11", 300_000),
    ]
    assert allowed.balance == 400_000
    stored = shop(outlet, card, (RICE_BAG, 2000))
    assert [(source.month, source.budget_year) for source in redemption_of(stored).sources] == [
        ("2026-10", 2026),
        ("2026-11", 2026),
    ]
    assert "Periode: Okt 2026 + Nov 2026\n(dirapel)" in paper(outlet, stored.seq)
    assert may(outlet, card).balance == 250_000


def test_rapel_over_the_years_end(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle("2027-01", released_on=date(2026, 12, 20), expires_on=date(2027, 2, 28))
    outlet.entitle("2026-12", 100_000, released_on=date(2026, 12, 20), expires_on=date(2026, 12, 31))
    go_to(outlet, date(2026, 12, 31))
    outlet.list_made(date(2026, 12, 31))
    stored = shop(outlet, card, (RICE_BAG, 1000))
    assert [source.budget_year for source in redemption_of(stored).sources] == [2026]
    go_to(outlet, date(2027, 1, 1))
    assert may(outlet, card).balance == 300_000
    stored = shop(outlet, card, (RICE_BAG, 1000))
    assert [source.budget_year for source in redemption_of(stored).sources] == [2027]
    assert x_report(outlet.till).totals.by_month == {"2026-12": 75_000, "2027-01": 75_000}


def test_cycle_not_yet_published_is_not_a_balance_of_zero(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.take_in((cycle("2026-11", released_on=date(2026, 11, 28)),))
    assert may_not(outlet, card).reason is Refusal.NOT_PUBLISHED
    assert sentence(outlet, card) == "Periode November 2026 belum terbit. Perkiraan terbit 28 November 2026."


def test_amount_lowered_after_some_was_spent(outlet: Outlet) -> None:
    card = outlet.family()
    row = outlet.entitle()
    shop(outlet, card, (RICE_BAG, 2000))
    again(outlet, row, amount=200_000)
    assert may(outlet, card).balance == 50_000
    again(outlet, row, amount=100_000)
    assert may_not(outlet, card).reason is Refusal.USED_UP
    assert outlet.journal.entry(2) is not None
    assert verify(outlet.journal_file).is_clean


def test_expired(outlet: Outlet) -> None:
    card = outlet.family()
    row = outlet.entitle(expires_on=date(2026, 11, 23))
    assert may_not(outlet, card).reason is Refusal.EXPIRED
    assert sentence(outlet, card).startswith("Bantuan November 2026 hangus per 23 November 2026.")
    again(outlet, row, expires_on=date(2026, 12, 15))
    assert may(outlet, card).balance == 300_000


def test_a_basket_left_open_over_midnight_is_not_paid_from_an_expired_month(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle(expires_on=date(2026, 11, 24))
    visit = scan(outlet, card)
    assert isinstance(visit.decision, Allowed)
    wanted = basket(outlet, (RICE_BAG, 1000))
    go_to(outlet, date(2026, 11, 25))
    head = outlet.journal.head()
    with pytest.raises(NotEnoughShare) as caught:
        redeem(outlet.till, outlet.session, visit, visit.decision, wanted)
    assert ID.error(caught.value) == (
        "Hak bantuan di kasir ini tinggal Rp0, diminta Rp75.000. Tidak ada yang tersimpan; pindai kartu lagi."
    )
    assert outlet.journal.head() == head


def test_list_stale(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle("2026-10", released_on=date(2026, 11, 1))
    outlet.entitle("2026-11")
    outlet.list_made(date(2026, 11, 20))
    assert may(outlet, card).stale_days == 4
    outlet.list_made(date(2026, 11, 10))
    allowed = may(outlet, card)
    assert (allowed.balance, allowed.stale_days) == (300_000, 14)
    stored = shop(outlet, card, (RICE_BAG, 1000))
    assert redemption_of(stored).as_of == at_wita(date(2026, 11, 10), 8)
    assert "LURING" in paper(outlet, stored.seq)
    assert "TERSINKRON" in paper(outlet, stored.seq, acked=stored.seq)


def test_past_the_hard_limit_a_month_released_later_names_the_lists_day(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle("2026-11")
    outlet.list_made(date(2026, 11, 10))
    assert may_not(outlet, card).reason is Refusal.LIST_TOO_OLD
    assert sentence(outlet, card).startswith("Daftar penerima terlalu lama (dibuat 10 November 2026).")


def test_card_of_another_outlets_family(outlet: Outlet) -> None:
    foreign = card_number(77)
    token = card_token(CITY_KEY, foreign)
    outlet.take_in((docs.Card(token=token, state=docs.CardState.ACTIVE, outlet_id=ELSEWHERE),))
    assert may_not(outlet, foreign.digits).reason is Refusal.OTHER_OUTLET
    assert sentence(outlet, foreign.digits).startswith("Keluarga ini terdaftar di KUBE Anggrek (Kel. Loa Bakung).")


def test_two_tills_both_offline_same_card(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle(granted=100_000)
    assert may(outlet, card).balance == 100_000
    with pytest.raises(BasketTooMuch):
        shop(outlet, card, (RICE_BAG, 2000))
    shop(outlet, card, (RICE_BAG, 1000))
    assert may(outlet, card).balance == 25_000


@pytest.mark.parametrize(
    ("state", "start"),
    [
        (docs.CardState.BLOCKED, "Kartu diblokir, hubungi Dinas Sosial"),
        (docs.CardState.LOST, "Kartu ini dilaporkan hilang."),
        (docs.CardState.REPLACED, "Kartu ini sudah diganti."),
    ],
)
def test_lost_blocked_replaced_card(outlet: Outlet, state: docs.CardState, start: str) -> None:
    old = outlet.family()
    outlet.entitle()
    new = card_number(501)
    outlet.take_in(
        (
            docs.Card(
                token=card_token(CITY_KEY, new),
                state=docs.CardState.ACTIVE,
                outlet_id=HERE,
                recipient_id=RecipientId(1),
            ),
        )
    )
    shop(outlet, old, (RICE_BAG, 1000))
    token = card_token(CITY_KEY, card_number(1))
    outlet.take_in((docs.Card(token=token, state=state, outlet_id=HERE, recipient_id=RecipientId(1)),))
    found = may_not(outlet, old)
    assert (found.lines, found.recipient) == ((), None)
    assert sentence(outlet, old).startswith(start)
    assert may(outlet, new.digits).balance == 225_000


def test_unreadable_card(outlet: Outlet) -> None:
    card = outlet.family(1, national_id_hash=keyed_hash(CITY_KEY, "nik", NIK))
    outlet.entitle()
    typed = look_up(outlet.till, f"{card[:4]} {card[4:8]} {card[8:]}", manual=True)
    assert isinstance(typed, Visit)
    assert typed.manual
    assert isinstance(typed.decision, Allowed)
    asked = look_up(outlet.till, NIK)
    assert isinstance(asked, AskWhichNumber)
    visit = look_up_number(outlet.till, asked, NumberKind.NIK)
    assert isinstance(visit.decision, Allowed)
    assert visit.manual
    wanted = basket(outlet, (EGG_KG, 500))
    stored = redeem(outlet.till, outlet.session, visit, visit.decision, wanted)
    assert redemption_of(stored).manual
    assert redemption_of(stored).card is None


def test_nik_or_kk_number_scanned_instead_of_a_card_is_never_guessed(outlet: Outlet) -> None:
    outlet.family(1, national_id_hash=keyed_hash(CITY_KEY, "nik", NIK))
    asked = look_up(outlet.till, NIK)
    assert asked == AskWhichNumber(NIK)
    assert isinstance(asked, AskWhichNumber)
    as_kk = look_up_number(outlet.till, asked, NumberKind.FAMILY_CARD)
    assert papers(outlet).refusal(as_kk).startswith("Kartu tidak terdaftar")


def test_two_families_under_one_kk_number_are_not_guessed_at(outlet: Outlet) -> None:
    for number in (1, 2):
        outlet.family(number, family_card_hash=keyed_hash(CITY_KEY, "kk", NIK))
    visit = look_up_number(outlet.till, AskWhichNumber(NIK), NumberKind.FAMILY_CARD)
    assert visit.decision.recipient is None


def test_unknown_barcode(outlet: Outlet) -> None:
    head = outlet.journal.head()
    unknown = card_number(404).digits
    assert sentence(outlet, unknown).startswith("Kartu tidak terdaftar di daftar tanggal 24 November 2026.")
    assert look_up(outlet.till, "https://example.test") == NotACard(CodeFault.UNKNOWN_CODE)
    assert look_up(outlet.till, unknown[:-1] + str((int(unknown[-1]) + 1) % 10)) == NotACard(
        CodeFault.WRONG_CHECK_DIGITS
    )
    assert outlet.journal.head() == head, "no record is made"
    ticket = report_mismatch(outlet.till, outlet.session, scan(outlet, unknown), Mismatch.UNKNOWN)
    assert ticket.seq == head[0] + 1


def test_holder_deceased(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    family = outlet.replica.recipient(RecipientId(1))
    assert family is not None
    outlet.take_in((msgspec.structs.replace(family, state=docs.RecipientState.ON_HOLD),))
    found = may_not(outlet, card)
    assert (found.reason, found.lines) == (Refusal.ON_HOLD, ())
    assert "ditahan sementara" in sentence(outlet, card)
    assert "mungkin tetap berhak" in sentence(outlet, card)


def test_proxy(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    visit = scan(outlet, card)
    assert isinstance(visit.decision, Allowed)
    proxy = Proxy(name="Budi Santoso", relation="anak", family_card_shown=True, reason="sakit")
    wanted = Basket(outlet.till.new_sale_id(), ((RICE_BAG, Thousandths(1000)),), proxy=proxy)
    stored = redeem(outlet.till, outlet.session, visit, visit.decision, wanted)
    assert redemption_of(stored).proxy == proxy
    text = paper(outlet, stored.seq, columns=48)
    assert "Diambil wakil: B*** S****** (anak)" in text
    assert "Budi" not in text


@pytest.mark.parametrize("category", list(Mismatch))
def test_data_mismatch(outlet: Outlet, category: Mismatch) -> None:
    card = outlet.family()
    outlet.entitle()
    stored = report_mismatch(outlet.till, outlet.session, scan(outlet, card), category)
    entry = stored.entry
    assert isinstance(entry, DataMismatchReport)
    assert (entry.ticket, entry.category, entry.recipient) == (f"A01-L{stored.seq:06d}", category, 1)
    text = paper(outlet, stored.seq)
    assert entry.ticket in text
    assert "saldo tidak" in text
    assert may(outlet, card).balance == 300_000


def test_power_cut_keeps_the_basket_and_marks_the_copy(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    outlet.journal.save_basket(b"half full")
    outlet.close()
    outlet.open()
    assert outlet.journal.open_basket() == b"half full"
    stored = shop(outlet, card, (RICE_BAG, 1000))
    assert outlet.journal.open_basket() is None
    assert reprint(outlet.till, outlet.session, stored.seq) == 1
    assert reprint(outlet.till, outlet.session, stored.seq) == 2
    assert "SALINAN" not in paper(outlet, stored.seq)
    assert paper(outlet, stored.seq, copy=2).count("SALINAN ke-2") == 2


def test_clock_wrong_or_set_back(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    first = shop(outlet, card, (EGG_KG, 500))
    outlet.clock.now -= 365 * 86_400_000
    assert outlet.till.clock_is_behind_ms() == 365 * 86_400_000
    second = shop(outlet, card, (EGG_KG, 500))
    assert second.entry.at == first.entry.at
    assert second.entry.day == first.entry.day
    close_day(outlet.till, MANAGING)
    assert verify(outlet.journal_file).is_clean


def test_a_late_or_reversed_sale_belongs_to_the_next_close(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    stored = shop(outlet, card, (RICE_BAG, 2000))
    closed = close_day(outlet.till, MANAGING)
    assert isinstance(closed.entry, DayClosed)
    assert (closed.entry.sales, closed.entry.entitlement_used) == ((stored.seq,), 150_000)
    undone = reverse(outlet.till, outlet.session, stored.seq, "salah barang", MANAGER)
    assert x_report(outlet.till).sales == (undone.seq,)
    second = close_day(outlet.till, MANAGING)
    assert isinstance(second.entry, DayClosed)
    assert second.entry.entitlement_used == -150_000


def test_reversal_gives_balance_and_goods_back_once(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle()
    before = on_hand(outlet, RICE_BAG)
    stored = shop(outlet, card, (RICE_BAG, 2000))
    with pytest.raises(NotPermitted):
        reverse(outlet.till, outlet.session, stored.seq, "salah", outlet.session.staff)
    undone = reverse(outlet.till, outlet.session, stored.seq, "salah barang", MANAGER)
    assert may(outlet, card).balance == 300_000
    assert on_hand(outlet, RICE_BAG) == before
    with pytest.raises(AlreadyReversed) as caught:
        reverse(outlet.till, outlet.session, stored.seq, "lagi", MANAGER)
    assert ID.error(caught.value) == "Struk A01-000001 sudah dibatalkan sebelumnya."
    assert "Membatalkan struk A01-000001" in paper(outlet, undone.seq)


def test_every_refusal_is_logged_and_can_be_printed(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle(expires_on=date(2026, 11, 23))
    stored = record_turned_away(outlet.till, outlet.session, scan(outlet, card), with_slip=True)
    assert isinstance(stored.entry, TurnedAway)
    assert stored.entry.reason == "expired"
    text = paper(outlet, stored.seq, columns=48)
    assert "hangus per 23 November 2026" in " ".join(text.split())
    assert "Pengaduan: Dinas Sosial" in text


def test_the_slip_of_a_refusal_tells_the_reason_that_was_journaled(outlet: Outlet) -> None:
    card = outlet.family(1, docs.CardState.BLOCKED)
    outlet.entitle(expires_on=date(2026, 11, 23))
    stored = record_turned_away(outlet.till, outlet.session, scan(outlet, card), with_slip=True)
    token = card_token(CITY_KEY, card_number(1))
    active = docs.Card(token=token, state=docs.CardState.ACTIVE, outlet_id=HERE, recipient_id=RecipientId(1))
    outlet.take_in((active,))
    text = paper(outlet, stored.seq, columns=48)
    assert "Kartu diblokir" in text
    assert "hangus" not in text


def test_used_up_names_the_next_date(outlet: Outlet) -> None:
    card = outlet.family()
    outlet.entitle(amount=75_000)
    outlet.take_in((cycle("2026-12", released_on=date(2026, 12, 16)),))
    shop(outlet, card, (RICE_BAG, 1000))
    assert sentence(outlet, card) == (
        "Saldo November 2026 sudah terpakai semua. Perkiraan bantuan berikutnya 16 Desember 2026."
    )
