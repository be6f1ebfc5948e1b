"""Facts become sentences that a cashier can read out."""

from __future__ import annotations

from datetime import date

import pytest

from kube_pos.errors import NotPermitted, WrongPin
from kube_pos.ledger.basket import Drop
from kube_pos.ledger.entitlement import Allowed, Refused
from kube_pos.ledger.entries import Proxy
from kube_pos.ledger.ids import RecipientId, SaleId
from kube_pos.ledger.quantity import Thousandths
from kube_pos.operations.look_up import Visit, look_up
from kube_pos.operations.stock import DeliveryIncomplete
from kube_pos.texts import Texts
from kube_pos.ui import words
from kube_pos.ui.find_field import sought
from kube_pos.ui.open_basket import OpenBasket, bring_back, kept_in
from kube_pos.ui.sync_page import size
from tests.ledger_kit import EGG_KG, RICE, RICE_BAG, SOAP_BAR, Outlet

TEXTS = Texts("id")


def visit(outlet: Outlet, digits: str) -> Visit:
    found = look_up(outlet.till, digits)
    assert isinstance(found, Visit)
    return found


def test_a_rapel_is_one_sentence_with_the_total_and_the_months(outlet: Outlet) -> None:
    digits = outlet.family()
    outlet.entitle("2026-10")
    outlet.entitle("2026-11")
    decision = visit(outlet, digits).decision
    assert isinstance(decision, Allowed)
    sentence = words.decision_sentence(TEXTS, decision, outlet.replica.catalogue())
    assert sentence == "Boleh belanja Rp600.000 — 2 bulan dirapel"


def test_goods_and_money_are_both_told(outlet: Outlet) -> None:
    digits = outlet.family()
    outlet.entitle("2026-11", 10_000, commodity=RICE)
    decision = visit(outlet, digits).decision
    assert isinstance(decision, Allowed)
    assert words.decision_sentence(TEXTS, decision, outlet.replica.catalogue()) == "Boleh mengambil 10 kg Beras"
    outlet.entitle("2026-11", 150_000)
    decision = visit(outlet, digits).decision
    assert isinstance(decision, Allowed)
    sentence = words.decision_sentence(TEXTS, decision, outlet.replica.catalogue())
    assert sentence == "Boleh belanja Rp150.000 dan mengambil 10 kg Beras"


def test_a_refusal_names_the_reason_and_where_to_ask(outlet: Outlet) -> None:
    digits = outlet.family()
    outlet.entitle("2026-09", expires_on=date(2026, 10, 31), released_on=date(2026, 9, 16))
    found = visit(outlet, digits)
    assert isinstance(found.decision, Refused)
    sentence = words.refusal_words(TEXTS, found.decision, outlet.replica.catalogue(), found.list_as_of_ms)
    assert "September 2026" in sentence
    assert "31 Oktober 2026" in sentence
    assert "Dinas Sosial (0541) 000000" in sentence


@pytest.mark.parametrize(
    ("passed_s", "told"),
    [(0, "baru saja"), (59, "baru saja"), (60, "1 mnt lalu"), (720, "12 mnt lalu"), (7200, "2 jam lalu"),
     (47 * 3600, "47 jam lalu"), (49 * 3600, "2 hari lalu")],
)  # fmt: skip
def test_ages(passed_s: int, told: str) -> None:
    assert words.age(TEXTS, 1_000_000, 1_000_000 + passed_s * 1000) == told


def test_an_age_is_never_negative_and_may_be_unknown() -> None:
    assert words.age(TEXTS, 5_000, 1_000) == "baru saja"
    assert words.age(TEXTS, None, 1_000) == "belum pernah"


def test_a_wrong_pin_tells_to_wait_only_when_there_is_a_wait() -> None:
    assert words.error_sentence(TEXTS, WrongPin(wait_s=0)) == "PIN salah. Coba lagi."
    assert "10 detik" in words.error_sentence(TEXTS, WrongPin(wait_s=10))


def test_codes_in_errors_become_words() -> None:
    assert "Pengelola" in words.error_sentence(TEXTS, NotPermitted(role="MANAGER"))
    assert "Pemasok" in words.error_sentence(TEXTS, DeliveryIncomplete(field="supplier"))


def test_a_code_is_masked_but_for_its_end() -> None:
    assert words.masked("64720000000160") == "••••••••••0160"
    assert words.masked("1234") == "••••"


@pytest.mark.parametrize(
    ("typed", "quantity", "text", "is_code"),
    [("telur", None, "telur", False), ("3*telur", 3000, "telur", False), ("1,5*gula pasir", 1500, "gula pasir", False),
     ("3×", 3000, "", False), ("*telur", None, "telur", False), ("8990000000112", None, "8990000000112", True),
     ("2*8990000000112", 2000, "8990000000112", True), ("", None, "", False)],
)  # fmt: skip
def test_the_find_field_reads_quantity_name_and_code(
    typed: str,
    quantity: int | None,
    text: str,
    is_code: bool,  # noqa: FBT001
) -> None:
    found = sought(typed)
    assert (found.quantity, found.text, found.is_code) == (quantity, text, is_code)


def test_sizes_of_data() -> None:
    assert [size(n) for n in (0, 1023, 1024, 1_048_576, 1_572_864)] == ["0 B", "1023 B", "1 KB", "1,0 MB", "1,5 MB"]


def test_a_basket_comes_back_as_it_was_kept() -> None:
    basket = OpenBasket(SaleId("ab" * 16))
    basket.add(RICE_BAG, 2000)
    basket.add(EGG_KG, 500)
    basket.pay_cash([Drop(RICE_BAG, Thousandths(1000))])
    basket.proxy = Proxy(name="Budi", relation="Anak", family_card_shown=True, reason="Sakit")
    kept = kept_in(basket.keep(RecipientId(7), None, "0160", manual=True))
    assert kept is not None
    again = bring_back(kept, {p.id: p for p in (RICE_BAG, EGG_KG)})
    assert again.as_basket() == basket.as_basket()
    assert (kept.recipient, kept.last4, kept.manual) == (7, "0160", True)


def test_a_product_that_is_gone_does_not_come_back() -> None:
    basket = OpenBasket(SaleId("ab" * 16))
    basket.add(RICE_BAG, 1000)
    basket.add(SOAP_BAR, 1000)
    kept = kept_in(basket.keep(RecipientId(7), None, "", manual=False))
    assert kept is not None
    assert bring_back(kept, {RICE_BAG.id: RICE_BAG}).picks == ((RICE_BAG, 1000),)


def test_bytes_of_another_version_are_no_basket() -> None:
    assert kept_in(b"{}") is None
    assert kept_in(b"\x00") is None


def test_a_product_at_zero_is_gone_and_never_below() -> None:
    basket = OpenBasket(SaleId("ab" * 16))
    basket.add(EGG_KG, 500)
    basket.add(EGG_KG, -1000)
    assert basket.is_empty
    assert basket.quantity_of(EGG_KG.id) == 0
