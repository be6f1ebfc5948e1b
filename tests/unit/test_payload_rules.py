"""What a code is by the programmes' rules: signatures first, dress off, each fault its own answer."""

from __future__ import annotations

import base64
import string
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from kube_pos.ledger import signed_cards
from kube_pos.ledger.cards import (
    CardNumber,
    PersonNumber,
    ProductCode,
    UnknownCode,
    WrongCheckDigits,
    card_number,
    check_digits,
)
from kube_pos.ledger.documents import IssuerKey, PayloadKind, PayloadRule
from kube_pos.ledger.ids import ProgramId
from kube_pos.ledger.payload_rules import NotTaken, accepted, recognise
from kube_pos.ledger.signed_cards import SignatureFault

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
DAY = date(2026, 11, 16)
ALL = frozenset(PayloadKind)
CARD = card_number(160)


def issuer(key: Ed25519PrivateKey, key_id: str = "SMD1", until: date | None = None) -> IssuerKey:
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return IssuerKey(id=key_id, public_key=public, from_day=date(2026, 1, 1), until_day=until)


ISSUERS = {"SMD1": issuer(KEY)}
SIGNED = signed_cards.write("SMD1", CARD, DAY, KEY.sign)


def test_a_signed_card_is_the_card_that_it_names() -> None:
    assert recognise(SIGNED, ISSUERS, ALL) == CARD
    assert set(SIGNED) <= set(string.digits + string.ascii_uppercase + ".")
    assert len(SIGNED) == 4 + 1 + 4 + 1 + 14 + 1 + 8 + 1 + 103


@pytest.mark.parametrize("dress", ["]Q1{}", "  {}\r\n", "\x1d{}", "]Q3\x1d{}\x1d"])
def test_what_a_reader_adds_to_a_signed_card_is_taken_off(dress: str) -> None:
    assert recognise(dress.format(SIGNED), ISSUERS, ALL) == CARD


def test_caps_lock_does_a_signed_card_no_harm() -> None:
    assert recognise(SIGNED.swapcase(), ISSUERS, ALL) == CARD


