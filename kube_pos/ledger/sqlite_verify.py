"""Proving a journal: pages, chain and projections, from the first entry on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.effects import Effects, effects_of
from kube_pos.ledger.entries import AnyEntry, Reversal, decode, kind_of
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.sqlite_engine import Database

_ENTRIES = "SELECT seq, kind, at, body, hash FROM entry ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not add up: a code for `verify.<code>` in texts, and the entry or key it concerns."""

    code: str
    place: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a proof found. `trusted_to`: entries up to this number are whole and in their order."""

    entries: int
    trusted_to: int
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Tell whether everything adds up."""
        return not self.findings


@dataclass(slots=True)
class _Rebuilt:
    """The projections, made anew from the entries."""

    stock: dict[int, int] = field(default_factory=dict)
    spent: dict[int, int] = field(default_factory=dict)
    released: dict[int, int] = field(default_factory=dict)
    sales: dict[int, tuple[object, ...]] = field(default_factory=dict)
    closing: dict[int, int] = field(default_factory=dict)

    def take_in(self, seq: int, effects: Effects) -> None:
        """Add what one entry does."""
        for product, change in effects.stock.items():
            self.stock[product] = self.stock.get(product, 0) + change
        for entitlement, change in effects.spent.items():
            self.spent[entitlement] = self.spent.get(entitlement, 0) + change
        for entitlement, total in effects.released.items():
            self.released[entitlement] = max(total, self.released.get(entitlement, 0))
        if (facts := effects.sale) is not None:
            self.sales[seq] = (facts.sale, facts.receipt, facts.recipient, facts.target)
        for closed in effects.closes:
            self.closing.setdefault(closed, seq)


def verify(database: Database) -> VerifyReport:
    """Prove a journal's file: every page's seal, every link of the chain, every projection."""
    findings = [*_pages(database)]
    rebuilt, count, trusted = _Rebuilt(), 0, 0
    for seq, fault in _walk(database, rebuilt):
        count += 1
        if fault is None and trusted == seq - 1:
            trusted = seq
        elif fault is not None:
            findings.append(Finding(fault, str(seq)))
    findings += _compare(database, rebuilt)
    return VerifyReport(count, trusted, tuple(findings))


def _pages(database: Database) -> Iterator[Finding]:
    connection = database.read()
    for row in connection.exec_driver_sql("PRAGMA cipher_integrity_check"):
        yield Finding("damaged_page", str(row[0]))
    for row in connection.exec_driver_sql("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield Finding("damaged_index", str(row[0]))


def _walk(database: Database, rebuilt: _Rebuilt) -> Iterator[tuple[int, str | None]]:
    """Yield each entry's number with what is wrong with it, taking it into the projections on the way."""
    connection = database.read()
    ledger_id = connection.exec_driver_sql("SELECT ledger_id FROM identity").scalar()
    previous = genesis(LedgerId(str(ledger_id)))
    expected = 1
    for seq, kind, at, body, digest in connection.exec_driver_sql(_ENTRIES):
        fault = None
        if seq != expected:
            fault = "gap"
        elif link(previous, seq, body) != digest:
            fault = "broken_chain"
        else:
            fault = _take_in(database, rebuilt, seq, (kind, at, body))
        yield seq, fault
        previous, expected = digest, seq + 1


def _take_in(database: Database, rebuilt: _Rebuilt, seq: int, row: tuple[str, int, bytes]) -> str | None:
    kind, at, body = row
    try:
        entry = decode(body)
        target = _target(database, entry)
    except msgspec.DecodeError:
        return "unreadable"
    if kind_of(entry) != kind or entry.at != at:
        return "wrong_heading"
    rebuilt.take_in(seq, effects_of(entry, target))
    return None


def _target(database: Database, entry: AnyEntry) -> AnyEntry | None:
    if not isinstance(entry, Reversal):
        return None
    sql = "SELECT body FROM entry WHERE seq = ?"
    row = database.read().exec_driver_sql(sql, (entry.target,)).fetchone()
    if row is None:
        raise msgspec.DecodeError("the sale undone is missing")
    return decode(row[0])


def _compare(database: Database, rebuilt: _Rebuilt) -> Iterator[Finding]:
    """Yield every row of a projection that the journal does not bear out."""
    connection = database.read()

    def stored(sql: str) -> dict[Any, Any]:
        return {row[0]: tuple(row[1:]) for row in connection.exec_driver_sql(sql)}

    shares = {
        entitlement: (rebuilt.spent.get(entitlement, 0), rebuilt.released.get(entitlement, 0))
        for entitlement in rebuilt.spent.keys() | rebuilt.released.keys()
    }
    sales = {seq: (*facts, rebuilt.closing.get(seq)) for seq, facts in rebuilt.sales.items()}
    stock = {product: (on_hand,) for product, on_hand in rebuilt.stock.items()}
    for name, expected, sql in (
        ("share_use", shares, "SELECT entitlement, spent, released FROM share_use"),
        ("sale", sales, "SELECT seq, sale, receipt, recipient, target, closing FROM sale"),
        ("stock", stock, "SELECT product, on_hand FROM stock"),
    ):
        found = stored(sql)
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key) != found.get(key):
                yield Finding("projection", f"{name} {key}")
