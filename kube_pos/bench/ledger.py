"""The ledger's figures: a durable sale against raw sqlite3 with the same writes, look-up with decision, import."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Callable
from pathlib import Path

from kube_pos.bench.figures import Figures, interleaved, microseconds, percentile
from kube_pos.bench.outlet import BenchOutlet, make_outlet
from kube_pos.ledger.basket import Covered
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.entitlement import Allowed
from kube_pos.ledger.entries import Redemption, encode
from kube_pos.ledger.ids import EntitlementId, LedgerId, ProductId
from kube_pos.ledger.migrations import JOURNAL
from kube_pos.ledger.quantity import Thousandths
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.operations.look_up import Visit, look_up
from kube_pos.operations.redemption import Basket, entry_of, quote

FAMILIES = 60_000
SALES = 1_500
LOOK_UPS = 3_000


def run(folder: Path) -> Figures:
    """Measure in an empty folder; takes about a minute."""
    figures: Figures = {}
    outlets: list[BenchOutlet] = []
    import_us = microseconds(lambda: outlets.append(make_outlet(folder, FAMILIES)))
    outlet = outlets[0]
    figures["ledger.import.families_60k_s"] = import_us / 1e6
    figures |= _look_ups(outlet)
    figures |= _redemptions(outlet, folder)
    verify_us = microseconds(lambda: verify(outlet.files[0]))
    figures["ledger.verify_per_entry_us"] = verify_us / (SALES + 1)
    figures["ledger.peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    outlet.close()
    return figures


def _look_ups(outlet: BenchOutlet) -> Figures:
    cards = [outlet.card(number * 7919).digits for number in range(LOOK_UPS)]
    times = interleaved(LOOK_UPS, {"look_up": lambda number: look_up(outlet.till, cards[number])})["look_up"]
    return {
        "ledger.lookup_60k_us.p50": percentile(times, 0.5),
        "ledger.lookup_60k_us.p99": percentile(times, 0.99),
    }


def _redemptions(outlet: BenchOutlet, folder: Path) -> Figures:
    sales = [_prepare(outlet, number) for number in range(SALES)]
    raw = RawTill(folder / "raw.db")
    floor = _Floor(folder / "floor")

    def ours(number: int) -> None:
        entry, granted = sales[number]
        outlet.journal.redeem(entry, granted)

    jobs: dict[str, Callable[[int], object]] = {
        "ours": ours,
        "raw": lambda number: raw.redeem(sales[number][0]),
        "floor": lambda _: floor.write(),
    }
    times = interleaved(SALES, jobs)
    raw.close()
    floor.close()
    return {
        "ledger.redeem.p50_us": percentile(times["ours"], 0.5),
        "ledger.redeem.p99_us": percentile(times["ours"], 0.99),
        "ledger.redeem.raw_p50_us": percentile(times["raw"], 0.5),
        "ledger.redeem.floor_p50_us": percentile(times["floor"], 0.5),
        "ledger.redeem.ratio_p50": percentile(times["ours"], 0.5) / percentile(times["raw"], 0.5),
        "ledger.redeem.ratio_p99": percentile(times["ours"], 0.99) / percentile(times["raw"], 0.99),
    }


def _prepare(outlet: BenchOutlet, number: int) -> tuple[Redemption, dict[EntitlementId, int]]:
    """Return the entry of a sale of four lines, numbered as if all before it were stored."""
    visit = look_up(outlet.till, outlet.card(number).digits)
    if not isinstance(visit, Visit) or not isinstance(visit.decision, Allowed):
        raise TypeError("a bench family is always allowed")
    products = outlet.replica.catalogue().products
    wanted = tuple((products[ProductId(1 + n % 2)], Thousandths(500 * (1 + n))) for n in range(4))
    basket = Basket(outlet.till.new_sale_id(), wanted)
    covered = quote(outlet.till, visit.decision, basket)
    if not isinstance(covered, Covered):
        raise TypeError("a bench basket always fits")
    entry = entry_of(outlet.till, outlet.session, visit, visit.decision, basket, covered, f"B01-{number + 1:06d}")
    return entry, {row.entitlement.id: row.granted for row in visit.decision.rows}


class RawTill:
    """The same rows written by the standard library's sqlite3, unencrypted, with the same log and flushes."""

    def __init__(self, path: Path) -> None:
        """Make the same schema in a new file."""
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._run = self._connection.execute
        self._run("PRAGMA journal_mode = WAL")
        self._run("PRAGMA synchronous = FULL")
        self._run("PRAGMA wal_autocheckpoint = 4000")
        for step in JOURNAL.steps:
            for statement in step:
                self._run(statement)
        self._seq, self._head = 0, genesis(LedgerId("raw"))
        for product in (1, 2):
            self._run("INSERT INTO stock VALUES (?, ?)", (product, 10**9))

    def redeem(self, entry: Redemption) -> None:
        """Write one sale."""
        body = encode(entry)
        self._seq += 1
        self._head = link(self._head, self._seq, body)
        run = self._run
        run("BEGIN IMMEDIATE")
        run("INSERT INTO entry VALUES (?, 'Redemption', ?, ?, ?)", (self._seq, entry.at, body, self._head))
        run("INSERT INTO sale VALUES (?, ?, ?, ?, NULL, NULL)", (self._seq, entry.sale, entry.receipt, entry.recipient))
        stock: dict[int, int] = {}
        spent: dict[int, int] = {}
        for line in entry.lines:
            stock[line.product] = stock.get(line.product, 0) + line.quantity
            for draw in line.draws:
                spent[draw.entitlement] = spent.get(draw.entitlement, 0) + draw.amount
        for entitlement, amount in spent.items():
            run(
                "INSERT INTO share_use VALUES (?, ?, 0) "
                "ON CONFLICT (entitlement) DO UPDATE SET spent = spent + excluded.spent",
                (entitlement, amount),
            )
        for product, quantity in stock.items():
            run("UPDATE stock SET on_hand = on_hand - ? WHERE product = ?", (quantity, product))
        run(
            "INSERT INTO print_job (kind, ref, copy, state, detail) VALUES ('receipt', ?, 0, 'pending', '')",
            (self._seq,),
        )
        run("DELETE FROM basket")
        run("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class _Floor:
    """What no database can be faster than: 4 KiB appended and flushed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self) -> None:
        self._file.write(bytes(4096))
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()
