"""The stock card: every movement of a product with the balance after it, and what a day did to each product.

Movements are read once and kept in memory as numbers, 16 bytes each; a later look reads only what came since. The
first reading of a long journal takes seconds: on the writer's thread it goes batch by batch, and sales come between.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from kube_pos.ledger.effects import effects_of
from kube_pos.ledger.entries import (
    AnyEntry,
    Exchange,
    GeneralSale,
    GoodsReceipt,
    MoveReason,
    Redemption,
    Repack,
    Reversal,
    StockCount,
    StockMove,
)
from kube_pos.ledger.ids import ProductId
from kube_pos.ledger.ports import JournalStore, Stored

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a stock card. `kind` is the key of its word under `movement`; `paper` the number it is known by."""

    seq: int
    day: date
    at_ms: int
    kind: str
    paper: str
    change: int
    balance: int


@dataclass(frozen=True, slots=True)
class DayOfStock:
    """What one business day did to a product: opening + came − went = closing."""

    day: date
    opening: int
    came: int
    went: int

    @property
    def closing(self) -> int:
        """Return the balance at the end of the day."""
        return self.opening + self.came - self.went


@dataclass(slots=True)
class StockBook:
    """The movements of all products, as far as the journal was read."""

    read_to: int = 0
    seqs: dict[ProductId, array[int]] = field(default_factory=dict)
    changes: dict[ProductId, array[int]] = field(default_factory=dict)
    days: dict[ProductId, dict[date, tuple[int, int]]] = field(default_factory=dict)
    """What came and what went, by product and business day."""

    def catch_up(self, journal: JournalStore) -> int:
        """Read the entries that came since; return how many there were."""
        before = self.read_to
        while self.read_on(journal):
            pass
        return self.read_to - before

    def read_on(self, journal: JournalStore) -> bool:
        """Read the next batch; tell whether there may be more. So short that a sale may wait for it."""
        batch = journal.since(self.read_to, BATCH)
        for stored in batch:
            self._take_in(journal, stored)
        self.read_to = batch[-1].seq if batch else self.read_to
        return len(batch) == BATCH

    def balance(self, product: ProductId) -> int:
        """Return the sum of all movements of a product."""
        return sum(self.changes.get(product, ()))

    def card(self, journal: JournalStore, product: ProductId, limit: int = 200) -> tuple[Movement, ...]:
        """Return the newest movements of a product, newest first, each with the balance after it."""
        return tuple(self._card(journal, product, limit))

    def by_day(self, product: ProductId) -> tuple[DayOfStock, ...]:
        """Return the days on which a product moved, in their order, each opening with the close of the one before.

        An entry counts on its own business day, also when a clock that was set back put it before others.
        """
        opening, found = 0, []
        for day, (came, went) in sorted(self.days.get(product, {}).items()):
            found.append(DayOfStock(day, opening, came, went))
            opening = found[-1].closing
        return tuple(found)

    def _card(self, journal: JournalStore, product: ProductId, limit: int) -> Iterator[Movement]:
        balance = self.balance(product)
        seqs, changes = self.seqs.get(product, array("q")), self.changes.get(product, array("q"))
        for place in range(len(seqs) - 1, max(-1, len(seqs) - 1 - limit), -1):
            stored = journal.entry(seqs[place])
            if stored is not None:
                kind, paper = described(stored)
                entry = stored.entry
                yield Movement(stored.seq, entry.day, entry.at, kind, paper, changes[place], balance)
            balance -= changes[place]

    def _take_in(self, journal: JournalStore, stored: Stored) -> None:
        target = None
        if isinstance(stored.entry, Reversal):
            undone = journal.entry(stored.entry.target)
            target = undone.entry if undone is not None else None
        for product, change in effects_of(stored.entry, target).stock.items():
            if not change:
                continue
            self.seqs.setdefault(product, array("q")).append(stored.seq)
            self.changes.setdefault(product, array("q")).append(change)
            days = self.days.setdefault(product, {})
            came, went = days.get(stored.entry.day, (0, 0))
            days[stored.entry.day] = (came + max(change, 0), went + max(-change, 0))


def described(stored: Stored) -> tuple[str, str]:
    """Return the kind of a movement, as `movement.<kind>` tells it, and the paper or reason beside it."""
    entry: AnyEntry = stored.entry
    match entry:
        case Redemption():
            return "redemption", entry.receipt
        case GeneralSale():
            return "general_sale", entry.receipt
        case Reversal():
            return "reversal", entry.receipt
        case GoodsReceipt():
            return "receipt", f"{entry.delivery_note_no} · {entry.supplier}"
        case Repack():
            return "repack", ""
        case StockCount():
            return "count", entry.reason
        case Exchange():
            return MoveReason.EXCHANGE.value, entry.reference
        case StockMove():
            return entry.reason.value, entry.note
        case _:
            raise TypeError(type(entry).__name__)
