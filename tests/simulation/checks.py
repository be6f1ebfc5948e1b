"""What must hold: after every day, and when the faults have ended and everybody has synced."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from kube_pos.ledger.migrations import REPLICA
from kube_pos.ledger.sqlite_replica import ReplicaChange, SqliteReplica
from kube_pos.ledger.sqlite_verify import verify
from kube_pos.upstream import feed, tables
from kube_pos.upstream.shares import LedgerState
from tests.simulation.city import City, Violation
from tests.simulation.till import MortalDatabase, SimTill
from tests.simulation.truth import Branch

_ONE_DOCUMENT = ("card", "recipient", "entitlement", "share", "document")


@dataclass
class Findings:
    """What the end of a run found, as figures."""

    overspent: int = 0
    lost: int = 0
    doubled: int = 0
    converged: bool = True
    excused: int = 0
    """Rows overspent by a ledger that lived twice, or was freed blindly; each is known to the office."""


def check_day(city: City) -> None:
    """Check what must hold at any time. Raises Violation."""
    share, entitlement = tables.share, tables.entitlement
    held = func.sum(share.c.granted - share.c.released + share.c.settled)
    with city.office.database.read() as connection:
        rows = connection.execute(
            select(entitlement.c.id, entitlement.c.amount, held.label("held"))
            .join(share, share.c.entitlement_id == entitlement.c.id)
            .group_by(entitlement.c.id, entitlement.c.amount)
        ).all()
        for row in rows:
            if row.held > city.most_of(row.id) and row.id not in city.lowered:
                raise Violation(f"row {row.id} granted {row.held} of {row.amount}", f"row={row.id}")
    for till in city.tills:
        _check_acked(city, till)
    for number, spent in city.spent.items():
        if spent > city.most_of(number) and not city.is_excused(number):
            raise Violation(f"row {number} overspent: {spent} of {city.most_of(number)}", f"row={number}")


def check_end(city: City) -> Findings:
    """Compare the office with the union of all journals. Raises Violation."""
    found = Findings()
    stored = _stored(city)
    for branch in city.branches:
        _compare_journal(city, branch, stored.get(branch.ledger_id, []))
    _compare_shares(city)
    _compare_sales(city)
    _check_exceptions(city)
    _compare_grants(city)
    found.excused = sum(1 for row, spent in city.spent.items() if spent > city.most_of(row))
    for till in city.at_work():
        if till.ledger_id not in city.cloned:
            _compare_replica(city, till)
    return found


def _check_acked(city: City, till: SimTill) -> None:
    """No entry that a till takes for acknowledged is missing at the office, or is another there."""
    acked = till.branch.acked
    if acked == 0:
        return
    entry = tables.entry
    with city.office.database.read() as connection:
        found = connection.execute(
            select(entry.c.hash).where(entry.c.ledger_id == till.ledger_id, entry.c.seq == acked)
        ).scalar_one_or_none()
    if found != till.branch.hashes[acked - 1]:
        raise Violation(f"lost: entry {acked} of till {till.number} is not at the office", f"till={till.number}")


def _stored(city: City) -> dict[str, list[bytes]]:
    entry = tables.entry
    found: dict[str, list[bytes]] = {}
    with city.office.database.read() as connection:
        for row in connection.execute(select(entry).order_by(entry.c.ledger_id, entry.c.seq)):
            bodies = found.setdefault(row.ledger_id, [])
            if row.seq != len(bodies) + 1:
                raise Violation(f"lost: the office jumps to entry {row.seq} of {row.ledger_id}")
            bodies.append(row.body)
    return found


def _compare_journal(city: City, branch: Branch, stored: list[bytes]) -> None:
    """What the office holds of a journal is the journal; what may be missing is only what never left a lost till."""
    if branch.ledger_id in city.cloned:
        if stored[: branch.acked] != branch.bodies[: branch.acked]:
            raise Violation(f"lost: acknowledged entries of {branch.ledger_id} are others at the office")
        return
    if branch.bodies[: len(stored)] != stored:
        raise Violation(f"doubled: the office holds other entries of {branch.ledger_id}")
    if len(stored) < branch.acked:
        raise Violation(f"lost: {branch.acked - len(stored)} acknowledged entries of {branch.ledger_id}")
    is_at_work = any(till.branch is branch and not till.is_lost for till in city.tills)
    if is_at_work and len(stored) != len(branch.bodies):
        raise Violation(f"not converged: {len(branch.bodies) - len(stored)} entries never reached the office")


def _compare_shares(city: City) -> None:
    """The office's figures of every share are those of the journals that it holds."""
    share = tables.share
    with city.office.database.read() as connection:
        rows = {(row.ledger_id, row.entitlement_id): row for row in connection.execute(select(share))}
        acked = {row.id: row.acked for row in connection.execute(select(tables.ledger.c.id, tables.ledger.c.acked))}
    for branch in city.branches:
        if branch.ledger_id in city.cloned or acked[branch.ledger_id] != len(branch.bodies):
            continue
        for (ledger_id, number), row in rows.items():
            if ledger_id != branch.ledger_id:
                continue
            if row.spent != branch.spent[number]:
                word = "doubled" if row.spent > branch.spent[number] else "lost"
                told = f"row {number}: the office has spent {row.spent}, the journal {branch.spent[number]}"
                raise Violation(f"{word}: {told}", f"row={number}")
            if row.released != branch.released[number] and ledger_id not in city.retired:
                told = f"row {number} released {branch.released[number]}, at the office {row.released}"
                raise Violation(f"not converged: {told}", f"row={number}")
        for number, spent in branch.spent.items():
            if spent and (branch.ledger_id, number) not in rows:
                raise Violation(f"lost: the office knows nothing of row {number} spent", f"row={number}")


