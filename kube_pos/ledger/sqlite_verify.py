"""Proving a journal: pages, chain and projections, from the first entry on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection

from kube_pos.errors import DatabaseUnreadable
from kube_pos.ledger.chain import genesis, link
from kube_pos.ledger.checkpoint import is_signed, message
from kube_pos.ledger.effects import Effects, effects_of
from kube_pos.ledger.entries import AnyEntry, GeneralSale, Redemption, Reversal, decode, kind_of
from kube_pos.ledger.ids import LedgerId
from kube_pos.ledger.records import RebuiltRecords
from kube_pos.ledger.sqlite_engine import Database

_ENTRIES = "SELECT seq, kind, at, body, hash FROM entry ORDER BY seq"
_CHECKPOINTS = """SELECT coalesce(c.seq, e.seq), c.hash, c.signature, e.hash
    FROM checkpoint c FULL JOIN entry e ON e.seq = c.seq
    WHERE c.seq IS NOT NULL OR e.kind = 'DayClosed'"""
_ACKNOWLEDGED = "SELECT acked, acked_hash, (SELECT hash FROM entry WHERE seq = acked) FROM sync_state"


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
class Rebuilt:
    """The projections, made anew from the entries."""

    stock: dict[int, int] = field(default_factory=dict)
    spent: dict[int, int] = field(default_factory=dict)
    released: dict[int, int] = field(default_factory=dict)
    sales: dict[int, tuple[object, ...]] = field(default_factory=dict)
    closing: dict[int, int] = field(default_factory=dict)
    records: RebuiltRecords = field(default_factory=RebuiltRecords)

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
        self.records.take_in(seq, effects.records)

    def expected(self) -> Iterator[tuple[str, dict[Any, Any], str]]:
        """Yield each table's name, the rows that it should hold by key, and the statement that reads them."""
        shares = {
            entitlement: (self.spent.get(entitlement, 0), self.released.get(entitlement, 0))
            for entitlement in self.spent.keys() | self.released.keys()
        }
        sales = {seq: (*facts, self.closing.get(seq)) for seq, facts in self.sales.items()}
        stock = {product: (on_hand,) for product, on_hand in self.stock.items()}
        yield "share_use", shares, "SELECT entitlement, spent, released FROM share_use"
        yield "sale", sales, "SELECT seq, sale, receipt, recipient, target, closing FROM sale"
        yield "stock", stock, "SELECT product, on_hand FROM stock"
        yield from self.records.expected()


def verify(database: Database, public_key: bytes | None = None) -> VerifyReport:
    """Prove a journal's file: every page's seal, every link of the chain, every projection, every signed point.

    With the till's public key every day close must carry its signature; without it the signed points are compared
    with the chain only.

    All of it is read as of one moment, so sales may go on meanwhile. Never raises for damage: that is a finding.
    """
    proof = _Proof()
    try:
        with _one_moment(database) as connection:
            _prove(connection, proof, public_key)
    except DatabaseUnreadable:
        if not any(finding.code == "damaged_page" for finding in proof.findings):
            proof.findings.append(Finding("damaged_page", str(proof.entries + 1)))
    return VerifyReport(proof.entries, proof.trusted_to, tuple(proof.findings))


@dataclass(slots=True)
class _Proof:
    """What is proved so far; kept also when a damaged page ends the reading."""

    entries: int = 0
    trusted_to: int = 0
    findings: list[Finding] = field(default_factory=list)


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    """Hold one state of the file for all statements of the block."""
    connection = database.read()
    connection.exec_driver_sql("BEGIN")
    try:
        yield connection
    finally:
        connection.exec_driver_sql("ROLLBACK")


def _prove(connection: Connection, proof: _Proof, public_key: bytes | None) -> None:
    for row in connection.exec_driver_sql("PRAGMA cipher_integrity_check"):
        proof.findings.append(Finding("damaged_page", str(row[0])))
    rebuilt = Rebuilt()
    for seq, fault in walk(connection, rebuilt):
        proof.entries += 1
        if fault is None and proof.trusted_to == seq - 1:
            proof.trusted_to = seq
        elif fault is not None:
            proof.findings.append(Finding(fault, str(seq)))
    proof.findings += _missing_of_acknowledged(connection)
    proof.findings += _unsigned(connection, public_key)
    proof.findings += _compare(connection, rebuilt)
    for row in connection.exec_driver_sql("PRAGMA integrity_check"):
        if row[0] != "ok":
            proof.findings.append(Finding("damaged_index", str(row[0])))


def _missing_of_acknowledged(connection: Connection) -> Iterator[Finding]:
    """Yield a finding when the entry that upstream acknowledged last is not here, or is another."""
    row = connection.exec_driver_sql(_ACKNOWLEDGED).fetchone()
    if row is not None and row[0] > 0 and row[1] != row[2]:
        yield Finding("acknowledged", str(row[0]))


def _unsigned(connection: Connection, public_key: bytes | None) -> Iterator[Finding]:
    """Yield each signed point that is not the chain's, is not signed by the till, or is missing at a day close."""
    ledger_id = LedgerId(str(connection.exec_driver_sql("SELECT ledger_id FROM identity").scalar()))
    for seq, kept, signature, digest in connection.exec_driver_sql(_CHECKPOINTS):
        if kept is None:
            right = public_key is None
        elif kept != digest:
            right = False
        else:
            right = public_key is None or is_signed(public_key, message(ledger_id, seq, kept), signature)
        if not right:
            yield Finding("checkpoint", str(seq))


def walk(connection: Connection, rebuilt: Rebuilt) -> Iterator[tuple[int, str | None]]:
    """Yield each entry's number with what is wrong with it, taking it into the projections on the way."""
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
            fault = _take_in(connection, rebuilt, seq, (kind, at, body))
        yield seq, fault
        previous, expected = digest, seq + 1


def _take_in(connection: Connection, rebuilt: Rebuilt, seq: int, row: tuple[str, int, bytes]) -> str | None:
    kind, at, body = row
    try:
        entry = decode(body)
        target = _target(connection, entry)
    except msgspec.DecodeError:
        return "unreadable"
    if kind_of(entry) != kind or entry.at != at:
        return "wrong_heading"
    rebuilt.take_in(seq, effects_of(entry, target))
    return None


def _target(connection: Connection, entry: AnyEntry) -> AnyEntry | None:
    if not isinstance(entry, Reversal):
        return None
    sql = "SELECT body FROM entry WHERE seq = ?"
    row = connection.exec_driver_sql(sql, (entry.target,)).fetchone()
    target = decode(row[0]) if row is not None else None
    if not isinstance(target, Redemption | GeneralSale):
        raise msgspec.DecodeError("no sale is undone")
    return target


def _compare(connection: Connection, rebuilt: Rebuilt) -> Iterator[Finding]:
    """Yield every row of a projection that the journal does not bear out."""

    def stored(sql: str) -> dict[Any, Any]:
        return {row[0]: tuple(row[1:]) for row in connection.exec_driver_sql(sql)}

    for name, expected, sql in rebuilt.expected():
        found = stored(sql)
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key) != found.get(key):
                yield Finding("projection", f"{name} {key}")
