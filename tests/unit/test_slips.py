"""Slips, and the sentence of every refusal with what the family can do next."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.devices.document import WIDTHS
from kube_pos.ledger.entitlement import Refusal, Refused
from kube_pos.operations.slips import balance_slip, contacts, refusal_sentence, turned_away_slip
from kube_pos.texts import LANGUAGES, Texts
from tests.ledger_kit import ELSEWHERE
from tests.pure_kit import FAMILY, allowed, cycle, entitlement, row
from tests.unit.golden import CATALOGUE, facts_of, family
from tests.unit.test_receipts import fits

ID = Texts("id")
COMING = cycle("2026-12", released_on=date(2026, 12, 16))


def said(refused: Refused, texts: Texts = ID) -> str:
    return refusal_sentence(refused, CATALOGUE, "24 November 2026", texts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", list(Refusal))
def test_every_refusal_has_a_sentence_without_a_gap(reason: Refusal, language: str) -> None:
    bare = Refused(reason)
    full = Refused(reason, FAMILY, (), date(2026, 11, 28), "2026-11", ELSEWHERE, COMING)  # type: ignore[arg-type]
    for refused in (bare, full):
        sentence = said(refused, Texts(language))
        assert "{" not in sentence
        assert "()" not in sentence
        assert "  " not in sentence
        assert sentence.endswith((".", ")", "000000"))
        assert len(sentence) > 20
    assert Texts(language).has(f"refusal_short.{reason.value}")


def test_a_family_that_is_allowed_has_no_refusal() -> None:
    assert refusal_sentence(allowed(row(entitlement())), CATALOGUE, "-", ID) == ""


def test_an_outlet_that_the_list_does_not_know_is_another_one() -> None:
    assert "outlet lain" in said(Refused(Refusal.OTHER_OUTLET))


def test_a_place_to_ask_is_named_once() -> None:
    twice = type(CATALOGUE)(
        CATALOGUE.outlets,
        {1: CATALOGUE.programs[1], 2: CATALOGUE.programs[1]},  # type: ignore[index, dict-item]
        {}, {}, {}, {}, (), (), (),
    )  # fmt: skip
    assert contacts(twice) == ("Dinas Sosial (0541) 000000",)
    assert refusal_sentence(Refused(Refusal.ON_HOLD), twice, "-", ID).count("0541") == 1


def test_the_lines_of_a_balance_slip_say_where_each_month_stands() -> None:
    text = balance_slip(facts_of(), family(), ID, 48).plain_text()
    for needed in ("hangus per 20/11/2026", "berlaku sampai 31/12/2026", "dapat dipakai mulai 16/12/2026"):
        assert needed in text
    assert "Siti" not in text


@given(st.text(max_size=300), st.sampled_from(WIDTHS))
def test_no_line_of_a_slip_is_wider_than_the_paper(reason: str, columns: int) -> None:
    fits(turned_away_slip(facts_of(is_demo=True), reason, ID, columns))
