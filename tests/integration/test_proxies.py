"""«Anomaly if one proxy collects for many»: told at the counter, before the sale; it forbids nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from kube_pos.ledger import documents as docs
from kube_pos.ledger.collectors import collector_key
from kube_pos.ledger.days import DAY_MS
from kube_pos.ledger.entries import Proxy
from kube_pos.ledger.ports import Stored
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.corrections import reverse
from kube_pos.operations.proxies import proxy_sentence, proxy_warning
from kube_pos.operations.redemption import redeem
from tests.ledger_kit import EGG_KG, FOOD, MANAGER, Outlet
from tests.use_case_kit import ID, basket, may, scan


def collect(outlet: Outlet, family: int, name: str) -> Stored:
    card = outlet.family(family)
    outlet.entitle(family=family, expires_on=date(2027, 12, 31))
    visit = scan(outlet, card)
    proxy = Proxy(name=name, relation="tetangga", family_card_shown=True, reason="sakit")
    wanted = replace(basket(outlet, (EGG_KG, 500)), proxy=proxy)
    return redeem(outlet.till, outlet.session, visit, may(outlet, card), wanted)


def warned(outlet: Outlet, family: int, name: str) -> tuple[int, int] | None:
    card = outlet.family(family)
    outlet.entitle("2026-10", family=family, expires_on=date(2027, 12, 31))
    found = proxy_warning(outlet.till, may(outlet, card), name)
    return (found.families, found.days) if found else None


def rule(outlet: Outlet, families: int, days: int = 30) -> None:
    outlet.take_in((docs.Policy(program_id=FOOD, from_day=date(2026, 2, 1), proxy_families=families, proxy_days=days),))


def test_one_proxy_for_many_families_is_told(outlet: Outlet) -> None:
    rule(outlet, 3)
    collect(outlet, 1, "Budi Santoso")
    assert warned(outlet, 2, "Budi Santoso") is None
    collect(outlet, 2, "budi  SANTOSO.")
    assert warned(outlet, 3, "Budi Santoso") == (3, 30)
    assert warned(outlet, 2, "Budi Santoso") is None, "again the same family is no third one"
    assert warned(outlet, 3, "Ani") is None
    assert warned(outlet, 3, " ") is None
    assert verify(outlet.journal_file).is_clean


def test_the_words_do_not_forbid_the_sale(outlet: Outlet) -> None:
    rule(outlet, 1)
    card = outlet.family()
    outlet.entitle()
    found = proxy_warning(outlet.till, may(outlet, card), "Budi")
    assert found is not None
    assert proxy_sentence(found, ID).endswith("Penjualan tetap boleh.")


def test_sales_undone_and_of_before_the_period_do_not_count(outlet: Outlet) -> None:
    rule(outlet, 2, days=10)
    reverse(outlet.till, outlet.session, collect(outlet, 1, "Budi").seq, "salah", MANAGER)
    assert warned(outlet, 2, "Budi") is None
    collect(outlet, 1, "Budi")
    outlet.clock.now += 9 * DAY_MS
    assert warned(outlet, 2, "Budi") == (2, 10)
    outlet.clock.now += DAY_MS
    assert warned(outlet, 2, "Budi") is None


def test_the_projection_holds_no_name(outlet: Outlet) -> None:
    collect(outlet, 1, "Budi Santoso")
    (row,) = outlet.journal_file.read().exec_driver_sql("SELECT who, recipient FROM collector").all()
    assert tuple(row) == (collector_key("BUDI SANTOSO"), 1)
    assert "udi" not in row[0].lower()
