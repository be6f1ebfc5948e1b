"""What the demo city's outlets hand out: kinds of goods, products with prices, the allow-list. Pure."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from kube_pos.ledger.documents import Allowance, Commodity, Price, Product
from kube_pos.ledger.ids import CommodityId, ProductId, ProgramId
from kube_pos.ledger.quantity import Rupiah, Thousandths

RICE = CommodityId(1)
RICE_5_KG = ProductId(1)
NOT_ALLOWED = CommodityId(12)
"""Washing soap: sold in the shop, but not part of the aid."""


class _Good(NamedTuple):
    """One product: price in January and since November, both of one base unit."""

    commodity: int
    name: str
    unit: str
    price: int
    price_now: int
    reference: int
    ceiling: int
    step: int = 1000
    contents: int = 1000


_COMMODITIES = (
    ("Beras", "kg"), ("Telur ayam", "kg"), ("Minyak goreng", "liter"), ("Gula pasir", "kg"), ("Tepung terigu", "kg"),
    ("Kacang hijau", "kg"), ("Ikan asin", "kg"), ("Daging ayam", "kg"), ("Tempe", "kg"), ("Garam", "kg"),
    ("Bawang merah", "kg"), ("Sabun cuci", "kg"),
)  # fmt: skip
_GOODS = (
    _Good(1, "Beras medium 5 kg", "sak", 72_500, 75_000, 74_000, 78_500, contents=5000),
    _Good(1, "Beras medium 10 kg", "sak", 143_000, 148_000, 147_000, 157_000, contents=10_000),
    _Good(2, "Telur ayam", "kg", 29_000, 30_000, 30_000, 33_000, step=500),
    _Good(3, "Minyak goreng 1 liter", "botol", 15_700, 15_700, 15_700, 17_000),
    _Good(4, "Gula pasir 1 kg", "bungkus", 17_500, 18_000, 17_500, 18_500),
    _Good(5, "Tepung terigu 1 kg", "bungkus", 12_500, 13_000, 13_000, 15_000),
    _Good(6, "Kacang hijau 500 g", "bungkus", 13_500, 14_000, 14_000, 16_000, contents=500),
    _Good(7, "Ikan asin", "kg", 78_000, 80_000, 80_000, 95_000, step=100),
    _Good(8, "Daging ayam potong", "kg", 37_000, 38_000, 38_000, 42_000, step=500),
    _Good(9, "Tempe 400 g", "papan", 6_000, 6_000, 6_000, 7_500, contents=400),
    _Good(10, "Garam 250 g", "bungkus", 3_000, 3_000, 3_000, 4_000, contents=250),
    _Good(11, "Bawang merah", "kg", 38_000, 40_000, 40_000, 48_000, step=100),
    _Good(12, "Sabun cuci 800 g", "bungkus", 14_000, 14_000, 14_000, 17_000, contents=800),
)  # fmt: skip


def commodities() -> tuple[Commodity, ...]:
    """Return the kinds of goods."""
    return tuple(
        Commodity(id=CommodityId(number), name=name, unit=unit)
        for number, (name, unit) in enumerate(_COMMODITIES, start=1)
    )


def products(year: int) -> tuple[Product, ...]:
    """Return the products with the prices of a year."""
    return tuple(_product(number, good, year) for number, good in enumerate(_GOODS, start=1))


def allowances(program_id: ProgramId, year: int) -> tuple[Allowance, ...]:
    """Return a programme's allow-list: everything but soap."""
    return tuple(
        Allowance(program_id=program_id, commodity_id=commodity.id, from_day=date(year, 1, 1))
        for commodity in commodities()
        if commodity.id != NOT_ALLOWED
    )


def ean13(serial: int) -> str:
    """Return a number of the range that shops may use inside (200 … 299), with its check digit."""
    body = f"200{serial:09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighted % 10}"


def _product(number: int, good: _Good, year: int) -> Product:
    prices = [Price(from_day=date(year, 1, 1), price=Rupiah(good.price))]
    if good.price_now != good.price:
        prices.append(Price(from_day=date(year, 11, 1), price=Rupiah(good.price_now)))
    return Product(
        id=ProductId(number),
        commodity_id=CommodityId(good.commodity),
        name=good.name,
        unit=good.unit,
        prices=tuple(prices),
        barcode=ean13(647200 + number),
        step=Thousandths(good.step),
        contents=Thousandths(good.contents),
        reference_price=Rupiah(good.reference),
        ceiling_price=Rupiah(good.ceiling),
    )
