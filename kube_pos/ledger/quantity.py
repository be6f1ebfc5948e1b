"""Money in whole rupiah and quantities in whole thousandths of a unit: no float anywhere. Pure."""

from __future__ import annotations

import re
from typing import NewType

Rupiah = NewType("Rupiah", int)
Thousandths = NewType("Thousandths", int)
"""A quantity of a product or commodity in thousandths of its base unit: 1500 is 1,5 kg."""

ONE = Thousandths(1000)
_QUANTITY = re.compile(r"(\d{1,6})(?:[.,](\d{1,3}))?")
_PERHAPS_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")


def line_total(quantity: Thousandths, unit_price: Rupiah) -> Rupiah:
    """Return quantity × price in whole rupiah, a half rounded up; both must not be negative."""
    if quantity < 0 or unit_price < 0:
        raise ValueError("a line has no negative quantity or price")
    return Rupiah((quantity * unit_price + 500) // 1000)


def quantity_worth(amount: Rupiah, unit_price: Rupiah) -> Thousandths:
    """Return the largest quantity whose line total is at most `amount`; the price must be positive."""
    if unit_price <= 0:
        raise ValueError("a price is positive")
    return Thousandths((amount * 1000 + 499) // unit_price)


def format_number(value: int) -> str:
    """Return a whole number with dots for thousands: 1234567 → «1.234.567»."""
    return f"{value:,}".replace(",", ".")


def format_rupiah(amount: int) -> str:
    """Return an amount as Indonesians write it: 300000 → «Rp300.000», -5 → «-Rp5»."""
    return f"-Rp{format_number(-amount)}" if amount < 0 else f"Rp{format_number(amount)}"


def format_quantity(quantity: int, unit: str = "") -> str:
    """Return a quantity with a comma for decimals: 1500, «kg» → «1,5 kg»."""
    sign = "-" if quantity < 0 else ""
    whole, part = divmod(abs(quantity), 1000)
    decimals = f",{part:03d}".rstrip("0") if part else ""
    return f"{sign}{format_number(whole)}{decimals}" + (f" {unit}" if unit else "")


def parse_quantity(text: str) -> Thousandths | None:
    """Return the quantity typed as «1,5», «1.5» or «3»; None when it is not one, or is zero.

    «1.500» is not one: a scale means one and a half by it, a delivery note fifteen hundred.
    """
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or _PERHAPS_THOUSANDS.fullmatch(text.strip()):
        return None
    whole, part = match.groups()
    quantity = int(whole) * 1000 + int((part or "").ljust(3, "0"))
    return Thousandths(quantity) if quantity else None
