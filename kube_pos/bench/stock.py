"""The stock's figures: 5,000 products and 500,000 movements, what a page reads, and what the stock cards keep.

Measured is the reading behind the pages: the table's lines, a card and its days. The painting is the window's.
"""

from __future__ import annotations

import resource
from pathlib import Path

import msgspec

from kube_pos.bench.figures import Figures, interleaved, microseconds, percentile
from kube_pos.bench.outlet import BenchOutlet, make_outlet
from kube_pos.ledger import documents as docs
from kube_pos.ledger.effects import effects_of
from kube_pos.ledger.entries import MoveReason, StockMove
from kube_pos.ledger.ids import CommodityId, ProductId, StaffId
from kube_pos.ledger.quantity import Rupiah
from kube_pos.ledger.sqlite_replica import ReplicaChange
from kube_pos.operations.stock import stock_lines
from kube_pos.operations.stock_card import StockBook

PRODUCTS = 5_000
MOVEMENTS = 500_000
LOOKS = 200


def run(folder: Path) -> Figures:
    """Measure in an empty folder; takes about two minutes."""
    outlet = make_outlet(folder, 10)
    _fill_catalogue(outlet)
    _fill_journal(outlet)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    book = StockBook()
    first_us = microseconds(lambda: book.catch_up(outlet.journal))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def card(number: int) -> None:
        product = ProductId(1 + number * 37 % PRODUCTS)
        book.catch_up(outlet.journal)
        book.card(outlet.journal, product)
        book.by_day(product)

    # The catalogue is read and kept when somebody signs in, long before the page; its first reading stands apart.
    cold_us = microseconds(lambda: stock_lines(outlet.till))
    times = interleaved(LOOKS, {"page": lambda _: stock_lines(outlet.till), "card": card})
    outlet.close()
    return {
        "stock.movements": sum(len(changes) for changes in book.changes.values()),
        "stock.first_reading_s": first_us / 1e6,
        "stock.cold_page_ms": cold_us / 1000,
        "stock.page_ms.p50": percentile(times["page"], 0.5) / 1000,
        "stock.page_ms.max": max(times["page"]) / 1000,
        "stock.card_ms.p50": percentile(times["card"], 0.5) / 1000,
        "stock.card_ms.max": max(times["card"]) / 1000,
        "stock.book_mib": (after - before) / 1024,
        "stock.peak_mib": after / 1024,
    }


def _fill_catalogue(outlet: BenchOutlet) -> None:
    day = outlet.till.today()
    changes = []
    for number in range(1, PRODUCTS + 1):
        product = docs.Product(
            id=ProductId(number),
            commodity_id=CommodityId(1),
            name=f"Barang {number}",
            unit="buah",
            prices=(docs.Price(from_day=day, price=Rupiah(1_000)),),
        )
        changes.append(ReplicaChange("product", str(number), msgspec.json.encode(product)))
    cursor = outlet.replica.cursor()
    outlet.replica.apply(cursor, cursor + len(changes), outlet.till.now_ms(), changes)


def _fill_journal(outlet: BenchOutlet) -> None:
    """Write the movements in one transaction: half a million flushes would measure the disk."""
    at, day, by = outlet.till.now_ms(), outlet.till.today(), StaffId(1)
    with outlet.files[0].write() as cursor:
        for number in range(MOVEMENTS):
            entry = StockMove(
                at=at,
                day=day,
                by=by,
                product=ProductId(1 + number % PRODUCTS),
                quantity=2_000 if number // PRODUCTS % 2 == 0 else -1_000,
                reason=MoveReason.SCALE,
            )
            outlet.journal._write(cursor, entry, effects_of(entry), None)  # noqa: SLF001 -- as `append`, without its flush