@given(st.integers(0, 99_999_999), st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_every_signed_card_is_read_back(serial: int, issued: date) -> None:
    card = card_number(serial)
    assert recognise(signed_cards.write("SMD1", card, issued, KEY.sign), ISSUERS, ALL) == card


@given(st.integers(0, len(SIGNED) - 1), st.sampled_from(string.digits + string.ascii_uppercase + ".-"))
def test_no_changed_character_is_ever_believed(place: int, character: str) -> None:
    assume(SIGNED[place] != character)
    found = recognise(SIGNED[:place] + character + SIGNED[place + 1 :], ISSUERS, ALL)
    assert not isinstance(found, CardNumber)


@given(st.integers(0, len(SIGNED) - 1))
def test_half_a_signed_card_is_never_believed(length: int) -> None:
    assert not isinstance(recognise(SIGNED[:length], ISSUERS, ALL), CardNumber)


def test_another_key_under_the_issuers_name_is_a_forgery() -> None:
    assert recognise(signed_cards.write("SMD1", CARD, DAY, OTHER.sign), ISSUERS, ALL) is SignatureFault.FORGED


def test_a_signature_moved_to_another_card_is_a_forgery() -> None:
    moved = SIGNED.replace(CARD.digits, card_number(161).digits)
    assert recognise(moved, ISSUERS, ALL) is SignatureFault.FORGED


def test_a_forgery_with_wrong_check_digits_is_told_as_a_forgery() -> None:
    wrong = SIGNED.replace(CARD.digits, CARD.digits[:-1] + str((int(CARD.digits[-1]) + 1) % 10))
    assert recognise(wrong, ISSUERS, ALL) is SignatureFault.FORGED


def test_an_issuer_that_signed_wrong_check_digits_does_not_make_them_right() -> None:
    wrong = CardNumber("64720000000100")
    assert recognise(signed_cards.write("SMD1", wrong, DAY, KEY.sign), ISSUERS, ALL) == WrongCheckDigits()


def test_an_unknown_issuer_and_a_broken_text_have_answers_of_their_own() -> None:
    assert recognise(signed_cards.write("X9", CARD, DAY, OTHER.sign), ISSUERS, ALL) is SignatureFault.UNKNOWN_ISSUER
    assert recognise("SSC1.SMD1.6472", ISSUERS, ALL) is SignatureFault.BROKEN
    assert recognise("SSC1....", ISSUERS, ALL) is SignatureFault.BROKEN


def test_a_key_that_was_ended_holds_for_the_cards_before() -> None:
    ended = {"SMD1": issuer(KEY, until=date(2026, 11, 16))}
    assert recognise(SIGNED, ended, ALL) == CARD
    late = signed_cards.write("SMD1", CARD, date(2026, 11, 17), KEY.sign)
    assert recognise(late, ended, ALL) is SignatureFault.NOT_THEN
    early = signed_cards.write("SMD1", CARD, date(2025, 12, 31), KEY.sign)
    assert recognise(early, ended, ALL) is SignatureFault.NOT_THEN


@pytest.mark.parametrize("key_id", ["", "smd1", "TOOLONG99", "A.B"])
def test_a_key_id_fits_or_is_refused(key_id: str) -> None:
    with pytest.raises(ValueError, match="key id"):
        signed_cards.write(key_id, CARD, DAY, KEY.sign)


def test_gs1_codes_of_products_are_products_and_no_nik() -> None:
    gtin = "08990000000112"
    assert recognise(f"]C101{gtin}", {}, ALL) == ProductCode(gtin[1:])
    assert recognise("]C10118990000000119", {}, ALL) == ProductCode("18990000000119")
    assert recognise("]C10108990000000113", {}, ALL) == UnknownCode(19)
    assert recognise(f"\x1d01{gtin}\x1d10LOT7", {}, ALL) == ProductCode(gtin[1:])
    assert recognise(f"01{gtin}", {}, ALL) == PersonNumber(f"01{gtin}")


def test_a_card_as_gs1_is_a_card() -> None:
    assert recognise(f"]C1\x1d{CARD.digits}", {}, ALL) == CARD


def test_what_no_programme_takes_has_an_answer_of_its_own() -> None:
    only_signed = frozenset({PayloadKind.SIGNED_CARD})
    assert recognise(CARD.digits, ISSUERS, only_signed) is NotTaken.UNSIGNED_CARD
    assert recognise(CARD.digits, ISSUERS, only_signed, typed=True) == CARD
    assert recognise("6472014107900001", ISSUERS, only_signed) is NotTaken.PERSON_NUMBER
    assert recognise(SIGNED, ISSUERS, frozenset({PayloadKind.CARD_NUMBER})) is NotTaken.SIGNED_CARD
    assert recognise("8990000000112", ISSUERS, only_signed) == recognise("8990000000112", ISSUERS, ALL)


def test_a_forgery_is_told_though_signed_cards_are_not_taken() -> None:
    forged = signed_cards.write("SMD1", CARD, DAY, OTHER.sign)
    assert recognise(forged, ISSUERS, frozenset({PayloadKind.CARD_NUMBER})) is SignatureFault.FORGED


def test_the_newest_rule_that_has_begun_holds_and_programmes_add_up() -> None:
    food, elderly = ProgramId(1), ProgramId(2)
    rules = (
        PayloadRule(program_id=food, from_day=date(2026, 1, 1), accepts=(PayloadKind.CARD_NUMBER,)),
        PayloadRule(program_id=food, from_day=date(2026, 6, 1), accepts=(PayloadKind.SIGNED_CARD,)),
        PayloadRule(program_id=food, from_day=date(2027, 1, 1), accepts=()),
    )
    assert accepted(rules, [food], DAY) == {PayloadKind.SIGNED_CARD}
    assert accepted(rules, [food], date(2026, 2, 1)) == {PayloadKind.CARD_NUMBER}
    assert accepted(rules, [food], date(2025, 2, 1)) == ALL
    assert accepted(rules, [food, elderly], DAY) == ALL
    assert accepted((), [], DAY) == ALL


@given(text=st.text(max_size=200), typed=st.booleans())
def test_no_text_breaks_recognition(*, text: str, typed: bool) -> None:
    found = recognise(text, ISSUERS, ALL, typed=typed)
    if isinstance(found, CardNumber):
        assert found.digits.endswith(check_digits(found.digits[:12]))
