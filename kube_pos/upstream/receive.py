"""Taking a till's entries in: a fact is never refused, only a journal that contradicts itself.

Everything that one batch changes (entries, shares, verdicts, the acknowledged number) is one transaction; the answer
is given after its commit. The same entries again change nothing and get the same answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from kube_pos.ledger.chain import genesis
from kube_pos.ledger.entries import AnyEntry, decode, kind_of
from kube_pos.ledger.ids import LedgerId, OutletId
from kube_pos.sync.wire import Batch, UploadAnswer, Verdict
from kube_pos.upstream import tables
from kube_pos.upstream.audit import note
from kube_pos.upstream.batches import hashes_of
from kube_pos.upstream.copying import insert_rows
from kube_pos.upstream.database import insert_new
from kube_pos.upstream.effects import Effects
from kube_pos.upstream.guests import end_visits
from kube_pos.upstream.problems import RequestRefused
from kube_pos.upstream.shares import LedgerState
from kube_pos.upstream.verdicts import Codes, VerdictCode


@dataclass(frozen=True, slots=True)
class Fork:
    """The batch contradicts what was received before, from `seq` on: the ledger is quarantined.

    That must be committed like an answer.
    """

    seq: int


def receive(
    connection: Connection, ledger_id: LedgerId, batch: Batch, compressed: bytes, now_ms: int
) -> UploadAnswer | Fork:
    """Take a batch in; `compressed` is kept as evidence of a fork.

    Raises RequestRefused when entries are missing before the batch.
    """
    ledger = connection.execute(select(tables.ledger).where(tables.ledger.c.id == ledger_id)).one()
    if batch.first > ledger.acked + 1:
        raise RequestRefused("gap", wanted=ledger.acked + 1)
    known = _known_hashes(connection, ledger_id, batch)
    hashes = hashes_of(batch)
    same = sum(1 for mine, theirs in zip(known, [batch.previous, *hashes], strict=False) if mine == theirs)
    has_new = batch.first + len(hashes) - 1 > ledger.acked
    if same < len(known) or (has_new and ledger.state == LedgerState.QUARANTINED):
        _quarantine(connection, ledger, compressed, now_ms)
        return Fork(seq=max(1, batch.first - 1 + same))
    if has_new:
        _append(connection, ledger, batch, hashes, now_ms)
    return _answer(connection, ledger_id, batch, now_ms)


def _known_hashes(connection: Connection, ledger_id: LedgerId, batch: Batch) -> list[bytes]:
    """Return the hash before the batch, and those of the entries of it that were received before."""
    entry = tables.entry
    last = batch.first + len(batch.bodies) - 1
    rows = connection.execute(
        select(entry.c.hash)
        .where(entry.c.ledger_id == ledger_id, entry.c.seq.between(batch.first - 1, last))
        .order_by(entry.c.seq)
    ).scalars()
    return [genesis(ledger_id), *rows] if batch.first == 1 else list(rows)


def _quarantine(connection: Connection, ledger: Row[tuple[object, ...]], compressed: bytes, now_ms: int) -> None:
    """Keep the contradicting batch, stop the ledger, and open a matter for the officer, once."""
    digest = hashlib.sha256(compressed).hexdigest()
    evidence = {"ledger_id": ledger.id, "digest": digest, "batch": compressed, "received_at": now_ms}
    insert_new(connection, tables.fork_evidence, evidence)
    if ledger.state == LedgerState.QUARANTINED:
        return
    connection.execute(
        update(tables.ledger).where(tables.ledger.c.id == ledger.id).values(state=LedgerState.QUARANTINED.value)
    )
    row = {"ledger_id": ledger.id, "seq": None, "code": "fork", "opened_at": now_ms}
    connection.execute(insert(tables.exception), row)
    note(connection, now_ms, "till", "quarantined", f"ledger={ledger.id}")


def _append(
    connection: Connection, ledger: Row[tuple[object, ...]], batch: Batch, hashes: list[bytes], now_ms: int
) -> None:
    """Store the new entries of a batch with their effects."""
    effects = Effects(connection, LedgerId(ledger.id), now_ms)
    start = ledger.acked + 1 - batch.first
    entries = [_readable(body) for body in batch.bodies[start:]]
    first = ledger.acked + 1
    effects.prepare([(seq, entry) for seq, entry in enumerate(entries, start=first) if entry is not None])
    rows: list[dict[str, object]] = []
    verdicts: list[dict[str, object]] = []
    matters: list[dict[str, object]] = []
    for place, entry in enumerate(entries, start=start):
        seq = batch.first + place
        kind, codes = _take(effects, seq, entry)
        if ledger.state == LedgerState.RETIRED:
            codes = (*codes, VerdictCode.RETIRED_LEDGER)
        row = {"ledger_id": ledger.id, "seq": seq}
        rows.append({**row, "kind": kind, "body": batch.bodies[place], "hash": hashes[place], "received_at": now_ms})
        verdicts += [{**row, "code": code.value} for code in codes if isinstance(code, VerdictCode)]
        matters += [{**row, "code": code.value, "opened_at": now_ms} for code in codes]
    insert_rows(connection, tables.entry, rows)
    if verdicts:
        connection.execute(insert(tables.verdict), verdicts)
    if matters:
        connection.execute(insert(tables.exception), matters)
    effects.finish()
    end_visits(connection, LedgerId(ledger.id), OutletId(ledger.outlet_id), now_ms)
    connection.execute(
        update(tables.ledger)
        .where(tables.ledger.c.id == ledger.id)
        .values(acked=rows[-1]["seq"], head=hashes[-1], last_contact=now_ms)
    )


def _take(effects: Effects, seq: int, entry: AnyEntry | None) -> tuple[str, Codes]:
    """Return the kind of an entry and the codes of its exceptions, after its effects."""
    if entry is None:
        return VerdictCode.UNREADABLE.value, (VerdictCode.UNREADABLE,)
    return kind_of(entry), effects.apply(seq, entry)


def _readable(body: bytes) -> AnyEntry | None:
    try:
        return decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _answer(connection: Connection, ledger_id: LedgerId, batch: Batch, now_ms: int) -> UploadAnswer:
    ledger, verdict = tables.ledger, tables.verdict
    row = connection.execute(select(ledger.c.acked, ledger.c.head).where(ledger.c.id == ledger_id)).one()
    last = batch.first + len(batch.bodies) - 1
    codes: dict[int, list[str]] = {}
    for found in connection.execute(
        select(verdict.c.seq, verdict.c.code)
        .where(verdict.c.ledger_id == ledger_id, verdict.c.seq.between(batch.first, last))
        .order_by(verdict.c.seq, verdict.c.code)
    ):
        codes.setdefault(found.seq, []).append(found.code)
    return UploadAnswer(
        acked=row.acked,
        head=row.head.hex(),
        server_time_ms=now_ms,
        verdicts=tuple(Verdict(seq=seq, codes=tuple(found)) for seq, found in codes.items()),
    )