def _compare_grants(city: City) -> None:
    """Every till knows what it was granted, no more and no less, and its journal proves itself."""
    share = tables.share
    for till in city.at_work():
        if till.ledger_id in city.cloned:
            continue
        with city.office.database.read() as connection:
            granted = select(share.c.entitlement_id, share.c.granted).where(share.c.ledger_id == till.ledger_id)
            there = {row.entitlement_id: row.granted for row in connection.execute(granted) if row.granted}
        rows = till.replica_file.read().exec_driver_sql("SELECT entitlement, granted FROM share WHERE granted > 0")
        here = {row[0]: row[1] for row in rows}
        if here != there:
            wrong = sorted(set(here.items()) ^ set(there.items()))[:3]
            raise Violation(f"not converged: till {till.number} believes other grants: {wrong}", f"till={till.number}")
        report = verify(till.journal_file)
        if not report.is_clean:
            raise Violation(f"till {till.number} does not add up: {report.findings[:2]}", f"till={till.number}")


def _compare_sales(city: City) -> None:
    """Each sale stands once at the office, however often it came."""
    sale = tables.sale
    with city.office.database.read() as connection:
        found = Counter(connection.execute(select(sale.c.sale_id)).scalars().all())
    if twice := [number for number, count in found.items() if count > 1]:
        raise Violation(f"doubled: {len(twice)} sales stand twice at the office")
    for branch in city.branches:
        if branch.ledger_id not in city.cloned and any(count > 1 for count in branch.sales.values()):
            raise Violation("doubled: a basket became two sales in a journal")


def _check_exceptions(city: City) -> None:
    """Every exception has a reason, and what needs one has it."""
    table = tables.exception
    with city.office.database.read() as connection:
        rows = connection.execute(select(table)).all()
    for row in rows:
        if not _has_reason(city, row):
            raise Violation(f"exception {row.code} of {row.ledger_id} entry {row.seq} has no reason")
    _check_overdrawn_are_told(city, {row.ledger_id for row in rows if row.code == "overdrawn"})
    forked = {row.ledger_id for row in rows if row.code == "fork"}
    for ledger_id in city.cloned - forked:
        branches = [branch for branch in city.branches if branch.ledger_id == ledger_id]
        longest = max(branches, key=lambda branch: len(branch.bodies))
        if any(branch.bodies != longest.bodies[: len(branch.bodies)] for branch in branches):
            both = [till for till in city.tills if till.ledger_id == ledger_id and not till.is_lost]
            if len(both) > 1:
                raise Violation(f"ledger {ledger_id} lives twice and the office was not told")


def _check_overdrawn_are_told(city: City, told: set[str]) -> None:
    """What the office knows to be overspent stands among its exceptions, at one of the ledgers that spent it."""
    share, entitlement = tables.share, tables.entitlement
    with city.office.database.read() as connection:
        rows = connection.execute(
            select(share, entitlement.c.amount)
            .join(entitlement, entitlement.c.id == share.c.entitlement_id)
            .where(share.c.spent > 0)
        ).all()
    spent: Counter[int] = Counter()
    spenders: dict[int, set[str]] = {}
    for row in rows:
        spent[row.entitlement_id] += row.spent
        spenders.setdefault(row.entitlement_id, set()).add(row.ledger_id)
    for row in rows:
        number = row.entitlement_id
        if spent[number] > row.amount and number not in city.lowered and not spenders[number] & told:
            raise Violation(f"row {number} is overspent at the office and nobody was told", f"row={number}")


def _has_reason(city: City, row: Any) -> bool:
    is_twice = row.ledger_id in city.cloned
    match row.code:
        case "fork":
            return is_twice
        case "retired_ledger":
            return row.ledger_id in city.retired
        case "blocked_card":
            return city.facts["blocked_card"] > 0
        case "clock_suspect" | "not_released" | "expired":
            return city.facts["clock"] > 0
        case "overdrawn" | "no_share":
            return bool(is_twice or city.cloned or city.blind or city.lowered)
        case "amount_held" | "amount_overspent":
            return bool(city.lowered)
        case "duplicate_sale" | "already_reversed" | "unknown_sale":
            return is_twice
        case code:
            return code in {"data_mismatch", "restored", "stand_in"}


def _compare_replica(city: City, till: SimTill) -> None:
    """What a till has come to know page by page is what it would know reading the feed from the beginning."""
    path = till.folder / "fresh.db"
    fresh_file = MortalDatabase(path, REPLICA, till.fate)
    fresh = SqliteReplica(fresh_file)
    after = 0
    with city.office.database.read() as connection:
        state = connection.execute(select(tables.ledger.c.state).where(tables.ledger.c.id == till.ledger_id)).scalar()
        more = state == LedgerState.ACTIVE
        while more:
            changes, more = feed.page(connection, till.ledger_id, till.outlet_id, after)
            rows = [ReplicaChange(c.kind, c.key, None if c.doc is None else bytes(c.doc)) for c in changes]
            last = changes[-1].n if changes else after
            fresh.apply(after, last, None, rows)
            after = last
    for table in _ONE_DOCUMENT if state == LedgerState.ACTIVE else ():
        mine, whole = (
            {tuple(row) for row in file.read().exec_driver_sql(f"SELECT * FROM {table}")}  # noqa: S608 -- names above
            for file in (till.replica_file, fresh_file)
        )
        if mine != whole:
            differing = sorted(mine ^ whole, key=str)[:3]
            raise Violation(
                f"not converged: till {till.number} knows other {table}s: {differing}", f"till={till.number}"
            )
    fresh_file.close()
    path.unlink()
