"""What a scanned code is: check digits, prefixes, look-alikes."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kube_pos.ledger.cards import (
    CardNumber,
    PersonNumber,
    ProductCode,
    UnknownCode,
    WrongCheckDigits,
    card_number,
    card_token,
    keyed_hash,
    parse,
)

serials = st.integers(0, 99_999_999)


@given(serials)
def test_a_card_number_is_read_back(serial: int) -> None:
    card = card_number(serial)
    assert parse(card.digits) == card
    assert card.digits.startswith("6472")
    assert card.last4 == card.digits[10:]


@given(serials, st.integers(0, 13), st.integers(1, 9))
def test_every_wrong_digit_is_found(serial: int, place: int, change: int) -> None:
    digits = card_number(serial).digits
    wrong = str((int(digits[place]) + change) % 10)
    assert parse(digits[:place] + wrong + digits[place + 1 :]) == WrongCheckDigits()


@given(serials, st.integers(0, 12))
def test_every_swap_of_neighbours_is_found(serial: int, place: int) -> None:
    digits = card_number(serial).digits
    assume(digits[place] != digits[place + 1])
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert parse(swapped) == WrongCheckDigits()


def test_all_wrong_digits_and_swaps_of_one_card() -> None:
    digits = card_number(12_345_678).digits
    wrong = {digits[:i] + d + digits[i + 1 :] for i in range(14) for d in "0123456789"} - {digits}
    swaps = {digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(13)} - {digits}
    assert len(wrong) == 126
    assert all(parse(text) == WrongCheckDigits() for text in wrong | swaps)


@pytest.mark.parametrize("serial", [-1, 100_000_000])
def test_a_serial_that_does_not_fit_is_no_card(serial: int) -> None:
    with pytest.raises(ValueError, match="8 digits"):
        card_number(serial)


@pytest.mark.parametrize("dress", [" {} ", "]C1{}", "]Q0{}", "\t{}\r\n"])
def test_what_a_scanner_adds_is_taken_off(dress: str) -> None:
    card = card_number(7)
    assert parse(dress.format(card.digits)) == card


def test_spaces_dashes_and_dots_of_a_typed_number_are_taken_off() -> None:
    digits = card_number(7).digits
    assert parse(f"{digits[:4]}-{digits[4:8]} {digits[8:12]}.{digits[12:]}") == CardNumber(digits)


def test_sixteen_digits_are_an_nik_or_a_kk_number() -> None:
    assert parse("6472014107900001") == PersonNumber("6472014107900001")


@pytest.mark.parametrize("digits", ["2000000000015", "96385074", "8991002101234"[:12] + "9"])
def test_a_gtin_is_a_product_only_with_its_check_digit(digits: str) -> None:
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(reversed(digits)))
    right = total % 10 == 0
    assert isinstance(parse(digits), ProductCode) is right
    other = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert not (right and isinstance(parse(other), ProductCode))


def test_a_upc_is_written_as_the_ean_that_it_is() -> None:
    assert parse("036000291452") == ProductCode("0036000291452")


@pytest.mark.parametrize(
    "payload", ["", "   ", "https://example.test/x", "12345", "６４７２", "²²²²²²²²²²²²²²", "-", "1" * 40]
)
def test_anything_else_is_unknown_and_only_its_length_is_told(payload: str) -> None:
    assert parse(payload) == UnknownCode(len(payload))


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(payload: str) -> None:
    found = parse(payload)
    if isinstance(found, CardNumber):
        assert int(found.digits) % 97 == 1


def test_a_token_needs_the_citys_key_and_tells_nothing_of_the_card() -> None:
    card = card_number(1)
    token = card_token(b"one" * 11, card)
    assert len(token) == 32
    assert token == card_token(b"one" * 11, card)
    assert token != card_token(b"two" * 11, card)
    assert card.digits not in token


def test_an_nik_and_a_kk_number_of_the_same_digits_have_different_hashes() -> None:
    assert keyed_hash(b"k", "nik", "6472014107900001") != keyed_hash(b"k", "kk", "6472014107900001")
