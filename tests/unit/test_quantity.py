"""Money and quantities: rounding, the inverse, what is written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_pos.ledger.quantity import (
    Rupiah,
    Thousandths,
    format_number,
    format_quantity,
    format_rupiah,
    line_total,
    parse_quantity,
    quantity_worth,
)

prices = st.integers(1, 5_000_000)


@given(st.integers(0, 10**9), prices)
def test_a_line_is_quantity_times_price_with_a_half_rounded_up(quantity: int, price: int) -> None:
    total = line_total(Thousandths(quantity), Rupiah(price))
    assert -500 < total * 1000 - quantity * price <= 500


@given(st.integers(0, 10**10), prices)
def test_quantity_worth_is_the_largest_that_the_amount_pays(amount: int, price: int) -> None:
    most = quantity_worth(Rupiah(amount), Rupiah(price))
    assert line_total(most, Rupiah(price)) <= amount
    assert line_total(Thousandths(most + 1), Rupiah(price)) > amount


@given(st.integers(0, 10**7), prices)
def test_what_a_line_costs_buys_at_least_that_line(quantity: int, price: int) -> None:
    assert quantity_worth(line_total(Thousandths(quantity), Rupiah(price)), Rupiah(price)) >= quantity


@pytest.mark.parametrize(("quantity", "price"), [(-1, 5), (5, -1)])
def test_a_line_is_never_negative(quantity: int, price: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        line_total(Thousandths(quantity), Rupiah(price))


def test_a_price_of_nothing_buys_no_quantity() -> None:
    with pytest.raises(ValueError, match="positive"):
        quantity_worth(Rupiah(1), Rupiah(0))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1000, "1.000"), (1_234_567, "1.234.567"), (-1000, "-1.000")]
)
def test_thousands_have_dots(value: int, text: str) -> None:
    assert format_number(value) == text


def test_rupiah_are_written_as_indonesians_do() -> None:
    assert format_rupiah(300_000) == "Rp300.000"
    assert format_rupiah(-5) == "-Rp5"
    assert format_rupiah(0) == "Rp0"


@pytest.mark.parametrize(
    ("quantity", "text"),
    [(1500, "1,5 kg"), (1000, "1 kg"), (5, "0,005 kg"), (-250, "-0,25 kg"), (1_500_000, "1.500 kg"), (0, "0 kg")],
)
def test_quantities_are_written_with_a_comma(quantity: int, text: str) -> None:
    assert format_quantity(quantity, "kg") == text


@given(st.integers(1, 999_999))
def test_what_is_written_is_read_back(quantity: int) -> None:
    assert parse_quantity(format_quantity(quantity)) == quantity


@pytest.mark.parametrize(
    ("text", "quantity"), [("1,5", 1500), ("1.5", 1500), ("3", 3000), (" 0,25 ", 250), ("1.25", 1250), ("0.250", 250)]
)
def test_commas_and_dots_are_read(text: str, quantity: int) -> None:
    assert parse_quantity(text) == quantity


@pytest.mark.parametrize("text", ["", "0", "0,000", "-1", "1,2345", "1,", ",5", "a", "1 5", "1234567", "1,5 kg", "1e3"])
def test_what_is_no_quantity_is_none(text: str) -> None:
    assert parse_quantity(text) is None


def test_a_dot_before_three_digits_could_be_thousands_and_is_not_guessed() -> None:
    assert format_quantity(1_500_000) == "1.500"
    assert parse_quantity("1.500") is None
    assert parse_quantity("1,500") == 1500


@given(st.text(max_size=12))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = parse_quantity(text)
    assert found is None or found > 0
