"""Deliberate mistakes in the code of shares and sync, planted into the real modules: each must be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import select, update

from kube_pos.ledger import documents as docs
from kube_pos.ledger import sqlite_journal, sqlite_replica
from kube_pos.ledger.entries import Redemption, decode
from kube_pos.ledger.ports import Use
from kube_pos.operations import redemption
from kube_pos.operations import shares as releasing
from kube_pos.sync import stores, wire
from kube_pos.sync.client import UpstreamClient
from kube_pos.sync.failures import Offline
from kube_pos.upstream import counter, effects, ledgers, receive, requests, shares, spending, tables
from kube_pos.upstream.batches import hashes_of, read_batch
from tests.simulation import office, officers, people
from tests.simulation.city import Options
from tests.simulation.faults import Faults
from tests.simulation.run import simulate

SEEDS = 100
ENDLESS = 10**12
_SMALL = {"outlets": 3, "days": 4, "steps": 20, "families": 5}
Plant = Callable[[ExitStack], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake: its name, how to plant it, and the faults under which it shows."""

    name: str
    plant: Plant
    faults: Faults = field(default_factory=Faults)


@contextmanager
def _patched(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = owner.__dict__[name] if isinstance(owner, type) else getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def put(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    """Put something in the place of a module's or class's part until the stack is closed."""
    stack.enter_context(_patched(owner, name, value))


def caught_by(mutant: Mutant, seeds: int = SEEDS) -> tuple[int | None, str]:
    """Return the first seed that finds a mutant, and what it found; a run that breaks off counts as found."""
    for seed in range(1, seeds + 1):
        with ExitStack() as stack:
            mutant.plant(stack)
            try:
                violation = simulate(Options(seed, faults=mutant.faults, **_SMALL)).violation
            except Exception as error:  # noqa: BLE001 -- whatever a mistake leads to, it was seen
                violation = f"the run broke off: {type(error).__name__}"
        if violation:
            return seed, violation
    return None, ""


def _sale_without_guard(stack: ExitStack) -> None:
    real = sqlite_journal.SqliteJournal.redeem

    def redeem(self: Any, entry: Redemption, granted: dict[int, int]) -> Any:
        return real(self, entry, dict.fromkeys(granted, ENDLESS))  # type: ignore[arg-type]

    put(stack, sqlite_journal.SqliteJournal, "redeem", redeem)


def _release_ignores_what_was_spent(stack: ExitStack) -> None:
    real_release, real = releasing._release, sqlite_journal.SqliteJournal.release
    put(stack, releasing, "_release", lambda till, one, use: real_release(till, one, Use(0, use.released)))
    put(stack, sqlite_journal.SqliteJournal, "release", lambda self, entry, _granted: real(self, entry, ENDLESS))


def _released_stays_spendable(stack: ExitStack) -> None:
    sql = """INSERT INTO share_use VALUES (?, 0, 0 * ?)
        ON CONFLICT (entitlement) DO UPDATE SET released = released RETURNING spent, released"""
    put(stack, sqlite_journal, "_RELEASE", sql)


def _free_forgets_what_is_held(stack: ExitStack) -> None:
    free = property(lambda row: row.amount - sum(holding.spent for holding in row.holdings))
    put(stack, requests._Row, "free", free)


def _free_forgets_stand_ins(stack: ExitStack) -> None:
    put(
        stack,
        requests._Holding,
        "held",
        property(lambda holding: max(holding.granted - holding.released, holding.spent)),
    )


def _free_forgets_the_retired(stack: ExitStack) -> None:
    free = property(lambda row: row.amount - sum(h.held if h.is_active else h.spent for h in row.holdings))
    put(stack, requests._Row, "free", free)


def _grants_twice(stack: ExitStack) -> None:
    real = shares.grant

    def grant(connection: Any, ledger_id: Any, wanted: Any) -> int:
        return real(connection, ledger_id, [replace(row, amount=2 * row.amount) for row in wanted])

    put(stack, requests, "grant", grant)


def _grant_is_not_told(stack: ExitStack) -> None:
    real = shares.grant

    def grant(connection: Any, ledger_id: Any, wanted: Any) -> int:
        with _patched(shares, "tell_shares", lambda _connection, _rows: None):
            return real(connection, ledger_id, wanted)

    put(stack, requests, "grant", grant)


def _grants_as_increments(stack: ExitStack) -> None:
    real = sqlite_replica._put

    def put_document(sql: Any, change: Any, doc: Any) -> None:
        if isinstance(doc, docs.Share):
            row = sql.execute("SELECT granted FROM share WHERE entitlement = ?", (doc.entitlement_id,)).fetchone()
            doc = msgspec.structs.replace(doc, granted=doc.granted + (row[0] if row else 0))
        real(sql, change, doc)

    put(stack, sqlite_replica, "_put", put_document)


def _sent_counts_as_received(stack: ExitStack) -> None:
    real = UpstreamClient.upload

    def upload(self: Any, packed: Any) -> wire.UploadAnswer:
        try:
            return real(self, packed)
        except Offline:
            now = self._clock.now_ms()
            return wire.UploadAnswer(acked=packed.last, head=packed.batch.head.hex(), server_time_ms=now)

    put(stack, UpstreamClient, "upload", upload)


def _answers_before_the_commit(stack: ExitStack) -> None:
    real = counter.take_entries

    def take_entries(desk: Any, caller: Any, body: bytes) -> Any:
        try:
            return real(desk, caller, body)
        except office.OfficeDied:
            batch = read_batch(body)
            last, now = batch.first + len(batch.bodies) - 1, desk.clock.now_ms()
            answer = wire.UploadAnswer(acked=last, head=batch.head.hex(), server_time_ms=now)
            return counter._signed(desk, wire.ANSWER_LABEL, answer)

    put(stack, office, "take_entries", take_entries)


def _the_same_again_counts_again(stack: ExitStack) -> None:
    real = receive.receive

    def taken(connection: Any, ledger_id: Any, batch: Any, compressed: bytes, now_ms: int) -> Any:
        table = tables.ledger
        acked = connection.execute(select(table.c.acked).where(table.c.id == ledger_id)).scalar_one()
        result = real(connection, ledger_id, batch, compressed, now_ms)
        figures = spending.Spending(connection, ledger_id)
        for seq, body in enumerate(batch.bodies, start=batch.first):
            entry = decode(body)
            if seq <= acked and isinstance(entry, Redemption):
                for draw in (draw for line in entry.lines for draw in line.draws):
                    figures.spend(draw.entitlement, draw.amount, entry.recipient, entry.day)
        figures.flush()
        return result

    put(stack, counter, "receive", taken)


def _acknowledges_what_it_drops(stack: ExitStack) -> None:
    real = receive._append

    def append(connection: Any, ledger: Any, batch: Any, hashes: list[bytes], now_ms: int) -> None:
        last = batch.first + len(batch.bodies) - 1
        if last > ledger.acked + 1:
            short = wire.Batch(batch.protocol, batch.first, batch.previous, batch.bodies[:-1], hashes[-2])
            real(connection, ledger, short, hashes[:-1], now_ms)
            mine = tables.ledger.c.id == ledger.id
            connection.execute(update(tables.ledger).where(mine).values(acked=last, head=hashes[-1]))
        else:
            real(connection, ledger, batch, hashes, now_ms)

    put(stack, receive, "_append", append)


def _forks_are_not_seen(stack: ExitStack) -> None:
    real = receive._known_hashes

    def known(connection: Any, ledger_id: Any, batch: Any) -> list[bytes]:
        count = len(real(connection, ledger_id, batch))
        return [batch.previous, *hashes_of(batch)][:count]

    put(stack, receive, "_known_hashes", known)


def _a_page_loses_a_change(stack: ExitStack) -> None:
    real = stores.StoredFeed.apply

    def apply(self: Any, page: wire.ChangesPage) -> None:
        real(self, msgspec.structs.replace(page, changes=page.changes[1:] if len(page.changes) > 1 else page.changes))

    put(stack, stores.StoredFeed, "apply", apply)


def _cursor_before_documents(stack: ExitStack) -> None:
    real = sqlite_replica.SqliteReplica.apply

    def apply(self: Any, after: int, cursor: int, as_of_ms: int | None, changes: Any) -> None:
        real(self, after, cursor, as_of_ms, ())
        real(self, cursor, cursor, None, changes)

    put(stack, sqlite_replica.SqliteReplica, "apply", apply)


def _a_retry_is_a_new_sale(stack: ExitStack) -> None:
    real = redemption.redeem

    def redeem(till: Any, session: Any, visit: Any, allowed: Any, basket: Any) -> Any:
        return real(till, session, visit, allowed, replace(basket, sale=till.new_sale_id()))

    put(stack, people, "redeem", redeem)


def _reversals_give_nothing_back(stack: ExitStack) -> None:
    put(stack, spending.Spending, "give_back", lambda _self, _row, _amount, **_: None)


def _reversals_give_back_twice(stack: ExitStack) -> None:
    real = effects.Effects._reversal

    def reversal(self: Any, seq: int, entry: Any) -> Any:
        codes = real(self, seq, entry)
        for row in self._draws_of(entry.target):
            self._spending.give_back(row["entitlement_id"], row["amount"], settled=False)
        return codes

    put(stack, effects.Effects, "_reversal", reversal)


def _releases_add_up(stack: ExitStack) -> None:
    def release(self: Any, entitlement_id: Any, released: int) -> Any:
        account = self._account(entitlement_id)
        account.released += released
        account.is_moved = True
        return ()

    put(stack, spending.Spending, "release", release)


def _retired_means_freed(stack: ExitStack) -> None:
    real = ledgers.retire

    def retire(connection: Any, ledger_id: Any, officer: str, now_ms: int) -> None:
        real(connection, ledger_id, officer, now_ms)
        ledgers.free_frozen(connection, ledger_id, officer, now_ms)

    put(stack, officers, "retire", retire)


def _exceptions_from_nowhere(stack: ExitStack) -> None:
    real = spending.Spending.spend

    def spend(self: Any, row: Any, amount: int, _recipient: Any, day: Any) -> Any:
        return real(self, row, amount, None, day)

    put(stack, spending.Spending, "spend", spend)


MUTANTS: tuple[Mutant, ...] = (
    Mutant("sale_without_guard", _sale_without_guard),
    Mutant("release_ignores_what_was_spent", _release_ignores_what_was_spent),
    Mutant("released_stays_spendable", _released_stays_spendable),
    Mutant("free_forgets_what_is_held", _free_forgets_what_is_held),
    Mutant("free_forgets_the_retired", _free_forgets_the_retired),
    Mutant("free_forgets_stand_ins", _free_forgets_stand_ins, replace(Faults(), retire=0.8, offline=0.5, restore=0.0)),
    Mutant("grants_twice", _grants_twice),
    Mutant("grant_is_not_told", _grant_is_not_told),
    Mutant("grants_as_increments", _grants_as_increments),
    Mutant("sent_counts_as_received", _sent_counts_as_received),
    Mutant("answers_before_the_commit", _answers_before_the_commit, replace(Faults(), office=0.15)),
    Mutant("the_same_again_counts_again", _the_same_again_counts_again),
    Mutant("acknowledges_what_it_drops", _acknowledges_what_it_drops),
    Mutant("forks_are_not_seen", _forks_are_not_seen, replace(Faults(), clone=0.5)),
    Mutant("a_page_loses_a_change", _a_page_loses_a_change),
    Mutant("cursor_before_documents", _cursor_before_documents, replace(Faults(), crash=0.03)),
    Mutant("a_retry_is_a_new_sale", _a_retry_is_a_new_sale),
    Mutant("reversals_give_nothing_back", _reversals_give_nothing_back),
    Mutant("reversals_give_back_twice", _reversals_give_back_twice),
    Mutant("releases_add_up", _releases_add_up, replace(Faults(), offline=0.1, restore=0.0)),
    Mutant("retired_means_freed", _retired_means_freed, replace(Faults(), retire=0.6)),
    Mutant("exceptions_from_nowhere", _exceptions_from_nowhere),
)
